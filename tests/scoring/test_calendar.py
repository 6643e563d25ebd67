"""Working days with make-up days, and years nobody has announced."""

from datetime import date

from connector.calendars import work_calendar
from scoring.calendar import WorkCalendar

CHINA = work_calendar("CN", range(2025, 2028))


def test_make_up_saturday_is_worked() -> None:
    assert CHINA.is_workday(date(2026, 2, 14))


def test_national_day_is_not_worked() -> None:
    assert not CHINA.is_workday(date(2026, 10, 1))


def test_spring_festival_moves_to_the_first_day_worked_after_it() -> None:
    assert CHINA.next_workday(date(2026, 2, 16)) == date(2026, 2, 24)


def test_year_not_announced_is_provisional_and_keeps_its_statutory_holidays() -> None:
    assert CHINA.is_provisional(date(2027, 5, 4))
    assert not CHINA.is_workday(date(2027, 10, 1))
    assert not CHINA.is_provisional(date(2026, 5, 4))


def test_weekday_rule_stands_in_where_no_table_is_given() -> None:
    assert WorkCalendar().next_workday(date(2026, 11, 28)) == date(2026, 11, 30)


def test_workdays_between_leaves_the_end_out() -> None:
    assert WorkCalendar().workdays_between(date(2026, 11, 23), date(2026, 11, 30)) == 5
    assert WorkCalendar().workdays_between(date(2026, 11, 30), date(2026, 11, 23)) == 0


def test_other_countries_have_their_public_holidays() -> None:
    assert not work_calendar("US", range(2026, 2027)).is_workday(date(2026, 12, 25))
