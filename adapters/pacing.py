"""Keeps every path under the platform's frequency limit: 100 calls in 20 seconds each.

All processes book their calls in the same place, so the limit is kept by all together. A call that
is refused as too frequent all the same waits twenty seconds and is sent again.
"""

from collections.abc import Callable
from datetime import datetime, timedelta

from adapters.slots import Rate, Slots

__all__ = ["Pacer"]


class Pacer:
    """Makes callers wait before they would be refused. Safe to share between threads.

    ``calls`` of 0 switches the pacing off, for tenants without the limit.
    """

    def __init__(
        self,
        system: str,
        slots: Slots,
        *,
        calls: int,
        seconds: float,
        now: Callable[[], datetime],
        sleep: Callable[[float], None],
    ) -> None:
        self._system = system
        self._slots = slots
        self._rate = Rate(calls, timedelta(seconds=seconds))
        self._now = now
        self._sleep = sleep

    def wait(self, path: str) -> None:
        """Wait until a call to ``path`` may be sent, and count it."""
        delay = self._reserve(path)
        if delay > 0:
            self._sleep(delay)

    def count(self, path: str) -> None:
        """Count a repetition that was sent without waiting."""
        self._reserve(path)

    def _reserve(self, path: str) -> float:
        """Book the next free moment of the path; answer how far ahead it lies."""
        if not self._rate.calls:
            return 0.0
        now = self._now()
        return (self._slots.book(self._system, path, now, self._rate) - now).total_seconds()
