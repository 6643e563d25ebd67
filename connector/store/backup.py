"""Copies of the whole database, each looked at before it counts.

SQLite is copied by its own online backup, while others go on writing; PostgreSQL by ``pg_dump``.
The key that seals tokens is in neither.
"""

import os
import sqlite3
from collections.abc import Iterable
from contextlib import closing
from pathlib import Path

import sqlalchemy as sa

from connector.store.audit import Anchor
from connector.store.backup_facts import BackupFacts, BackupFailed, facts_of
from connector.store.dumps import dump
from connector.store.engine import create_engine

__all__ = ["BackupFacts", "BackupFailed", "back_up", "copy_sqlite", "examine"]


def back_up(engine: sa.Engine, path: Path) -> BackupFacts:
    """Copy the database into a new file, readable by its owner alone, and open the copy.

    Nothing stands under ``path`` unless it is whole. Raises ``BackupFailed``.
    """
    part = path.with_name(path.name + ".part")
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    part.unlink(missing_ok=True)
    os.close(os.open(part, os.O_CREAT | os.O_RDWR | os.O_EXCL, 0o600))
    try:
        if engine.dialect.name == "postgresql":
            facts = dump(engine, part)
        else:
            copy_sqlite(Path(str(engine.url.database)), part)
            facts = examine(part)
        _settle_on_disk(part)
        part.replace(path)
    except OSError as error:
        raise BackupFailed(f"{path.name} could not be written: {error.strerror}") from error
    finally:
        part.unlink(missing_ok=True)
    return facts


def _settle_on_disk(path: Path) -> None:
    with path.open("rb+") as file:
        os.fsync(file.fileno())


def copy_sqlite(source: Path, target: Path) -> None:
    """Copy one state of a SQLite file that others may be writing to. Raises ``BackupFailed``."""
    try:
        with (
            closing(sqlite3.connect(f"{source.absolute().as_uri()}?mode=ro", uri=True)) as old,
            closing(sqlite3.connect(target)) as new,
        ):
            old.backup(new)  # in one step: under the write-ahead log that hinders no writer
            new.execute("PRAGMA journal_mode = DELETE").fetchone()  # one file, no log beside it
    except sqlite3.Error as error:
        raise BackupFailed(f"{source.name} could not be copied: {error}") from error


def examine(path: Path, *, anchors: Iterable[Anchor] = ()) -> BackupFacts:
    """Open a SQLite copy and check it: pages, schema and the audit log. Raises ``BackupFailed``.

    ``anchors`` are heads that were kept outside; those up to the copy's own end are compared. A log
    that does not hold raises ``BrokenChain``, a schema of a newer version ``SchemaNewer``.
    """
    try:
        with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)) as copy:
            (found,) = copy.execute("PRAGMA quick_check(1)").fetchone()
            names = copy.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall()
            rows = {name: _count(copy, name) for (name,) in names if not name.startswith("sqlite")}
    except sqlite3.DatabaseError as error:
        raise BackupFailed(f"{path.name} is no whole database: {error}") from error
    if found != "ok":
        raise BackupFailed(f"{path.name} is damaged: {found}")
    if not rows.get("alembic_version"):
        raise BackupFailed(f"{path.name} is no database of Zixin")
    return _examined(path, rows, anchors)


def _count(copy: sqlite3.Connection, name: str) -> int:
    quoted = name.replace('"', '""')
    (count,) = copy.execute(f'SELECT count(*) FROM "{quoted}"').fetchone()  # noqa: S608 quoted
    return int(count)


def _examined(path: Path, rows: dict[str, int], anchors: Iterable[Anchor]) -> BackupFacts:
    copy = create_engine(f"sqlite:///{path}")
    try:
        return facts_of(copy, rows, size=path.stat().st_size, anchors=anchors)
    finally:
        copy.dispose()
