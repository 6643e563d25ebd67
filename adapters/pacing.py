"""Keeps calls under a vendor's frequency limit: so many in a sliding window, of each path."""

import threading
from collections import defaultdict, deque
from collections.abc import Callable

__all__ = ["Pacer"]


class Pacer:
    """Makes callers wait before they would be refused. Safe to share between threads.

    The window of ``seconds`` slides: wherever it is placed, it holds no more calls than allowed.
    ``calls`` of 0 switches the pacing off, for organisations without the limit.
    """

    def __init__(
        self,
        *,
        calls: int,
        seconds: float,
        monotonic: Callable[[], float],
        sleep: Callable[[float], None],
    ) -> None:
        self._calls = calls
        self._seconds = seconds
        self._monotonic = monotonic
        self._sleep = sleep
        self._lock = threading.Lock()
        self._sent: dict[str, deque[float]] = defaultdict(deque)

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
        if not self._calls:
            return 0.0
        with self._lock:
            now = self._monotonic()
            sent = self._sent[path]
            while len(sent) >= self._calls and sent[0] + self._seconds <= now:
                sent.popleft()
            at = now
            if len(sent) >= self._calls:
                at = max(now, sent[-self._calls] + self._seconds)
            sent.append(at)
            return at - now
