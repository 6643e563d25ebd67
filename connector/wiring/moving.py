"""Moving the configured SQLite database to PostgreSQL: what must hold before, and who is told."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import sqlalchemy as sa

from connector.config import load_config
from connector.store.engine import create_engine, writing
from connector.store.migrations import SchemaNewer, is_current, upgrade
from connector.store.moving import Moved, Progress, move_rows, strange_tables
from connector.store.presence import NotAlone, alone
from connector.store.tables import metadata
from connector.wiring.product import beside
from scoring.refusal import Refusal

__all__ = ["CannotMove", "move_database"]


class CannotMove(Refusal):
    """Source or target is not fit for the move; nothing was changed."""

    subject = "move."


def move_database(path: Path, url: str, progress: Progress) -> Moved:
    """Copy the database that a configuration names into an empty one on PostgreSQL.

    Nobody else may work on the source meanwhile; it stays as it is. Raises ``ConfigError``,
    ``CannotMove``, ``RowsDiffer`` and ``BrokenChain``; the target is then without rows.
    """
    configured = beside(load_config(path).store.url, path.parent)
    target = _target(url)
    try:
        with _source(configured) as source, _alone(source):
            upgrade(source)
            with _told(), writing(source) as sent:
                _prepare(target)
                with writing(target) as arriving:
                    _hold(arriving)
                    return move_rows(sent, arriving, progress)
    finally:
        target.dispose()


def _target(url: str) -> sa.Engine:
    try:
        address = sa.make_url(url)
    except sa.exc.ArgumentError:
        raise CannotMove("target_no_address") from None
    if address.get_backend_name() != "postgresql":
        raise CannotMove("target_not_postgresql")
    address = address.set(drivername="postgresql+psycopg")
    return create_engine(address.render_as_string(hide_password=False))


@contextmanager
def _source(url: str) -> Iterator[sa.Engine]:
    address = sa.make_url(url)
    if address.get_backend_name() != "sqlite":
        raise CannotMove("source_not_sqlite")
    if not Path(str(address.database)).is_file():  # opening it would make an empty one
        raise CannotMove("no_source", file=address.database)
    engine = create_engine(url)
    try:
        yield engine
    finally:
        engine.dispose()


@contextmanager
def _alone(source: sa.Engine) -> Iterator[None]:
    """Hold the source; a process that works on it is a reason not to move."""
    try:
        with alone(source):
            yield
    except NotAlone:
        raise CannotMove("source_in_use") from None


@contextmanager
def _told() -> Iterator[None]:
    """Tell what a database says; its statements, which may hold customers' data, are left out."""
    try:
        yield
    except sa.exc.DBAPIError as error:
        why = str(error.orig).partition("\nCONTEXT")[0].partition("\nDETAIL")[0]
        raise CannotMove("database_said", error=why.strip()) from error


def _prepare(target: sa.Engine) -> None:
    """Make the schema in an empty database. Refuses any other than this version's."""
    with target.connect() as conn:
        try:
            current = is_current(conn)
        except SchemaNewer:
            raise CannotMove("target_other_schema") from None
        tables = sa.inspect(conn).get_table_names()
        if strange_tables(conn):
            raise CannotMove("target_of_others", table=strange_tables(conn)[0])
    if not tables:
        upgrade(target)
    elif not current:
        raise CannotMove("target_other_schema")


def _hold(target: sa.Connection) -> None:
    """Keep everybody else away from the target's tables until the end, and see that they are empty."""
    quote = target.dialect.identifier_preparer.quote
    names = ", ".join(quote(table.name) for table in metadata.sorted_tables)
    target.exec_driver_sql(f"LOCK TABLE {names} IN ACCESS EXCLUSIVE MODE")
    for table in metadata.sorted_tables:
        if target.execute(sa.select(sa.literal(1)).select_from(table).limit(1)).first():
            raise CannotMove("target_has_data", table=table.name)
