"""The working-day table of the seller's country, from the libraries that keep it."""

from datetime import date, timedelta
from functools import lru_cache

import chinese_calendar
import holidays

from scoring.calendar import WorkCalendar

__all__ = ["work_calendar"]


@lru_cache(maxsize=16)  # asked for at every decision, and the libraries walk day by day
def work_calendar(country: str, years: range) -> WorkCalendar:
    """Build the table for ``years``.

    China: the announced calendar with make-up workdays; a year not announced yet falls back to the
    statutory holidays without make-up days, and stays provisional. Elsewhere: public holidays.
    """
    exceptions: dict[date, bool] = {}
    known: set[int] = set()
    for year in years:
        announced = _china(year) if country == "CN" else None
        exceptions |= _public_holidays(country, year) if announced is None else announced
        if announced is not None or country != "CN":
            known.add(year)
    return WorkCalendar(exceptions, frozenset(known))


def _china(year: int) -> dict[date, bool] | None:
    """Return the days that differ from the weekday rule; ``None`` while not announced."""
    exceptions = {}
    day = date(year, 1, 1)
    try:
        while day.year == year:
            worked = chinese_calendar.is_workday(day)
            if worked != (day.weekday() < 5):
                exceptions[day] = worked
            day += timedelta(days=1)
    except NotImplementedError:  # the library's word for a year not announced
        return None
    return exceptions


def _public_holidays(country: str, year: int) -> dict[date, bool]:
    return {
        day: False for day in holidays.country_holidays(country, years=year) if day.year == year
    }
