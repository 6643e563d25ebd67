"""A copy of what is stored about a contact or an account, for the person it is about.

Also what is hidden in texts and messages: the places that erasing would mask or empty.
"""

from collections.abc import Iterator, Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import msgspec
import sqlalchemy as sa

from connector.flow.erasure import entities_of, messages_naming, records_of, values_of
from connector.flow.masking import Mask
from connector.flow.personal_places import DOCUMENTS, TEXTS, Scope
from connector.store.audit import list_entries
from connector.store.queue_tables import inbox, outbox
from connector.store.tables import assessments, metadata
from connector.work.inbox import EventCodec
from scoring.records import AccountRef, Kind

__all__ = ["PersonCopy", "copy_of"]

_OURS = frozenset({"content_hash", "generation", "lease", "lane", "collapse_key", "text_hash"})
_MOST_ENTRIES = 10_000

Row = dict[str, object]


class PersonCopy(msgspec.Struct, frozen=True, kw_only=True):
    """What is stored: rows by table, and texts elsewhere that name the person, by table."""

    record: str
    kind: Kind
    rows: dict[str, list[Row]]
    named_in: dict[str, list[str]]


def copy_of(
    conn: sa.Connection, record: AccountRef, kind: Kind, codecs: Mapping[str, EventCodec]
) -> PersonCopy:
    """Copy everything about a record. Raises ``CannotErase`` where it is not."""
    found = records_of(conn, record, kind)
    rows: dict[str, list[Row]] = {}
    for each, row in found:
        rows.setdefault(each.value, []).append(_told(row))
    scope = Scope(system=record.system, entities=entities_of(conn, found))
    if kind is Kind.ACCOUNTS:
        rows.update(_of_account(conn, record, scope))
    mask, codec = Mask(values_of(found)), codecs.get(record.system)
    named: dict[str, list[str]] = {}
    for table, text in _naming(conn, mask, scope):
        named.setdefault(table, []).append(text)
    ids = {row.record_id for _kind, row in found}
    messages = messages_naming(conn, mask, ids, codec, scope, unreadable=False)
    if messages:
        named[inbox.name] = [row.body.decode("utf-8", "replace") for row, _hints in messages]
    return PersonCopy(record=str(record), kind=kind, rows=rows, named_in=named)


def _of_account(conn: sa.Connection, record: AccountRef, scope: Scope) -> dict[str, list[Row]]:
    found: dict[str, list[Row]] = {}
    for table in metadata.sorted_tables:
        system = table.c.get("account_system", table.c.get("system"))
        if "account_id" not in table.c or system is None or table.name in {"contacts", "stale"}:
            continue
        where = (system == record.system, table.c.account_id == record.record_id)
        found[table.name] = [_told(row) for row in conn.execute(sa.select(table).where(*where))]
    decided = sa.select(assessments).where(assessments.c.entity.in_(sorted(scope.entities)))
    found["assessments"] = [_told(row) for row in conn.execute(decided)]
    found["audit"] = [
        msgspec.structs.asdict(entry)
        for target in (record.record_id, str(record), *sorted(scope.entities))
        for entry in list_entries(conn, limit=_MOST_ENTRIES, target=target)
    ]
    return {name: rows for name, rows in found.items() if rows}


def _naming(conn: sa.Connection, mask: Mask, scope: Scope) -> Iterator[tuple[str, str]]:
    """Tell the texts that name the person, with their table."""
    for place in TEXTS:
        statement = sa.select(place.column).where(place.column.is_not(None), *place.of(scope))
        for text in conn.execute(statement).scalars():
            if mask.names(text):
                yield place.table.name, text
    for place in DOCUMENTS:
        statement = sa.select(place.column).where(place.column.is_not(None), *place.of(scope))
        for document in conn.execute(statement).scalars():
            if mask.stands_in(document):
                yield place.table.name, document.decode("utf-8", "replace")
    for body in conn.execute(
        sa.select(outbox.c.body).where(outbox.c.system == scope.system)
    ).scalars():
        if mask.stands_in(body):
            yield outbox.name, body.decode("utf-8", "replace")


def _told(row: sa.Row[Any]) -> Row:
    return {
        name: _value(value)
        for name, value in row._asdict().items()
        if name not in _OURS and value is not None
    }


def _value(value: object) -> object:
    if isinstance(value, bytes):
        try:
            return msgspec.json.decode(value)
        except (msgspec.DecodeError, UnicodeDecodeError):
            return value.decode("utf-8", "replace")
    if isinstance(value, date | datetime | Decimal):
        return str(value)
    return value
