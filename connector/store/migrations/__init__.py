"""Bringing a database to the schema this version needs.

``upgrade`` is one transaction on both databases: killed in the middle it leaves the schema as it
was. Two processes that start together take turns.
"""

from pathlib import Path

import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory

from connector.store.engine import reading, writing

__all__ = ["SchemaNewer", "SchemaOlder", "check_schema", "upgrade"]

_LOCK_NUMBER = 7_204_117  # any number that nobody else uses in this database


class SchemaNewer(Exception):
    """The database was made by a newer version: this one would misread it."""

    def __init__(self, revision: str) -> None:
        super().__init__(
            f"the database has schema {revision}, made by a newer version: upgrade this program"
        )
        self.revision = revision


class SchemaOlder(Exception):
    """The database has to be brought up to date first."""


def upgrade(engine: sa.Engine) -> None:
    """Create or bring up to date. Does nothing when it is. Raises ``SchemaNewer``."""
    with writing(engine) as connection:
        if connection.dialect.name == "postgresql":
            connection.execute(sa.select(sa.func.pg_advisory_xact_lock(_LOCK_NUMBER)))
        config = _config()
        if _stands_at(connection, config) == _newest(config):
            return
        config.attributes["connection"] = connection
        command.upgrade(config, "head")


def check_schema(engine: sa.Engine) -> None:
    """Refuse a schema that is not ours. Raises ``SchemaNewer`` or ``SchemaOlder``."""
    config = _config()
    with reading(engine) as connection:
        if _stands_at(connection, config) != _newest(config):
            msg = "the database is of an older version: run the upgrade before the start"
            raise SchemaOlder(msg)


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
