"""How many calls Zoho Books takes: in a minute, in a day by its edition, and at the same time."""

from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime, timedelta
from threading import Lock
from typing import Final

from sandbox.clock import SandboxClock
from sandbox.zoho.options import ZohoOptions

__all__ = ["BooksError", "BooksLimits", "too_many_a_day", "too_many_a_minute"]

CALLS_PER_MINUTE = 100
_MINUTE = timedelta(minutes=1)
_CALLS_PER_DAY: Final = {"free": 1_000, "standard": 2_000, "professional": 5_000, "premium": 10_000}
_FREE_AT_ONCE, _PAID_AT_ONCE = 5, 10


class BooksError(Exception):
    """A request that Books refuses: a whole number as code, a sentence and an HTTP status."""

    def __init__(self, code: int, message: str, *, status: int = 400) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message
        self.status = status

    def body(self) -> dict[str, object]:
        """Return the answer's body."""
        return {"code": self.code, "message": self.message}


def too_many_a_minute() -> BooksError:
    """Return the refusal of the 101st call of a minute."""
    message = "For security reasons you have been blocked for some time as you have exceeded the maximum number of requests per minute."
    return BooksError(44, message, status=429)


def too_many_a_day() -> BooksError:
    """Return the refusal once the day's calls of the edition are used up."""
    message = "You have exceeded the maximum number of API calls of your plan for the day."
    return BooksError(45, message, status=429)


def _too_many_at_once() -> BooksError:
    message = "The maximum number of concurrent calls has been reached."
    return BooksError(1070, message, status=429)


class BooksLimits:
    """Counts the calls of one organisation by the sandbox's clock."""

    def __init__(self, clock: SandboxClock, options: ZohoOptions) -> None:
        self._clock = clock
        self._options = options
        self._minute: deque[datetime] = deque()
        self._day: tuple[date, int] = (date.min, 0)
        self._running = 0
        self._lock = Lock()

    def count(self) -> None:
        """Count a call. Raises ``BooksError`` (429) for one too many."""
        if not self._options.books_limited:
            return
        with self._lock:
            self._count(self._clock.now())

    @contextmanager
    def running(self) -> Iterator[None]:
        """Count a call as under way. Raises ``BooksError`` (429) where it may not start."""
        most = _FREE_AT_ONCE if self._options.books_edition == "free" else _PAID_AT_ONCE
        with self._lock:
            if self._running >= most:
                raise _too_many_at_once()
            self._running += 1
        try:
            yield
        finally:
            with self._lock:
                self._running -= 1

    def _count(self, now: datetime) -> None:
        while self._minute and self._minute[0] <= now - _MINUTE:
            self._minute.popleft()
        if len(self._minute) >= CALLS_PER_MINUTE:
            raise too_many_a_minute()
        today = now.astimezone(self._options.zone).date()
        counted = self._day[1] if self._day[0] == today else 0
        if counted >= _CALLS_PER_DAY[self._options.books_edition]:
            raise too_many_a_day()
        self._minute.append(now)
        self._day = (today, counted + 1)
