"""Messages are hints: merged, read once, settled; an echo of our own write ends there."""

import random
from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from adapters.errors import ContractBroken, CredentialsRejected, CrmUnavailable, RateLimited
from adapters.events import ForgedMessage, Hint, Verified
from adapters.port import CreditField
from connector.clock import FixedClock
from connector.flow.react import ReactReport, ReactSettings, merge_hints, react_due
from connector.flow.run import PortReader, RunWish, run_once
from connector.store.engine import reading, writing
from connector.store.queue_tables import inbox
from connector.store.tables import stale
from connector.work import parked
from connector.work.alerts import list_alerts
from connector.work.inbox import DatabaseInbox, put_hints
from connector.work.retry import MAX_ATTEMPTS
from scoring.records import Kind
from tests.connector.flow.deciding import AS_OF, a_job
from tests.crm_records import an_account, an_invoice, an_owner
from tests.fake_crm import FakeCrm

Read = tuple[str, Kind, tuple[str, ...]]


class Codec:
    """A message is a kind and ids: ``invoices I1 I2``. ``poison`` breaks its reader."""

    def verify(self, headers: Mapping[str, str], body: bytes) -> Verified:
        raise ForgedMessage("not asked for here")

    def parse_hints(self, body: bytes) -> Sequence[Hint]:
        kind, *ids = body.decode().split()
        if kind == "poison":
            raise ValueError("customer 4711")
        return [Hint(Kind(kind), tuple(ids))] if kind in set(Kind) else []


class ListReader:
    """Remembers what it was asked to read; ``fail`` may raise."""

    def __init__(self) -> None:
        self.asked: list[Read] = []
        self.feeds: list[tuple[str, Kind]] = []
        self.fail: Callable[[Sequence[str]], None] = lambda _ids: None

    def records(self, system: str, kind: Kind, record_ids: Sequence[str]) -> None:
        self.fail(record_ids)
        self.asked.append((system, kind, tuple(record_ids)))

    def changes(self, system: str, kind: Kind) -> None:
        self.feeds.append((system, kind))


class House:
    """What reacting needs."""

    def __init__(self, engine: sa.Engine, clock: FixedClock) -> None:
        self.engine = engine
        self.clock = clock
        self.reader = ListReader()
        self._put = 0

    def receive(self, *bodies: str, system: str = "crm") -> None:
        """Keep messages."""
        for body in bodies:
            self._put += 1
            box = DatabaseInbox(self.engine)
            box.put(system, f"M{self._put}", self.clock.now(), {}, body.encode())

    def react(self, **settings: Any) -> ReactReport:
        """React once."""
        return react_due(
            self.engine,
            {"crm": Codec(), "other": Codec()},
            self.reader,
            self.clock,
            rng=random.Random(7),
            settings=ReactSettings(**settings),
        )

    def states(self) -> list[str]:
        """List the states of the inbox."""
        with reading(self.engine) as conn:
            return list(conn.execute(sa.select(inbox.c.state).order_by(inbox.c.id)).scalars())

    def note(self, row_id: int) -> str:
        """Tell the note of a row."""
        with reading(self.engine) as conn:
            where = inbox.c.id == row_id
            note: str = conn.execute(sa.select(inbox.c.last_error).where(where)).scalar_one()
            return note


@pytest.fixture
def house(engine: sa.Engine, clock: FixedClock) -> House:
    return House(engine, clock)


def test_hints_name_each_record_once_in_order() -> None:
    hints = [
        Hint(Kind.INVOICES, ("I2", "I1")),
        Hint(Kind.PAYMENTS, ("P1",)),
        Hint(Kind.INVOICES, ("I1", "I3")),
    ]

    assert merge_hints(hints) == {Kind.INVOICES: ("I2", "I1", "I3"), Kind.PAYMENTS: ("P1",)}


def test_a_burst_is_read_together(house: House) -> None:
    house.receive("invoices I1 I2", "payments P1", "invoices I2", "invoices I1")

    report = house.react()

    assert house.reader.asked == [
        ("crm", Kind.INVOICES, ("I1", "I2")),
        ("crm", Kind.PAYMENTS, ("P1",)),
    ]
    assert (report.handled, report.records) == (4, 3)
    assert house.states() == ["done"] * 4


def test_connections_are_read_apart(house: House) -> None:
    house.receive("invoices I1")
    house.receive("invoices I1", system="other")

    house.react()

    assert [system for system, _, _ in house.reader.asked] == ["crm", "other"]


def test_reacting_again_reads_nothing(house: House) -> None:
    house.receive("invoices I1")
    house.react()

    assert house.react().handled == 0
    assert len(house.reader.asked) == 1


def test_an_answer_of_an_unknown_shape_is_noted_once_for_the_channels(house: House) -> None:
    def fail(_ids: Sequence[str]) -> None:
        raise ContractBroken("odd", system="crm", operation="read")

    house.receive("invoices I1", "invoices I2")
    house.reader.fail = fail

    report = house.react()

    with reading(house.engine) as conn:
        (alert,) = list_alerts(conn)
    assert report.parked == 2
    assert (alert.code, alert.subject, alert.seen) == ("contract_broken", "crm", 1)


def test_a_message_nobody_understands_is_kept_and_can_be_replayed(house: House) -> None:
    house.receive("invoices I1", system="stranger")
    house.receive("invoices I1")

    report = house.react()

    assert (report.handled, report.unhandled) == (1, 1)
    assert house.states() == ["unhandled", "done"]
    assert "kept for replay" in report.alarms[0]
    with writing(house.engine) as conn:
        parked.retry(conn, "in:1", now=house.clock.now())
    assert house.react().unhandled == 1


def test_a_message_about_records_that_are_not_read_is_settled(house: House) -> None:
    house.receive("weather sunny")

    assert house.react().handled == 1
    assert house.reader.asked == []


def test_a_storm_is_read_as_a_feed(house: House) -> None:
    house.receive(*(f"invoices I{number}" for number in range(6)), "payments P1")

    report = house.react(storm_ids=5)

    assert house.reader.feeds == [("crm", Kind.INVOICES)]
    assert house.reader.asked == [("crm", Kind.PAYMENTS, ("P1",))]
    assert (report.feeds, report.handled) == (1, 7)


def test_a_storm_over_many_batches_is_read_once(house: House) -> None:
    house.receive(*(f"invoices I{number}" for number in range(60)), "payments P1")

    report = house.react(batch_messages=10, storm_messages=20, storm_share=5)

    assert house.reader.feeds == [("crm", Kind.INVOICES)]
    assert house.reader.asked == [("crm", Kind.PAYMENTS, ("P1",))]
    assert (report.feeds, report.handled) == (1, 61)


def test_what_came_after_a_feed_was_read_is_read_again(house: House) -> None:
    house.receive(*(f"invoices I{number}" for number in range(60)))
    once = iter((lambda: house.receive("invoices I7"),))
    changes = house.reader.changes

    def meanwhile(system: str, kind: Kind) -> None:
        changes(system, kind)
        next(once, lambda: None)()

    house.reader.changes = meanwhile  # type: ignore[method-assign]
    house.react(batch_messages=10, storm_messages=20, storm_share=5)

    assert house.reader.asked == [("crm", Kind.INVOICES, ("I7",))]


def test_few_messages_behind_a_full_batch_are_no_storm(house: House) -> None:
    house.receive(*(f"invoices I{number}" for number in range(12)))

    report = house.react(batch_messages=10, storm_messages=20, storm_share=5)

    assert (report.feeds, report.records) == (0, 12)


def test_our_own_requests_are_never_left_to_a_feed(house: House) -> None:
    house.receive(*(f"invoices I{number}" for number in range(6)))
    with writing(house.engine) as conn:
        hints = [Hint(Kind.INVOICES, tuple(f"J{number}" for number in range(9)))]
        put_hints(conn, "crm", "x", hints, now=house.clock.now())

    house.react(storm_ids=5)

    assert house.reader.feeds == [("crm", Kind.INVOICES)]
    ((_, _, asked),) = house.reader.asked
    assert len(asked) == 9


def test_a_poison_message_is_parked_after_its_attempts_and_others_pass(house: House) -> None:
    house.receive("poison", "invoices I1")

    for _ in range(MAX_ATTEMPTS):
        house.react()
        house.clock.move(timedelta(hours=12))

    assert house.states() == ["parked", "done"]
    assert "ValueError" in house.note(1)
    assert "4711" not in house.note(1)
    assert len(house.reader.asked) == 1


def test_one_message_that_breaks_the_pull_does_not_hold_up_the_rest(house: House) -> None:
    def fail(ids: Sequence[str]) -> None:
        if "BAD" in ids:
            raise ZeroDivisionError

    house.reader.fail = fail
    house.receive("invoices I1", "invoices BAD", "invoices I2")

    report = house.react()

    assert house.states() == ["done", "ready", "done"]
    assert (report.handled, report.waiting) == (2, 1)


def test_an_outage_puts_messages_back(house: House) -> None:
    def fail(_ids: Sequence[str]) -> None:
        raise CrmUnavailable("down", system="crm", operation="fetch")

    house.reader.fail = fail
    house.receive("invoices I1", "invoices I2")
    assert house.react().waiting == 2

    house.reader.fail = lambda _ids: None
    assert house.react().handled == 0
    house.clock.move(timedelta(seconds=5))
    assert house.react().handled == 2


@pytest.mark.parametrize("error_type", [RateLimited, CredentialsRejected])
def test_a_system_that_cannot_be_read_rests_and_others_go_on(
    house: House, error_type: type[RateLimited | CredentialsRejected]
) -> None:
    def fail(ids: Sequence[str]) -> None:
        if ids[0] == "I1":
            raise error_type("no", system="crm", operation="fetch")

    house.reader.fail = fail
    house.receive("invoices I1")
    house.receive("invoices J1", system="other")

    report = house.react()

    assert (report.waiting, report.handled) == (1, 1)
    house.reader.fail = lambda _ids: None
    house.clock.move(timedelta(seconds=30))
    assert house.react().handled == 0


def test_a_message_that_kills_its_worker_ends_up_parked(house: House) -> None:
    def die(_ids: Sequence[str]) -> None:
        raise SystemExit

    house.reader.fail = die
    house.receive("invoices I1")
    for _ in range(MAX_ATTEMPTS):
        with pytest.raises(SystemExit):
            house.react()
        house.clock.move(timedelta(minutes=5))

    assert house.react().parked == 1
    assert house.states() == ["parked"]


def test_a_hint_of_our_own_is_read_like_a_message(house: House) -> None:
    with writing(house.engine) as conn:
        put_hints(conn, "crm", "x", [Hint(Kind.ACCOUNTS, ("A1",))], now=house.clock.now())

    house.react()

    assert house.reader.asked == [("crm", Kind.ACCOUNTS, ("A1",))]


def test_the_echo_of_our_own_write_changes_nothing(engine: sa.Engine, clock: FixedClock) -> None:
    crm = FakeCrm("zoho", [an_owner(), an_account("a1"), an_invoice("i1", "a1")])
    job = a_job(engine, clock, crm)
    run_once(job, RunWish(as_of=AS_OF))
    assert crm.fields["a1"][CreditField.RATING]
    house = House(engine, clock)
    house.receive("accounts a1", system="zoho")

    reader = PortReader(engine, job.ports, clock)
    report = react_due(engine, {"zoho": Codec()}, reader, clock, rng=random.Random(7))
    again = run_once(job, RunWish(as_of=AS_OF))

    assert report.handled == 1
    assert (again.assessed, again.connections["zoho"].fields_written) == (0, 0)
    with reading(engine) as conn:
        assert conn.execute(sa.select(sa.func.count()).select_from(stale)).scalar_one() == 0


def test_stopping_leaves_messages_for_later(house: House) -> None:
    house.receive("invoices I1")

    react_due(house.engine, {}, house.reader, house.clock, rng=random.Random(7), stop=lambda: True)

    assert house.states() == ["ready"]
