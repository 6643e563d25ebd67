"""Notification channels in the CRMs: renewed at half of their life, so that none expires unseen."""

from datetime import datetime

import sqlalchemy as sa

from adapters.port import CrmPort, WatchReceipt
from connector.clock import Clock
from connector.store.engine import in_one_commit, reading
from connector.store.queue_tables import channels

__all__ = ["due_for_renewal", "end_channels", "renew_channels", "save_channels"]

RENEW_AT_LIFE = 0.5


def renew_channels(engine: sa.Engine, port: CrmPort, url: str, clock: Clock) -> bool:
    """Ask the CRM for notifications to ``url``, anew or again, when it is time.

    Tells whether it asked. Raises ``CrmError``.
    """
    with reading(engine) as conn:
        due = due_for_renewal(conn, port.system, url, clock.now())
    if not due:
        return False
    receipts = port.watch(url)
    now = clock.now()
    in_one_commit(engine, lambda conn: save_channels(conn, port.system, url, receipts, now=now))
    return True


def end_channels(engine: sa.Engine, port: CrmPort) -> int:
    """Stop the notifications of a CRM, if it was ever asked for any; tells how many channels.

    Raises ``CrmError``; then the channels are still remembered.
    """
    mine = channels.c.system == port.system
    with reading(engine) as conn:
        if conn.execute(sa.select(channels.c.channel_id).where(mine).limit(1)).first() is None:
            return 0
    ended = port.unwatch()
    in_one_commit(engine, lambda conn: conn.execute(channels.delete().where(mine)))
    return ended


def due_for_renewal(conn: sa.Connection, system: str, url: str, now: datetime) -> bool:
    """Tell whether there is no channel to ``url``, or half of the life of one has passed."""
    statement = sa.select(channels).where(channels.c.system == system, channels.c.url == url)
    held = conn.execute(statement).all()
    return not held or any(
        row.expires_at is not None
        and now >= row.renewed_at + (row.expires_at - row.renewed_at) * RENEW_AT_LIFE
        for row in held
    )


def save_channels(
    conn: sa.Connection,
    system: str,
    url: str,
    receipts: list[WatchReceipt],
    *,
    now: datetime,
) -> None:
    """Remember the channels a CRM confirmed, in place of those of before."""
    conn.execute(channels.delete().where(channels.c.system == system))
    for receipt in receipts:
        conn.execute(
            channels.insert().values(
                system=system,
                channel_id=receipt.channel_id,
                url=url,
                renewed_at=now,
                expires_at=receipt.expires_at,
            )
        )
