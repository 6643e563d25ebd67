"""How many messages came and what became of them, by connection; why some were refused."""

from collections import Counter
from dataclasses import dataclass
from datetime import datetime, timedelta
from threading import Lock

__all__ = ["Counts", "Refusals"]

MOST_REASONS = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusals:
    """Messages of one connection that were refused for one reason; ``network``: the last's."""

    count: int
    network: str


class Counts:
    """Counts in memory, safe for threads.

    Outcomes: ``accepted``, ``duplicate``, ``forged``, ``hostile``, ``too_large``, ``limited``,
    ``full``, ``unavailable``, and ``unknown`` for a path that leads nowhere.
    """

    def __init__(self) -> None:
        self._lock = Lock()
        self._counts: Counter[tuple[str, str]] = Counter()
        self._refusals: dict[tuple[str, str, str], Refusals] = {}
        self._logged_at: dict[str, datetime] = {}

    def add(self, source: str, outcome: str) -> None:
        """Count one message."""
        with self._lock:
            self._counts[source, outcome] += 1

    def refuse(self, source: str, outcome: str, reason: str, network: str) -> None:
        """Count one message that is refused. ``reason`` is a sentence of ours, not the sender's."""
        self.add(source, outcome)
        key = source, outcome, reason
        with self._lock:
            before = self._refusals.get(key)
            if before is not None or len(self._refusals) < MOST_REASONS:
                count = 1 if before is None else before.count + 1
                self._refusals[key] = Refusals(count=count, network=network)

    def refusals(self) -> dict[tuple[str, str, str], Refusals]:
        """Tell what was refused by (connection, outcome, reason), since the process began."""
        with self._lock:
            return dict(self._refusals)

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
