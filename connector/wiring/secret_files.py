"""Files of secrets that others on this machine can read; systems without such rights have none."""

import os
import stat
from collections.abc import Iterator
from pathlib import Path

from adapters.port import Finding, FindingLevel
from connector.config import Config
from connector.wiring.product import Zixin

__all__ = ["readable_secrets"]


def readable_secrets(zixin: Zixin) -> list[Finding]:
    """Name the files of secrets that are open to everybody, with the remedy."""
    texts = zixin.company_texts
    names = dict.fromkeys(_named_files(zixin.config))
    return [
        Finding(
            topic="secrets",
            level=FindingLevel.WARNING,
            message=texts.say("doctor.readable", file=name),
            remedy=f"chmod 600 {zixin.folder / name}",
        )
        for name in names
        if _is_open(zixin.folder / name)
    ]


def _named_files(config: Config) -> Iterator[str]:
    references = [config.store.key, *config.store.old_keys, config.metrics.token]
    references += [channel.url for channel in config.alerts]
    for connection in config.connections:
        references += [connection.hook, *connection.secrets.values()]
    for reference in references:
        kind, _, name = reference.partition(":")
        if kind == "file":
            yield name


def _is_open(path: Path) -> bool:
    try:
        mode = path.stat().st_mode
    except OSError:
        return False
    return os.name == "posix" and bool(mode & (stat.S_IROTH | stat.S_IWOTH))
