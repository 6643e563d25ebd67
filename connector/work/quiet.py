"""Quiet hours: when nobody is given a task or an alert, by the company's clock and calendar."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

__all__ = ["NEVER_QUIET", "Quiet"]

_MOST_STEPS = 200  # two each day off: longer than any holiday


@dataclass(frozen=True, slots=True, kw_only=True)
class Quiet:
    """From ``begins`` to ``ends`` each day, over midnight where the end is the earlier one.

    Equal times: no hours are quiet. With ``days_off`` days that are not worked are quiet as a whole.
    """

    zone: ZoneInfo
    begins: time = time()
    ends: time = time()
    days_off: bool = False
    is_workday: Callable[[date], bool] = lambda _day: True

    def holds(self, moment: datetime) -> bool:
        """Tell whether a moment is quiet."""
        local = moment.astimezone(self.zone)
        return self._by_hour(local.time()) or (self.days_off and not self.is_workday(local.date()))

    def opens_at(self, moment: datetime) -> datetime:
        """Tell the first moment from this one on that is not quiet; at the latest after a season."""
        for _ in range(_MOST_STEPS):
            if not self.holds(moment):
                break
            moment = self._step(moment.astimezone(self.zone)).astimezone(UTC)
        return moment

    def _by_hour(self, at: time) -> bool:
        if self.begins <= self.ends:
            return self.begins <= at < self.ends
        return at >= self.begins or at < self.ends

    def _step(self, local: datetime) -> datetime:
        """Go to the end of the quiet hours, or to the next day."""
        if self._by_hour(local.time()):
            later = local.time() >= self.ends
            return datetime.combine(
                local.date() + timedelta(days=later), self.ends, tzinfo=self.zone
            )
        return datetime.combine(local.date() + timedelta(days=1), time(), tzinfo=self.zone)


NEVER_QUIET = Quiet(zone=ZoneInfo("UTC"))
