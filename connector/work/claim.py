"""Take durable work and settle it: the same statements for the inbox and the outbox.

Safe with any number of workers, threads and hosts. A row is taken by moving its ``run_after`` ahead
by the lease, so the row of a worker that died becomes due again by itself. ``attempts`` counts at
the claim: work that kills its worker is counted, too. Settling presents the lease again; a worker
that overslept settles nothing.
"""

from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError

from connector.store.queue_tables import paused

__all__ = ["LEASE", "claim", "due_count", "hold", "next_due_at", "settle", "settle_later"]

LEASE = timedelta(minutes=5)
"""Deadlines nest: request 60 s < slice of a batch 2 min < lease 5 min."""

# Literals, not parameters: only then does the database recognise its partial indexes.
_READY: sa.ColumnElement[str] = sa.literal_column("'ready'")
_RUNNING: sa.ColumnElement[str] = sa.literal_column("'running'")


def claim(
    conn: sa.Connection,
    table: sa.Table,
    *,
    now: datetime,
    lease: str,
    limit: int = 1,
    systems: Collection[str] | None = None,
    kind: str | None = None,
    length: timedelta = LEASE,
) -> list[sa.Row[Any]]:
    """Take the next runnable rows of one system and kind, oldest first, at most one of a lane.

    The oldest runnable row, of this ``kind`` if one is given, decides about system and kind.
    ``lease`` is a fresh token for each batch. Rows of paused systems stay. Empty: nothing to do
    now, or another worker was faster.
    """
    taken = {
        "state": _RUNNING,
        "lease": lease,
        "run_after": now + length,
        "attempts": table.c.attempts + 1,
    }
    picked = _picked(table, now, limit, systems, kind)
    statement = (
        table.update()
        .where(table.c.id.in_(sa.select(picked.c.id)))
        .values(taken)
        .returning(*table.c)
    )
    try:
        with conn.begin_nested():
            rows = conn.execute(statement).all()
    except IntegrityError:  # the lane's index stopped a race: nothing for me now
        return []
    return sorted(rows, key=lambda row: int(row.id))


def _picked(
    table: sa.Table, now: datetime, limit: int, systems: Collection[str] | None, kind: str | None
) -> sa.CTE:
    # A CTE with FOR UPDATE is evaluated once; a plain IN could be evaluated again and take more.
    head = table.alias("head")
    first = (
        sa.select(head.c.system, head.c.kind)
        .where(*_runnable(head, table.alias("head_other"), now, systems), *_of_kind(head, kind))
        .order_by(head.c.id)
        .limit(1)
        .cte("first")
    )
    work = table.alias("w")
    same_group = (
        work.c.system == sa.select(first.c.system).scalar_subquery(),
        work.c.kind == sa.select(first.c.kind).scalar_subquery(),
    )
    return (
        sa.select(work.c.id)
        .where(*same_group, *_runnable(work, table.alias("other"), now, systems))
        .order_by(work.c.id)
        .limit(limit)
        .with_for_update(skip_locked=True, of=work)  # renders nothing on SQLite
        .cte("picked")
    )


def _of_kind(work: sa.FromClause, kind: str | None) -> list[sa.ColumnElement[bool]]:
    return [] if kind is None else [work.c.kind == kind]


def _runnable(
    work: sa.FromClause, other: sa.FromClause, now: datetime, systems: Collection[str] | None
) -> list[sa.ColumnElement[bool]]:
    lane_runs = sa.exists().where(other.c.lane == work.c.lane, other.c.state == _RUNNING)
    lane_first = sa.exists().where(
        other.c.lane == work.c.lane, other.c.state == _READY, other.c.id < work.c.id
    )
    # A row that runs has its lane: nobody is ahead of it, not even one of a smaller number that
    # was committed after it was claimed. They would wait for each other for ever.
    my_turn = sa.or_(work.c.state == _RUNNING, sa.and_(~lane_runs, ~lane_first))
    resting = sa.exists().where(
        paused.c.system == work.c.system,
        sa.or_(paused.c.until.is_(None), paused.c.until > now),
    )
    conditions: list[sa.ColumnElement[bool]] = [
        work.c.state.in_((_READY, _RUNNING)),
        work.c.run_after <= now,
        my_turn,
        ~resting,
    ]
    if systems is not None:
        conditions.append(work.c.system.in_(sorted(systems)))
    return conditions


def hold(
    conn: sa.Connection,
    table: sa.Table,
    row_ids: Collection[int],
    *,
    lease: str,
    now: datetime,
    length: timedelta = LEASE,
) -> set[int]:
    """Lengthen the lease of these rows and tell which of them are still ours."""
    statement = (
        table.update()
        .where(table.c.id.in_(list(row_ids)), table.c.lease == lease, table.c.state == _RUNNING)
        .values(run_after=now + length)
        .returning(table.c.id)
    )
    return {int(row_id) for row_id in conn.execute(statement).scalars()}


def settle(
    conn: sa.Connection,
    table: sa.Table,
    row_id: int,
    *,
    lease: str,
    state: str,
    now: datetime,
    error: str = "",
) -> bool:
    """End a row as ``done``, ``parked``, ``dropped`` or ``unhandled``. False: no longer ours."""
    values = {"state": state, "lease": None, "settled_at": now, "last_error": error}
    return _fenced(conn, table, row_id, lease, values)


def settle_later(
    conn: sa.Connection,
    table: sa.Table,
    row_id: int,
    *,
    lease: str,
    run_after: datetime,
    counted: bool,
    error: str = "",
) -> bool:
    """Put a row back, to run at ``run_after``; give the attempt back unless it counts.

    False: no longer ours. Raises ``IntegrityError`` where a newer wish has taken its place.
    """
    values: dict[str, Any] = {
        "state": "ready",
        "lease": None,
        "run_after": run_after,
        "last_error": error,
    }
    if not counted:
        values["attempts"] = table.c.attempts - 1
    return _fenced(conn, table, row_id, lease, values)


def _fenced(
    conn: sa.Connection, table: sa.Table, row_id: int, lease: str, values: dict[str, Any]
) -> bool:
    statement = (
        table.update()
        .where(table.c.id == row_id, table.c.lease == lease, table.c.state == _RUNNING)
        .values(values)
    )
    return conn.execute(statement).rowcount == 1


def due_count(
    conn: sa.Connection, table: sa.Table, *, now: datetime, system: str, kind: str, most: int
) -> int:
    """Count the rows of a system and kind that could be taken now, up to ``most``."""
    work = table.alias("w")
    due = (
        sa.select(work.c.id)
        .where(*_runnable(work, table.alias("other"), now, (system,)), work.c.kind == kind)
        .limit(most)
    )
    return int(conn.execute(sa.select(sa.func.count()).select_from(due.subquery())).scalar_one())


def next_due_at(conn: sa.Connection, table: sa.Table) -> datetime | None:
    """Tell when the next open row becomes due; ``None`` when there is none."""
    statement = sa.select(sa.func.min(table.c.run_after)).where(
        table.c.state.in_((_READY, _RUNNING))
    )
    due: datetime | None = conn.execute(statement).scalar_one()
    return due
