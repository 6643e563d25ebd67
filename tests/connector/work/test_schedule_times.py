"""T11: zones, both days of summer time, leap day, year end and clocks that jump; F22, F53.

Each case walks over three local days in steps of half an hour, as a scheduler's wake-ups
and looks back would, and counts what was done on each.
"""

from collections import Counter
from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from itertools import product
from zoneinfo import ZoneInfo

import pytest
import sqlalchemy as sa

from connector.calendars import work_calendar
from connector.clock import FixedClock
from connector.store.engine import create_engine
from connector.store.migrations import upgrade
from connector.work.schedule import Schedule, check
from connector.work.ticker import Ticker
from connector.work.triggers import cron, every, last_fire, on_workdays

ZONES = ("Asia/Shanghai", "Asia/Kolkata", "America/New_York", "Pacific/Auckland", "UTC")
DAYS = {
    "summer time begins in New York": date(2026, 3, 8),
    "summer time ends in New York": date(2026, 11, 1),
    "summer time ends in Auckland": date(2026, 4, 5),
    "summer time begins in Auckland": date(2026, 9, 27),
    "leap day": date(2028, 2, 29),
    "year end": date(2026, 12, 31),
}
LINES = {"01:30": "30 1 * * *", "02:30": "30 2 * * *"}
JUMPS = (timedelta(hours=1), timedelta(hours=-1))
STEP = timedelta(minutes=30)


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[sa.Engine]:
    """One database for all cases: each has schedules of a name of its own."""
    found = create_engine(f"sqlite:///{tmp_path_factory.mktemp('times') / 'zixin.db'}")
    upgrade(found)
    yield found
    found.dispose()


def walk(
    engine: sa.Engine,
    name: str,
    line: str,
    zone: ZoneInfo,
    day: date,
    jump: timedelta = timedelta(),
) -> list[datetime]:
    """Serve a schedule from noon before to noon after a day; give the due times it was served for.

    The clock jumps at a quarter to two on the day.
    """
    done: list[datetime] = []
    schedule = Schedule(name=name, trigger=cron(line, zone), work=done.append)
    begin = datetime.combine(day - timedelta(days=1), time(12), zone).astimezone(UTC)
    end = datetime.combine(day + timedelta(days=1), time(12), zone).astimezone(UTC)
    jumps_at = datetime.combine(day, time(1, 45), zone).astimezone(UTC)
    clock = FixedClock(begin, zone)
    ticker = Ticker(engine, clock)
    while clock.now() < end:
        ticker.wake(schedule)
        if clock.now().minute == 30 and clock.now().hour % 6 == 1:
            ticker.make_up(schedule)
        clock.move(STEP)
        if jump and clock.now() >= jumps_at:
            clock.move(jump)
            jump = timedelta()
    ticker.make_up(schedule)
    return done


def by_local_day(done: list[datetime], zone: ZoneInfo) -> Counter[date]:
    return Counter(due_at.astimezone(zone).date() for due_at in done)


@pytest.mark.parametrize(("zone", "day", "at"), list(product(ZONES, DAYS, LINES)))
def test_a_daily_schedule_fires_once_on_each_day(
    engine: sa.Engine, zone: str, day: str, at: str
) -> None:
    local, on = ZoneInfo(zone), DAYS[day]

    done = walk(engine, f"{zone} {day} {at}", LINES[at], local, on)

    # The look back at the beginning makes up for the day before.
    assert by_local_day(done, local) == {
        on - timedelta(days=1): 1,
        on: 1,
        on + timedelta(days=1): 1,
    }
    assert len(set(done)) == len(done)


@pytest.mark.parametrize(("zone", "jump"), list(product(ZONES, JUMPS)))
def test_a_clock_that_jumps_makes_nothing_twice_and_misses_nothing(
    engine: sa.Engine, zone: str, jump: timedelta
) -> None:
    local, on = ZoneInfo(zone), date(2026, 6, 10)

    done = [
        *walk(engine, f"{zone} {jump} before", "30 1 * * *", local, on, jump),
        *walk(engine, f"{zone} {jump} behind", "30 2 * * *", local, on, jump),
    ]

    assert by_local_day(done, local) == {
        on - timedelta(days=1): 2,
        on: 2,
        on + timedelta(days=1): 2,
    }


def test_a_night_down_is_made_up_once(engine: sa.Engine) -> None:
    done: list[datetime] = []
    pull = Schedule(name="night", trigger=every(timedelta(minutes=15)), work=done.append)
    clock = FixedClock(datetime(2026, 3, 7, 22, tzinfo=UTC))
    ticker = Ticker(engine, clock)
    ticker.wake(pull)
    clock.move(timedelta(hours=12))

    assert [ticker.make_up(pull), ticker.make_up(pull)] == [True, False]
    assert len(done) == 2


def test_a_schedule_of_working_days_rests_on_holidays_and_works_on_make_up_days() -> None:
    zone, years = ZoneInfo("Asia/Shanghai"), range(2026, 2027)
    calendar = work_calendar("CN", years)
    trigger = on_workdays(cron("30 8 * * *", zone), zone, calendar.is_workday)
    expected = [
        day
        for day in (date(2026, 2, 1) + timedelta(days=n) for n in range(28))
        if calendar.is_workday(day)
    ]

    fires, moment = [], datetime(2026, 2, 1, tzinfo=zone)
    while (fire := trigger.get_next_fire_time(None, moment)).date() < date(2026, 3, 1):
        fires.append(fire.date())
        moment = fire + timedelta(microseconds=1)

    assert fires == expected
    assert date(2026, 2, 14) in fires  # 调休: a Saturday that is worked
    assert date(2026, 2, 17) not in fires  # 春节
    # What was due on the last worked day before the holidays is made up, and nothing after it.
    in_the_holidays = datetime(2026, 2, 20, 12, tzinfo=zone)
    assert last_fire(trigger, in_the_holidays) == datetime(2026, 2, 14, 0, 30, tzinfo=UTC)
    check(Schedule(name="dunning", trigger=trigger, work=fires.append), in_the_holidays)


def test_a_calendar_without_a_worked_day_ends_the_search() -> None:
    trigger = on_workdays(cron("30 8 * * *", ZoneInfo("UTC")), ZoneInfo("UTC"), lambda _day: False)

    assert trigger.get_next_fire_time(None, datetime(2026, 2, 1, tzinfo=UTC)) is None
