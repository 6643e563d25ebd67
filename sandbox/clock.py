"""The sandbox's own clock: real time plus a shift that tests may set."""

from datetime import UTC, datetime, timedelta
from threading import Lock

__all__ = ["SandboxClock"]


class SandboxClock:
    """Tells the sandbox's time. It runs with real time, moved by ``set``; or it is frozen."""

    def __init__(self, start: datetime | None = None, *, frozen: bool = False) -> None:
        self._lock = Lock()
        self._frozen_at: datetime | None = None
        self._shift = timedelta()
        if start is not None:
            self.set(start, frozen=frozen)

    def now(self) -> datetime:
        """Return the sandbox's time, aware, in UTC."""
        with self._lock:
            return self._frozen_at or datetime.now(UTC) + self._shift

    def set(self, at: datetime, *, frozen: bool = False) -> None:
        """Move to ``at`` (aware); stand still there when ``frozen``."""
        with self._lock:
            self._frozen_at = at.astimezone(UTC) if frozen else None
            self._shift = at - datetime.now(UTC)

    def advance(self, step: timedelta) -> None:
        """Move forward by ``step``, frozen or not."""
        with self._lock:
            if self._frozen_at is not None:
                self._frozen_at += step
            self._shift += step
