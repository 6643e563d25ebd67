"""Systems that rest: paused until a time (limits, quota), or halted until a person acts."""

from datetime import datetime

import sqlalchemy as sa

from connector.store.engine import upsert
from connector.store.queue_tables import paused

__all__ = ["halt", "pause", "paused_systems", "resume"]


def pause(conn: sa.Connection, system: str, *, until: datetime, reason: str, now: datetime) -> None:
    """Give a system no work before ``until``. A longer pause or a halt stays as it is."""
    stands = conn.execute(sa.select(paused).where(paused.c.system == system)).first()
    if stands is None or (stands.until is not None and stands.until < until):
        _put(conn, system, until, reason, now)


def halt(conn: sa.Connection, system: str, *, reason: str, now: datetime) -> None:
    """Give a system no work until ``resume``: its credentials do not work."""
    _put(conn, system, None, reason, now)


def resume(conn: sa.Connection, system: str) -> None:
    """Let a system work again; harmless when it was not paused."""
    conn.execute(paused.delete().where(paused.c.system == system))


def paused_systems(conn: sa.Connection, now: datetime) -> dict[str, str]:
    """Tell which systems rest now, and why."""
    rests = sa.or_(paused.c.until.is_(None), paused.c.until > now)
    rows = conn.execute(sa.select(paused.c.system, paused.c.reason).where(rests))
    return {row.system: row.reason for row in rows}


def _put(
    conn: sa.Connection, system: str, until: datetime | None, reason: str, now: datetime
) -> None:
    values = {"since": now, "until": until, "reason": reason}
    statement = upsert(conn, paused, update=("since", "until", "reason"))
    conn.execute(statement.values(system=system, **values))
