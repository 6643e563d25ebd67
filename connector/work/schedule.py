"""What is done when: a trigger, the work, and at which connections it failed.

Any number of nodes may run the same schedules, so what they could not agree on is refused.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import islice, pairwise

from apscheduler.triggers.base import BaseTrigger
from apscheduler.triggers.interval import IntervalTrigger

from connector.work.retry import error_note
from connector.work.triggers import fires_from

__all__ = ["GRACE", "BadSchedule", "Schedule", "SomeFailed", "check", "failed_in"]

GRACE = timedelta(seconds=60)
"""How late a wake-up may be and still serve its fire time; the library's second is too short."""

TICK_LEASE = timedelta(minutes=2)
_PERIODS_CHECKED = 50
_FAILED = "failed for "


class BadSchedule(ValueError):
    """A schedule that several nodes could not agree on. The text says what would be right."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Schedule:
    """What is done when. ``work`` is given the due time; it must be harmless to repeat.

    ``systems``: the connections it is done for one by one; ``SomeFailed`` names those that failed.
    """

    name: str
    trigger: BaseTrigger
    work: Callable[[datetime], None]
    grace: timedelta = GRACE
    lease: timedelta = TICK_LEASE
    systems: tuple[str, ...] = ()


class SomeFailed(Exception):
    """The work was done for all connections, but not at these."""

    def __init__(self, errors: Mapping[str, Exception]) -> None:
        super().__init__(", ".join(sorted(errors)))
        self.note = "\n".join(
            f"{_FAILED}{name}: {error_note(error)}" for name, error in sorted(errors.items())
        )


def failed_in(note: str, system: str) -> str:
    """Tell what a tick's note says of a connection; empty: it went well there."""
    if not note.startswith(_FAILED):
        return note
    if not system:
        return note
    mine = f"{_FAILED}{system}: "
    return next((line.removeprefix(mine) for line in note.split("\n") if line.startswith(mine)), "")


def check(schedule: Schedule, now: datetime) -> None:
    """Raise ``BadSchedule`` where nodes would disagree about due times."""
    trigger = schedule.trigger
    if getattr(trigger, "jitter", None):
        raise BadSchedule(f"schedule {schedule.name}: jitter makes nodes disagree, remove it")
    if isinstance(trigger, IntervalTrigger) and trigger.start_date > now:
        raise BadSchedule(f"schedule {schedule.name}: an interval needs a fixed start in the past")
    fires = list(islice(fires_from(trigger, now), _PERIODS_CHECKED))
    periods = [later - earlier for earlier, later in pairwise(fires)]
    if periods and min(periods) <= schedule.grace:
        raise BadSchedule(
            f"schedule {schedule.name}: it fires each {min(periods)}, which must be longer than "
            f"the grace of {schedule.grace}"
        )
