"""Databases for tests: a SQLite file, or a schema of its own on a PostgreSQL server."""

import os
import shutil
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy.exc import SQLAlchemyError

from connector.store.engine import create_engine, writing
from connector.store.migrations import upgrade

__all__ = ["Tables", "empty_database"]

_SHAPE = """
SELECT format('%s %s', table_name, column_name) FROM information_schema.columns
WHERE table_schema = current_schema()
UNION ALL SELECT format('%s %s', tgname, tgenabled)
FROM pg_trigger JOIN pg_class ON pg_class.oid = tgrelid
WHERE relnamespace = current_schema()::regnamespace AND NOT tgisinternal
UNION ALL SELECT version_num FROM alembic_version ORDER BY 1
"""
_TABLES = "SELECT tablename FROM pg_tables WHERE schemaname = current_schema() ORDER BY 1"
_SEQUENCES = """
SELECT sequencename FROM pg_sequences
WHERE schemaname = current_schema() AND last_value IS NOT NULL
"""
_VERSION = "alembic_version"


@contextmanager
def empty_database(folder: Path, server: str | None = None) -> Iterator[str]:
    """Give its address. The schema is dropped afterwards.

    ``TEST_DATABASE_URL`` names the server where none is given.
    """
    server = server or os.environ.get("TEST_DATABASE_URL")
    if server is None:
        yield f"sqlite:///{folder / 'zixin.db'}"
        return
    url = _new_schema(server)
    yield url
    _drop_schema(server, url)


class Tables:
    """Databases with the product's tables, which take longer to make than most tests to run.

    A SQLite file is made once and copied; on a server a schema is emptied and lent again, unless a
    test changed more in it than rows.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._server = os.environ.get("TEST_DATABASE_URL")
        self._free: list[str] = []
        self._shape: list[str] = []

    def file(self) -> Path:
        """Give a SQLite file with empty tables, to be copied."""
        path = self._folder / "zixin.db"
        if not path.exists():
            _upgraded(f"sqlite:///{path}")
        return path

    @contextmanager
    def lent(self, folder: Path) -> Iterator[str]:
        """Give the address of a database with empty tables, for one test."""
        if self._server is None:
            path = folder / "zixin.db"
            shutil.copyfile(self.file(), path)
            yield f"sqlite:///{path}"
            return
        url = self._free.pop() if self._free else self._new(self._server)
        yield url
        if self._emptied(url):
            self._free.append(url)
        else:
            _drop_schema(self._server, url)

    def close(self) -> None:
        """Drop what was made on the server."""
        for url in self._free:
            _drop_schema(str(self._server), url)

    def _new(self, server: str) -> str:
        url = _new_schema(server)
        _upgraded(url)
        if not self._shape:
            with _on(url) as connection:
                self._shape = _names(connection, _SHAPE)
        return url

    def _emptied(self, url: str) -> bool:
        try:
            with _on(url) as connection:
                if _names(connection, _SHAPE) != self._shape:
                    return False
                _empty(connection)
        except SQLAlchemyError:  # somebody still holds a row of it
            return False
        return True


def _empty(connection: sa.Connection) -> None:
    """Delete all rows, those that nobody may delete as well, and let numbers begin anew."""
    quoted = connection.dialect.identifier_preparer.quote
    tables = [name for name in _names(connection, _TABLES) if name != _VERSION]
    statements = [
        "SET LOCAL session_replication_role = replica",  # no trigger, no foreign key
        *(f"DELETE FROM {quoted(name)}" for name in tables),  # noqa: S608 names of our own schema
        *(f"ALTER SEQUENCE {quoted(name)} RESTART" for name in _names(connection, _SEQUENCES)),
    ]
    connection.exec_driver_sql(";".join(statements))


def _names(connection: sa.Connection, query: str) -> list[str]:
    return list(connection.exec_driver_sql(query.replace("%", "%%")).scalars())


def _upgraded(url: str) -> None:
    engine = create_engine(url)
    try:
        upgrade(engine)
    finally:
        engine.dispose()  # the last connection puts SQLite's write-ahead log into the file


def _new_schema(server: str) -> str:
    schema = f"test_{uuid.uuid4().hex}"
    with _on(server) as connection:
        connection.exec_driver_sql(f"CREATE SCHEMA {schema}")
    url = sa.make_url(server).update_query_dict({"options": f"-csearch_path={schema}"})
    return url.render_as_string(hide_password=False)


def _drop_schema(server: str, url: str) -> None:
    options = str(sa.make_url(url).query["options"])
    with _on(server) as connection:
        connection.exec_driver_sql(f"DROP SCHEMA {options.partition('=')[2]} CASCADE")


@contextmanager
def _on(url: str) -> Iterator[sa.Connection]:
    engine = create_engine(url)
    try:
        with writing(engine) as connection:
            yield connection
    finally:  # a connection left to the collector fails whichever test runs then
        engine.dispose()
