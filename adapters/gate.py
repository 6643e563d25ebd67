"""How many calls of one connection are under way at the same time, over all who make them.

Zoho refuses one call too many whoever made the others, and takes fewer heavy calls than calls. So
each call has a place before it is sent and gives it back at its end; one whose process died frees
its place by itself. A CRM that refuses all the same leaves half of the places, and each minute
gives one back. (reliability M9, F30; zoho-crm 9)
"""

import random
import secrets
import threading
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Protocol

import msgspec

from adapters.errors import RateLimited

__all__ = ["AtOnce", "Crowd", "Gate", "MemoryPlaces", "Places"]

GIVEN_BACK_SECONDS = 60.0
ONE_REFUSAL_SECONDS = 5.0  # calls that were under way together are refused together
GRACE_SECONDS = 5.0
LONGEST_STAY_SECONDS = 1_800.0  # held longer ahead than this: a clock was set back
FIRST_WAIT_SECONDS = 0.05
LONGEST_WAIT_SECONDS = 1.0


class AtOnce(msgspec.Struct, frozen=True):
    """At most ``calls`` under way at the same time, ``heavy`` of them heavy ones."""

    calls: int
    heavy: int


class Place(msgspec.Struct, frozen=True, array_like=True):
    """A call under way: until when its place is held, in seconds, and whether it is heavy."""

    until: float
    heavy: bool


class Crowd(msgspec.Struct, frozen=True, kw_only=True):
    """The calls under way, and how many places were taken away when, in seconds."""

    inside: dict[str, Place] = {}
    lost: int = 0
    lost_at: float = 0.0

    def with_one_more(self, name: str, place: Place, now: float, limit: AtOnce) -> "Crowd | None":
        """Let a call in; ``None``: there is no room for it."""
        there = {
            key: each
            for key, each in self.inside.items()
            if now < each.until <= now + LONGEST_STAY_SECONDS
        }
        heavy = sum(each.heavy for each in there.values())
        if len(there) >= self.places(now, limit) or (place.heavy and heavy >= limit.heavy):
            return None
        return Crowd(inside=there | {name: place}, lost=self.lost, lost_at=self.lost_at)

    def without(self, name: str) -> "Crowd":
        """Let a call out."""
        there = {key: each for key, each in self.inside.items() if key != name}
        return Crowd(inside=there, lost=self.lost, lost_at=self.lost_at)

    def narrowed(self, now: float, limit: AtOnce) -> "Crowd":
        """Take half of the places away, once for refusals that come together."""
        if 0 <= now - self.lost_at < ONE_REFUSAL_SECONDS:
            return self
        left = max(1, self.places(now, limit) // 2)
        return Crowd(inside=self.inside, lost=limit.calls - left, lost_at=now)

    def places(self, now: float, limit: AtOnce) -> int:
        """Tell how many places there are now."""
        given_back = int(max(0.0, now - self.lost_at) // GIVEN_BACK_SECONDS)
        return max(1, limit.calls - max(0, self.lost - given_back))


class Places(Protocol):
    """Who is inside at each connection, for all threads and processes."""

    def change(self, system: str, step: Callable[[Crowd], Crowd | None]) -> bool:
        """Put what ``step`` makes of the crowd in its place; ``False``: it made nothing."""
        ...

    def leave(self, system: str, name: str) -> None:
        """Let a call out. Never raises: what the call brought is not lost for it."""
        ...


class MemoryPlaces:
    """Places of this process alone. Safe to share between threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._crowds: dict[str, Crowd] = defaultdict(Crowd)

    def change(self, system: str, step: Callable[[Crowd], Crowd | None]) -> bool:
        """Change the crowd."""
        with self._lock:
            crowd = step(self._crowds[system])
            if crowd is not None:
                self._crowds[system] = crowd
        return crowd is not None

    def leave(self, system: str, name: str) -> None:
        """Let a call out."""
        self.change(system, lambda crowd: crowd.without(name))


class Gate:
    """Makes calls wait for their place. Safe to share between threads.

    ``account`` names whose places they are, where that is not the connection as a whole.
    """

    def __init__(
        self,
        system: str,
        limit: AtOnce,
        places: Places,
        *,
        now: Callable[[], datetime],
        monotonic: Callable[[], float],
        sleep: Callable[[float], None],
        jitter: Callable[[], float] = random.random,
        name: Callable[[], str] = lambda: secrets.token_hex(6),
        account: str = "",
    ) -> None:
        self._system = system
        self._account = account or system
        self._limit = limit
        self._places = places
        self._now = now
        self._monotonic = monotonic
        self._sleep = sleep
        self._jitter = jitter
        self._name = name

    @contextmanager
    def place(self, operation: str, deadline: float, *, heavy: bool) -> Iterator[None]:
        """Hold a place for a call that must end before ``deadline`` of the monotonic clock.

        Raises ``RateLimited`` where none becomes free in time; nothing was sent then.
        """
        name = self._name()
        self._enter(name, operation, deadline, heavy=heavy)
        try:
            yield
        finally:
            self._places.leave(self._account, name)

    def narrow(self) -> None:
        """Note that the CRM refused a call as one too many."""
        now = self._now().timestamp()
        self._places.change(self._account, lambda crowd: crowd.narrowed(now, self._limit))

    def _enter(self, name: str, operation: str, deadline: float, *, heavy: bool) -> None:
        wait = FIRST_WAIT_SECONDS
        while not self._has_room(name, deadline, heavy=heavy):
            left = deadline - self._monotonic()
            if left <= 0:
                raise RateLimited(
                    f"all places for calls at the same time were taken ({self._limit.calls}, "
                    f"{self._limit.heavy} of them for heavy ones)",
                    system=self._system,
                    operation=operation,
                    retry_at=self._now() + timedelta(seconds=GRACE_SECONDS),
                )
            self._sleep(min(left, wait * (0.5 + self._jitter())))
            wait = min(LONGEST_WAIT_SECONDS, wait * 2)

    def _has_room(self, name: str, deadline: float, *, heavy: bool) -> bool:
        now = self._now().timestamp()
        left = max(0.0, deadline - self._monotonic())
        place = Place(now + left + GRACE_SECONDS, heavy)
        return self._places.change(
            self._account, lambda crowd: crowd.with_one_more(name, place, now, self._limit)
        )
