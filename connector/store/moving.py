"""From a SQLite database into an empty PostgreSQL database: copied, then compared row by row.

One transaction there: until all is copied, compared and numbered on, nothing of it is seen, and
whatever interrupts it leaves the target as empty as it was. Rows are read in portions, in the
order of their keys by code point, which is the same on both sides.
"""

from collections.abc import Callable, Generator, Sequence
from contextlib import closing
from hashlib import blake2b
from itertools import zip_longest
from typing import Any

import msgspec
import sqlalchemy as sa
from sqlalchemy.dialects import postgresql
from sqlalchemy.types import TypeDecorator

from connector.store import queue_tables  # its tables belong to the metadata, too
from connector.store.audit import verify
from connector.store.bulk import copy_rows
from connector.store.columns import UtcDateTime
from connector.store.tables import metadata

__all__ = ["Moved", "RowsDiffer", "TableMoved", "compare_table", "move_rows", "strange_tables"]

ROWS_AT_ONCE = 2_000
_DIGEST_BYTES = 16
_VERSION_TABLE = "alembic_version"

Progress = Callable[[str, int, int], None]
"""Told of ``copy`` or ``compare``: how many rows so far, of how many."""
Values = tuple[Any, ...]


class RowsDiffer(Exception):
    """What arrived is not what was sent: the first row that differs, by its key."""

    def __init__(self, table: str, key: Sequence[object]) -> None:
        self.table = table
        self.key = ", ".join(map(str, key))
        super().__init__(f"{table} differs from the source at {self.key}")


class TableMoved(msgspec.Struct, frozen=True, kw_only=True):
    """One table: how many rows, and the hash of their contents on both sides."""

    table: str
    rows: int
    hash: str


class Moved(msgspec.Struct, frozen=True, kw_only=True):
    """What was copied and found equal, and how long the audit log is that holds there."""

    tables: list[TableMoved]
    audit_entries: int


def move_rows(source: sa.Connection, target: sa.Connection, progress: Progress) -> Moved:
    """Copy all rows into empty tables of the same schema and compare them. The caller commits.

    Raises ``RowsDiffer``, and ``BrokenChain`` for an audit log that was broken before.
    """
    tables = metadata.sorted_tables
    missing = strange_tables(source)
    if missing:
        raise LookupError(f"nobody knows how to copy the tables {', '.join(missing)}")
    # A large table takes as long as it takes; afterwards the session's limits count again.
    target.exec_driver_sql("SET LOCAL statement_timeout = 0")
    target.exec_driver_sql("SET LOCAL idle_in_transaction_session_timeout = 0")
    total = sum(_count(source, table) for table in tables)
    step = _Counter("copy", total, progress)
    for table in tables:
        names = [column.name for column in table.columns]
        copy_rows(target, table.name, names, map(step.passed, _rows(source, table)))
        _number_on(source, target, table)
    step = _Counter("compare", total, progress)
    moved = [compare_table(source, target, table, step.passed) for table in tables]
    target.exec_driver_sql("ANALYZE")  # plans made without statistics would read whole tables
    return Moved(tables=moved, audit_entries=verify(target))


def strange_tables(connection: sa.Connection) -> list[str]:
    """Name the tables of a database that are none of ours."""
    known = {*metadata.tables, _VERSION_TABLE, queue_tables.outbox.name}
    return sorted(set(sa.inspect(connection).get_table_names()) - known)


def compare_table(
    source: sa.Connection,
    target: sa.Connection,
    table: sa.Table,
    passed: Callable[[Values], Values] = lambda values: values,
) -> TableMoved:
    """Compare a table row by row and tell the hash of its contents. Raises ``RowsDiffer``."""
    keys = [table.columns.keys().index(column.name) for column in table.primary_key.columns]
    digest, count = blake2b(digest_size=_DIGEST_BYTES), 0
    with closing(_rows(source, table)) as ours, closing(_rows(target, table)) as theirs:
        for sent, arrived in zip_longest(ours, theirs):
            content = None if sent is None else msgspec.msgpack.encode(sent)
            if content is None or arrived is None or content != msgspec.msgpack.encode(arrived):
                # Of two keys the lower one is of a row that the other side lacks.
                found = [[row[at] for at in keys] for row in (sent, arrived) if row is not None]
                raise RowsDiffer(table.name, min(found))
            digest.update(content)
            count += 1
            passed(sent)
    return TableMoved(table=str(table.name), rows=count, hash=digest.hexdigest())


class _Counter:
    """Counts the rows that pass and tells of each portion."""

    def __init__(self, what: str, total: int, progress: Progress) -> None:
        self._what, self._total, self._progress = what, total, progress
        self._done = 0

    def passed(self, values: Values) -> Values:
        self._done += 1
        if self._done % ROWS_AT_ONCE == 0 or self._done == self._total:
            self._progress(self._what, self._done, self._total)
        return values


def _count(connection: sa.Connection, table: sa.Table) -> int:
    count: int = connection.execute(sa.select(sa.func.count()).select_from(table)).scalar_one()
    return count


def _rows(connection: sa.Connection, table: sa.Table) -> Generator[Values, None, None]:
    """Give the rows in the order of their keys, portion by portion, as values of both databases."""
    statement = sa.select(*map(_plain, table.columns)).order_by(
        *(_by_code_point(connection, column) for column in table.primary_key.columns)
    )
    options = {"yield_per": ROWS_AT_ONCE}
    with connection.execute(statement, execution_options=options) as result:
        for part in result.partitions():
            yield from map(tuple, part)


def _plain(column: sa.Column[Any]) -> sa.ColumnElement[Any]:
    """Take what is stored: packed bytes stay packed, texts of JSON stay texts. Times are times."""
    kind = column.type
    if isinstance(kind, TypeDecorator) and not isinstance(kind, UtcDateTime):
        return sa.type_coerce(column, kind.impl_instance)
    return column


def _by_code_point(connection: sa.Connection, column: sa.Column[Any]) -> sa.ColumnElement[Any]:
    is_text = isinstance(column.type, sa.Text) and connection.dialect.name == "postgresql"
    return sa.collate(column, "C") if is_text else column


def _number_on(source: sa.Connection, target: sa.Connection, table: sa.Table) -> None:
    """Let the target number new rows after all that the source has ever numbered."""
    column = table.autoincrement_column
    if column is None:
        return
    quoted = target.dialect.identifier_preparer.quote(table.name)
    owned = sa.func.pg_get_serial_sequence(quoted, column.name)
    sequence = target.execute(sa.select(owned)).scalar_one()
    last = max(_last(target, column), _last_given(source, table))
    if sequence is not None and last:
        named = sa.cast(sequence, postgresql.REGCLASS)
        target.execute(sa.select(sa.func.setval(named, last)))


def _last(connection: sa.Connection, column: sa.Column[Any]) -> int:
    return connection.execute(sa.select(sa.func.max(column))).scalar_one() or 0


def _last_given(source: sa.Connection, table: sa.Table) -> int:
    """Tell the last number SQLite gave, which may be a deleted row's and must not come again."""
    given = sa.text("SELECT seq FROM sqlite_sequence WHERE name = :name")
    return source.execute(given, {"name": table.name}).scalar() or 0
