"""The ledger of alerts: what there is to tell, put down once, and the messages that tell it.

Whoever finds something notes it in the commit in which it was found. ``tell`` makes the messages:
each alert once, again only after a time while it goes on, and once that it is over. Sending is the
worker's job (``connector/flow/alerting.py``).
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import msgspec
import sqlalchemy as sa

from connector.store.engine import insert_or_ignore
from connector.store.queue_tables import alert_mail, alerts
from connector.work.alert import Alert, Level, weighs
from connector.work.quiet import NEVER_QUIET, Quiet

__all__ = [
    "Channel",
    "Message",
    "Standing",
    "list_alerts",
    "list_mail",
    "note",
    "observe",
    "system_of",
    "tell",
]

REOPENED_AFTER = timedelta(hours=1)
"""What comes back sooner than this after it was told is not told at once: it flaps."""
KEPT = timedelta(days=90)


@dataclass(frozen=True, slots=True, kw_only=True)
class Channel:
    """Where alerts go: from which level on, in which tongue, and when nobody is disturbed.

    ``breaks_quiet``: the level from which an alert goes out in quiet hours, too; none: it waits.
    """

    name: str
    language: str
    level: Level = "warning"
    quiet: Quiet = NEVER_QUIET
    breaks_quiet: Level | None = None

    def wants(self, alert: Alert) -> bool:
        """Tell whether an alert is heavy enough."""
        return weighs(alert.level, self.level)

    def send_at(self, alert: Alert, now: datetime) -> datetime:
        """Tell when an alert may go out."""
        if self.breaks_quiet is not None and weighs(alert.level, self.breaks_quiet):
            return now
        return self.quiet.opens_at(now)


class Message(msgspec.Struct, frozen=True, kw_only=True):
    """What a message says: ``raised``, ``again`` or ``resolved``; ``seen`` times since ``since``."""

    kind: str
    alert: Alert
    seen: int
    since: datetime


class Standing(msgspec.Struct, frozen=True, kw_only=True):
    """An alert as it stands."""

    code: str
    subject: str
    level: str
    params: dict[str, str]
    first_at: datetime
    last_at: datetime
    seen: int
    told_at: datetime | None
    resolved_at: datetime | None


def note(conn: sa.Connection, alert: Alert, *, now: datetime) -> None:
    """Put down that something happened; it is counted where it is known already."""
    _put(conn, alert, "event", now)


def observe(
    conn: sa.Connection, codes: Collection[str], standing: Iterable[Alert], *, now: datetime
) -> None:
    """Put down which alerts of these codes stand now; those that stood and do not are over."""
    found = {(alert.code, alert.subject): alert for alert in standing}
    known = sa.select(alerts.c.code, alerts.c.subject).where(
        alerts.c.code.in_(sorted(codes)), alerts.c.nature == "state", alerts.c.resolved_at.is_(None)
    )
    for row in conn.execute(known).all():
        if (row.code, row.subject) not in found:
            over = {"resolved_at": now, "last_at": now}
            conn.execute(alerts.update().where(*_is(row.code, row.subject)).values(over))
    for _, alert in sorted(found.items()):
        _put(conn, alert, "state", now)


def _put(conn: sa.Connection, alert: Alert, nature: str, now: datetime) -> None:
    params = msgspec.json.encode(alert.params, order="sorted")
    fresh = {"nature": nature, "params": params, "first_at": now, "last_at": now, "seen": 1}
    fresh |= {"resolved_at": None, "closed": False}
    mine = _is(alert.code, alert.subject)
    new = insert_or_ignore(conn, alerts).values(code=alert.code, subject=alert.subject, **fresh)
    if conn.execute(new.returning(alerts.c.code)).first() is not None:
        return
    began_anew = alerts.update().where(*mine, alerts.c.resolved_at.is_not(None)).values(fresh)
    if conn.execute(began_anew).rowcount == 1:
        return
    more = {"params": params, "last_at": now}
    if nature == "event":
        more["seen"] = alerts.c.seen + 1
    conn.execute(alerts.update().where(*mine).values(more))


def tell(
    conn: sa.Connection, channels: Sequence[Channel], *, now: datetime, repeat: timedelta
) -> int:
    """Make the messages that are due for these channels. Tells how many.

    What goes on is told again after ``repeat``; an event that did not come again for as long is
    over without a word. Safe with any number of nodes.
    """
    made = 0
    for row in conn.execute(sa.select(alerts).where(~alerts.c.closed).order_by(alerts.c.first_at)):
        if row.resolved_at is not None:
            made += _tell_over(conn, row, channels, now)
        elif row.nature == "event" and row.last_at <= now - repeat:
            _claimed(conn, row, {"resolved_at": now, "closed": True})
        elif _due(row, now, repeat) and _claimed(conn, row, {"told_at": now}):
            kind = "again" if row.told_at is not None and row.told_at >= row.first_at else "raised"
            made += _send(conn, _message(row, kind), channels, now)
    conn.execute(alert_mail.delete().where(alert_mail.c.settled_at < now - KEPT))
    conn.execute(alerts.delete().where(alerts.c.closed, alerts.c.last_at < now - KEPT))
    return made


def list_alerts(conn: sa.Connection, *, over: bool = False) -> list[Standing]:
    """List what stands, the newest first; with ``over`` what is over, too."""
    statement = sa.select(alerts).order_by(alerts.c.last_at.desc(), alerts.c.code, alerts.c.subject)
    if not over:
        statement = statement.where(alerts.c.resolved_at.is_(None))
    return [
        Standing(
            code=row.code,
            subject=row.subject,
            level=_alert(row).level,
            params=_alert(row).params,
            first_at=row.first_at,
            last_at=row.last_at,
            seen=row.seen,
            told_at=row.told_at,
            resolved_at=row.resolved_at,
        )
        for row in conn.execute(statement)
    ]


def list_mail(conn: sa.Connection, state: str) -> list[tuple[str, Message, str]]:
    """List messages in a state: channel, what it says, and the last error."""
    statement = sa.select(alert_mail).where(alert_mail.c.state == state).order_by(alert_mail.c.id)
    return [
        (row.system.partition(":")[2], msgspec.json.decode(row.body, type=Message), row.last_error)
        for row in conn.execute(statement)
    ]


def system_of(channel: str) -> str:
    """Name a channel as the one whose work it is; no connection can be called so."""
    return f"alert:{channel}"


def _due(row: sa.Row[Any], now: datetime, repeat: timedelta) -> bool:
    if row.told_at is None:
        return True
    if row.told_at < row.first_at:  # it was over, and came back
        return bool(row.told_at <= now - min(repeat, REOPENED_AFTER))
    is_news = row.nature == "state" or row.last_at > row.told_at
    return bool(is_news and row.told_at <= now - repeat)


def _tell_over(
    conn: sa.Connection, row: sa.Row[Any], channels: Sequence[Channel], now: datetime
) -> int:
    if not _claimed(conn, row, {"closed": True}):
        return 0
    if row.told_at is None or row.told_at < row.first_at:
        return 0  # nobody was told of it
    unaware = _drop_waiting(conn, row, now)
    aware = [channel for channel in channels if channel.name not in unaware]
    return _send(conn, _message(row, "resolved"), aware, now)


def _drop_waiting(conn: sa.Connection, row: sa.Row[Any], now: datetime) -> set[str]:
    """Drop what was not sent yet, and tell which channels will now never know of it."""
    lane = alert_mail.c.lane.endswith(f"|{row.code}|{row.subject}", autoescape=True)
    waits = lane, alert_mail.c.state == "ready"
    first = (*waits, alert_mail.c.kind == "raised", alert_mail.c.attempts == 0)
    unaware = {
        system.partition(":")[2]
        for system in conn.execute(sa.select(alert_mail.c.system).where(*first)).scalars()
    }
    untold = {"state": "dropped", "settled_at": now, "last_error": "it was over before"}
    unsent = (*waits, alert_mail.c.attempts == 0)
    conn.execute(alert_mail.update().where(*unsent).values(untold))
    return unaware


def _claimed(conn: sa.Connection, row: sa.Row[Any], change: dict[str, Any]) -> bool:
    """Change an alert as long as it is as it was read: of several nodes one tells."""
    unchanged = (
        alerts.c.told_at.is_not_distinct_from(row.told_at),
        alerts.c.resolved_at.is_not_distinct_from(row.resolved_at),
        ~alerts.c.closed,
    )
    statement = alerts.update().where(*_is(row.code, row.subject), *unchanged).values(change)
    return conn.execute(statement).rowcount == 1


def _send(conn: sa.Connection, message: Message, channels: Iterable[Channel], now: datetime) -> int:
    made = 0
    for channel in channels:
        if channel.wants(message.alert):
            _post(conn, message, channel, now, channel.send_at(message.alert, now))
            made += 1
    return made


def _post(
    conn: sa.Connection, message: Message, channel: Channel, now: datetime, send_at: datetime
) -> None:
    alert, system = message.alert, system_of(channel.name)
    conn.execute(
        alert_mail.insert().values(
            system=system,
            kind=message.kind,
            body=msgspec.json.encode(message),
            created_at=now,
            lane=f"{system}|{alert.code}|{alert.subject}",
            run_after=send_at,
        )
    )


def _message(row: sa.Row[Any], kind: str) -> Message:
    return Message(kind=kind, alert=_alert(row), seen=row.seen, since=row.first_at)


def _alert(row: sa.Row[Any]) -> Alert:
    params = msgspec.json.decode(row.params, type=dict[str, str])
    return Alert(code=row.code, subject=row.subject, params=params)


def _is(code: str, subject: str) -> tuple[sa.ColumnElement[bool], ...]:
    return alerts.c.code == code, alerts.c.subject == subject
