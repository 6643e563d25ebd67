"""The outbox: WriteBacks waiting to reach a CRM, put down in the commit that decided them.

A task is asked for once per key, for ever. A field update or a task change is a wish: a newer one
joins or replaces the one that waits (``wishes.py``). What to do about failures is decided in
``retry.py``; this module only carries it out.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, TypeVar

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError

from adapters.port import CreditField, FieldUpdate, FieldValue, NoteDraft, TaskDraft
from connector.store.engine import insert_or_ignore
from connector.store.queue_tables import outbox
from connector.work import claim as claims
from connector.work.wishes import join_newer, put_wishes
from connector.work.writebacks import (
    NewRows,
    WriteBack,
    WriteKind,
    collapse_key,
    decode,
    decode_unconfirmed,
    encode_unconfirmed,
    lane_of,
    merge,
    merge_unconfirmed,
)
from scoring.records import AccountRef

__all__ = [
    "claim",
    "due_count",
    "enqueue",
    "forget_sending",
    "hold",
    "mark_sending",
    "note_missed",
    "put_back",
    "settle",
    "waiting_values",
]

_ROWS_PER_STATEMENT = 200
_MOST_COUNTED = 100_000
_NO_IDS: Mapping[AccountRef, str] = {}

Row = sa.Row[Any]
T = TypeVar("T")


def enqueue(
    conn: sa.Connection,
    writes: Iterable[WriteBack],
    *,
    now: datetime,
    assessment_ids: Mapping[AccountRef, str] = _NO_IDS,
) -> int:
    """Put WriteBacks down; they exist when the caller's transaction commits.

    Tells how many rows are new: wishes that joined a waiting one, tasks and notes asked for before
    are not. A parked wish for the same account gives way to the newer one.
    """
    tasks: list[TaskDraft] = []
    notes: dict[str, NoteDraft] = {}
    wishes: dict[str, WriteBack] = {}
    for write in writes:
        if isinstance(write, NoteDraft):
            notes[str(collapse_key(write))] = write
            continue
        key = collapse_key(write)
        if key is None:
            tasks.append(write)  # type: ignore[arg-type] # only a task has no collapse key
        else:
            wishes[key] = merge(wishes[key], write) if key in wishes else write
    new = NewRows(now, assessment_ids)
    created = 0
    for chunk in _chunks(tasks):
        created += _insert(conn, [new.of(task) for task in chunk])
    for keys in _chunks(sorted(wishes)):  # sorted: two writers lock rows in the same order
        created += put_wishes(conn, {key: wishes[key] for key in keys}, new)
    for keys in _chunks(sorted(notes)):  # last: the fields are to stand there first
        created += _insert(conn, _unknown_notes(conn, {key: notes[key] for key in keys}, new))
    return created


def _insert(conn: sa.Connection, rows: list[dict[str, Any]]) -> int:
    if not rows:
        return 0
    # Rows beside the statement, not inside it: then it is compiled once.
    statement = insert_or_ignore(conn, outbox).returning(outbox.c.id)
    return len(conn.execute(statement, rows).all())


def _unknown_notes(
    conn: sa.Connection, notes: Mapping[str, NoteDraft], new: NewRows
) -> list[dict[str, Any]]:
    """Leave out notes that were asked for before, whatever became of them."""
    lanes = [lane_of(note.account) for note in notes.values()]
    asked = sa.select(outbox.c.collapse_key).where(
        outbox.c.lane.in_(lanes), outbox.c.kind == WriteKind.NOTE.value
    )
    known = set(conn.execute(asked).scalars())
    return [new.of(note) for key, note in notes.items() if key not in known]


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
    kind: str | None = None,
    length: timedelta = claims.LEASE,
) -> list[Row]:
    """Take the next runnable rows of one system and kind; see ``claim.claim``."""
    return claims.claim(
        conn, outbox, now=now, lease=lease, limit=limit, systems=systems, kind=kind, length=length
    )


def due_count(conn: sa.Connection, system: str, kind: WriteKind, *, now: datetime) -> int:
    """Count the rows of a system and kind that could be taken now, as far as it matters."""
    return claims.due_count(
        conn, outbox, now=now, system=system, kind=kind.value, most=_MOST_COUNTED
    )


def hold(
    conn: sa.Connection, rows: Sequence[Row], *, lease: str, now: datetime, length: timedelta
) -> set[int]:
    """Lengthen the lease of these rows and tell which of them are still ours."""
    ids = [row.id for row in rows]
    return claims.hold(conn, outbox, ids, lease=lease, now=now, length=length)


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
    newer_waits: bool = False,
) -> bool:
    """Let a row run again later. False: it is no longer ours.

    A wish gives way to a newer one that waits. With ``newer_waits`` that one does not run before
    ``run_after`` either: what was sent may still be under way and must not land upon it.
    """
    not_before = run_after if newer_waits else None
    if join_newer(conn, row, lease=lease, now=now, not_before=not_before):
        return True
    try:
        with conn.begin_nested():
            return claims.settle_later(
                conn, outbox, row.id, lease=lease, run_after=run_after, counted=counted, error=error
            )
    except IntegrityError:  # the newer wish came this very moment
        return join_newer(conn, row, lease=lease, now=now, not_before=not_before)


def forget_sending(conn: sa.Connection, row: Row, *, lease: str) -> None:
    """Take ``mark_sending`` back: this time the write certainly did not happen.

    What an earlier send may have left stays remembered.
    """
    earlier = {"sent_at": row.sent_at, "missed_at": row.missed_at, "unconfirmed": row.unconfirmed}
    conn.execute(
        outbox.update().where(outbox.c.id == row.id, outbox.c.lease == lease).values(earlier)
    )


def note_missed(conn: sa.Connection, row: Row, *, lease: str, now: datetime) -> None:
    """Write down that the first look found nothing under the row's key."""
    conn.execute(
        outbox.update().where(outbox.c.id == row.id, outbox.c.lease == lease).values(missed_at=now)
    )


def _chunks(items: Sequence[T]) -> Iterable[Sequence[T]]:
    for start in range(0, len(items), _ROWS_PER_STATEMENT):
        yield items[start : start + _ROWS_PER_STATEMENT]
