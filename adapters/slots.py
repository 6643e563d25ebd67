"""Moments for calls to a path that allows so many in a window, booked by all who call it.

The window slides: no window, however placed, holds more calls than allowed. While more is wanted
than that, calls are spread evenly over the window, because those that leave together arrive
together, and a platform that counts arrivals would refuse some.
"""

import threading
from collections import defaultdict
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Protocol

import msgspec

__all__ = ["MemorySlots", "Rate", "Slots", "next_moment", "remembered"]

_FORGOTTEN_WINDOWS = 10  # booked further ahead than this: a clock was set back


class Rate(msgspec.Struct, frozen=True):
    """At most ``calls`` in any ``window``."""

    calls: int
    window: timedelta


class Slots(Protocol):
    """What was booked lately on each path, for all threads and processes."""

    def book(self, system: str, path: str, at: datetime, rate: Rate) -> datetime:
        """Book a call and tell when it may be sent: ``at``, or the next moment with room."""
        ...


class MemorySlots:
    """Slots of this process alone. Safe to share between threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._booked: dict[tuple[str, str], list[float]] = defaultdict(list)

    def book(self, system: str, path: str, at: datetime, rate: Rate) -> datetime:
        """Book a call."""
        with self._lock:
            booked = self._booked[system, path]
            moment = next_moment(booked, at.timestamp(), rate)
            self._booked[system, path] = remembered([*booked, moment], rate)
        return datetime.fromtimestamp(moment, UTC)


def next_moment(booked: Sequence[float], now: float, rate: Rate) -> float:
    """Find the next moment for a call after those booked, oldest first; all in seconds."""
    seconds = rate.window.total_seconds()
    if len(booked) < rate.calls or booked[-1] > now + _FORGOTTEN_WINDOWS * seconds:
        return now
    first = booked[-rate.calls]
    if first <= now - 2 * seconds:  # no more is wanted than there is room for
        return now
    return max(now, first + seconds, booked[-1] + seconds / rate.calls)


def remembered(booked: Sequence[float], rate: Rate) -> list[float]:
    """Keep what the next booking has to know, in order."""
    ahead = booked[-1] + _FORGOTTEN_WINDOWS * rate.window.total_seconds()
    return sorted(each for each in booked[-rate.calls :] if each <= ahead)
