"""Erasing a person's data: a contact's, or a sole trader's with the contacts of the account.

The record stays under its id with its personal fields blank, so that counts and balances stand;
its id goes on the stop-list. Free texts and documents that name the person are masked, messages
that name the record lose their bytes. One transaction. Amounts, dates, ids and the company code
stay: invoices lead to them. The audit log is never changed; it is told how many entries name the
person.
"""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

import msgspec
import sqlalchemy as sa

from adapters.events import Hint
from adapters.port import FieldUpdate, NoteDraft
from connector.flow.masking import Mask, named_ids
from connector.flow.personal_places import DOCUMENTS, TEXTS, Place, Scope
from connector.store.audit import AuditEntry, append
from connector.store.engine import in_one_commit
from connector.store.erased import ERASED, PERSONAL, put_on_list
from connector.store.queue_tables import inbox, outbox
from connector.store.tables import RECORD_TABLES, accounts, audit, contacts, entities, erased
from connector.work.inbox import HINT, EventCodec, hints_of, put_hints
from connector.work.writebacks import decode, encode
from scoring.records import AccountRef, Kind
from scoring.refusal import Refusal

__all__ = [
    "CannotErase",
    "Erased",
    "entities_of",
    "erase",
    "messages_naming",
    "records_of",
    "values_of",
]

PORTION = 500
_OPEN = ("ready", "running", "parked", "unhandled")
_ASKED_AGAIN = ("ready", "running", "parked")
_NOTE = "erased: it named a person whose data was erased"


class CannotErase(Refusal):
    """An erasure that cannot be done as it was asked for."""

    subject = "erase."


class Erased(msgspec.Struct, frozen=True, kw_only=True):
    """What an erasure did: rows by their table. ``audit`` entries name the person and stay."""

    records: int
    masked: dict[str, int]
    messages: int
    audit: int


def erase(
    engine: sa.Engine,
    record: AccountRef,
    kind: Kind,
    codecs: Mapping[str, EventCodec],
    *,
    by: str,
    reason: str,
    now: datetime,
    also: Sequence[str] = (),
) -> Erased:
    """Erase a contact or an account. Again, it finds nothing more unless ``also`` says it.

    ``also`` are other spellings and former values that texts may hold; ``codecs`` open messages
    that came encrypted. Raises ``CannotErase``.
    """
    codec = codecs.get(record.system)

    def work(conn: sa.Connection) -> Erased:
        _lock(conn)
        found = records_of(conn, record, kind)
        mask = Mask([*values_of(found), *also])
        if mask.names(reason) or mask.names(by):
            raise CannotErase("names_the_person")
        ids = {each.record_id for _kind, each in found}
        for each_kind, row in found:
            _blank(conn, each_kind, row, now)
        scope = Scope(system=record.system, entities=entities_of(conn, found))
        masked = _mask_texts(conn, mask, scope)
        masked[outbox.name] += _mask_outbox(conn, mask, scope)
        messages = messages_naming(conn, mask, ids, codec, scope, unreadable=True)
        done = Erased(
            records=len(found),
            masked={name: count for name, count in masked.items() if count},
            messages=_empty(conn, messages, now),
            audit=_audited(conn, mask),
        )
        append(conn, [_entry(record, kind, done, by=by, reason=reason, now=now)])
        return done

    return in_one_commit(engine, work)


def records_of(
    conn: sa.Connection, record: AccountRef, kind: Kind
) -> list[tuple[Kind, sa.Row[Any]]]:
    """Find the record, and with an account its contacts. Raises ``CannotErase`` where it is not."""
    table = RECORD_TABLES[kind]
    same = (table.c.system == record.system, table.c.record_id == record.record_id)
    row = conn.execute(sa.select(table).where(*same)).first()
    if row is None:
        raise CannotErase(f"unknown_{kind.value}", ref=str(record))
    found = [(kind, row)]
    if kind is Kind.ACCOUNTS:
        theirs = (contacts.c.system == record.system, contacts.c.account_id == record.record_id)
        rows = conn.execute(sa.select(contacts).where(*theirs).order_by(contacts.c.record_id))
        found += [(Kind.CONTACTS, each) for each in rows]
    return found


def _lock(conn: sa.Connection) -> None:
    """Let no page be saved by the stop-list as it was before."""
    if conn.dialect.name == "postgresql":
        conn.exec_driver_sql(f"LOCK TABLE {erased.name} IN ACCESS EXCLUSIVE MODE")


def values_of(found: Sequence[tuple[Kind, sa.Row[Any]]]) -> list[str | None]:
    """Name the personal values of records."""
    return [getattr(row, name) for kind, row in found for name in PERSONAL[kind]]


def _blank(conn: sa.Connection, kind: Kind, row: sa.Row[Any], now: datetime) -> None:
    table = RECORD_TABLES[kind]
    same = (table.c.system == row.system, table.c.record_id == row.record_id)
    conn.execute(table.update().where(*same).values(dict(PERSONAL[kind])))
    if kind is Kind.ACCOUNTS and row.entity:
        named = (entities.c.entity == row.entity, entities.c.name == row.name)
        conn.execute(entities.update().where(*named).values(name=ERASED))
    put_on_list(conn, row.system, kind, [row.record_id], now=now)


def entities_of(conn: sa.Connection, found: Sequence[tuple[Kind, sa.Row[Any]]]) -> set[str]:
    """Name the companies whose documents may tell of them."""
    ids = {row.record_id if kind is Kind.ACCOUNTS else row.account_id for kind, row in found}
    statement = sa.select(accounts.c.entity).where(
        accounts.c.system == found[0][1].system,
        accounts.c.record_id.in_(sorted(ids)),
        accounts.c.entity.is_not(None),
    )
    return set(conn.execute(statement).scalars())


def _mask_texts(conn: sa.Connection, mask: Mask, scope: Scope) -> Counter[str]:
    counts: Counter[str] = Counter()
    for places, cover in ((TEXTS, mask.text), (DOCUMENTS, mask.document)):
        for place in places:
            counts[place.table.name] += _cover(conn, place, scope, cover)
    return counts


def _cover(conn: sa.Connection, place: Place, scope: Scope, cover: Callable[[Any], Any]) -> int:
    """Mask one column of a table; tells in how many rows."""
    keys: list[sa.Column[Any]] = list(place.table.primary_key.columns)
    statement = sa.select(*keys, place.column).where(place.column.is_not(None), *place.of(scope))
    changed = []
    for *key, value in conn.execute(statement).yield_per(PORTION):
        covered = cover(value)
        if covered != value:
            changed.append((key, covered))
    for key, covered in changed:
        same = (column == value for column, value in zip(keys, key, strict=True))
        conn.execute(place.table.update().where(*same).values({place.column.name: covered}))
    return len(changed)


def _mask_outbox(conn: sa.Connection, mask: Mask, scope: Scope) -> int:
    """Settled write-backs that name the person lose their body; those that wait are masked."""
    statement = sa.select(outbox).where(
        outbox.c.system == scope.system, sa.func.length(outbox.c.body) > 0
    )
    naming = [
        row
        for row in conn.execute(statement).yield_per(PORTION)
        if mask.stands_in(row.body) or mask.stands_in(row.unconfirmed or b"")
    ]
    for row in naming:
        body = _masked(row, mask) if row.state in _OPEN else b""
        values = {"body": body, "unconfirmed": row.unconfirmed and mask.document(row.unconfirmed)}
        conn.execute(outbox.update().where(outbox.c.id == row.id).values(values))
    return len(naming)


def _masked(row: sa.Row[Any], mask: Mask) -> bytes:
    write = decode(row.kind, row.body)
    if isinstance(write, FieldUpdate):
        values = {
            field: mask.text(value) if isinstance(value, str) else value
            for field, value in write.values.items()
        }
        return encode(msgspec.structs.replace(write, values=values))
    if isinstance(write, NoteDraft):
        return encode(
            msgspec.structs.replace(write, title=mask.text(write.title), body=mask.text(write.body))
        )
    return encode(
        msgspec.structs.replace(write, subject=mask.text(write.subject), body=mask.text(write.body))
    )


Message = tuple[sa.Row[Any], tuple[Hint, ...] | None]


def messages_naming(
    conn: sa.Connection,
    mask: Mask,
    ids: set[str],
    codec: EventCodec | None,
    scope: Scope,
    *,
    unreadable: bool,
) -> list[Message]:
    """Find messages of a connection that name these, with what each asks to read again.

    ``unreadable``: a message that cannot be read may name anybody and is among them.
    """
    statement = sa.select(inbox).where(
        inbox.c.system == scope.system, inbox.c.kind != HINT, sa.func.length(inbox.c.body) > 0
    )
    rows = conn.execute(statement).yield_per(PORTION)
    read = ((row, _hints(row, codec)) for row in rows)
    return [
        (row, hints)
        for row, hints in read
        if (unreadable and hints is None) or _names(row, hints or (), mask, ids)
    ]


def _hints(row: sa.Row[Any], codec: EventCodec | None) -> tuple[Hint, ...] | None:
    try:
        return hints_of(row, codec)
    except Exception:  # noqa: BLE001 whatever hinders reading one message hinders no erasure
        return None


def _names(row: sa.Row[Any], hints: Sequence[Hint], mask: Mask, ids: set[str]) -> bool:
    if mask.stands_in(row.body) or mask.stands_in(row.headers):
        return True
    asked = {record_id for hint in hints for record_id in hint.record_ids}
    return bool(asked & ids or named_ids(row.body, ids))


def _empty(conn: sa.Connection, messages: Sequence[Message], now: datetime) -> int:
    """Take the bytes of messages away; tells of how many.

    What one asked for that was not read yet is asked for anew, in a hint that holds ids alone.
    """
    for row, hints in messages:
        values: dict[str, Any] = {"body": b"", "headers": b""}
        if row.state in _OPEN:
            values |= {"state": "dropped", "settled_at": now, "lease": None, "last_error": _NOTE}
        conn.execute(inbox.update().where(inbox.c.id == row.id).values(values))
        if hints and row.state in _ASKED_AGAIN:
            put_hints(conn, row.system, f"erased:{row.id}", hints, now=now)
    return len(messages)


def _audited(conn: sa.Connection, mask: Mask) -> int:
    """Count the entries of the audit log that name the person: they cannot be changed."""
    statement = sa.select(audit.c.old, audit.c.new, audit.c.why, audit.c.target)
    return sum(
        mask.names(row.why)
        or mask.names(row.target)
        or mask.stands_in(row.old or b"")
        or mask.stands_in(row.new or b"")
        for row in conn.execute(statement).yield_per(PORTION)
    )


def _entry(
    record: AccountRef, kind: Kind, done: Erased, *, by: str, reason: str, now: datetime
) -> AuditEntry:
    counts = {"kind": kind.value, "records": done.records, "messages": done.messages}
    return AuditEntry(
        at=now,
        system=record.system,
        target=record.record_id,
        what="erased",
        new=msgspec.json.encode({**counts, "masked": sum(done.masked.values()), "reason": reason}),
        why=f"by {by}",
    )
