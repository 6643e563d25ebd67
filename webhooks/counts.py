"""How many messages came and what became of them, by connection."""

from collections import Counter
from datetime import datetime, timedelta
from threading import Lock

__all__ = ["Counts"]


class Counts:
    """Counts in memory, safe for threads.

    Outcomes: ``accepted``, ``duplicate``, ``forged``, ``hostile``, ``too_large``, ``limited``,
    ``full``, ``unavailable``, and ``unknown`` for a path that leads nowhere.
    """

    def __init__(self) -> None:
        self._lock = Lock()
        self._counts: Counter[tuple[str, str]] = Counter()
        self._logged_at: dict[str, datetime] = {}

    def add(self, source: str, outcome: str) -> None:
        """Count one message."""
        with self._lock:
            self._counts[source, outcome] += 1

    def of(self, source: str, outcome: str) -> int:
        """Tell one count."""
        with self._lock:
            return self._counts[source, outcome]

    def all(self) -> dict[tuple[str, str], int]:
        """Tell all counts by (connection, outcome)."""
        with self._lock:
            return dict(self._counts)

    def may_log(self, source: str, now: datetime, every: timedelta) -> bool:
        """Tell whether it is time for another line about this source."""
        with self._lock:
            last = self._logged_at.get(source)
            if last is not None and now - last < every:
                return False
            self._logged_at[source] = now
            return True
