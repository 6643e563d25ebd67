"""Connections that were taken back to a backup: writes to them wait until they were read anew."""

from collections.abc import Iterable
from datetime import datetime

import msgspec
import sqlalchemy as sa

from connector.store.engine import upsert
from connector.store.tables import restores

__all__ = [
    "Restored",
    "end_restore",
    "load_restores",
    "mark_restored",
    "note_read",
]


class Restored(msgspec.Struct, frozen=True, kw_only=True):
    """The last restore of a connection. ``adopt``: what stands in our fields counts as ours."""

    system: str
    backup_at: datetime
    restored_at: datetime
    adopt: bool
    read_at: datetime | None
    ended_at: datetime | None


def mark_restored(
    conn: sa.Connection,
    systems: Iterable[str],
    *,
    backup_at: datetime,
    now: datetime,
    adopt: bool,
) -> None:
    """Let nothing be written to these connections before they were read anew."""
    rows = [
        {
            "system": system,
            "backup_at": backup_at,
            "restored_at": now,
            "adopt": adopt,
            "read_at": None,
            "ended_at": None,
        }
        for system in systems
    ]
    columns = ("backup_at", "restored_at", "adopt", "read_at", "ended_at")
    if rows:
        conn.execute(upsert(conn, restores, update=columns), rows)


def load_restores(conn: sa.Connection, *, under_way: bool = True) -> dict[str, Restored]:
    """Tell which connections still wait, by name; or, not only those ``under_way``, all ever."""
    statement = sa.select(restores).order_by(restores.c.system)
    if under_way:
        statement = statement.where(restores.c.ended_at.is_(None))
    return {row["system"]: Restored(**row) for row in conn.execute(statement).mappings()}


def note_read(conn: sa.Connection, system: str, *, now: datetime) -> None:
    """Note that all of a connection was read since it was taken back."""
    conn.execute(restores.update().where(restores.c.system == system).values(read_at=now))


def end_restore(conn: sa.Connection, system: str, *, now: datetime) -> bool:
    """Let writes go to a connection again. False: they went already."""
    ended = (
        restores.update()
        .where(restores.c.system == system, restores.c.ended_at.is_(None))
        .values(ended_at=now)
    )
    return conn.execute(ended).rowcount == 1
