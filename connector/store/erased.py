"""The stop-list of erasure: records whose personal fields are never taken in again.

It holds hashes of ids, not ids. The ids stay in the records themselves, which invoices and
payments lead to.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime
from hashlib import sha256
from typing import Any

import msgspec
import sqlalchemy as sa

from adapters.port import Page, RecordProblem
from connector.store.engine import insert_or_ignore
from connector.store.operation_tables import erased
from scoring.records import Kind, Record

__all__ = ["ERASED", "PERSONAL", "put_on_list", "without_erased"]

ERASED = "–"
"""Stands where a name was."""

#: The personal fields of a kind, with what stands there afterwards.
PERSONAL: Mapping[Kind, Mapping[str, str | None]] = {
    Kind.CONTACTS: {"name": ERASED, "email": None, "phone": None},
    Kind.ACCOUNTS: {"name": ERASED},
}


def put_on_list(
    conn: sa.Connection, system: str, kind: Kind, record_ids: Iterable[str], *, now: datetime
) -> None:
    """Take no personal fields of these records in from now on. Doing it again changes nothing."""
    rows = [
        {"system": system, "kind": kind.value, "digest": _digest(kind, each), "erased_at": now}
        for each in record_ids
    ]
    if rows:
        conn.execute(insert_or_ignore(conn, erased), rows)


def without_erased(conn: sa.Connection, system: str, page: Page) -> Page:
    """Leave the personal fields of those on the list out; a problem loses its sentence."""
    if page.kind not in PERSONAL:
        return page
    where = (erased.c.system == system, erased.c.kind == page.kind.value)
    listed = set(conn.execute(sa.select(erased.c.digest).where(*where)).scalars())
    if not listed:
        return page

    def is_listed(record: Record | RecordProblem) -> bool:
        return _digest(page.kind, record.record_id) in listed

    fields: dict[str, Any] = dict(PERSONAL[page.kind])
    return msgspec.structs.replace(
        page,
        records=tuple(
            msgspec.structs.replace(record, **fields) if is_listed(record) else record
            for record in page.records
        ),
        problems=tuple(
            msgspec.structs.replace(problem, detail=ERASED) if is_listed(problem) else problem
            for problem in page.problems
        ),
    )


def _digest(kind: Kind, record_id: str) -> str:
    return sha256(f"{kind.value}:{record_id}".encode("utf-8", "replace")).hexdigest()
