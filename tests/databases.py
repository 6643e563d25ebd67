"""An empty database for a test: a SQLite file, or a schema of its own on a PostgreSQL server."""

import os
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import sqlalchemy as sa

from connector.store.engine import create_engine, writing

__all__ = ["empty_database"]


@contextmanager
def empty_database(folder: Path, server: str | None = None) -> Iterator[str]:
    """Give its address. The schema is dropped afterwards.

    ``TEST_DATABASE_URL`` names the server where none is given.
    """
    server = server or os.environ.get("TEST_DATABASE_URL")
    if server is None:
        yield f"sqlite:///{folder / 'zixin.db'}"
        return
    schema = f"test_{uuid.uuid4().hex}"
    _run_on(server, f"CREATE SCHEMA {schema}")
    url = sa.make_url(server).update_query_dict({"options": f"-csearch_path={schema}"})
    yield url.render_as_string(hide_password=False)
    _run_on(server, f"DROP SCHEMA {schema} CASCADE")


def _run_on(url: str, statement: str) -> None:
    engine = create_engine(url)
    with writing(engine) as connection:
        connection.exec_driver_sql(statement)
    engine.dispose()
