"""Dates of an assessment: windows back from ``as_of``, all half-open ``(start, as_of]``."""

from calendar import monthrange
from datetime import date, timedelta

import msgspec
import polars as pl

from scoring.calendar import WorkCalendar
from scoring.policy import BehaviourPolicy

__all__ = ["Windows", "months_before", "whole_months", "windows_of"]


class Windows(msgspec.Struct, frozen=True, kw_only=True):
    """Where each window starts (that day is outside), and from when unapplied cash is our delay."""

    as_of: date
    year: date
    recent: date
    long: date
    stale_cash: date
    months: int

    @property
    def days(self) -> int:
        """Count the days of the main window."""
        return (self.as_of - self.year).days


def windows_of(as_of: date, policy: BehaviourPolicy, calendar: WorkCalendar) -> Windows:
    """Work out the windows. Cash dated before ``stale_cash`` has waited for us for too long."""
    return Windows(
        as_of=as_of,
        year=months_before(as_of, policy.window_months),
        recent=months_before(as_of, policy.trend_months),
        long=months_before(as_of, policy.max_delay_months),
        stale_cash=_workdays_before(as_of, policy.virtual_cash_working_days, calendar),
        months=policy.window_months,
    )


def months_before(day: date, months: int) -> date:
    """Go back whole months; the 31st becomes the last day of a shorter month."""
    year, month = divmod(day.year * 12 + day.month - 1 - months, 12)
    return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))


def _workdays_before(day: date, count: int, calendar: WorkCalendar) -> date:
    while count:
        day -= timedelta(days=1)
        count -= calendar.is_workday(day)
    return day


def whole_months(since: pl.Expr, as_of: date) -> pl.Expr:
    """Count the whole months from a date column to ``as_of``."""
    months = as_of.year * 12 + as_of.month - since.dt.year() * 12 - since.dt.month()
    return months - (since.dt.day() > as_of.day).cast(pl.Int32)
