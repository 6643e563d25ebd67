"""Carry alerts to people: what waits in ``alert_mail`` is sent, and tried again where it fails.

No transaction is open while a message leaves. A message may arrive twice when a worker dies behind
the send; none is lost. One channel that does not work keeps no other waiting.
"""

import random
import uuid
from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any, Protocol

import msgspec
import sqlalchemy as sa

from connector.clock import Clock
from connector.store.engine import in_one_commit
from connector.store.queue_tables import alert_mail
from connector.texts.catalogue import Texts
from connector.work import claim as claims
from connector.work.alerts import Message, system_of
from connector.work.retry import MAX_ATTEMPTS, back_off

__all__ = ["AlertNotSent", "SendReport", "Sender", "send_alerts", "sentence_of", "title_of"]

LEASE = timedelta(minutes=5)


class AlertNotSent(Exception):
    """A channel did not take a message. The text holds no address: it is a secret."""


class Sender(Protocol):
    """One channel: sends a text, in the tongue of those who read it."""

    @property
    def texts(self) -> Texts:
        """The tongue."""
        ...

    def send(self, title: str, body: str, level: str) -> None:
        """Send a message. Raises ``AlertNotSent``."""
        ...


class SendReport(msgspec.Struct):
    """What became of the messages that were due."""

    sent: int = 0
    waiting: int = 0
    parked: int = 0


def send_alerts(
    engine: sa.Engine,
    senders: Mapping[str, Sender],
    clock: Clock,
    *,
    rng: random.Random,
    new_lease: Callable[[], str] = lambda: uuid.uuid4().hex,
    stop: Callable[[], bool] = lambda: False,
) -> SendReport:
    """Send all messages that are due to the channels in ``senders``, by name; others wait."""
    report = SendReport()
    by_system = {system_of(name): sender for name, sender in senders.items()}
    while by_system and not stop():
        lease = new_lease()
        rows = _claim(engine, by_system, clock, lease)
        if not rows:
            break
        for row in rows:
            _send_one(engine, by_system[row.system], row, lease, clock, rng, report)
    return report


def title_of(message: Message, texts: Texts) -> str:
    """Write the head of a message."""
    level = texts.say(f"alert.level.{message.alert.level}")
    return texts.say(f"alert.title.{message.kind}", level=level)


def sentence_of(message: Message, texts: Texts) -> str:
    """Write what a message says."""
    params = dict(message.alert.params)
    name = params.get("schedule", "")
    if name and texts.knows(f"schedule.{name}"):
        params["schedule"] = texts.say(f"schedule.{name}")
    at = params.get("system", "")
    where = texts.say("alert.at", system=at) if at else ""
    said = texts.say(f"alert.{message.alert.code}", **(params | {"where": where}))
    if message.kind == "resolved":
        return texts.say("alert.resolved", what=said)
    if message.seen > 1:
        return f"{said}\n{texts.say('alert.seen', count=message.seen)}"
    return said


def _claim(
    engine: sa.Engine, by_system: Mapping[str, Sender], clock: Clock, lease: str
) -> list[sa.Row[Any]]:
    return in_one_commit(
        engine,
        lambda conn: claims.claim(
            conn, alert_mail, now=clock.now(), lease=lease, systems=set(by_system), length=LEASE
        ),
    )


def _send_one(
    engine: sa.Engine,
    sender: Sender,
    row: sa.Row[Any],
    lease: str,
    clock: Clock,
    rng: random.Random,
    report: SendReport,
) -> None:
    message = msgspec.json.decode(row.body, type=Message)
    error = ""
    try:
        title, body = title_of(message, sender.texts), sentence_of(message, sender.texts)
        sender.send(title, body, message.alert.level)
    except AlertNotSent as refused:
        error = str(refused)
    except Exception as fault:  # noqa: BLE001 a channel's fault; its text may hold the address
        error = type(fault).__name__
    now = clock.now()
    state = "done" if not error else "parked" if row.attempts >= MAX_ATTEMPTS else "ready"
    report.sent += state == "done"
    report.parked += state == "parked"
    report.waiting += state == "ready"
    again_at = now + back_off(row.attempts, rng)

    def settle(conn: sa.Connection) -> bool:
        if state == "ready":
            return claims.settle_later(
                conn, alert_mail, row.id, lease=lease, run_after=again_at, counted=True, error=error
            )
        return claims.settle(
            conn, alert_mail, row.id, lease=lease, state=state, now=now, error=error
        )

    in_one_commit(engine, settle)
