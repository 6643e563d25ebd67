"""When all of a connection that a full read alone tells was last read: one row for each."""

from datetime import datetime

import sqlalchemy as sa

from connector.store.engine import upsert
from connector.store.tables import full_reads

__all__ = ["last_full_read", "note_full_read"]


def last_full_read(conn: sa.Connection, system: str) -> datetime | None:
    """Tell when a full read of a connection last ended; ``None``: none is known."""
    latest = sa.select(full_reads.c.ended_at).where(full_reads.c.system == system)
    found: datetime | None = conn.execute(latest).scalar_one_or_none()
    return found


def note_full_read(conn: sa.Connection, system: str, *, now: datetime) -> None:
    """Note that a full read of a connection has ended."""
    row = {"system": system, "ended_at": now}
    conn.execute(upsert(conn, full_reads, update=("ended_at",)), row)
