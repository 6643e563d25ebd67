"""Reads ``requirements.lock``: what is installed, bit for bit, and who asked for it."""

import re
from pathlib import Path

import msgspec
from packaging.markers import Marker
from packaging.requirements import InvalidRequirement, Requirement

__all__ = ["LOCK", "LockBroken", "Locked", "read_lock"]

LOCK = Path(__file__).parent.parent / "requirements.lock"
_HASH = re.compile(r"--hash=sha256:([0-9a-f]{64})")
_ASKED = re.compile(r"#\s+(?:via\s+)?([A-Za-z0-9][\w.-]*)")


class LockBroken(Exception):
    """A line of the lock file does not say exactly one package, its version and its hashes."""


class Locked(msgspec.Struct, frozen=True, kw_only=True):
    """One package at one version. ``hashes``: SHA-256 of every file it may be installed from.

    ``marker``: where it is installed; empty: everywhere. ``asked_by``: whose dependency it is.
    """

    name: str
    version: str
    hashes: tuple[str, ...]
    marker: str
    asked_by: tuple[str, ...]

    @property
    def wanted_here(self) -> bool:
        """Tell whether it is installed on a machine like this."""
        return not self.marker or Marker(self.marker).evaluate()


def read_lock(text: str) -> list[Locked]:
    """Read a lock file, in its order. Raises ``LockBroken``."""
    entries: list[list[str]] = []
    for line in text.splitlines():
        if line and line[0] not in " #":
            entries.append([line])
        elif line.strip() and entries:
            entries[-1].append(line)
    return [_entry(lines) for lines in entries]


def _entry(lines: list[str]) -> Locked:
    said = lines[0].rstrip("\\ ")
    try:
        requirement = Requirement(said)
    except InvalidRequirement as error:
        raise LockBroken(f"{said!r} is no requirement") from error
    pins = list(requirement.specifier)
    hashes = [found for line in lines for found in _HASH.findall(line)]
    if len(pins) != 1 or pins[0].operator != "==" or not hashes:
        raise LockBroken(f"{said!r} is not pinned to one version with hashes")
    asked = [found[1] for line in lines if (found := _ASKED.search(line))]
    return Locked(
        name=requirement.name,
        version=pins[0].version,
        hashes=tuple(sorted(hashes)),
        marker=str(requirement.marker or ""),
        asked_by=tuple(name for name in asked if name != "via"),
    )
