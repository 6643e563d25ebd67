"""API credits of the last 24 hours, and how many calls run at once."""

from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from threading import Lock

from sandbox.clock import SandboxClock
from sandbox.zoho.errors import ZohoError
from sandbox.zoho.options import ZohoOptions

__all__ = ["CreditLedger", "too_many_calls", "too_many_credits"]

_DAY = timedelta(hours=24)


def too_many_credits() -> ZohoError:
    """Return the refusal once the day's credits are used up."""
    message = "The number of API credits has exceeded the limit for the past 24 hours"
    return ZohoError("TOO_MANY_REQUESTS", message, status=429)


def too_many_calls() -> ZohoError:
    """Return the refusal of one call too many at the same time."""
    message = "The maximum concurrency limit of API calls has been reached"
    return ZohoError("TOO_MANY_REQUESTS", message, status=429)


class CreditLedger:
    """Counts credits over a rolling day of the sandbox's clock, and the calls under way."""

    def __init__(self, clock: SandboxClock, options: ZohoOptions) -> None:
        self._clock = clock
        self._options = options
        self._lock = Lock()
        self._spent: deque[tuple[datetime, int]] = deque()
        self._sum = 0
        self._running = 0
        self._heavy = 0

    def spent(self) -> int:
        """Return the credits used in the last 24 hours."""
        with self._lock:
            return self._settled()

    def spend(self, credits: int) -> None:  # noqa: A002 the trade's word at Zoho
        """Book a call's credits."""
        with self._lock:
            self._spent.append((self._clock.now(), credits))
            self._sum += credits

    def remaining_header(self) -> dict[str, str]:
        """Return the header Zoho adds once half of the day's credits are used."""
        limit = self._options.credits_per_day
        spent = self.spent()
        if spent * 2 < limit:
            return {}
        return {"X-API-CREDITS-REMAINING": str(max(0, limit - spent))}

    @contextmanager
    def running(self, *, heavy: bool) -> Iterator[None]:
        """Count a call as under way. Raises ``ZohoError`` (429) where it may not start."""
        with self._lock:
            if self._settled() >= self._options.credits_per_day:
                raise too_many_credits()
            if self._running >= self._options.concurrent_calls or (
                heavy and self._heavy >= self._options.concurrent_heavy_calls
            ):
                raise too_many_calls()
            self._running += 1
            self._heavy += heavy
        try:
            yield
        finally:
            with self._lock:
                self._running -= 1
                self._heavy -= heavy

    def _settled(self) -> int:
        since = self._clock.now() - _DAY
        while self._spent and self._spent[0][0] <= since:
            self._sum -= self._spent.popleft()[1]
        return self._sum
