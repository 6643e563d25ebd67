"""What a dead process held: made due at once by the next one, which knows that it is alone."""

from datetime import datetime

import sqlalchemy as sa

from connector.store.engine import database_now
from connector.store.queue_tables import chunks, inbox, nodes, outbox
from connector.store.tables import leases

__all__ = ["take_over"]


def take_over(conn: sa.Connection, *, now: datetime) -> None:
    """Let claimed messages, WriteBacks and chunks run again now, and free every other lease.

    A wish that a newer one waits behind keeps its lease: its request may still be under way in the
    CRM, and what it sets must not land after the newer one.
    """
    newer = outbox.alias("newer")
    overtaken = sa.exists().where(
        newer.c.collapse_key == outbox.c.collapse_key,
        newer.c.state == "ready",
        newer.c.id > outbox.c.id,
    )
    conn.execute(
        outbox.update().where(outbox.c.state == "running", ~overtaken).values(run_after=now)
    )
    conn.execute(inbox.update().where(inbox.c.state == "running").values(run_after=now))
    conn.execute(chunks.update().where(chunks.c.state == "running").values(run_after=now))
    conn.execute(nodes.delete())
    conn.execute(leases.update().values(owner="", expires_at=database_now(conn)))
