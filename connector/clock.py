"""The one place that knows what time it is. Everything else is handed a clock."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Protocol
from zoneinfo import ZoneInfo

__all__ = ["Clock", "FixedClock", "SharedClock", "SystemClock"]

ASKED_EACH = timedelta(seconds=30)


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


def _steady() -> float:
    """Tell seconds that no setting of the clock moves and that go on while the machine sleeps."""
    if hasattr(time, "CLOCK_BOOTTIME"):
        return time.clock_gettime(time.CLOCK_BOOTTIME)
    return time.monotonic()


@dataclass(slots=True)
class SharedClock:
    """A clock that all hosts share, seen from the business time zone.

    ``ask`` tells its time; between two questions the machine's steady clock goes on from there, so
    that a host whose own clock is wrong, or is set, holds and ends leases like the others. Where
    the shared clock cannot be asked any more, the last answer goes on.
    """

    zone: ZoneInfo
    ask: Callable[[], datetime]
    steady: Callable[[], float] = _steady
    _told: tuple[datetime, float] | None = None

    def now(self) -> datetime:
        """Return the current time, aware, in UTC."""
        told, at = self._told or self._ask()
        if self.steady() - at > ASKED_EACH.total_seconds():
            told, at = self._ask_again(told, at)
        return told + timedelta(seconds=self.steady() - at)

    def today(self) -> date:
        """Return the business date."""
        return self.now().astimezone(self.zone).date()

    def _ask(self) -> tuple[datetime, float]:
        told, at = self.ask(), self.steady()  # behind by the answer's way at most, never ahead
        self._told = told, at
        return told, at

    def _ask_again(self, told: datetime, at: float) -> tuple[datetime, float]:
        try:
            return self._ask()
        except Exception:  # noqa: BLE001 whatever keeps it from answering, time goes on
            return told, at


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
