"""Copies of the whole database, each looked at before it counts.

SQLite is copied by its own online backup, while others go on writing; PostgreSQL by ``pg_dump``.
The key that seals tokens is in neither.
"""

import os
import shutil
import sqlite3
import subprocess
from collections.abc import Iterable, Mapping
from contextlib import closing
from pathlib import Path

import msgspec
import sqlalchemy as sa

from connector.store.audit import Anchor, head, verify
from connector.store.engine import create_engine, reading
from connector.store.migrations import stands_at

__all__ = ["BackupFacts", "BackupFailed", "back_up", "copy_sqlite", "examine", "load_dump"]

PATIENCE_SECONDS = 3600


class BackupFailed(Exception):
    """No backup could be made or used; the text is a sentence for an operator."""


class BackupFacts(msgspec.Struct, frozen=True, kw_only=True):
    """What was found in a copy when it was opened. ``rows``: by table, empty for a dump."""

    bytes: int
    schema: str
    rows: dict[str, int] = {}
    audit_entries: int = 0
    audit_head: str = ""


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
            facts = _dump(engine, part)
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
    engine = create_engine(f"sqlite:///{path}")
    try:
        with reading(engine) as conn:
            schema, last, entries = stands_at(conn), (0, ""), 0
            if "audit_head" in rows:  # the first schema had no log
                last = head(conn)
                entries = verify(conn, anchors=[each for each in anchors if each[0] <= last[0]])
    finally:
        engine.dispose()
    return BackupFacts(
        bytes=path.stat().st_size,
        schema=str(schema),
        rows=rows,
        audit_entries=entries,
        audit_head=last[1],
    )


def _dump(engine: sa.Engine, path: Path) -> BackupFacts:
    """Dump the schema this connection works in, and read the dump's list of contents."""
    with reading(engine) as conn:
        place = conn.execute(sa.select(sa.func.current_schema())).scalar_one()
        schema, last = stands_at(conn), head(conn)
    _run("pg_dump", engine.url, "--format=custom", f"--schema={place}", f"--file={path}")
    listed = _run("pg_restore", engine.url, "--list", str(path), connect=False)
    if "alembic_version" not in listed:
        raise BackupFailed("the dump does not hold the tables of Zixin")
    return BackupFacts(
        bytes=path.stat().st_size,
        schema=str(schema),
        audit_entries=last[0],
        audit_head=last[1],
    )


def load_dump(engine: sa.Engine, path: Path) -> None:
    """Put a dump in the place of what the database holds, in one transaction.

    Raises ``BackupFailed``.
    """
    _run(
        "pg_restore",
        engine.url,
        *("--clean", "--if-exists", "--no-owner", "--single-transaction", "--exit-on-error"),
        str(path),
    )


def _run(program: str, url: sa.URL, *arguments: str, connect: bool = True) -> str:
    """Run one of PostgreSQL's own programs; the password goes by its environment alone."""
    found = shutil.which(program)
    if found is None:
        raise BackupFailed(
            f"{program} is not on this machine: install PostgreSQL's client programs of the "
            "server's version, or use the backups of whoever runs the server"
        )
    to = ["--dbname", _address(url)] if connect else []
    ended = subprocess.run(  # noqa: S603 a program of PostgreSQL's with arguments of ours
        [found, *to, *arguments],
        env=_environment(url, os.environ),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=PATIENCE_SECONDS,
        check=False,
    )
    if ended.returncode:
        lines = ended.stderr.strip().splitlines() or ["no reason given"]
        raise BackupFailed(f"{program} failed: {lines[0]}")
    return ended.stdout


def _address(url: sa.URL) -> str:
    bare = url.set(drivername="postgresql", password=None)
    return bare.render_as_string(hide_password=False)


def _environment(url: sa.URL, environment: Mapping[str, str]) -> dict[str, str]:
    password = {} if url.password is None else {"PGPASSWORD": str(url.password)}
    return {**environment, **password}
