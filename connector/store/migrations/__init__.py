"""Bringing a database to the schema this version needs.

``upgrade`` is one transaction on both databases: killed in the middle it leaves the schema as it
was. Two processes that start together take turns.
"""

from collections.abc import Callable
from pathlib import Path

import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory

from connector.store.engine import reading, writing
from connector.store.migrations.shape import missing_parts

__all__ = [
    "SchemaBroken",
    "SchemaNewer",
    "SchemaOlder",
    "check_schema",
    "is_current",
    "stands_at",
    "upgrade",
]

_LOCK_NUMBER = 7_204_117  # any number that nobody else uses in this database
_NAMED = 5


class SchemaNewer(Exception):
    """The database was made by a newer version: this one would misread it."""

    def __init__(self, revision: str) -> None:
        super().__init__(
            f"the database has schema {revision}, made by a newer version: upgrade this program"
        )
        self.revision = revision


class SchemaOlder(Exception):
    """The database has to be brought up to date first."""


class SchemaBroken(Exception):
    """The database says it is of this version, but parts of it are missing."""


def upgrade(engine: sa.Engine, *, before: Callable[[str], None] = lambda _revision: None) -> None:
    """Create or bring up to date. Does nothing when it is.

    ``before`` is called with the present revision while nobody writes, before anything is changed;
    not for a database that is empty. Raises ``SchemaNewer`` or ``SchemaBroken``.
    """
    with writing(engine) as connection:
        if connection.dialect.name == "postgresql":
            connection.execute(sa.select(sa.func.pg_advisory_xact_lock(_LOCK_NUMBER)))
        config = _config()
        stands = _stands_at(connection, config)
        if stands == _newest(config):
            _refuse_half_made(connection)
            return
        if stands is not None:
            before(stands)
        config.attributes["connection"] = connection
        command.upgrade(config, "head")


def stands_at(connection: sa.Connection) -> str | None:
    """Tell the revision of a database; ``None``: it is empty. Raises ``SchemaNewer``."""
    return _stands_at(connection, _config())


def _refuse_half_made(connection: sa.Connection) -> None:
    missing = missing_parts(connection)
    if missing:
        names = ", ".join(missing[:_NAMED])
        raise SchemaBroken(f"the database is only half of what it should be: {names} missing")


def check_schema(engine: sa.Engine) -> None:
    """Refuse a schema that is not ours. Raises ``SchemaNewer``, ``SchemaOlder``, ``SchemaBroken``."""
    with reading(engine) as connection:
        if not is_current(connection):
            msg = "the database is of an older version: run the upgrade before the start"
            raise SchemaOlder(msg)
        _refuse_half_made(connection)


def is_current(connection: sa.Connection) -> bool:
    """Tell whether the schema is this version's. Raises ``SchemaNewer``."""
    config = _config()
    return _stands_at(connection, config) == _newest(config)


def _config() -> Config:
    config = Config()
    # Alembic reads options through string interpolation: a percent sign in the path is doubled.
    place = str(Path(__file__).parent).replace("%", "%%")
    config.set_main_option("script_location", place)
    return config


def _newest(config: Config) -> str | None:
    return ScriptDirectory.from_config(config).get_current_head()


def _stands_at(connection: sa.Connection, config: Config) -> str | None:
    revision = MigrationContext.configure(connection).get_current_revision()
    known = {script.revision for script in ScriptDirectory.from_config(config).walk_revisions()}
    if revision is not None and revision not in known:
        raise SchemaNewer(revision)
    return revision
