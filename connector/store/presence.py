"""Who works on a database now: a process that starts alone need not wait for leases of the dead.

Each process holds a shared lock as long as it lives; one that is killed loses it in that moment.
Leases are what keeps living workers apart. This lock only spares a wait: were it ever lost by a
process that lives, its work would be taken over early, and the lease still fences its settling.
"""

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import sqlalchemy as sa
from sqlalchemy import event

__all__ = ["NotAlone", "alone", "be_present"]

# The exclusive lock is held for one short commit; who comes meanwhile waits for its end.
_PATIENCE_MS = 60_000
_PG_KEY = "hashtext('zixin presence in ' || current_schema())"


class NotAlone(Exception):
    """Another process works on the database."""


@contextmanager
def alone(engine: sa.Engine) -> Iterator[None]:
    """Keep every other process away from the database while the block runs. Raises ``NotAlone``.

    Who starts meanwhile waits. Holds no connection to a SQLite file: it may be replaced.
    """
    if engine.dialect.name == "postgresql":
        own = sa.create_engine(
            engine.url, poolclass=sa.NullPool, isolation_level="AUTOCOMMIT", hide_parameters=True
        )
        with own.connect() as session:
            taken = sa.text(f"SELECT pg_try_advisory_lock({_PG_KEY})")  # a constant of ours
            if session.execute(taken).scalar_one() is not True:
                raise NotAlone
            yield
        return
    presence = sqlite3.connect(f"{engine.url.database}-presence", timeout=0, isolation_level=None)
    try:
        presence.execute("BEGIN EXCLUSIVE")
    except sqlite3.OperationalError as error:
        if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY:
            raise
        raise NotAlone from error
    else:
        yield
    finally:
        presence.close()


def be_present(engine: sa.Engine, when_alone: Callable[[], None]) -> None:
    """Be present until the engine is disposed of; call ``when_alone`` first if nobody else is."""
    if engine.dialect.name == "postgresql":
        leave = _on_postgresql(engine, when_alone)
    else:
        leave = _on_sqlite(engine, when_alone)

    def left(_engine: sa.Engine) -> None:
        leave()

    event.listen(engine, "engine_disposed", left)


def _on_sqlite(engine: sa.Engine, when_alone: Callable[[], None]) -> Callable[[], None]:
    # SQLite's own file locks, on an empty file beside the database: whole, and on every system.
    path = f"{engine.url.database}-presence"
    presence = sqlite3.connect(path, timeout=0, isolation_level=None, check_same_thread=False)
    try:
        presence.execute("BEGIN EXCLUSIVE")
    except sqlite3.OperationalError as error:
        if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY:
            raise
    else:
        when_alone()
        presence.execute("COMMIT")
    presence.execute(f"PRAGMA busy_timeout = {_PATIENCE_MS}")
    presence.execute("BEGIN")
    presence.execute("SELECT count(*) FROM sqlite_master").fetchone()  # takes the shared lock
    return presence.close


def _on_postgresql(engine: sa.Engine, when_alone: Callable[[], None]) -> Callable[[], None]:
    # A session of its own: the lock ends with the session, and a pool would hand it to others.
    own = sa.create_engine(
        engine.url, poolclass=sa.NullPool, isolation_level="AUTOCOMMIT", hide_parameters=True
    )
    session = own.connect()

    def ask(function: str) -> bool:
        return session.exec_driver_sql(f"SELECT {function}({_PG_KEY})").scalar_one() is True

    if ask("pg_try_advisory_lock"):
        when_alone()
        ask("pg_advisory_lock_shared")
        ask("pg_advisory_unlock")
    else:
        ask("pg_advisory_lock_shared")
    return session.close
