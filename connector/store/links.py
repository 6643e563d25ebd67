"""From records to the accounts they concern."""

from collections.abc import Collection, Iterable, Iterator
from typing import Any

import sqlalchemy as sa

from connector.store.tables import RECORD_TABLES, accounts, allocations, invoices, payments
from scoring.records import Kind

__all__ = ["accounts_behind", "accounts_of_links"]

_IDS_PER_STATEMENT = 1000


def accounts_behind(
    conn: sa.Connection, system: str, kind: Kind, record_ids: Collection[str]
) -> set[str]:
    """Name the accounts these stored records concern. Owners and contacts concern none."""
    if kind is Kind.ACCOUNTS:
        return set(record_ids) | _relatives(conn, system, record_ids)
    if kind in {Kind.OWNERS, Kind.CONTACTS}:
        return set()
    if kind is Kind.ALLOCATIONS:
        columns = (allocations.c.invoice_id, allocations.c.payment_id)
        links = list(_values(conn, allocations, columns, system, record_ids))
        return accounts_of_links(
            conn,
            system,
            invoice_ids={invoice for invoice, _payment in links},
            payment_ids={payment for _invoice, payment in links},
        )
    table = RECORD_TABLES[kind]
    return {row[0] for row in _values(conn, table, (table.c.account_id,), system, record_ids)}


def _relatives(conn: sa.Connection, system: str, record_ids: Collection[str]) -> set[str]:
    """Name the parents and the children of these accounts."""
    parents = _values(conn, accounts, (accounts.c.parent_id,), system, record_ids)
    children = _values(
        conn, accounts, (accounts.c.record_id,), system, record_ids, by=accounts.c.parent_id
    )
    return {row[0] for part in (parents, children) for row in part if row[0] is not None}


def accounts_of_links(
    conn: sa.Connection,
    system: str,
    *,
    invoice_ids: Collection[str],
    payment_ids: Collection[str] = (),
) -> set[str]:
    """Name the accounts of these invoices and payments, as far as they are here."""
    found: set[str] = set()
    for table, record_ids in ((invoices, invoice_ids), (payments, payment_ids)):
        found.update(
            row[0] for row in _values(conn, table, (table.c.account_id,), system, record_ids)
        )
    return found


def _values(
    conn: sa.Connection,
    table: sa.Table,
    columns: Iterable[sa.Column[Any]],
    system: str,
    record_ids: Collection[str],
    *,
    by: sa.Column[Any] | None = None,
) -> Iterator[Any]:
    key = table.c.record_id if by is None else by
    wanted = sorted(record_ids)
    statement = sa.select(*columns).where(table.c.system == system)
    for start in range(0, len(wanted), _IDS_PER_STATEMENT):
        chunk = wanted[start : start + _IDS_PER_STATEMENT]
        yield from conn.execute(statement.where(key.in_(chunk)))
