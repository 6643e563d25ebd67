"""Heads of the audit log, kept outside the database: one line a day in a file beside the backups.

Who cuts the log off and writes a fitting head into the database cannot write it here, too, once the
file was copied to another machine. A line with ``restored`` says that the log was taken back to an
earlier entry by a restore: what came after it is gone, and lines about that are void.
"""

import os
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import msgspec

from connector.store.audit import Anchor

__all__ = ["HEADS", "HeadLine", "HeadsUnreadable", "keep_head", "kept_anchors"]

HEADS = "audit-heads.jsonl"


class HeadsUnreadable(ValueError):
    """The file of heads cannot be used; the text says where."""


class HeadLine(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The log's last entry at a time."""

    at: datetime
    seq: int
    hash: str
    restored: bool = False


def keep_head(path: Path, anchor: Anchor, *, now: datetime, restored: bool = False) -> HeadLine:
    """Append a line to the file, readable by its owner alone, and see it safe on the disk."""
    line = HeadLine(at=now, seq=anchor[0], hash=anchor[1], restored=restored)
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    try:
        os.write(descriptor, msgspec.json.encode(line) + b"\n")
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
    return line


def kept_anchors(path: Path) -> list[Anchor]:
    """Read the heads that still bind; none where there is no file. Raises ``HeadsUnreadable``."""
    if not path.exists():
        return []
    binding: list[Anchor] = []
    for line in _lines(path):
        if line.restored:
            binding = [anchor for anchor in binding if anchor[0] <= line.seq]
        if line.seq:
            binding.append((line.seq, line.hash))
    return binding


def _lines(path: Path) -> Iterator[HeadLine]:
    for number, text in enumerate(path.read_bytes().splitlines(), 1):
        try:
            yield msgspec.json.decode(text, type=HeadLine)
        except (msgspec.MsgspecError, UnicodeDecodeError) as error:
            raise HeadsUnreadable(f"{path.name}, line {number} is no head of the log") from error
