"""Working days, with statutory holidays and make-up workdays (调休).

The table is handed in; a year it does not know falls back to Monday to Friday, and the answer to
``is_provisional`` says so.
"""

from collections.abc import Iterator
from datetime import date, timedelta

import msgspec

__all__ = ["WorkCalendar"]


class WorkCalendar(msgspec.Struct, frozen=True):
    """Which days are worked. ``exceptions``: day → worked or not, against the weekday rule."""

    exceptions: dict[date, bool] = {}
    known_years: frozenset[int] = frozenset()

    def is_workday(self, day: date) -> bool:
        """Tell whether people work on that day."""
        return self.exceptions.get(day, day.weekday() < 5)

    def is_provisional(self, day: date) -> bool:
        """Tell whether the year's holidays are not announced yet, so that the weekday rule spoke."""
        return day.year not in self.known_years

    def next_workday(self, day: date) -> date:
        """Return the day itself when it is worked, else the first worked day after it."""
        return day if self.is_workday(day) else self.add_workdays(day, 1)

    def add_workdays(self, day: date, count: int) -> date:
        """Move ``count`` worked days forward (not counting ``day``)."""
        days = self._workdays_after(day)
        for _ in range(count):
            day = next(days)
        return day

    def workdays_between(self, start: date, end: date) -> int:
        """Count the worked days in ``[start, end)``; zero when ``end`` is not after ``start``."""
        return sum(
            self.is_workday(start + timedelta(days=offset))
            for offset in range(max(0, (end - start).days))
        )

    def _workdays_after(self, day: date) -> Iterator[date]:
        while True:
            day += timedelta(days=1)
            if self.is_workday(day):
                yield day
