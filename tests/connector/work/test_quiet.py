"""Quiet hours: by the company's clock, over midnight and over holidays."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.calendars import work_calendar
from connector.work.quiet import NEVER_QUIET, Quiet

SHANGHAI = ZoneInfo("Asia/Shanghai")
NEW_YORK = ZoneInfo("America/New_York")
NIGHTS = Quiet(zone=SHANGHAI, begins=time(20), ends=time(8))
CALENDAR = work_calendar("CN", range(2026, 2027))
OFF = Quiet(
    zone=SHANGHAI, begins=time(20), ends=time(8), days_off=True, is_workday=CALENDAR.is_workday
)


def at(text: str, zone: ZoneInfo = SHANGHAI) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=zone).astimezone(UTC)


@pytest.mark.parametrize(
    ("quiet", "now", "opens"),
    [
        (NIGHTS, "2026-11-24T10:00", "2026-11-24T10:00"),
        (NIGHTS, "2026-11-24T20:00", "2026-11-25T08:00"),
        (NIGHTS, "2026-11-24T03:30", "2026-11-24T08:00"),
        (NIGHTS, "2026-11-24T08:00", "2026-11-24T08:00"),
        (NIGHTS, "2026-12-31T23:59", "2027-01-01T08:00"),
        (OFF, "2026-11-27T21:00", "2026-11-30T08:00"),  # Friday evening
        (OFF, "2026-11-28T12:00", "2026-11-30T08:00"),  # Saturday noon
        (OFF, "2026-02-14T12:00", "2026-02-14T12:00"),  # 调休: a Saturday that is worked
        (OFF, "2026-02-14T20:00", "2026-02-24T08:00"),  # 春节
    ],
)
def test_what_must_wait_goes_out_when_people_are_there(quiet: Quiet, now: str, opens: str) -> None:
    assert quiet.opens_at(at(now)) == at(opens)


@pytest.mark.parametrize("day", [date(2026, 3, 8), date(2026, 11, 1)])
def test_quiet_hours_that_end_in_the_hour_of_summer_time_come_to_an_end(day: date) -> None:
    quiet = Quiet(zone=NEW_YORK, begins=time(22), ends=time(2, 30))
    night = datetime.combine(day, time(0, 30), NEW_YORK).astimezone(UTC)

    opens = quiet.opens_at(night)

    assert not quiet.holds(opens)
    assert opens - night <= timedelta(hours=3)


@given(later=st.timedeltas(timedelta(), timedelta(days=330)))
def test_it_opens_at_a_moment_that_is_not_quiet_and_not_before(later: timedelta) -> None:
    moment = at("2026-01-01T00:00") + later
    opens = OFF.opens_at(moment)

    assert opens >= moment
    assert not OFF.holds(opens)
    assert (opens == moment) is not OFF.holds(moment)
    assert NEVER_QUIET.opens_at(moment) == moment


def test_a_company_that_never_works_waits_no_longer_than_a_season() -> None:
    closed = Quiet(zone=SHANGHAI, days_off=True, is_workday=lambda _day: False)

    assert closed.opens_at(at("2026-11-24T10:00")) < at("2027-07-01T00:00")
