"""Wishes in the outbox: of those with one collapse key at most one waits.

A newer wish joins the one that waits. A parked wish, or one that failed while a newer came, gives
way to it; what it may have left in the CRM stays remembered.
"""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from connector.store.engine import insert_or_ignore
from connector.store.queue_tables import outbox
from connector.work import claim as claims
from connector.work.writebacks import (
    NewRows,
    WriteBack,
    decode,
    decode_unconfirmed,
    encode,
    encode_unconfirmed,
    merge,
    merge_unconfirmed,
)

__all__ = ["SUPERSEDED", "join_newer", "put_wishes"]

SUPERSEDED = "a newer wish took its place"
_MOST_ROUNDS = 5

Row = sa.Row[Any]

# Literals, not parameters: only then do the databases recognise their partial indexes.
_READY: sa.ColumnElement[str] = sa.literal_column("'ready'")
_PARKED: sa.ColumnElement[str] = sa.literal_column("'parked'")


def put_wishes(conn: sa.Connection, wishes: Mapping[str, WriteBack], new: NewRows) -> int:
    """Insert what nobody waits with, join what waits; again where another writer was faster.

    ``wishes`` are by collapse key. Tells how many rows are new.
    """
    created = 0
    left = dict(wishes)
    parked = _take_parked(conn, left, new.now)
    for _round in range(_MOST_ROUNDS):
        rows = [new.of(write, parked.get(key)) for key, write in left.items()]
        statement = insert_or_ignore(conn, outbox).returning(outbox.c.collapse_key)
        for key in conn.execute(statement, rows).scalars().all():
            created += 1
            del left[key]
        for row in _locked(conn, left, _READY) if left else ():
            key = row.collapse_key
            _join(conn, row, left.pop(key), new, parked.get(key))
        if not left:
            return created
    msg = f"{len(left)} wishes found no place in the outbox: other writers were always faster"
    raise RuntimeError(msg)


def _take_parked(
    conn: sa.Connection, keys: Collection[str], now: datetime
) -> dict[str, bytes | None]:
    """Let parked wishes give way; keep what they may have left in the CRM."""
    parked = _locked(conn, keys, _PARKED)
    if not parked:
        return {}
    unconfirmed: dict[str, bytes | None] = {}
    for row in parked:
        known = [
            decode_unconfirmed(kept)
            for kept in (unconfirmed.get(row.collapse_key), row.unconfirmed)
        ]
        unconfirmed[row.collapse_key] = encode_unconfirmed(merge_unconfirmed(known))
    conn.execute(
        outbox.update()
        .where(outbox.c.id.in_([row.id for row in parked]))
        .values(state="dropped", settled_at=now, last_error=SUPERSEDED)
    )
    return unconfirmed


def _join(
    conn: sa.Connection, row: Row, newer: WriteBack, new: NewRows, parked: bytes | None
) -> None:
    merged = merge(decode(row.kind, row.body), newer)
    known = merge_unconfirmed([decode_unconfirmed(kept) for kept in (row.unconfirmed, parked)])
    assessment_id = new.assessment_id(newer) or row.assessment_id
    conn.execute(
        outbox.update()
        .where(outbox.c.id == row.id)
        .values(
            body=encode(merged),
            assessment_id=assessment_id,
            unconfirmed=encode_unconfirmed(known),
        )
    )


def join_newer(
    conn: sa.Connection,
    row: Row,
    *,
    lease: str | None,
    now: datetime,
    not_before: datetime | None = None,
) -> bool:
    """Let a wish that did not succeed give way to the newer one that waits, if there is one.

    The newer wish keeps its values and takes over those that only the older one names. It runs
    not before ``not_before``.
    """
    if row.collapse_key is None:
        return False
    newer = [other for other in _locked(conn, [row.collapse_key], _READY) if other.id != row.id]
    if not newer or not _drop(conn, row, lease, now):
        return False
    older, waiting = _current(conn, row.id), newer[0]
    merged = merge(decode(older.kind, older.body), decode(waiting.kind, waiting.body))
    known = [decode_unconfirmed(older.unconfirmed), decode_unconfirmed(waiting.unconfirmed)]
    conn.execute(
        outbox.update()
        .where(outbox.c.id == waiting.id)
        .values(
            body=encode(merged),
            unconfirmed=encode_unconfirmed(merge_unconfirmed(known)),
            overwrite=sa.or_(outbox.c.overwrite, older.overwrite),
            run_after=max(waiting.run_after, not_before or waiting.run_after),
        )
    )
    return True


def _drop(conn: sa.Connection, row: Row, lease: str | None, now: datetime) -> bool:
    if lease is not None:
        return claims.settle(
            conn, outbox, row.id, lease=lease, state="dropped", now=now, error=SUPERSEDED
        )
    statement = (
        outbox.update()
        .where(outbox.c.id == row.id, outbox.c.state == "parked")
        .values(state="dropped", settled_at=now, last_error=SUPERSEDED)
    )
    return conn.execute(statement).rowcount == 1


def _current(conn: sa.Connection, row_id: int) -> Row:
    return conn.execute(sa.select(outbox).where(outbox.c.id == row_id)).one()


def _locked(
    conn: sa.Connection, keys: Collection[str], state: sa.ColumnElement[str]
) -> Sequence[Row]:
    statement = (
        sa.select(outbox)
        .where(outbox.c.collapse_key.in_(list(keys)), outbox.c.state == state)
        .order_by(outbox.c.collapse_key)
        .with_for_update()
    )
    return conn.execute(statement).all()
