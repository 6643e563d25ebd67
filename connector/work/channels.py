"""Notification channels in the CRMs: renewed at half of their life, so that none expires unseen.

What shows that notifications do not come is said: a channel at four fifths of its life, and changes
that only a pull has found.
"""

from datetime import datetime, timedelta

import sqlalchemy as sa

from adapters.callbacks import JOB_MESSAGE
from adapters.port import CrmPort, WatchReceipt
from connector.clock import Clock
from connector.store.engine import in_one_commit, reading
from connector.store.queue_tables import channels, inbox
from connector.work.inbox import MESSAGE

__all__ = [
    "ageing_channels",
    "due_for_renewal",
    "end_channels",
    "renew_channels",
    "save_channels",
    "silence",
]

RENEW_AT_LIFE = 0.5
ALERT_AT_LIFE = 0.8
SILENCE = timedelta(hours=24)


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


def ageing_channels(conn: sa.Connection, now: datetime) -> list[str]:
    """Say which CRMs hold a channel that should have been renewed and was not."""
    held = conn.execute(sa.select(channels).order_by(channels.c.system)).all()
    late = {
        row.system: row.expires_at
        for row in held
        if row.expires_at is not None
        and now >= row.renewed_at + (row.expires_at - row.renewed_at) * ALERT_AT_LIFE
    }
    return [
        f"{system}: notifications were not renewed in time; they end at "
        f"{ends_at:%Y-%m-%d %H:%M} UTC, and until then every change waits for a pull"
        for system, ends_at in late.items()
    ]


def silence(conn: sa.Connection, system: str, now: datetime) -> str:
    """Say that a CRM changed and has told of nothing for a day; empty: it tells, or need not.

    To be asked when a pull has found changes. The day begins with the channel at the earliest.
    """
    since = conn.execute(
        sa.select(sa.func.min(channels.c.opened_at)).where(channels.c.system == system)
    ).scalar_one()
    told = conn.execute(
        sa.select(sa.func.max(inbox.c.received_at)).where(
            inbox.c.system == system,
            inbox.c.kind == MESSAGE,
            ~inbox.c.message_id.startswith(JOB_MESSAGE),
        )
    ).scalar_one()
    if since is None or now - max(since, told or since) < SILENCE:
        return ""
    last = f"since {told:%Y-%m-%d %H:%M} UTC" if told else "ever"
    return (
        f"{system}: a pull found changes of which no notification has told; none has come {last}: "
        "can the CRM reach the callback address?"
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
    mine = channels.c.system == system, channels.c.url == url
    opened = sa.select(channels.c.channel_id, channels.c.opened_at).where(*mine)
    before = {row.channel_id: row.opened_at for row in conn.execute(opened)}
    conn.execute(channels.delete().where(channels.c.system == system))
    for receipt in receipts:
        conn.execute(
            channels.insert().values(
                system=system,
                channel_id=receipt.channel_id,
                url=url,
                renewed_at=now,
                expires_at=receipt.expires_at,
                opened_at=before.get(receipt.channel_id) or now,
            )
        )
