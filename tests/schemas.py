"""Databases of earlier schemas: migrated to a revision, and filled with what they could hold."""

from collections.abc import Iterator
from contextlib import contextmanager

import sqlalchemy as sa
from alembic import command
from alembic.script import ScriptDirectory

from connector.store.engine import reading, writing
from connector.store.migrations import _config

__all__ = ["copy_rows", "deferring", "migrate_to", "revision_of", "revisions"]


def revisions() -> list[str]:
    """Name all revisions, the oldest first."""
    scripts = ScriptDirectory.from_config(_config()).walk_revisions()
    return [script.revision for script in scripts][::-1]


def migrate_to(engine: sa.Engine, revision: str) -> None:
    """Bring an empty database to a revision."""
    config = _config()
    with writing(engine) as conn:
        config.attributes["connection"] = conn
        command.upgrade(config, revision)


def revision_of(engine: sa.Engine) -> str:
    """Tell where a database stands."""
    with reading(engine) as conn:
        return str(conn.exec_driver_sql("SELECT version_num FROM alembic_version").scalar_one())


def copy_rows(source: sa.Engine, target: sa.Engine) -> int:
    """Fill an older database with what a newer one holds, as far as it has room; count the rows."""
    copied = 0
    with reading(source) as old, writing(target) as new, deferring(new):
        there, here = sa.MetaData(), sa.MetaData()
        there.reflect(old)
        here.reflect(new)
        # Without a table for companies no account was grouped into one.
        left_out = frozenset() if "entities" in here.tables else frozenset({"entity", "uscc_key"})
        for table in here.sorted_tables:
            if table.name == "alembic_version" or table.name not in there.tables:
                continue
            known = there.tables[table.name].c
            room = [column.name for column in table.c if column.name in known]
            names = [name for name in room if name not in left_out]
            plain = _typeless(table, names)
            rows = [dict(row) for row in old.execute(sa.select(*plain.c)).mappings()]
            if rows:
                new.execute(plain.insert(), rows)
            copied += len(rows)
    return copied


@contextmanager
def deferring(conn: sa.Connection) -> Iterator[None]:
    """Check references at the end, where the database checks them at all."""
    if conn.dialect.name == "sqlite":
        conn.exec_driver_sql("PRAGMA defer_foreign_keys=ON")
    yield


def _typeless(table: sa.Table, names: list[str]) -> sa.TableClause:
    """Name a table and columns so that values go through as the driver has them."""
    return sa.table(table.name, *(sa.column(name) for name in names))
