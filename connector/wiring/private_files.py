"""The files nobody else on this machine may read: keys, other secrets, the database, its backups."""

import os
import shlex
from collections.abc import Iterator
from pathlib import Path

import sqlalchemy as sa

from adapters.port import Finding, FindingLevel
from connector.config import Config
from connector.wiring.product import Zixin, backup_folder

__all__ = ["open_files"]

_OTHERS = 0o077
#: Beside a SQLite database, with the same rows in them.
_BESIDE = ("", "-wal", "-shm")


def open_files(zixin: Zixin) -> list[Finding]:
    """Name those that others can read, each with the remedy. Where files have no modes, none."""
    if os.name != "posix":
        return []
    return [
        Finding(
            topic="files",
            level=FindingLevel.WARNING,
            message=zixin.company_texts.say("files.open", file=path),
            remedy=f"chmod 600 {shlex.quote(str(path))}",
        )
        for path in sorted(set(_private(zixin)))
        if path.is_file() and path.stat().st_mode & _OTHERS
    ]


def _private(zixin: Zixin) -> Iterator[Path]:
    for reference in _references(zixin.config):
        kind, _, name = reference.partition(":")
        if kind == "file":
            yield zixin.folder / name
    yield from _database(zixin.engine.url)
    yield from backup_folder(zixin).glob("*.db")


def _references(config: Config) -> Iterator[str]:
    yield from (config.store.key, *config.store.old_keys, config.metrics.token)
    yield from (channel.url for channel in config.alerts)
    for connection in config.connections:
        yield connection.hook
        yield from connection.secrets.values()


def _database(url: sa.URL) -> Iterator[Path]:
    if url.get_backend_name() == "sqlite" and url.database:
        yield from (Path(url.database + end) for end in _BESIDE)
