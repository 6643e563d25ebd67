"""Leases with an epoch on the database's clock: who may do what is done by one at a time (M5).

Each take-over raises the epoch. A holder that died keeps others out for the lease's length at most.
"""

from datetime import timedelta

import sqlalchemy as sa

from connector.store.engine import database_now, insert_or_ignore
from connector.store.tables import leases

__all__ = ["give_back", "lengthen", "take"]


def take(conn: sa.Connection, name: str, owner: str, length: timedelta) -> bool:
    """Take a lease that is free or run out. False: somebody holds it."""
    now = database_now(conn)
    free = {"name": name, "owner": "", "epoch": 0, "expires_at": now}
    conn.execute(insert_or_ignore(conn, leases), free)
    taken = conn.execute(
        leases.update()
        .where(leases.c.name == name, leases.c.expires_at <= now)
        .values(owner=owner, epoch=leases.c.epoch + 1, expires_at=now + length)
    )
    return taken.rowcount == 1


def lengthen(conn: sa.Connection, name: str, owner: str, length: timedelta) -> bool:
    """Hold a lease longer. False: it is no longer this owner's."""
    until = database_now(conn) + length
    held = conn.execute(leases.update().where(*_of(name, owner)).values(expires_at=until))
    return held.rowcount == 1


def give_back(conn: sa.Connection, name: str, owner: str) -> None:
    """Let the next one in at once; harmless when it is somebody else's by now."""
    freed = {"owner": "", "expires_at": database_now(conn)}
    conn.execute(leases.update().where(*_of(name, owner)).values(freed))


def _of(name: str, owner: str) -> tuple[sa.ColumnElement[bool], ...]:
    return leases.c.name == name, leases.c.owner == owner
