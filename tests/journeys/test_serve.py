"""``zixin serve`` beside the CRMs: a payment booked there changes the fields and closes the task."""

import json
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from functools import partial
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
import sqlalchemy as sa

from connector.clock import FixedClock
from connector.flow.policies import activate_version, hand_in
from connector.flow.run import RunWish, run_once
from connector.store.assessments import latest_assessments
from connector.store.engine import reading
from connector.store.queue_tables import inbox, ticks
from connector.store.tables import payments
from connector.wiring.jobs import job_of
from connector.wiring.service import Service
from connector.work.ticker import Ticker
from sandbox.company.generate import generate
from sandbox.faults import FaultKind, FaultRule
from tests.databases import Tables
from tests.journeys.clerk import Clerk, Owed, clerks_of, overdue_by_account
from tests.journeys.harness import Installation, installed, open_here, tasks_of
from tests.journeys.serving import Serve, free_port, genuine, listen_on, serving, wait_until

pytestmark = pytest.mark.journey

VENDORS = ("zoho", "fxiaoke")
SHANGHAI = ZoneInfo("Asia/Shanghai")
ACCOUNTS = 60


def today() -> date:
    return datetime.now(SHANGHAI).date()


@dataclass
class House:
    """Clerks in both CRMs, of whom each test takes customers of its own."""

    clerks: dict[str, Clerk]
    taken: set[tuple[str, str]] = field(default_factory=set)

    def late_customer(self, vendor: str) -> list[Owed]:
        """Take a customer with an open task whose whole overdue stands in this CRM."""
        clerk, everywhere = self.clerks[vendor], overdue_by_account(self.clerks, today())
        tasks = clerk.open_tasks()
        late: dict[str, list[Owed]] = {}
        for item in clerk.owed():
            if item.overdue(today()):
                late.setdefault(item.account, []).append(item)
        for account, items in sorted(late.items()):
            key = (vendor, account)
            own = sum(item.amount for item in items)
            if tasks.get(account) and key not in self.taken and own == everywhere[key]:
                self.taken.add(key)
                return items
        raise AssertionError(f"no late customer is left in {vendor}")

    def pay_all(self, vendor: str, items: Sequence[Owed]) -> None:
        """Book a payment of all these invoices."""
        self.clerks[vendor].pay([(item, item.amount) for item in items], today())

    def settled(self, vendor: str, account: str) -> bool:
        """Tell whether the CRM shows nothing overdue and no open task."""
        clerk = self.clerks[vendor]
        return clerk.shown()[account].overdue == 0 and not clerk.open_tasks().get(account)


@dataclass
class Served(House):
    """A house beside a running ``zixin serve``."""

    serve: Serve = field(kw_only=True)

    def wait_quiet(self) -> None:
        wait_until(self.serve.quiet, "quiet")

    def wait_settled(self, vendor: str, items: Sequence[Owed]) -> None:
        account = items[0].account
        try:
            wait_until(lambda: self.settled(vendor, account), "nothing overdue, no task open")
        except AssertionError as error:
            clerk = self.clerks[vendor]
            error.add_note(
                f"{vendor} {account}: {clerk.shown()[account]}, "
                f"{clerk.open_tasks().get(account, 0)} open tasks, "
                f"{[item for item in clerk.owed() if item.account == account]}\n"
                f"{self.serve.under_way()}\n{self.serve.said()}"
            )
            raise


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory, tables: Tables) -> Iterator[Served]:
    company = generate(ACCOUNTS, seed=5, as_of=today())
    folder = tmp_path_factory.mktemp("serve")
    with (
        tables.lent(folder) as url,
        installed(folder, company, as_of=today(), database_url=url, now=True) as installation,
    ):
        clerks = clerks_of(installation.crms)
        with serving(installation) as serve:
            wait_until(serve.quiet, "first reading done", seconds=200)
            yield Served(clerks, serve=serve)
        for clerk in clerks.values():
            clerk.close()


@pytest.fixture(autouse=True)
def well_behaved(request: pytest.FixtureRequest) -> Iterator[None]:
    yield
    if "house" in request.fixturenames:
        for clerk in request.getfixturevalue("house").clerks.values():
            clerk.misbehave(drop=0, duplicate=0, reorder=0)


@pytest.mark.parametrize("vendor", VENDORS)
def test_a_payment_changes_the_account_and_closes_its_task(house: Served, vendor: str) -> None:
    items = house.late_customer(vendor)
    account = items[0].account
    before = house.clerks[vendor].shown()[account]

    house.pay_all(vendor, items)
    house.wait_settled(vendor, items)

    after = house.clerks[vendor].shown()[account]
    assert before.overdue == sum(item.amount for item in items)
    assert after.summary != before.summary
    assert "无逾期" in after.summary


@pytest.mark.parametrize("vendor", VENDORS)
def test_a_part_payment_changes_the_amount_and_leaves_the_task_open(
    house: Served, vendor: str
) -> None:
    items = house.late_customer(vendor)
    account, part = items[0].account, (items[0].amount / 2).quantize(Decimal("0.01"))
    whole = sum(item.amount for item in items)

    house.clerks[vendor].pay([(items[0], part)], today())

    wait_until(
        lambda: house.clerks[vendor].shown()[account].overdue == whole - part, "part is counted"
    )
    house.wait_quiet()
    assert house.clerks[vendor].open_tasks()[account] >= 1


@pytest.mark.parametrize("vendor", VENDORS)
def test_repeated_and_late_notifications_change_nothing_more(house: Served, vendor: str) -> None:
    house.wait_quiet()
    notifier = house.serve.installation.crms.crm(vendor).notifier
    before = notifier.counters()
    house.clerks[vendor].misbehave(duplicate=1, reorder=0.5, seed=3)
    items = house.late_customer(vendor)

    house.pay_all(vendor, items)
    house.wait_settled(vendor, items)
    house.wait_quiet()

    after = notifier.counters()
    repeated = after["duplicated"] - before["duplicated"]
    assert repeated >= 2
    assert after["sent"] - before["sent"] == 2 * repeated
    assert after["failed"] == before["failed"]
    for name in VENDORS:
        keys = tasks_of(house.serve.installation.crms, name)
        assert len(keys) == len(set(keys))
    assert house.settled(vendor, items[0].account)


@pytest.mark.parametrize("vendor", VENDORS)
def test_a_genuine_message_sent_again_is_stored_once(house: Served, vendor: str) -> None:
    house.wait_quiet()
    body = json.dumps(genuine(house.serve.installation, vendor, "5000000000001")).encode()
    stored = house.serve.stored()

    answers = [house.serve.post(vendor, body) for _ in range(3)]

    assert answers == [200, 200, 200]
    assert house.serve.stored() == stored + 1
    house.wait_quiet()


@pytest.mark.parametrize("vendor", VENDORS)
def test_a_forged_message_is_refused_and_not_stored(house: Served, vendor: str) -> None:
    house.wait_quiet()
    message = genuine(house.serve.installation, vendor, "5000000000001")
    proof = "token" if vendor == "zoho" else "signature"
    wrong = json.dumps(message | {proof: "0" * len(str(message[proof]))}).encode()
    without = json.dumps({key: value for key, value in message.items() if key != proof}).encode()
    stored = house.serve.stored()

    answers = [house.serve.post(vendor, body) for body in (wrong, without, b"", b"\xff{")]

    assert answers == [401, 401, 401, 401]
    assert house.serve.stored() == stored


def test_no_message_stays_without_being_understood(house: Served) -> None:
    house.wait_quiet()

    with reading(house.serve.engine) as conn:
        states = set(conn.execute(sa.select(inbox.c.state)).scalars())

    assert states <= {"done"}
    assert "not understood" not in house.serve.said()


def test_the_first_reading_made_no_task_for_what_was_paid(house: Served) -> None:
    with reading(house.serve.engine) as conn:
        errors = conn.execute(sa.select(ticks.c.schedule, ticks.c.error)).all()

    assert {row.error for row in errors} == {""}
    for vendor, clerk in house.clerks.items():
        late = {item.account for item in clerk.owed() if item.overdue(today())}
        paid = {account for kept, account in house.taken if kept == vendor}
        assert set(clerk.open_tasks()) <= late | paid


# Without a process of its own: the clock is the test's


@dataclass
class Small:
    """A small installation that has run once, at a time of the test's."""

    installation: Installation
    clock: FixedClock
    clerks: dict[str, Clerk]


@pytest.fixture
def small(tmp_path: Path, database_url: str) -> Iterator[Small]:
    clock = FixedClock(datetime.now(UTC).replace(microsecond=0))
    company = generate(30, seed=5, as_of=today())
    with installed(
        tmp_path, company, as_of=today(), database_url=database_url, now=True
    ) as installation:
        clerks = clerks_of(installation.crms)
        yield Small(installation, clock, clerks)
        for clerk in clerks.values():
            clerk.close()


def test_a_dropped_notification_is_made_good_by_the_next_pull(small: Small) -> None:
    listen_on(small.installation, free_port())
    with open_here(small.installation, small.clock) as zixin:
        run_once(job_of(zixin), RunWish(as_of=zixin.clock.today()))
        service = Service(zixin)
        (pull,) = [one for one in service.schedules() if one.name == "pull"]
        ticker = Ticker(zixin.engine, small.clock)
        ticker.make_up(pull)
        house = House(small.clerks)
        customers = {vendor: house.late_customer(vendor) for vendor in VENDORS}
        for vendor, items in customers.items():
            small.clerks[vendor].misbehave(drop=1)
            house.pay_all(vendor, items)
        small.clock.move(timedelta(minutes=15))
        service.worker.start()
        try:
            assert ticker.make_up(pull)
            for vendor, items in customers.items():
                account = items[0].account
                wait_until(partial(house.settled, vendor, account), "made good")
        finally:
            service.worker.stop()
            assert service.worker.join(timedelta(seconds=20))
    with_drops = [small.installation.crms.crm(name).notifier.counters() for name in VENDORS]
    assert [counts["sent"] for counts in with_drops] == [0, 0]


def test_a_policy_activated_meanwhile_counts_from_the_next_decision(small: Small) -> None:
    with open_here(small.installation, small.clock) as zixin:
        run_once(job_of(zixin), RunWish(as_of=zixin.clock.today()))
        service = Service(zixin)
        (assess,) = [one for one in service.schedules() if one.name == "assess"]
        now, day = zixin.clock.now(), zixin.clock.today()
        hand_in(
            zixin.engine,
            'version = "next"',
            author="林",
            note="",
            configured=zixin.configured,
            now=now,
        )
        activate_version(
            zixin.engine,
            "next",
            approver="陈",
            from_on=day,
            today=day,
            now=now,
            currency=zixin.policy.currency,
        )

        assess.work(now)
        assert service.rounds.work_off_chunks()

        with reading(zixin.engine) as conn:
            latest = latest_assessments(conn)
        assert {one.assessment.policy_version for one in latest} == {"next"}


def test_building_the_receiver_starts_no_schedule_and_no_worker(small: Small) -> None:
    before = set(threading.enumerate())
    with open_here(small.installation, small.clock) as zixin:
        service = Service(zixin)

        client = service.receiver().test_client()

        assert client.get("/readyz").status_code == 200
        assert not service.scheduler.running
        assert set(threading.enumerate()) == before


def test_stopping_gives_up_when_patience_ends(
    small: Small, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("connector.wiring.service.STOP_PATIENCE", timedelta(seconds=0.5))
    finished = threading.Event()
    with open_here(small.installation, small.clock) as zixin:
        service = Service(zixin)
        service.worker.start()
        monkeypatch.setattr(service.scheduler, "shutdown", finished.wait)

        assert not service.stop()

        finished.set()
        assert service.worker.join(timedelta(seconds=20))


def test_notifications_are_asked_for_before_a_pull_which_may_come_each_minute(small: Small) -> None:
    small.installation.edit("[server]\n", "[schedule]\npull_minutes = 1\n\n[server]\n")

    with open_here(small.installation, small.clock) as zixin:
        names = [schedule.name for schedule in Service(zixin).schedules()]

    assert names[:2] == ["renew-channels", "pull"]


def test_ids_are_compared_each_night_where_deletions_are_not_told_and_else_each_month(
    small: Small,
) -> None:
    with open_here(small.installation, small.clock) as zixin:
        run_once(job_of(zixin), RunWish(as_of=zixin.clock.today(), push=False))
        tenant = small.installation.crms.crm("fxiaoke")
        (payment, *_) = (str(row["_id"]) for row in tenant.records("PaymentObj"))
        tenant.remove_record("PaymentObj", payment)
        service = Service(zixin)
        sweeps = {one.name: one for one in service.schedules() if one.name.startswith("sweep-")}
        assert set(sweeps) == {"sweep-nightly", "sweep-monthly"}

        sweeps["sweep-monthly"].work(zixin.clock.now())
        before = _gone_payments(zixin.engine)
        sweeps["sweep-nightly"].work(zixin.clock.now())

        assert (before, _gone_payments(zixin.engine)) == ([], [payment])


def _gone_payments(engine: sa.Engine) -> list[str]:
    statement = sa.select(payments.c.record_id).where(payments.c.gone_at.is_not(None))
    with reading(engine) as conn:
        return list(conn.execute(statement).scalars())


def test_a_rhythm_of_ones_own_for_the_sweep(small: Small) -> None:
    config = small.installation.config
    text = config.read_text(encoding="utf-8")
    config.write_text(text.replace('vendor = "', 'sweep = "weekly"\nvendor = "'), encoding="utf-8")

    with open_here(small.installation, small.clock) as zixin:
        names = {one.name for one in Service(zixin).schedules()}

    assert {name for name in names if name.startswith("sweep")} == {"sweep-weekly"}


def test_sigterm_ends_serve_in_time_even_in_the_middle_of_a_slow_reading(small: Small) -> None:
    slow = FaultRule(match="* /", kind=FaultKind.SLOW, delay_seconds=1.0)
    for vendor in VENDORS:
        small.installation.crms.crm(vendor).faults.add(slow)

    with serving(small.installation) as serve:
        wait_until(lambda: _pulling(serve.engine), "reading begun")
        assert serve.end() == 0

    assert "Traceback" not in serve.said()


def _pulling(engine: sa.Engine) -> bool:
    with reading(engine) as conn:
        under_way = sa.select(ticks.c.schedule).where(ticks.c.finished_at.is_(None))
        return "pull" in set(conn.execute(under_way).scalars())
