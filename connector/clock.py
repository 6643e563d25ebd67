"""The one place that knows what time it is. Everything else is handed a clock."""

from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Protocol
from zoneinfo import ZoneInfo

__all__ = ["Clock", "FixedClock", "SystemClock"]


class Clock(Protocol):
    """Tells the time. ``today`` is the calendar date in the seller's business time zone."""

    def now(self) -> datetime:
        """Return the current time, aware, in UTC."""
        ...

    def today(self) -> date:
        """Return the business date."""
        ...


@dataclass(frozen=True, slots=True)
class SystemClock:
    """The machine's clock, seen from the business time zone."""

    zone: ZoneInfo

    def now(self) -> datetime:
        """Return the current time, aware, in UTC."""
        return datetime.now(UTC)

    def today(self) -> date:
        """Return the business date."""
        return self.now().astimezone(self.zone).date()


@dataclass(slots=True)
class FixedClock:
    """A clock that stands still until it is moved: for tests and for runs as of a past date."""

    at: datetime
    zone: ZoneInfo = field(default_factory=lambda: ZoneInfo("Asia/Shanghai"))

    def now(self) -> datetime:
        """Return the time it stands at."""
        return self.at

    def today(self) -> date:
        """Return the business date it stands at."""
        return self.at.astimezone(self.zone).date()

    def move(self, step: timedelta) -> None:
        """Move forward (or back)."""
        self.at += step
