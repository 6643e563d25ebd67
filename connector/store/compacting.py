"""Letting go of the bytes of rows that were changed or deleted, which a database keeps for a while."""

import sqlite3

import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError

from connector.store.tables import metadata

__all__ = ["compact"]

WAIT_MS = 15_000
_LOCK_NOT_AVAILABLE = "55P03"


def compact(engine: sa.Engine, *, wait_ms: int = WAIT_MS) -> bool:
    """Write the database anew without what is no longer in it.

    False: others had it in use for longer than ``wait_ms``. On SQLite the write-ahead log is emptied as well. PostgreSQL's own log and its old versions
    that a running query still needs are its own affair.
    """
    return _postgresql(engine) if engine.dialect.name == "postgresql" else _sqlite(engine, wait_ms)


def _sqlite(engine: sa.Engine, wait_ms: int) -> bool:
    connection = engine.raw_connection()
    try:
        cursor = connection.cursor()
        cursor.execute(f"PRAGMA busy_timeout={wait_ms}")
        cursor.execute("VACUUM")
        cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        busy = any(row[0] for row in cursor.fetchall())
    except sqlite3.OperationalError as error:
        if error.sqlite_errorcode & 0xFF in {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}:
            return False
        raise
    finally:
        connection.invalidate()  # its time limits are not those of others
        connection.close()
    return not busy


def _postgresql(engine: sa.Engine) -> bool:
    quote = engine.dialect.identifier_preparer.quote
    with engine.connect() as connection:
        connection.execution_options(isolation_level="AUTOCOMMIT")
        connection.exec_driver_sql("SET statement_timeout = 0")
        try:
            for table in metadata.sorted_tables:
                connection.exec_driver_sql(f"VACUUM {quote(table.name)}")
        except DBAPIError as error:
            if getattr(error.orig, "sqlstate", None) != _LOCK_NOT_AVAILABLE:
                raise
            return False
        finally:
            connection.invalidate()  # its time limits are not those of others
    return True
