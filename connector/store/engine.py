"""The database: SQLite for one host, PostgreSQL for several. All differences stand here.

``reading`` is one consistent snapshot, ``writing`` is one commit, ``in_one_commit`` is one commit
that is tried again when another writer was in the way. No HTTP call belongs inside any of them.
"""

import json
import logging
import os
import random
import sqlite3
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import partial
from operator import itemgetter
from pathlib import Path
from typing import Any, TypeVar

import sqlalchemy as sa
from sqlalchemy import event
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine.interfaces import DBAPIConnection, ExceptionContext
from sqlalchemy.exc import DBAPIError, OperationalError
from sqlalchemy.pool import ConnectionPoolEntry

__all__ = [
    "UNSYNCED_EXIT",
    "bound_columns",
    "create_engine",
    "database_now",
    "execute_rows",
    "in_one_commit",
    "insert_or_ignore",
    "is_one_of",
    "listed",
    "reading",
    "upsert",
    "writing",
]

BUSY_TIMEOUT_MS = 10_000
LOCK_TIMEOUT_MS = 10_000
STATEMENT_TIMEOUT_MS = 300_000
IDLE_IN_TRANSACTION_TIMEOUT_MS = 120_000
MOST_TRIES = 5
FIRST_PAUSE_SECONDS = 0.05
# Serialisation failure, deadlock, lock not available: the other transaction won, ours may follow.
_RETRIED_SQLSTATES = frozenset({"40001", "40P01", "55P03"})
_WRITE_OPTION = "zixin_write"

_FAILED_SYNCS = frozenset({sqlite3.SQLITE_IOERR_FSYNC, sqlite3.SQLITE_IOERR_DIR_FSYNC})

UNSYNCED_EXIT = 74
"""How a process ends (``EX_IOERR``) whose disk did not say that what was written is kept."""

_log = logging.getLogger(__name__)

T = TypeVar("T")


def _leave() -> None:
    logging.shutdown()  # flushes what was logged
    os._exit(UNSYNCED_EXIT)


def create_engine(url: str, *, leave: Callable[[], object] = _leave) -> sa.Engine:
    """Open a database by its address. Connects lazily.

    ``leave`` ends the process when the disk fails to confirm what was written: afterwards the system
    shows pages as good that it may have lost, and only who opens the files anew sees what is there.

    Takes ``sqlite:///PATH`` and ``postgresql+psycopg://…``. Raises ``ValueError`` for anything
    else; a database in memory is refused because threads and processes could not share it.
    """
    address = sa.make_url(url)
    if address.drivername in {"sqlite", "sqlite+pysqlite"}:
        return _sqlite_engine(address, leave)
    if address.drivername == "postgresql+psycopg":
        return _postgresql_engine(address)
    msg = (
        f"unsupported database {address.drivername!r}: use sqlite:///PATH or postgresql+psycopg://"
    )
    raise ValueError(msg)


def _sqlite_engine(address: sa.URL, leave: Callable[[], object]) -> sa.Engine:
    if address.database in {None, "", ":memory:"}:
        msg = "sqlite needs a file: sqlite:///PATH"
        raise ValueError(msg)
    _create_private(Path(str(address.database)))
    engine = sa.create_engine(
        address, connect_args={"timeout": BUSY_TIMEOUT_MS / 1000}, hide_parameters=True
    )
    event.listen(engine, "connect", _prepare_sqlite)
    event.listen(engine, "begin", _begin_sqlite)
    event.listen(engine, "handle_error", partial(_mind_the_disk, leave))
    return engine


def _mind_the_disk(leave: Callable[[], object], context: ExceptionContext) -> None:
    # PostgreSQL's server does the same by itself. (reliability F18)
    if getattr(context.original_exception, "sqlite_errorcode", 0) in _FAILED_SYNCS:
        _log.critical("the disk did not confirm a write: this process ends, start it again")
        leave()


def _create_private(path: Path) -> None:
    """Create the file readable by its owner alone; the write-ahead log inherits its mode."""
    if not path.exists():
        os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))


def _prepare_sqlite(connection: DBAPIConnection, _entry: ConnectionPoolEntry) -> None:
    # The driver's own transaction handling would begin too late and never IMMEDIATE.
    connection.isolation_level = None
    cursor = connection.cursor()
    cursor.execute(f"PRAGMA busy_timeout={BUSY_TIMEOUT_MS}")
    cursor.execute("PRAGMA journal_mode=WAL")
    cursor.execute("PRAGMA synchronous=FULL")
    cursor.execute("PRAGMA foreign_keys=ON")
    cursor.close()


def _begin_sqlite(connection: sa.Connection) -> None:
    # A transaction that reads first and writes later fails at once with "busy", whatever the
    # timeout; one that says at its beginning that it will write waits its turn.
    writes = connection.get_execution_options().get(_WRITE_OPTION, False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


def _postgresql_engine(address: sa.URL) -> sa.Engine:
    engine = sa.create_engine(address, pool_pre_ping=True, hide_parameters=True)
    event.listen(engine, "connect", _prepare_postgresql)
    return engine


def _prepare_postgresql(connection: DBAPIConnection, _entry: ConnectionPoolEntry) -> None:
    cursor = connection.cursor()
    cursor.execute(f"SET lock_timeout = {LOCK_TIMEOUT_MS}")
    cursor.execute(f"SET statement_timeout = {STATEMENT_TIMEOUT_MS}")
    cursor.execute(f"SET idle_in_transaction_session_timeout = {IDLE_IN_TRANSACTION_TIMEOUT_MS}")
    cursor.execute("SET timezone = 'UTC'")
    cursor.close()
    connection.commit()


@contextmanager
def reading(engine: sa.Engine) -> Iterator[sa.Connection]:
    """Open one consistent snapshot. Nothing is written; the end releases it."""
    with engine.connect() as connection:
        if engine.dialect.name == "postgresql":
            connection.execution_options(
                isolation_level="REPEATABLE READ", postgresql_readonly=True
            )
        yield connection


@contextmanager
def writing(engine: sa.Engine) -> Iterator[sa.Connection]:
    """Open one transaction that commits at the end and rolls back on an error."""
    with engine.connect() as connection:
        connection.execution_options(**{_WRITE_OPTION: True})
        with connection.begin():
            yield connection


def in_one_commit(
    engine: sa.Engine,
    work: Callable[[sa.Connection], T],
    *,
    sleep: Callable[[float], None] = time.sleep,
    jitter: Callable[[], float] = random.random,
) -> T:
    """Run ``work`` in one transaction and commit, again from its start when it was crowded out.

    At most five tries. ``work`` must have no effect outside the connection it is given.
    """
    for earlier in range(MOST_TRIES - 1):
        try:
            with writing(engine) as connection:
                return work(connection)
        except DBAPIError as error:
            if not _crowded_out(error):
                raise
        sleep(FIRST_PAUSE_SECONDS * 2**earlier * (0.5 + jitter()))
    with writing(engine) as connection:
        return work(connection)


def _crowded_out(error: DBAPIError) -> bool:
    cause = error.orig
    if isinstance(error, OperationalError) and isinstance(cause, sqlite3.OperationalError):
        primary = getattr(cause, "sqlite_errorcode", 0) & 0xFF
        return primary in {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}
    return getattr(cause, "sqlstate", None) in _RETRIED_SQLSTATES


def database_now(connection: sa.Connection) -> datetime:
    """Tell the time by the database's clock, one for all hosts."""
    if connection.dialect.name == "postgresql":
        moment: datetime = connection.execute(sa.select(sa.func.clock_timestamp())).scalar_one()
        return moment.astimezone(UTC)
    text: str = connection.exec_driver_sql(
        "SELECT strftime('%Y-%m-%dT%H:%M:%f+00:00', 'now')"
    ).scalar_one()
    return datetime.fromisoformat(text)


def upsert(
    connection: sa.Connection,
    table: sa.Table,
    *,
    update: tuple[str, ...],
    newer: str | None = None,
    keys: tuple[str, ...] = (),
) -> sqlite.Insert | postgresql.Insert:
    """Build "insert, or update these columns" for a table, by its primary key or ``keys``.

    With ``newer`` a stored row stays when its value of that column is greater than the incoming.
    """
    statement = _insert(connection, table)
    by = list(keys) or [column.name for column in table.primary_key.columns]
    if not update:
        return statement.on_conflict_do_nothing(index_elements=by)
    guard = None
    if newer is not None:
        stored, incoming = table.c[newer], statement.excluded[newer]
        guard = sa.or_(stored.is_(None), incoming >= stored)
    return statement.on_conflict_do_update(
        index_elements=by,
        set_={name: statement.excluded[name] for name in update},
        where=guard,
    )


def execute_rows(
    connection: sa.Connection, statement: sa.Insert, rows: Sequence[Mapping[str, Any]]
) -> None:
    """Run an insert for rows that all name the same columns, as ``Connection.execute`` would.

    Values are made ready column by column instead of one by one: a page costs half of it.
    Nothing is returned, and defaults of columns are not applied.
    """
    dialect, table = connection.dialect, statement.entity_description["table"]
    compiled = statement.inline().compile(dialect=dialect, column_keys=list(rows[0]))
    names: list[str] = compiled.positiontup or list(rows[0])
    values = zip(*bound_columns(dialect, table, names, rows), strict=True)
    if compiled.positional:
        connection.exec_driver_sql(str(compiled), list(values))
    else:
        connection.exec_driver_sql(
            str(compiled), [dict(zip(names, row, strict=True)) for row in values]
        )


def bound_columns(
    dialect: sa.Dialect, table: sa.Table, names: Sequence[str], rows: Sequence[Mapping[str, Any]]
) -> list[Iterable[Any]]:
    """Make the values of these columns ready for the database's driver."""
    return [_bound(dialect, table.c[name], rows) for name in names]


def _bound(
    dialect: sa.Dialect, column: sa.Column[Any], rows: Sequence[Mapping[str, Any]]
) -> Iterable[Any]:
    values = map(itemgetter(column.name), rows)
    process = column.type.dialect_impl(dialect).bind_processor(dialect)
    return values if process is None else map(process, values)


def is_one_of(
    connection: sa.Connection, column: sa.Column[str], texts: Sequence[str]
) -> sa.ColumnElement[bool]:
    """Say that a column holds one of these texts, however many: all go as one parameter."""
    if connection.dialect.name == "postgresql":
        return column == sa.any_(sa.literal(list(texts), postgresql.ARRAY(sa.Text)))
    return column.in_(sa.select(listed(connection, texts).c.value))


def listed(connection: sa.Connection, texts: Sequence[str]) -> sa.TableValuedAlias:
    """Make a table of texts, in their order in its column ``value``: all go as one parameter."""
    if connection.dialect.name == "postgresql":
        array = sa.literal(list(texts), postgresql.ARRAY(sa.Text))
        return sa.func.unnest(array).table_valued("value").render_derived()
    return sa.func.json_each(json.dumps(list(texts))).table_valued("value")


def insert_or_ignore(
    connection: sa.Connection, table: sa.Table
) -> sqlite.Insert | postgresql.Insert:
    """Build "insert unless it is there". Use ``returning`` to learn which: row counts may lie."""
    return _insert(connection, table).on_conflict_do_nothing()


def _insert(connection: sa.Connection, table: sa.Table) -> sqlite.Insert | postgresql.Insert:
    if connection.dialect.name == "postgresql":
        return postgresql.insert(table)
    return sqlite.insert(table)
