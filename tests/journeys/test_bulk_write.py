"""From the outbox through a bulk job into Zoho: whatever breaks, each account ends up right, once."""

import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta

import pytest
import sqlalchemy as sa

from adapters.port import CreditField, CrmPort, FieldUpdate
from connector.clock import FixedClock
from connector.flow.push import push_due
from connector.flow.push_desk import PushCounts
from connector.store.audit import verify
from connector.store.engine import reading, writing
from connector.store.queue_tables import outbox
from connector.work.claim import LEASE
from connector.work.queue import enqueue
from sandbox.faults import FaultKind
from scoring.records import AccountRef
from tests.contract.bench import ZOHO, Bench, open_bench

pytestmark = pytest.mark.journey

ACCOUNTS = 150
UPLOAD, CREATE, LOOK, FETCH = (
    "POST /crm/v8/upload",
    "POST /crm/bulk/v8/write",
    "GET /crm/bulk/v8/write/",
    "GET /v2/crm/",
)
RATED = {True: "BBB", False: "CC"}


@dataclass
class Office:
    """An outbox with a rating for each of many accounts, and the Zoho it goes to."""

    engine: sa.Engine
    clock: FixedClock
    bench: Bench
    ids: list[str]

    def open(self) -> CrmPort:
        return self.bench.open(options={"bulk_write": "always"})

    def wish(self) -> None:
        updates = [
            FieldUpdate(
                account=AccountRef("crm", each),
                values={CreditField.RATING: self.rating(each), CreditField.OLDEST_DAYS: 3},
            )
            for each in self.ids
        ]
        with writing(self.engine) as conn:
            enqueue(conn, updates, now=self.clock.now())

    def rating(self, record_id: str) -> str:
        return RATED[int(record_id) % 2 == 0]

    def push(self, port: CrmPort) -> PushCounts:
        report = push_due(self.engine, {"crm": port}, self.clock, rng=random.Random(1))
        return report.of("crm")

    def push_until_done(self, port: CrmPort) -> None:
        for _ in range(6):
            self.push(port)
            if set(self.states()) == {"done"}:
                return
            self.pass_time(timedelta(minutes=15))

    def pass_time(self, step: timedelta) -> None:
        self.clock.move(step)
        self.bench.time.sleep(step.total_seconds())

    def states(self) -> list[str]:
        with reading(self.engine) as conn:
            return list(conn.execute(sa.select(outbox.c.state)).scalars())

    def calls(self, where: str) -> int:
        method, _, path = where.partition(" ")
        journal = self.bench.crm.journal
        return sum(call.method == method and call.path.startswith(path) for call in journal)

    def assert_right(self) -> None:
        accounts = {str(each["id"]): each for each in self.bench.crm.records("Accounts")}
        assert {each: accounts[each]["Credit_Rating"] for each in self.ids} == {
            each: self.rating(each) for each in self.ids
        }
        assert set(self.states()) == {"done"}
        with reading(self.engine) as conn:
            assert verify(conn) == len(self.ids)


@pytest.fixture
def office(engine: sa.Engine, clock: FixedClock) -> Iterator[Office]:
    with open_bench(ZOHO, bulk_job_seconds=20.0) as bench:
        bench.time.clock = bench.crm.clock
        ids = [bench.add_account(Account_Name=f"客户 {number}") for number in range(ACCOUNTS)]
        office = Office(engine, clock, bench, ids)
        office.wish()
        yield office


def test_a_backlog_goes_through_one_job(office: Office) -> None:
    counts = office.push(office.open())

    assert counts.accounts_written == ACCOUNTS
    assert (office.calls(CREATE), office.calls("PUT /crm/v8/Accounts")) == (1, 0)
    office.assert_right()


@pytest.mark.parametrize(
    ("where", "kind"),
    [
        (UPLOAD, FaultKind.RESET_AFTER),
        (CREATE, FaultKind.RESET_BEFORE),
        (CREATE, FaultKind.RESET_AFTER),
        (CREATE, FaultKind.QUOTA),
        (CREATE, FaultKind.STALE_TOKEN),
        (LOOK, FaultKind.ERROR_502_HTML),
        (LOOK, FaultKind.RATE_LIMIT),
        (FETCH, FaultKind.HTML_200),
        (FETCH, FaultKind.TRUNCATED_JSON),
        (FETCH, FaultKind.BROKEN_BYTES),
    ],
)
def test_whatever_breaks_every_account_ends_up_right(
    office: Office, where: str, kind: FaultKind
) -> None:
    office.bench.fail(where, kind)
    office.push_until_done(office.open())

    office.assert_right()


def test_another_process_goes_on_after_a_kill_half_way(office: Office) -> None:
    """The job writes on; what it wrote is found, what it had not come to is written."""
    port, slept = office.open(), office.bench.time.sleep

    def die(_seconds: float) -> None:
        if office.calls(LOOK) == 2:
            raise SystemExit
        slept(_seconds)

    office.bench.time.sleep = die  # type: ignore[assignment] # the moment of death
    dying = office.open()
    with pytest.raises(SystemExit):
        office.push(dying)
    office.bench.time.sleep = slept  # type: ignore[method-assign]
    held = office.push(port).accounts_written
    office.pass_time(LEASE)
    office.push_until_done(port)

    assert held == 0  # the dead worker's lease stands
    assert office.calls(CREATE) == 1
    office.assert_right()


def test_values_of_a_slow_job_do_not_land_upon_newer_ones(office: Office) -> None:
    """The job's answer is lost, and it begins late: newer ratings wait until it has ended."""
    office.bench.fail(CREATE, FaultKind.RESET_AFTER)
    port = office.open()
    office.push(port)
    office.ids, older = office.ids[:1], office.ids[1:]
    newer = {True: "A", False: "B"}
    with writing(office.engine) as conn:
        update = FieldUpdate(
            account=AccountRef("crm", office.ids[0]),
            values={CreditField.RATING: newer[int(office.ids[0]) % 2 == 0]},
        )
        enqueue(conn, [update], now=office.clock.now())
    early = office.push(port).accounts_written
    office.pass_time(timedelta(minutes=15))
    office.push_until_done(port)
    accounts = {str(each["id"]): each for each in office.bench.crm.records("Accounts")}

    assert early == 0
    assert accounts[office.ids[0]]["Credit_Rating"] in newer.values()
    assert {accounts[each]["Credit_Rating"] for each in older} == set(RATED.values())
