"""Token buckets: how much somebody may ask for in a while. Bounded in memory, safe for threads."""

from collections import OrderedDict
from datetime import datetime
from threading import Lock

__all__ = ["Buckets"]

MOST_KEYS = 10_000


class Buckets:
    """A bucket for each key; it holds ``size`` and fills up with ``per_second``.

    ``size`` 0: without a limit. Of more than ``most_keys`` the one not used for longest is
    forgotten, and with it that it was empty.
    """

    def __init__(self, *, size: float, per_second: float, most_keys: int = MOST_KEYS) -> None:
        self._size = size
        self._per_second = per_second
        self._most_keys = most_keys
        self._lock = Lock()
        self._left: OrderedDict[str, tuple[float, datetime]] = OrderedDict()

    def take(self, key: str, now: datetime) -> bool:
        """Take one. False: there is none."""
        if not self._size:
            return True
        with self._lock:
            left = self._filled(key, now)
            allowed = left >= 1
            self._left[key] = (left - 1 if allowed else left, now)
            self._left.move_to_end(key)
            if len(self._left) > self._most_keys:
                self._left.popitem(last=False)
            return allowed

    def empty(self, key: str, now: datetime) -> bool:
        """Tell whether there is none; takes nothing."""
        if not self._size or key not in self._left:
            return False
        with self._lock:
            return self._filled(key, now) < 1

    def _filled(self, key: str, now: datetime) -> float:
        left, at = self._left.get(key, (self._size, now))
        passed = max(0.0, (now - at).total_seconds())  # a clock set back fills nothing
        return min(self._size, left + passed * self._per_second)
