"""Alerts reach their channels: tried again, none lost, one that fails keeps no other waiting."""

import random
from datetime import timedelta

import pytest
import sqlalchemy as sa

from connector.clock import FixedClock
from connector.flow.alerting import AlertNotSent, SendReport, send_alerts
from connector.store.engine import in_one_commit, reading
from connector.store.queue_tables import alert_mail
from connector.texts.catalogue import Texts
from connector.work.alert import Alert
from connector.work.alerts import Channel, note, tell
from connector.work.retry import MAX_ATTEMPTS, RETRY_DELAYS

REPEAT = timedelta(hours=12)
CHANNELS = (Channel(name="mail", language="en"), Channel(name="群", language="zh"))
PARKED = Alert(code="parked_work", subject="zoho", params={"system": "zoho", "count": "3"})


class Phone:
    """A channel that takes messages, or fails as it is told to."""

    def __init__(self, engine: sa.Engine, language: str) -> None:
        self.texts = Texts(language)
        self.fails: BaseException | None = None
        self.got: list[str] = []
        self.in_transaction = False
        self._engine = engine

    def send(self, title: str, body: str, level: str) -> None:
        pool = self._engine.pool
        self.in_transaction |= bool(getattr(pool, "checkedout", lambda: 0)())
        if self.fails is not None:
            raise self.fails
        self.got.append(f"{title} | {body} | {level}")


class Office:
    """Two channels and a clock."""

    def __init__(self, engine: sa.Engine, clock: FixedClock) -> None:
        self.engine, self.clock = engine, clock
        self.phones = {each.name: Phone(engine, each.language) for each in CHANNELS}

    def happen(self, alert: Alert) -> None:
        def work(conn: sa.Connection) -> None:
            note(conn, alert, now=self.clock.now())
            tell(conn, CHANNELS, now=self.clock.now(), repeat=REPEAT)

        in_one_commit(self.engine, work)

    def send(self) -> SendReport:
        return send_alerts(self.engine, self.phones, self.clock, rng=random.Random(3))

    def states(self) -> list[tuple[str, str]]:
        statement = sa.select(alert_mail.c.state, alert_mail.c.last_error)
        with reading(self.engine) as conn:
            return [tuple(row) for row in conn.execute(statement.order_by(alert_mail.c.id))]


@pytest.fixture
def office(engine: sa.Engine, clock: FixedClock) -> Office:
    return Office(engine, clock)


def test_each_channel_hears_it_once_in_its_tongue_outside_of_any_transaction(
    office: Office,
) -> None:
    office.happen(PARKED)

    assert office.send() == SendReport(sent=2)
    assert office.send() == SendReport()
    (english,), (chinese,) = office.phones["mail"].got, office.phones["群"].got
    assert english.startswith("Zixin: Warning | 3 pieces of work of zoho wait for a person.")
    assert "连接 zoho 有 3 项工作挂起" in chinese
    assert not any(phone.in_transaction for phone in office.phones.values())


def test_a_channel_that_fails_is_tried_again_and_keeps_no_other_waiting(office: Office) -> None:
    office.phones["mail"].fails = AlertNotSent("the channel did not take the message")
    office.happen(PARKED)

    first = office.send()
    office.phones["mail"].fails = None
    office.clock.move(RETRY_DELAYS[0])

    assert first == SendReport(sent=1, waiting=1)
    assert office.send() == SendReport(sent=1)
    assert len(office.phones["mail"].got) == 1


def test_a_fault_of_a_channel_is_noted_without_its_text(office: Office) -> None:
    office.phones["mail"].fails = ValueError("json://token@host")
    office.happen(PARKED)

    office.send()

    assert office.states()[0] == ("ready", "ValueError")


def test_what_no_channel_takes_is_parked_in_the_end(office: Office) -> None:
    office.phones["mail"].fails = AlertNotSent("no")
    office.happen(PARKED)
    for _ in range(MAX_ATTEMPTS):
        office.send()
        office.clock.move(timedelta(days=1))

    assert office.states()[0] == ("parked", "no")


def test_a_worker_that_dies_at_sending_leaves_the_message_to_the_next(office: Office) -> None:
    class Killed(BaseException):
        """The process ended here."""

    phone = office.phones["mail"]
    office.happen(PARKED)

    phone.fails = Killed()
    with pytest.raises(Killed):
        office.send()
    phone.fails = None
    office.send()
    assert phone.got == []  # its lease stands
    office.clock.move(timedelta(minutes=5))
    office.send()

    assert len(phone.got) == 1
    assert [state for state, _ in office.states()] == ["done", "done"]


def test_what_happened_often_says_how_often(office: Office) -> None:
    office.happen(Alert(code="program_fault", subject="KeyError", params={"fault": "KeyError"}))
    office.send()
    for _ in range(3):
        office.clock.move(timedelta(hours=4))
        office.happen(Alert(code="program_fault", subject="KeyError", params={"fault": "KeyError"}))
    office.send()

    assert "It was seen 4 times." in office.phones["mail"].got[-1]
    assert office.phones["mail"].got[-1].startswith("Zixin: Error, still")
