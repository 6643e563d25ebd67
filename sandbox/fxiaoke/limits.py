"""The platform's limits, counted on the sandbox's clock."""

from collections import deque
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from threading import Lock

from sandbox.clock import SandboxClock
from sandbox.fxiaoke.answers import DAILY_QUOTA, FREQUENCY, NO_PACK, Refusal
from sandbox.fxiaoke.options import TenantOptions
from sandbox.fxiaoke.values import CHINA

__all__ = ["Limits", "quota_spent", "too_frequent"]


@dataclass(slots=True)
class Limits:
    """Counts business calls: each path in a sliding window, all of them from midnight GMT+8."""

    clock: SandboxClock
    options: TenantOptions
    calls_today: int = 0
    _day: date | None = None
    _recent: dict[str, deque[datetime]] = field(default_factory=dict)
    _lock: Lock = field(default_factory=Lock)

    def count(self, path: str) -> None:
        """Count a call; refuses it where the pack, the day or the path has no room."""
        if not self.options.pack_bought:
            raise pack_absent()
        now = self.clock.now()
        with self._lock:
            self._count_today(now)
            self._count_recent(path, now)

    def _count_today(self, now: datetime) -> None:
        today = now.astimezone(CHINA).date()
        if today != self._day:
            self._day, self.calls_today = today, 0
        limit = self.options.daily_limit
        if limit is not None and self.calls_today >= limit:
            raise quota_spent()
        self.calls_today += 1

    def _count_recent(self, path: str, now: datetime) -> None:
        limit = self.options.frequency_limit
        if limit is None:
            return
        recent = self._recent.setdefault(path, deque())
        window = timedelta(seconds=self.options.frequency_window_seconds)
        # A clock set back must not block for hours: calls from the future are forgotten too.
        while recent and not now - window < recent[0] <= now:
            recent.popleft()
        if len(recent) >= limit:
            raise too_frequent()
        recent.append(now)


def pack_absent() -> Refusal:
    """Return the answer to a tenant without an interface pack."""
    return Refusal(NO_PACK, "the enterprise has not bought the open api pack", "未购买接口资源包")


def quota_spent() -> Refusal:
    """Return the answer once the day's calls are used up."""
    return Refusal(DAILY_QUOTA, "the daily call quota is used up", "当日调用次数已用完")


def too_frequent() -> Refusal:
    """Return the answer to too many calls of one path."""
    return Refusal(FREQUENCY, "the api call frequency exceeds the limit", "接口调用频率超限")
