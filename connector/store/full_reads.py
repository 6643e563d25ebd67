"""When all of a connection that a full read alone tells was last read.

Kept as a tick that was served: its schedule is the connection's own.
"""

from datetime import datetime, timedelta

import sqlalchemy as sa

from connector.store.engine import insert_or_ignore
from connector.store.queue_tables import ticks

__all__ = ["last_full_read", "note_full_read"]

_KEPT = timedelta(days=90)


def last_full_read(conn: sa.Connection, system: str) -> datetime | None:
    """Tell when a full read of a connection last ended; ``None``: none is known."""
    latest = sa.select(sa.func.max(ticks.c.finished_at)).where(ticks.c.schedule == _name(system))
    found: datetime | None = conn.execute(latest).scalar_one()
    return found


def note_full_read(conn: sa.Connection, system: str, *, now: datetime) -> None:
    """Note that a full read of a connection has ended."""
    name = _name(system)
    served = {"lease": "", "lease_until": now, "started_at": now, "finished_at": now}
    conn.execute(insert_or_ignore(conn, ticks).values(schedule=name, due_at=now, **served))
    conn.execute(ticks.delete().where(ticks.c.schedule == name, ticks.c.due_at < now - _KEPT))


def _name(system: str) -> str:
    return f"full read of {system}"
