"""The audit log: append-only, each entry chained to the one before by its hash.

Entries are written in the transaction of what they tell about. They hold ids and values of credit
fields, no personal data. Whoever changes an entry breaks the chain from there on; keeping the
head's hash elsewhere shows a log that was cut off.
"""

from collections.abc import Iterable, Iterator
from datetime import UTC, date, datetime, time
from hashlib import sha256
from typing import Any, TypeAlias

import msgspec
import sqlalchemy as sa

from connector.store.engine import insert_or_ignore
from connector.store.tables import audit, audit_head

__all__ = [
    "Anchor",
    "AuditEntry",
    "BrokenChain",
    "LoggedEntry",
    "append",
    "head",
    "list_entries",
    "verify",
]

_START = "0" * 64
_ROWS_AT_ONCE = 1000
# What a value that nobody wrote so makes of reading it: no time, no text, no UTF-8.
_UNREADABLE = (ValueError, TypeError, AttributeError, OverflowError)

Anchor: TypeAlias = tuple[int, str]
"""An entry's number and hash, kept outside the database."""


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
        self.reason = reason


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


def verify(conn: sa.Connection, *, anchors: Iterable[Anchor] = ()) -> int:
    """Check the whole chain and return its length. Raises ``BrokenChain``.

    ``anchors`` are heads that were kept elsewhere: the chain must still pass through each. An entry
    that was changed and given a fitting hash is told by the one after it, or by an anchor.
    """
    kept = dict(anchors)
    seq, previous = 0, _START
    for row in _rows(conn):
        previous = _checked(row, seq + 1, previous)
        seq += 1
        if kept.pop(seq, previous) != previous:
            raise BrokenChain(seq, "it differs from the hash kept elsewhere")
    _check_end(head(conn), (seq, previous))
    if kept:
        raise BrokenChain(seq + 1, "it is missing: the hash kept elsewhere is of a later entry")
    return seq


def _check_end(told: Anchor, found: Anchor) -> None:
    """Compare the head with the last entry."""
    if told[0] > found[0]:
        raise BrokenChain(found[0] + 1, "entries are missing at the end")
    if told[0] < found[0]:
        raise BrokenChain(told[0] + 1, "the log's head knows nothing of it")
    if told[1] != found[1]:
        raise BrokenChain(found[0], "it differs from the log's head")


class LoggedEntry(msgspec.Struct, frozen=True, kw_only=True):
    """An entry as it stands in the log."""

    seq: int
    at: datetime
    system: str
    target: str
    what: str
    old: msgspec.Raw | None
    new: msgspec.Raw | None
    assessment_id: str | None
    why: str
    hash: str


def list_entries(
    conn: sa.Connection,
    *,
    limit: int,
    system: str | None = None,
    target: str | None = None,
    what: str | None = None,
    since: date | None = None,
) -> list[LoggedEntry]:
    """List the latest entries, oldest first; ``since`` is a day of UTC."""
    statement = sa.select(audit).order_by(audit.c.seq.desc()).limit(limit)
    for column, wanted in (
        (audit.c.system, system),
        (audit.c.target, target),
        (audit.c.what, what),
    ):
        if wanted is not None:
            statement = statement.where(column == wanted)
    if since is not None:
        statement = statement.where(audit.c.at >= datetime.combine(since, time(), UTC))
    return [_logged(row) for row in reversed(conn.execute(statement).all())]


def _logged(row: sa.Row[Any]) -> LoggedEntry:
    return LoggedEntry(
        seq=row.seq,
        at=row.at,
        system=row.system,
        target=row.target,
        what=row.what,
        old=None if row.old is None else msgspec.Raw(row.old),
        new=None if row.new is None else msgspec.Raw(row.new),
        assessment_id=row.assessment_id,
        why=row.why,
        hash=row.hash,
    )


def _lock_head(conn: sa.Connection) -> tuple[int, str]:
    conn.execute(insert_or_ignore(conn, audit_head), {"one": 1, "seq": 0, "hash": _START})
    row = conn.execute(sa.select(audit_head).with_for_update()).one()
    return row.seq, row.hash


def _rows(conn: sa.Connection) -> Iterator[sa.Row[Any]]:
    """Read the log in portions. Raises ``BrokenChain`` at an entry that cannot be read."""
    seq = 0
    while rows := _after(conn, seq):
        yield from rows
        seq = rows[-1].seq


def _after(conn: sa.Connection, seq: int) -> list[sa.Row[Any]]:
    statement = sa.select(audit).where(audit.c.seq > seq).order_by(audit.c.seq)
    try:
        return list(conn.execute(statement.limit(_ROWS_AT_ONCE)))
    except (*_UNREADABLE, sa.exc.OperationalError) as error:
        if not _is_content(error):
            raise
        return _first_readable(conn, statement, seq)


def _first_readable(conn: sa.Connection, statement: sa.Select[Any], seq: int) -> list[sa.Row[Any]]:
    """Read one entry where reading many failed."""
    try:
        return list(conn.execute(statement.limit(1)))
    except (*_UNREADABLE, sa.exc.OperationalError) as error:
        if not _is_content(error):
            raise
        raise BrokenChain(seq + 1, "it cannot be read") from error


def _is_content(error: Exception) -> bool:
    """Tell an entry that cannot be read from a database that cannot."""
    # SQLite's driver has one error for both.
    return not isinstance(error, sa.exc.OperationalError) or "decode" in str(error.orig)


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
    if row.prev_hash != previous or row.hash != _digest_or_none(seq, entry, previous):
        raise BrokenChain(seq, "its content does not fit its hash")
    digest: str = row.hash
    return digest


def _digest_or_none(seq: int, entry: AuditEntry, previous: str) -> str | None:
    """Hash an entry that somebody may have changed into what cannot be hashed."""
    try:
        return _digest(seq, entry, previous)
    except _UNREADABLE:
        return None


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
