"""A few rows in every table there is, whatever its columns: the values that are hard to carry."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import sqlalchemy as sa

from connector.store import audit
from connector.store.audit import AuditEntry
from connector.store.columns import JsonBytes, Tenths, UtcDateTime
from connector.store.tables import metadata

__all__ = ["KEYS", "fill"]

#: The order of these differs from tongue to tongue; by code point it is the one here.
KEYS = ("", "B", "a", "a b", 'a\\N"\t', "Ä", "恒", "🧾")
_AT = datetime(2026, 11, 24, 2, 0, 0, 5, tzinfo=UTC)
_CHAIN = {"audit", "audit_head"}


def fill(conn: sa.Connection, *, entries: int = 5) -> None:
    """Put eight rows into each table, and entries into the audit log."""
    for table in metadata.sorted_tables:
        if table.name not in _CHAIN:
            rows = [_row(table, number) for number in range(len(KEYS))]
            conn.execute(table.insert(), rows)
    audit.append(conn, (_entry(number) for number in range(entries)))


def _row(table: sa.Table, number: int) -> dict[str, Any]:
    return {column.name: _value(column, number) for column in table.columns}


def _value(column: sa.Column[Any], number: int) -> Any:
    if column.nullable and number % 3 == 0:
        return None
    made: dict[type[Any], Any] = {
        JsonBytes: '{"恒": "\\u0000"}'.encode(),
        Tenths: Decimal(number) / 10,
        UtcDateTime: _AT + timedelta(days=number),
        sa.Date: date(2026, 1, 1) + timedelta(days=number),
        sa.Boolean: number % 2 == 0,
        sa.Double: number / 7,
        sa.Text: KEYS[number] if column.primary_key else f"{KEYS[number]}{number}",
    }
    for kind, value in made.items():
        if isinstance(column.type, kind):
            return value
    if isinstance(column.type, sa.Integer):
        return 2**62 + number if isinstance(column.type, sa.BigInteger) else number + 1
    return bytes([number, 0, 255])  # packed or not


def _entry(number: int) -> AuditEntry:
    return AuditEntry(
        at=_AT,
        system="",
        target=f"e{number}",
        what="assessed",
        new=b'{"rating":"A"}',
        why="policy 1",
    )
