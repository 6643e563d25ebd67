"""When things are due: fire times that are the same on every node, whenever it is asked."""

from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from apscheduler.triggers.base import BaseTrigger
from apscheduler.triggers.cron import CronTrigger
from apscheduler.triggers.interval import IntervalTrigger

__all__ = ["cron", "due_tick", "every", "fires_after", "fires_from", "last_fire", "on_workdays"]

_ANCHOR = datetime(2026, 1, 1, tzinfo=UTC)
_LOOK_BACKS = tuple(timedelta(days=days) for days in (0.05, 1, 8, 32, 366))
_MOST_PASSED_OVER = 60  # fire times in a row: two months of days off
_A_MOMENT = timedelta(microseconds=1)


class _Sifted(BaseTrigger):  # type: ignore[misc] # the library has no types
    """Those fire times of another trigger that are kept."""

    def __init__(self, trigger: BaseTrigger, keeps: Callable[[datetime], bool]) -> None:
        self._trigger = trigger
        self._keeps = keeps

    def get_next_fire_time(
        self, previous_fire_time: datetime | None, now: datetime
    ) -> datetime | None:
        """Name the next fire time that is kept; none where so many in a row are not."""
        fire: datetime | None = self._trigger.get_next_fire_time(previous_fire_time, now)
        for _ in range(_MOST_PASSED_OVER):
            if fire is None or self._keeps(fire):
                return fire
            fire = self._trigger.get_next_fire_time(None, fire.astimezone(UTC) + _A_MOMENT)
        return None


def every(period: timedelta) -> IntervalTrigger:
    """Fire each ``period``, counted from a start that is the same on every node."""
    return IntervalTrigger(
        seconds=int(period.total_seconds()), start_date=_ANCHOR, timezone=_ANCHOR.tzinfo
    )


def cron(line: str, zone: ZoneInfo) -> BaseTrigger:
    """Fire by a crontab line in business time. Raises ``ValueError`` for a line it cannot read.

    In the hour that the end of summer time repeats it fires the first time only.
    """

    def is_first(fire: datetime) -> bool:
        return not fire.astimezone(UTC).astimezone(zone).fold

    return _Sifted(CronTrigger.from_crontab(line, timezone=zone), is_first)


def on_workdays(
    trigger: BaseTrigger, zone: ZoneInfo, is_workday: Callable[[date], bool]
) -> BaseTrigger:
    """Fire as ``trigger`` does, but only on days that are worked."""
    return _Sifted(trigger, lambda fire: is_workday(fire.astimezone(zone).date()))


def due_tick(trigger: BaseTrigger, now: datetime, grace: timedelta) -> datetime | None:
    """Name the fire time this wake-up serves; the same on every node. ``None``: none."""
    fire: datetime | None = trigger.get_next_fire_time(None, now - grace)
    return fire.astimezone(UTC) if fire is not None and fire <= now else None


def last_fire(trigger: BaseTrigger, now: datetime) -> datetime | None:
    """Name the last fire time up to ``now``; ``None`` when there was none within a year."""
    for look_back in _LOOK_BACKS:
        latest = None
        for fire in fires_from(trigger, now - look_back):
            if fire > now:
                break
            latest = fire
        if latest is not None:
            return latest.astimezone(UTC)
    return None


def fires_after(trigger: BaseTrigger, moment: datetime) -> Iterator[datetime]:
    """Name the fire times after a moment, in UTC."""
    return (fire.astimezone(UTC) for fire in fires_from(trigger, moment + _A_MOMENT))


def fires_from(trigger: BaseTrigger, start: datetime) -> Iterator[datetime]:
    """Name the fire times from a moment on, each in the trigger's own zone."""
    fire: datetime | None = trigger.get_next_fire_time(None, start)
    while fire is not None:
        yield fire
        # A moment later: asked with the previous time, the two triggers round differently. In UTC:
        # in the hour that summer time repeats, local times would never get on.
        fire = trigger.get_next_fire_time(None, fire.astimezone(UTC) + _A_MOMENT)
