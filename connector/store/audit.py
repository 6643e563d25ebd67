"""The audit log: append-only, each entry chained to the one before by its hash.

Entries are written in the transaction of what they tell about. They hold ids and values of credit
fields, no personal data. Whoever changes an entry breaks the chain from there on; keeping the
head's hash elsewhere shows a log that was cut off.
"""

from collections.abc import Iterable
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any

import msgspec
import sqlalchemy as sa

from connector.store.engine import insert_or_ignore
from connector.store.tables import audit, audit_head

__all__ = ["AuditEntry", "BrokenChain", "append", "head", "verify"]

_START = "0" * 64
_ROWS_AT_ONCE = 1000


class AuditEntry(msgspec.Struct, frozen=True, kw_only=True):
    """One decision or write. ``old`` and ``new`` are JSON documents; ``why`` is a short code.

    ``what``: ``assessed``, ``fields``, ``task_created``, ``task_closed``, ``deleted`` …
    """

    at: datetime
    system: str
    target: str
    what: str
    old: bytes | None = None
    new: bytes | None = None
    assessment_id: str | None = None
    why: str


class BrokenChain(Exception):
    """The log was changed: ``seq`` is the first entry that does not fit."""

    def __init__(self, seq: int, reason: str) -> None:
        super().__init__(f"the audit log does not hold at entry {seq}: {reason}")
        self.seq = seq


def append(conn: sa.Connection, entries: Iterable[AuditEntry]) -> int:
    """Write entries in the caller's transaction. Tells how many.

    Writers stand in line from here to their commit: append last.
    """
    waiting = list(entries)
    if not waiting:
        return 0
    seq, previous = _lock_head(conn)
    rows = []
    for entry in waiting:
        seq += 1
        digest = _digest(seq, entry, previous)
        rows.append(
            {"seq": seq, **msgspec.structs.asdict(entry), "prev_hash": previous, "hash": digest}
        )
        previous = digest
    conn.execute(audit.insert(), rows)
    conn.execute(audit_head.update().values(seq=seq, hash=previous))
    return len(rows)


def head(conn: sa.Connection) -> tuple[int, str]:
    """Tell the number and the hash of the last entry, to be kept elsewhere."""
    row = conn.execute(sa.select(audit_head.c.seq, audit_head.c.hash)).first()
    return (0, _START) if row is None else (row.seq, row.hash)


def verify(conn: sa.Connection, *, anchor: tuple[int, str] | None = None) -> int:
    """Check the whole chain and return its length. Raises ``BrokenChain``.

    ``anchor`` is a head that was kept elsewhere: the chain must still pass through it.
    """
    seq, previous = 0, _START
    while rows := _after(conn, seq):
        for row in rows:
            previous = _checked(row, seq + 1, previous)
            seq += 1
            if anchor is not None and anchor[0] == seq and anchor[1] != previous:
                raise BrokenChain(seq, "it differs from the hash kept elsewhere")
    if head(conn) != (seq, previous):
        raise BrokenChain(seq + 1, "entries are missing at the end")
    if anchor is not None and anchor[0] > seq:
        raise BrokenChain(seq + 1, "the hash kept elsewhere is of a later entry")
    return seq


def _lock_head(conn: sa.Connection) -> tuple[int, str]:
    conn.execute(insert_or_ignore(conn, audit_head), {"one": 1, "seq": 0, "hash": _START})
    row = conn.execute(sa.select(audit_head).with_for_update()).one()
    return row.seq, row.hash


def _after(conn: sa.Connection, seq: int) -> list[sa.Row[Any]]:
    statement = sa.select(audit).where(audit.c.seq > seq).order_by(audit.c.seq).limit(_ROWS_AT_ONCE)
    return list(conn.execute(statement))


def _checked(row: sa.Row[Any], seq: int, previous: str) -> str:
    if row.seq != seq:
        raise BrokenChain(seq, "it is missing")
    entry = AuditEntry(
        at=row.at,
        system=row.system,
        target=row.target,
        what=row.what,
        old=row.old,
        new=row.new,
        assessment_id=row.assessment_id,
        why=row.why,
    )
    if row.prev_hash != previous or row.hash != _digest(seq, entry, previous):
        raise BrokenChain(seq, "its content does not fit its hash")
    digest: str = row.hash
    return digest


def _digest(seq: int, entry: AuditEntry, previous: str) -> str:
    """Hash the entry and its predecessor's hash. ``old`` and ``new`` count as their text."""
    content = [
        seq,
        entry.at.astimezone(UTC).isoformat(timespec="microseconds"),
        entry.system,
        entry.target,
        entry.what,
        None if entry.old is None else entry.old.decode(),
        None if entry.new is None else entry.new.decode(),
        entry.assessment_id,
        entry.why,
    ]
    return sha256(previous.encode() + msgspec.json.encode(content)).hexdigest()
