"""The outbox: WriteBacks waiting to reach a CRM, put down in the commit that decided them.

A field update collapses: a newer wish for an account joins the one that waits. A task is asked for
once per key, for ever. A task change replaces the change that waits. What to do about failures is
decided in ``retry.py``; this module only carries it out.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, TypeVar

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError

from adapters.port import CreditField, FieldUpdate, FieldValue, TaskDraft
from connector.store.engine import insert_or_ignore
from connector.store.queue_tables import outbox
from connector.work import claim as claims
from connector.work.writebacks import (
    WriteBack,
    WriteKind,
    collapse_key,
    decode,
    decode_unconfirmed,
    encode,
    encode_unconfirmed,
    kind_of,
    lane_of,
    merge,
    merge_unconfirmed,
)
from scoring.records import AccountRef

__all__ = [
    "SUPERSEDED",
    "claim",
    "enqueue",
    "forget_sending",
    "join_newer",
    "mark_sending",
    "note_missed",
    "put_back",
    "settle",
    "waiting_values",
]

SUPERSEDED = "a newer wish took its place"
_ROWS_PER_STATEMENT = 200
_MOST_ROUNDS = 5
_NO_IDS: Mapping[AccountRef, str] = {}

Row = sa.Row[Any]
T = TypeVar("T")

# Literals, not parameters: only then do the databases recognise their partial indexes.
_READY: sa.ColumnElement[str] = sa.literal_column("'ready'")
_PARKED: sa.ColumnElement[str] = sa.literal_column("'parked'")


def enqueue(
    conn: sa.Connection,
    writes: Iterable[WriteBack],
    *,
    now: datetime,
    assessment_ids: Mapping[AccountRef, str] = _NO_IDS,
) -> int:
    """Put WriteBacks down; they exist when the caller's transaction commits.

    Tells how many rows are new: wishes that joined a waiting one and tasks asked for before are
    not. A parked wish for the same account gives way to the newer one.
    """
    tasks: list[TaskDraft] = []
    wishes: dict[str, WriteBack] = {}
    for write in writes:
        key = collapse_key(write)
        if key is None:
            tasks.append(write)  # type: ignore[arg-type] # only a draft has no collapse key
        else:
            wishes[key] = merge(wishes[key], write) if key in wishes else write
    values = _Values(now, assessment_ids)
    created = 0
    for chunk in _chunks(tasks):
        created += _insert(conn, [values.of(task) for task in chunk])
    for keys in _chunks(sorted(wishes)):  # sorted: two writers lock rows in the same order
        created += _enqueue_wishes(conn, {key: wishes[key] for key in keys}, values)
    return created


class _Values:
    """Builds outbox rows."""

    def __init__(self, now: datetime, assessment_ids: Mapping[AccountRef, str]) -> None:
        self.now = now
        self._assessment_ids = assessment_ids

    def of(self, write: WriteBack, unconfirmed: bytes | None = None) -> dict[str, Any]:
        """Describe a new row."""
        return {
            "system": write.account.system,
            "kind": kind_of(write).value,
            "account_id": write.account.record_id,
            "task_key": None if isinstance(write, FieldUpdate) else write.key,
            "collapse_key": collapse_key(write),
            "body": encode(write),
            "assessment_id": self.assessment_id(write),
            "created_at": self.now,
            "unconfirmed": unconfirmed,
            "lane": lane_of(write.account),
            "run_after": self.now,
        }

    def assessment_id(self, write: WriteBack) -> str | None:
        """Name the assessment that decided a write."""
        known = self._assessment_ids.get(write.account)
        if known is None and isinstance(write, FieldUpdate):
            named = write.values.get(CreditField.ASSESSMENT_ID)
            return named if isinstance(named, str) else None
        return known


def _insert(conn: sa.Connection, rows: list[dict[str, Any]]) -> int:
    # Rows beside the statement, not inside it: then it is compiled once.
    statement = insert_or_ignore(conn, outbox).returning(outbox.c.id)
    return len(conn.execute(statement, rows).all())


def _enqueue_wishes(conn: sa.Connection, wishes: dict[str, WriteBack], values: _Values) -> int:
    """Insert what nobody waits with, join what waits; again where another writer was faster."""
    created = 0
    left = dict(wishes)
    parked = _take_parked(conn, left, values.now)
    for _round in range(_MOST_ROUNDS):
        rows = [values.of(write, parked.get(key)) for key, write in left.items()]
        statement = insert_or_ignore(conn, outbox).returning(outbox.c.collapse_key)
        for key in conn.execute(statement, rows).scalars().all():
            created += 1
            del left[key]
        for row in _locked(conn, left, _READY) if left else ():
            key = row.collapse_key
            _join(conn, row, left.pop(key), values, parked.get(key))
        if not left:
            return created
    msg = f"{len(left)} wishes found no place in the outbox: other writers were always faster"
    raise RuntimeError(msg)


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


def _join(
    conn: sa.Connection, row: Row, newer: WriteBack, values: _Values, parked: bytes | None
) -> None:
    merged = merge(decode(row.kind, row.body), newer)
    known = merge_unconfirmed([decode_unconfirmed(kept) for kept in (row.unconfirmed, parked)])
    assessment_id = values.assessment_id(newer) or row.assessment_id
    conn.execute(
        outbox.update()
        .where(outbox.c.id == row.id)
        .values(
            body=encode(merged),
            assessment_id=assessment_id,
            unconfirmed=encode_unconfirmed(known),
        )
    )


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


def waiting_values(
    conn: sa.Connection, accounts: Collection[AccountRef]
) -> dict[AccountRef, dict[CreditField, FieldValue]]:
    """Tell what is on its way to these accounts.

    The planner lays it over what was last written, so that a wish that was taken back in the
    meantime is asked for again and replaces the one that waits.
    """
    found: dict[AccountRef, dict[CreditField, FieldValue]] = {}
    for lanes in _chunks([lane_of(account) for account in accounts]):
        statement = (
            sa.select(outbox)
            .where(outbox.c.lane.in_(lanes), outbox.c.state.in_(("ready", "running")))
            .where(outbox.c.kind == WriteKind.FIELDS.value)
            .order_by(outbox.c.id)
        )
        for row in conn.execute(statement):
            write = decode(row.kind, row.body)
            if isinstance(write, FieldUpdate):
                found.setdefault(write.account, {}).update(write.values)
    return found


def claim(
    conn: sa.Connection,
    *,
    now: datetime,
    lease: str,
    limit: int = 1,
    systems: Collection[str] | None = None,
    length: timedelta = claims.LEASE,
) -> list[Row]:
    """Take the next runnable rows of one system and kind; see ``claim.claim``."""
    return claims.claim(
        conn, outbox, now=now, lease=lease, limit=limit, systems=systems, length=length
    )


def mark_sending(
    conn: sa.Connection,
    rows: Sequence[Row],
    *,
    lease: str,
    now: datetime,
    values: Mapping[int, Mapping[CreditField, FieldValue]] | None = None,
    length: timedelta = claims.LEASE,
) -> set[int]:
    """Write down that these rows are about to be sent; commit before the first byte leaves.

    ``values`` are the fields each row will set. Returns the ids that are still ours; the others
    must not be sent.
    """
    row_ids = [row.id for row in rows]
    ours = claims.hold(conn, outbox, row_ids, lease=lease, now=now, length=length)
    for row in rows:
        if row.id not in ours:
            continue
        sent = (values or {}).get(row.id)
        known = merge_unconfirmed([decode_unconfirmed(row.unconfirmed)], sent)
        conn.execute(
            outbox.update()
            .where(outbox.c.id == row.id, outbox.c.lease == lease)
            .values(sent_at=now, missed_at=None, unconfirmed=encode_unconfirmed(known))
        )
    return ours


def settle(
    conn: sa.Connection, row: Row, *, lease: str, state: str, now: datetime, error: str = ""
) -> bool:
    """End a row as ``done``, ``parked`` or ``dropped``. False: it is no longer ours.

    A wish that would be parked while a newer one waits gives way to it.
    """
    if state == "parked" and join_newer(conn, row, lease=lease, now=now):
        return True
    return claims.settle(conn, outbox, row.id, lease=lease, state=state, now=now, error=error)


def put_back(
    conn: sa.Connection,
    row: Row,
    *,
    lease: str,
    now: datetime,
    run_after: datetime,
    counted: bool,
    error: str = "",
) -> bool:
    """Let a row run again later. False: it is no longer ours.

    A wish gives way to a newer one that waits.
    """
    if join_newer(conn, row, lease=lease, now=now):
        return True
    try:
        with conn.begin_nested():
            return claims.settle_later(
                conn, outbox, row.id, lease=lease, run_after=run_after, counted=counted, error=error
            )
    except IntegrityError:  # the newer wish came this very moment
        return join_newer(conn, row, lease=lease, now=now)


def forget_sending(conn: sa.Connection, row: Row, *, lease: str) -> None:
    """Take ``mark_sending`` back: this time the write certainly did not happen.

    What an earlier send may have left stays remembered.
    """
    earlier = {"sent_at": row.sent_at, "missed_at": row.missed_at, "unconfirmed": row.unconfirmed}
    conn.execute(
        outbox.update().where(outbox.c.id == row.id, outbox.c.lease == lease).values(earlier)
    )


def note_missed(conn: sa.Connection, row: Row, *, lease: str, now: datetime) -> None:
    """Write down that the first look found no task under the row's key."""
    conn.execute(
        outbox.update().where(outbox.c.id == row.id, outbox.c.lease == lease).values(missed_at=now)
    )


def join_newer(conn: sa.Connection, row: Row, *, lease: str | None, now: datetime) -> bool:
    """Let a wish that did not succeed give way to the newer one that waits, if there is one.

    The newer wish keeps its values and takes over those that only the older one names.
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


def _chunks(items: Sequence[T]) -> Iterable[Sequence[T]]:
    for start in range(0, len(items), _ROWS_PER_STATEMENT):
        yield items[start : start + _ROWS_PER_STATEMENT]
