"""Assessment runs that all workers share: put down as chunks, counted down, finished once.

A run's chunks lie in a table with the work columns of inbox and outbox and are claimed by the same
statements, so that the chunk of a worker that died becomes due again. Each settling counts the run
down in its own commit; the one that reaches nought puts down the row that finishes the run.
"""

from collections.abc import Sequence
from datetime import date, datetime
from enum import StrEnum
from typing import Any

import msgspec
import sqlalchemy as sa

from connector.store.engine import insert_or_ignore
from connector.store.queue_tables import chunks, runs
from connector.work import claim as claims
from connector.work.retry import MAX_ATTEMPTS, Verdict

__all__ = [
    "ChunkKind",
    "Row",
    "Run",
    "abandon",
    "claim",
    "companies_of",
    "companies_under_way",
    "hold",
    "park",
    "put_back",
    "put_down",
    "settle",
    "split",
    "under_way",
    "worn_out",
]

Row = sa.Row[Any]


class ChunkKind(StrEnum):
    """What a row of a run asks for."""

    ASSESS = "assess"
    FINISH = "finish"


class Run(msgspec.Struct, frozen=True, kw_only=True):
    """A run under way."""

    id: int
    scope: str
    as_of: date


def under_way(conn: sa.Connection, run: int | None = None) -> list[Run]:
    """List the runs under way, or the one that is asked for if it is."""
    columns = (runs.c.id, runs.c.scope, runs.c.as_of)
    statement = sa.select(*columns).where(runs.c.finished_at.is_(None)).order_by(runs.c.id)
    if run is not None:
        statement = statement.where(runs.c.id == run)
    return [Run(id=row.id, scope=row.scope, as_of=row.as_of) for row in conn.execute(statement)]


def companies_under_way(conn: sa.Connection, scope: str) -> set[str]:
    """Name the companies that a run of this scope has still to assess."""
    statement = (
        sa.select(chunks.c.body)
        .join(runs, runs.c.id == chunks.c.run)
        .where(runs.c.finished_at.is_(None), runs.c.scope == scope)
        .where(chunks.c.state.in_(("ready", "running")))
    )
    return {name for row in conn.execute(statement) for name in companies_of(row)}


def put_down(
    conn: sa.Connection,
    *,
    scope: str,
    as_of: date,
    parts: Sequence[Sequence[str]],
    now: datetime,
) -> int | None:
    """Put a run down. ``None``: one of this scope and date, or of a later one, is under way.

    One of an earlier date is given up: what it had left to do is part of the new one.
    """
    if any(run.scope == scope and run.as_of >= as_of for run in under_way(conn)):
        return None
    for run in under_way(conn):
        if run.scope == scope:
            abandon(conn, run.id, now=now)
    values = {
        "scope": scope,
        "as_of": as_of,
        "companies": sum(len(part) for part in parts),
        "open": len(parts),
        "begun_at": now,
    }
    statement = insert_or_ignore(conn, runs).values(values).returning(runs.c.id)
    run_id = conn.execute(statement).scalar_one_or_none()
    if run_id is None:  # another host was faster
        return None
    rows = [_row(run_id, ChunkKind.ASSESS, part, now) for part in parts]
    rows = rows or [_row(run_id, ChunkKind.FINISH, [], now)]
    _insert(conn, rows)
    return int(run_id)


def abandon(conn: sa.Connection, run: int, *, now: datetime) -> None:
    """End a run without finishing it; a chunk that is worked on settles nothing."""
    conn.execute(runs.update().where(runs.c.id == run).values(finished_at=now))
    conn.execute(
        chunks.update()
        .where(chunks.c.run == run, chunks.c.state.in_(("ready", "running")))
        .values(state="dropped", lease=None, settled_at=now, last_error="a later run took over")
    )


def claim(conn: sa.Connection, *, now: datetime, lease: str) -> Row | None:
    """Take the next chunk, oldest first; ``None``: there is nothing to do now."""
    rows = claims.claim(conn, chunks, now=now, lease=lease)
    return rows[0] if rows else None


def companies_of(row: Row) -> list[str]:
    """Name the companies of a chunk."""
    return msgspec.json.decode(row.body, type=list[str])


def hold(conn: sa.Connection, row: Row, *, lease: str, now: datetime) -> bool:
    """Lengthen the lease of a chunk. False: it is no longer ours."""
    return bool(claims.hold(conn, chunks, [row.id], lease=lease, now=now))


def settle(conn: sa.Connection, row: Row, *, lease: str, now: datetime) -> bool:
    """End a row that was worked off. False: it is no longer ours."""
    if not claims.settle(conn, chunks, row.id, lease=lease, state="done", now=now):
        return False
    if row.kind == ChunkKind.FINISH:
        _end(conn, row.run, now)
    else:
        _count(conn, row.run, open_by=-1, now=now)
    return True


def park(conn: sa.Connection, row: Row, *, lease: str, now: datetime, note: str) -> bool:
    """Give a row up: its companies keep their marks and are part of the next run."""
    if not claims.settle(conn, chunks, row.id, lease=lease, state="parked", now=now, error=note):
        return False
    conn.execute(runs.update().where(runs.c.id == row.run).values(failed=runs.c.failed + 1))
    if row.kind == ChunkKind.FINISH:
        _end(conn, row.run, now)
    else:
        _count(conn, row.run, open_by=-1, now=now)
    return True


def put_back(conn: sa.Connection, row: Row, *, lease: str, verdict: Verdict) -> bool:
    """Let a row run again later. False: it is no longer ours."""
    return claims.settle_later(
        conn,
        chunks,
        row.id,
        lease=lease,
        run_after=verdict.run_after,
        counted=verdict.counted,
        error=verdict.note,
    )


def split(conn: sa.Connection, row: Row, *, lease: str, now: datetime, note: str) -> bool:
    """Put two halves in a chunk's place: one company that cannot be assessed stops no other."""
    if not claims.settle(
        conn, chunks, row.id, lease=lease, state="done", now=now, error=f"in halves: {note}"
    ):
        return False
    companies = companies_of(row)
    middle = len(companies) // 2
    halves = (companies[:middle], companies[middle:])
    _insert(conn, [_row(row.run, ChunkKind.ASSESS, half, now) for half in halves])
    _count(conn, row.run, open_by=+1, now=now)
    return True


def worn_out(row: Row) -> bool:
    """Tell whether a row was claimed too often without being settled: it ends its worker."""
    return bool(row.attempts > MAX_ATTEMPTS)


def _count(conn: sa.Connection, run: int, *, open_by: int, now: datetime) -> None:
    # The row's lock lets one settling at a time count: exactly one of them sees the nought.
    statement = (
        runs.update()
        .where(runs.c.id == run)
        .values(open=runs.c.open + open_by)
        .returning(runs.c.open)
    )
    if conn.execute(statement).scalar_one() == 0:
        _insert(conn, [_row(run, ChunkKind.FINISH, [], now)])


def _end(conn: sa.Connection, run: int, now: datetime) -> None:
    conn.execute(runs.update().where(runs.c.id == run).values(finished_at=now))
    ended = sa.select(runs.c.id).where(runs.c.finished_at.is_not(None), runs.c.id < run)
    conn.execute(
        chunks.delete().where(chunks.c.run.in_(ended), chunks.c.state.in_(("done", "dropped")))
    )


def _insert(conn: sa.Connection, rows: list[dict[str, Any]]) -> None:
    conn.execute(chunks.insert(), rows)


def _row(run: int, kind: ChunkKind, companies: Sequence[str], now: datetime) -> dict[str, Any]:
    body = msgspec.json.encode(list(companies))
    first = companies[0] if companies else ""
    return {
        "kind": kind.value,
        "run": run,
        "body": body,
        "lane": f"{run}/{kind}/{first}",  # the parts of a run do not wait for each other
        "run_after": now,
    }
