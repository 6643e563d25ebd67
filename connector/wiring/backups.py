"""Backups of the opened product, and taking an installation back to one."""

import os
import shutil
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import sqlalchemy as sa

from connector.config import load_config
from connector.flow.thinning import backup_name, made_at, too_many
from connector.store.anchors import HEADS, keep_head, kept_anchors
from connector.store.audit import AuditEntry, append, head
from connector.store.backup import BackupFacts, BackupFailed, back_up, examine
from connector.store.dumps import check_schema_there, examine_dump, put_beside, put_in_place
from connector.store.engine import create_engine, in_one_commit, reading
from connector.store.migrations import upgrade
from connector.store.presence import alone
from connector.store.restores import mark_restored
from connector.wiring.product import Zixin, backup_folder, beside, clock_beside

__all__ = ["MadeBackup", "RestoredBackup", "make_backup", "restore_backup"]

_BESIDE = ("-wal", "-shm")


class MadeBackup(msgspec.Struct, frozen=True, kw_only=True):
    """A backup that was made and opened. ``removed``: names of older ones that went for it."""

    path: str
    facts: BackupFacts
    removed: list[str]


def make_backup(zixin: Zixin, folder: Path | None = None) -> MadeBackup:
    """Back up the database, keep the audit log's head beside it, and thin out what is old.

    Raises ``BackupFailed``; then nothing is removed.
    """
    folder = folder or backup_folder(zixin)
    now = zixin.clock.now()
    path = folder / backup_name(now, zixin.engine.dialect.name)
    facts = back_up(zixin.engine, path)
    keep_head(folder / HEADS, (facts.audit_entries, facts.audit_head), now=now)
    plan = zixin.config.backup
    names = (each.name for each in folder.iterdir())
    removed = too_many(names, daily=plan.keep_daily, weekly=plan.keep_weekly)
    for name in removed:
        (folder / name).unlink(missing_ok=True)
    return MadeBackup(path=str(path), facts=facts, removed=removed)


class RestoredBackup(msgspec.Struct, frozen=True, kw_only=True):
    """What an installation was taken back to. ``kept``: the file or schema of before."""

    backup_at: datetime
    facts: BackupFacts
    kept: str
    waiting: list[str]


def restore_backup(
    config_path: Path, file: Path, *, adopt: bool = False, now: datetime | None = None
) -> RestoredBackup:
    """Take the database back to a backup. Writes to the CRMs wait until they were read anew.

    The database of before is kept beside it. ``adopt``: what stands in the credit fields of the
    CRMs counts as written by us. Raises ``BackupFailed``, ``BrokenChain`` or ``SchemaNewer`` for a
    file that cannot be used, ``NotAlone`` where another process works on the database, and
    ``ConfigError``.
    """
    config, folder = load_config(config_path), config_path.parent
    if not file.is_file():
        raise BackupFailed(f"{file} is no file")
    engine = create_engine(beside(config.store.url, folder))
    try:
        plan = _Plan(
            file=file,
            backup_at=made_at(file.name) or datetime.fromtimestamp(file.stat().st_mtime, UTC),
            heads=folder / config.backup.folder / HEADS,
            systems=[connection.name for connection in config.connections],
            adopt=adopt,
            now=now or clock_beside(config, engine).now(),  # the one that the wait is measured by
        )
        facts, kept = _restored(engine, plan)
    except sa.exc.DBAPIError as error:
        reason = str(error.orig).strip().partition("\n")[0]
        raise BackupFailed(f"the backup could not be put in place: {reason}") from error
    finally:
        engine.dispose()
    return RestoredBackup(
        backup_at=plan.backup_at, facts=facts, kept=kept, waiting=list(plan.systems)
    )


class _Plan(msgspec.Struct, frozen=True, kw_only=True):
    """What is to be restored and what is noted about it."""

    file: Path
    backup_at: datetime
    heads: Path
    systems: Sequence[str]
    adopt: bool
    now: datetime


def _restored(engine: sa.Engine, plan: _Plan) -> tuple[BackupFacts, str]:
    on_server = engine.dialect.name == "postgresql"
    if on_server:
        check_schema_there(engine)
    with alone(engine):
        if on_server:
            return _restore_dump(engine, plan)
        return _restore_file(Path(str(engine.url.database)), plan)


def _restore_file(database: Path, plan: _Plan) -> tuple[BackupFacts, str]:
    """Prepare a copy of the backup beside the database, then put it in its place at once."""
    facts = examine(plan.file, anchors=kept_anchors(plan.heads))
    ready = database.with_name(f"{database.name}.restoring")
    ready.unlink(missing_ok=True)
    try:
        os.close(os.open(ready, os.O_CREAT | os.O_RDWR | os.O_EXCL, 0o600))
        shutil.copyfile(plan.file, ready)
        engine = create_engine(f"sqlite:///{ready}")
        try:
            _mark(engine, plan)
        finally:
            engine.dispose()  # the last connection puts the write-ahead log into the file
        aside = f"{database.name}.before-restore-{plan.now:%Y%m%dT%H%M%SZ}"
        _move_aside(database, database.with_name(aside))
        ready.replace(database)
    except OSError as error:
        raise BackupFailed(f"the backup could not be put in place: {error.strerror}") from error
    finally:
        for ending in ("", *_BESIDE):
            ready.with_name(ready.name + ending).unlink(missing_ok=True)
    return facts, aside


def _move_aside(database: Path, aside: Path) -> None:
    """Keep the database of before, with the log that belongs to it."""
    for ending in ("", *_BESIDE):
        part = database.with_name(database.name + ending)
        if part.exists():
            part.replace(aside.with_name(aside.name + ending))


def _restore_dump(engine: sa.Engine, plan: _Plan) -> tuple[BackupFacts, str]:
    """Put the dump beside the tables of before, look at it, then put it in their place at once."""
    with put_beside(engine, plan.file) as copy:
        size = plan.file.stat().st_size
        facts = examine_dump(copy, size, anchors=kept_anchors(plan.heads))
        _mark(copy, plan)
        return facts, put_in_place(engine, copy, now=plan.now)


def _mark(engine: sa.Engine, plan: _Plan) -> None:
    """Bring the restored database up to date, and note what it is."""
    upgrade(engine)
    with reading(engine) as conn:
        before = head(conn)
    entry = AuditEntry(
        at=plan.now,
        system="",
        target=plan.file.name,
        what="restored",
        new=msgspec.json.encode({"backup_at": plan.backup_at, "adopt": plan.adopt}),
        why="operator",
    )

    def mark(conn: sa.Connection) -> None:
        mark_restored(conn, plan.systems, backup_at=plan.backup_at, now=plan.now, adopt=plan.adopt)
        append(conn, [entry])

    in_one_commit(engine, mark)
    # From here on the log goes another way than the heads that were kept after the backup.
    keep_head(plan.heads, before, now=plan.now, restored=True)
