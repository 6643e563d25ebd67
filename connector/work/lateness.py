"""The dead-man switch: which schedule has not ended well when it should have.

Read from the ticks alone, so that any node, and any command beside it, sees the same. Where the
work is done by connection, each is looked at by itself: one that fails stays late though the
others are well.
"""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from itertools import islice
from typing import Any

import msgspec
import sqlalchemy as sa

from connector.store.queue_tables import ticks
from connector.work.schedule import Schedule, failed_in
from connector.work.triggers import fires_after

__all__ = ["ScheduleState", "patience_of", "schedule_states"]

LEAST_PATIENCE = timedelta(minutes=10)
MOST_PATIENCE = timedelta(hours=2)
_LOOKED_BACK = 3000  # ticks: a month of quarters of an hour
_AT_ONCE = 200
_NEXT_SHOWN = 5


class ScheduleState(msgspec.Struct, frozen=True, kw_only=True):
    """How a schedule stands, at one connection where it works by connection (``system``).

    ``last_good_at``: when it last ended well. ``last_error``: what the last run that ended met,
    empty where it went well. ``expected_by``: until when it had to end well again.
    """

    schedule: str
    system: str
    last_good_at: datetime | None
    last_error: str
    expected_by: datetime | None
    overdue: bool
    next_at: list[datetime]


def schedule_states(
    conn: sa.Connection, schedules: Sequence[Schedule], now: datetime
) -> list[ScheduleState]:
    """Tell how each schedule stands, each connection of it by itself."""
    known_since: datetime | None = conn.execute(sa.select(sa.func.min(ticks.c.started_at))).scalar()
    return [
        _state(conn, schedule, system, now, known_since)
        for schedule in schedules
        for system in (schedule.systems or ("",))
    ]


def patience_of(schedule: Schedule, due_at: datetime) -> timedelta:
    """Tell how long after its due time a run may end: a period, at most two hours."""
    following = next(fires_after(schedule.trigger, due_at), None)
    if following is None:
        return MOST_PATIENCE
    return min(max(following - due_at, LEAST_PATIENCE), MOST_PATIENCE)


def _state(
    conn: sa.Connection,
    schedule: Schedule,
    system: str,
    now: datetime,
    known_since: datetime | None,
) -> ScheduleState:
    good, error = _last_runs(conn, schedule.name, system)
    # One that never ran should have run since the first tick of any.
    since = known_since if good is None else good.due_at
    expected_by = None if since is None else _expected_by(schedule, since)
    return ScheduleState(
        schedule=schedule.name,
        system=system,
        last_good_at=None if good is None else good.finished_at,
        last_error=error,
        expected_by=expected_by,
        overdue=expected_by is not None and now > expected_by,
        next_at=list(islice(fires_after(schedule.trigger, now), _NEXT_SHOWN)),
    )


def _expected_by(schedule: Schedule, since: datetime) -> datetime | None:
    due_at = next(fires_after(schedule.trigger, since), None)
    return None if due_at is None else due_at + patience_of(schedule, due_at)


def _last_runs(conn: sa.Connection, name: str, system: str) -> tuple[sa.Row[Any] | None, str]:
    """Find the last run that ended well, and what the last one that ended met."""
    rows = _ended(conn, name)
    last = next(rows, None)
    if last is None:
        return None, ""
    error = failed_in(last.error, system)
    if not error:
        return last, ""
    return next((row for row in rows if not failed_in(row.error, system)), None), error


def _ended(conn: sa.Connection, name: str) -> Iterator[sa.Row[Any]]:
    """Walk back over the runs that ended, the latest first, a portion at a time."""
    statement: sa.Select[Any] = (
        sa.select(ticks.c.due_at, ticks.c.finished_at, ticks.c.error)
        .where(ticks.c.schedule == name, ticks.c.finished_at.is_not(None))
        .order_by(ticks.c.due_at.desc())
    )
    for start in range(0, _LOOKED_BACK, _AT_ONCE):
        rows = conn.execute(statement.limit(_AT_ONCE).offset(start)).all()
        yield from rows
        if len(rows) < _AT_ONCE:
            return
