"""What a process that serves does when: its rounds, and what keeps house."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import timedelta
from functools import partial

from connector.wiring.product import Zixin
from connector.wiring.rounds import Rounds
from connector.wiring.upkeep import at_time, upkeep_schedules
from connector.work.schedule import GRACE, Schedule
from connector.work.triggers import every

__all__ = ["timetable"]

_SWEEP_DAYS = {"nightly": "* * *", "weekly": "* * sun", "monthly": "1 * *"}


def timetable(zixin: Zixin, rounds: Rounds, wake: Callable[[], None]) -> Sequence[Schedule]:
    """Name what is done when. Channels come first: what changes during a pull is then told."""
    times, systems = zixin.config.schedule, tuple(rounds.ports)
    often = timedelta(minutes=times.pull_minutes)
    renew = timedelta(hours=times.renew_hours)
    full_pull = at_time(zixin, "full-pull", times.full_pull_at, partial(rounds.pull, full=True))
    return [
        replace(_each(renew, "renew-channels", rounds.renew), systems=systems),
        replace(_each(often, "pull", rounds.renew_and_pull), systems=systems),
        *_sweeps(zixin, rounds),
        replace(full_pull, systems=systems),
        at_time(zixin, "assess", times.assess_at, rounds.decide_all),
        at_time(zixin, "shadow", times.assess_at, rounds.try_shadows),
        at_time(zixin, "dunning", times.dunning_at, rounds.decide_all),
        _each(often, "write-back", wake),
        *upkeep_schedules(zixin, wake),
    ]


def _sweeps(zixin: Zixin, rounds: Rounds) -> Iterator[Schedule]:
    """Name the sweeps: each rhythm is a schedule of its own, so that none is missed."""
    at = zixin.config.schedule.sweep_at
    rhythms: dict[str, list[str]] = {}
    for name, port in rounds.ports.items():
        usual = "monthly" if port.tells_deletions else "nightly"
        rhythms.setdefault(zixin.connection(name).sweep or usual, []).append(name)
    for rhythm, days in _SWEEP_DAYS.items():
        if names := rhythms.get(rhythm):
            work = partial(rounds.sweep, names)
            schedule = at_time(zixin, f"sweep-{rhythm}", at, work, days=days)
            yield replace(schedule, systems=tuple(names))


def _each(period: timedelta, name: str, work: Callable[[], None]) -> Schedule:
    """Do it each period; a wake-up may be late by half of it."""
    grace = min(GRACE, period / 2)
    return Schedule(name=name, trigger=every(period), work=lambda _due: work(), grace=grace)
