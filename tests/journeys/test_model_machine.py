"""The product beside Zoho's look-alike, against a model that knows what was done to whom.

People book, change, move and delete records, merge accounts and write into fields of ours;
notifications are lost, repeated and late; the product dies between any two of its transactions and
starts again. When all is quiet its mirror is the model, no value of a person was overwritten, and
the conflicts it lists are those that were made. (reliability T04; G2, G3, G6; F01, F02, F45 to F48)
"""

import json
import tempfile
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from random import Random
from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, rule, run_state_machine_as_test

from adapters import registry
from adapters.http import Pace
from connector.cli.sandboxes import CHANNEL_TOKEN, noon
from connector.clock import FixedClock
from connector.flow.decide import decide
from connector.flow.push import push_due
from connector.flow.react import react_due
from connector.flow.run import PortReader, RunWish, read_crm, run_once
from connector.store.engine import reading
from connector.store.tables import accounts, invoices
from connector.store.tokens import DatabaseTokenStore
from connector.wiring import Zixin
from connector.wiring.jobs import job_of
from connector.wiring.service import Service
from connector.work.channels import renew_channels
from connector.work.parked import list_parked
from sandbox.zoho import ZohoOrg
from tests.databases import empty_database
from tests.journeys.harness import Installation, installed, open_here, tasks_of
from tests.journeys.small_company import a_company

pytestmark = pytest.mark.database

AS_OF = date(2026, 3, 31)
SYSTEM = "zoho-sandbox"
A_PERSONS_TIME = timedelta(minutes=6)  # longer than a pull counts as a look (ADR 18)
MOST_RUNS = 12
FIELD = "Credit_Summary"
WORKS = ("pull", "decide", "push", "react", "run")
numbers = st.integers(0, 10**6)


class Died(BaseException):
    """The process is no more; nothing of ours catches this."""


@dataclass
class Owing:
    """An invoice as the model knows it."""

    account: str
    amount: int
    due_on: date


class Process:
    """One life of the product: opened, and dead as soon as ``left`` transactions began or ended."""

    def __init__(self, installation: Installation, clock: FixedClock) -> None:
        self._stack = ExitStack()
        self.zixin: Zixin = self._stack.enter_context(open_here(installation, clock))
        pace = Pace(
            now=clock.now,
            monotonic=lambda: clock.now().timestamp(),
            sleep=lambda seconds: clock.move(timedelta(seconds=seconds)),
            jitter=lambda: 0.9,
        )
        self.zixin._ports[SYSTEM] = registry.open_port(
            self.zixin.settings(SYSTEM),
            store=DatabaseTokenStore(self.zixin.engine),
            sealer=self.zixin.sealer,
            pace=pace,
        )
        self.left: int | None = None
        for event in ("begin", "commit"):
            sa.event.listen(self.zixin.engine, event, self._count)

    def _count(self, _conn: sa.Connection) -> None:
        if self.left is None:
            return
        self.left -= 1
        if self.left < 0:
            raise Died

    def end(self) -> None:
        """Let go of everything in memory."""
        self.left = None
        self._stack.close()


class ModelMachine(RuleBasedStateMachine):
    """Rules for people, for the network, and for the product."""

    folder: Path
    url: str

    def __init__(self) -> None:
        super().__init__()
        self.stack = ExitStack()
        folder = Path(self.stack.enter_context(tempfile.TemporaryDirectory(prefix="zixin-model-")))
        url = self.stack.enter_context(empty_database(folder))
        self.installation = self.stack.enter_context(
            installed(folder / "it", a_company(), as_of=AS_OF, database_url=url, only="zoho")
        )
        crm = self.installation.crms.crm("zoho")
        assert isinstance(crm, ZohoOrg)
        self.crm = crm
        crm.notifier.set_knobs({"drop": 1.0})  # what is told is this machine's to decide
        self.clock = FixedClock(noon(AS_OF) - timedelta(hours=11))
        self.process = Process(self.installation, self.clock)
        self._sync()
        renew_channels(
            self.process.zixin.engine,
            self.process.zixin.port(SYSTEM),
            self.process.zixin.callback_url(SYSTEM),
            self.clock,
        )
        self.accounts = {
            str(row["id"]): str(row["Account_Name"]) for row in crm.records("Accounts")
        }
        self.invoices = {
            str(row["id"]): Owing(
                account=_lookup(row["Account_Name"]),
                amount=int(float(str(row["Grand_Total"]))),
                due_on=date.fromisoformat(str(row["Due_Date"])),
            )
            for row in crm.records("Invoices")
        }
        self.told: list[bytes] = []
        self.by_hand: dict[str, str] = {}
        self.made = 0

    # People

    @rule(who=numbers, amount=st.integers(1, 90), days=st.integers(-40, 200))
    def book(self, who: int, amount: int, days: int) -> None:
        """Book an invoice, overdue or not yet due."""
        account = self._one_of(self.accounts, who)
        owing = Owing(account, amount * 1000, AS_OF - timedelta(days=days))
        self.made += 1
        values = {"Subject": f"M-{self.made:04}", **_values(owing)}
        self.invoices[self._put("Invoices", values)] = owing

    @rule(which=numbers, amount=st.integers(1, 90))
    def correct(self, which: int, amount: int) -> None:
        """Change an invoice's amount."""
        if self.invoices:
            record = self._one_of(self.invoices, which)
            self.invoices[record].amount = amount * 1000
            self._put("Invoices", _values(self.invoices[record]), record)

    @rule(which=numbers)
    def delete_invoice(self, which: int) -> None:
        """Delete an invoice."""
        if self.invoices:
            self._remove("Invoices", self._one_of(self.invoices, which))

    @rule(who=numbers)
    def rename(self, who: int) -> None:
        """Rename an account."""
        account = self._one_of(self.accounts, who)
        self.made += 1
        self.accounts[account] = f"改名 {self.made}"
        self._put("Accounts", {"Account_Name": self.accounts[account]}, account)

    @rule()
    def open_account(self) -> None:
        """Add an account."""
        self.made += 1
        name = f"新客户 {self.made}"
        self.accounts[self._put("Accounts", {"Account_Name": name})] = name

    @rule(loser=numbers, winner=numbers)
    def merge(self, loser: int, winner: int) -> None:
        """Merge two accounts, as the CRM does: records move, then the loser is deleted."""
        gone, kept = self._one_of(self.accounts, loser), self._one_of(self.accounts, winner)
        if gone == kept:
            return
        for record, owing in self.invoices.items():
            if owing.account == gone:
                owing.account = kept
                self._put("Invoices", _values(owing), record)
        self._remove("Accounts", gone)

    @rule(who=numbers)
    def write_by_hand(self, who: int) -> None:
        """Write into a field of ours."""
        account = self._one_of(self.accounts, who)
        self.made += 1
        self._pass(A_PERSONS_TIME)
        self.by_hand[account] = f"人工备注 {self.made}"
        self._put("Accounts", {FIELD: self.by_hand[account]}, account)

    # The network

    @rule(which=numbers, again=st.booleans())
    def deliver(self, which: int, *, again: bool) -> None:
        """Let any notification arrive that is under way; it may come once more."""
        if not self.told:
            return
        body = self.told[which % len(self.told)]
        if not again:
            self.told.remove(body)
        receiver = Service(self.process.zixin).receiver().test_client()
        hook = self.process.zixin.hook(SYSTEM)
        assert receiver.post(f"/hooks/{hook}", data=body).status_code == 200

    @rule()
    def lose(self) -> None:
        """Lose all notifications under way."""
        self.told.clear()

    # The product

    @rule(what=st.sampled_from(WORKS))
    def work(self, what: str) -> None:
        """Let it do one of its works."""
        self._work(what)

    @rule(what=st.sampled_from(WORKS), left=st.integers(0, 60))
    def die(self, what: str, left: int) -> None:
        """Let it die in one of its works, between two transactions, and start again."""
        self.process.left = left
        with suppress(Died):
            self._work(what)
        self.process.end()
        self.process = Process(self.installation, self.clock)

    @rule(minutes=st.sampled_from([1, 6, 20]))
    def wait(self, minutes: int) -> None:
        """Let time pass, within the day."""
        self._pass(timedelta(minutes=minutes))

    def teardown(self) -> None:
        """Let it become quiet, and compare."""
        try:
            self._become_quiet()
            self._compare()
        finally:
            self.process.end()
            self.stack.close()

    # Hands

    def _become_quiet(self) -> None:
        # An edit by hand shows as a conflict when we want to write there: give a reason.
        for account in self.by_hand:
            owing = Owing(account, 77_000 + self.made, AS_OF - timedelta(days=100))
            self.invoices[self._put("Invoices", {"Subject": "Q", **_values(owing)})] = owing
        for _ in range(MOST_RUNS):
            self._pass(timedelta(minutes=10))
            self._work("react")
            report = self._run(full=True)
            assert report.errors == []
            with reading(self.process.zixin.engine) as conn:
                waiting = conn.exec_driver_sql(
                    "SELECT count(*) FROM outbox WHERE state IN ('ready', 'running')"
                ).scalar_one()
            if not waiting:
                return
        raise AssertionError("it never became quiet")

    def _compare(self) -> None:
        with reading(self.process.zixin.engine) as conn:
            mirrored = {
                row.record_id: row.name
                for row in conn.execute(sa.select(accounts).where(accounts.c.gone_at.is_(None)))
            }
            owed = {
                row.record_id: (row.account_id, row.amount_minor // 100, row.due_on)
                for row in conn.execute(sa.select(invoices).where(invoices.c.gone_at.is_(None)))
            }
            parked = list_parked(conn)
        assert mirrored == self.accounts
        assert owed == {
            record: (owing.account, owing.amount, owing.due_on)
            for record, owing in self.invoices.items()
        }
        held = {str(row["id"]): row[FIELD] for row in self.crm.records("Accounts")}
        assert {account: held[account] for account in self.by_hand} == self.by_hand
        assert {item.account_id for item in parked if item.account_id in self.accounts} == set(
            self.by_hand
        ), parked
        keys = tasks_of(self.installation.crms, "zoho")
        assert len(keys) == len(set(keys))

    def _work(self, what: str) -> None:
        zixin = self.process.zixin
        job = job_of(zixin)
        match what:
            case "pull":
                read_crm(job, zixin.port(SYSTEM), allow_mass_change=True)
            case "decide":
                decide(job, zixin.clock.today())
            case "push":
                push_due(job.engine, job.ports, job.clock, rng=Random(1))
            case "react":
                reader = PortReader(job.engine, job.ports, job.clock)
                codecs: Any = {SYSTEM: zixin.codec(SYSTEM)}
                react_due(job.engine, codecs, reader, job.clock, rng=Random(1))
            case _:
                self._run(full=False)
        self._sync()

    def _run(self, *, full: bool) -> Any:
        job = job_of(self.process.zixin)
        return run_once(job, RunWish(as_of=AS_OF, full=full, allow_mass_change=True))

    def _put(self, module: str, values: dict[str, object], record: str | None = None) -> str:
        self._pass(timedelta(seconds=1))
        put = self.crm.put_record(module, values, record)
        self._tell(module, record or put)
        return record or put

    def _remove(self, module: str, record: str) -> None:
        self._pass(timedelta(seconds=1))
        self.crm.remove_record(module, record)
        for known in (self.accounts, self.invoices, self.by_hand):
            if module == "Invoices" or known is not self.invoices:
                known.pop(record, None)
        self._tell(module, record)

    def _tell(self, module: str, record: str) -> None:
        (channel,) = {
            one.id
            for one in self.crm.watch.channels()
            if any(event.startswith(f"{module}.") for event in one.events)
        }
        message = {
            "module": module,
            "ids": [record],
            "operation": "update",
            "token": CHANNEL_TOKEN,
            "channel_id": channel,
            "server_time": int(self.clock.now().timestamp() * 1000),
        }
        self.told.append(json.dumps(message).encode())

    def _pass(self, step: timedelta) -> None:
        if self.clock.now() + step < noon(AS_OF) + timedelta(hours=10):
            self.clock.move(step)
        self._sync()

    def _sync(self) -> None:
        self.crm.clock.set(self.clock.now(), frozen=True)

    @staticmethod
    def _one_of(known: dict[str, Any], number: int) -> str:
        return sorted(known)[number % len(known)]


def _values(owing: Owing) -> dict[str, object]:
    return {
        "Account_Name": owing.account,
        "Invoice_Date": (owing.due_on - timedelta(days=30)).isoformat(),
        "Due_Date": owing.due_on.isoformat(),
        "Grand_Total": float(owing.amount),
        "Currency": "CNY",
    }


def _lookup(value: object) -> str:
    return str(value["id"]) if isinstance(value, dict) else str(value)


def prove(*, runs: int, steps: int) -> None:
    """Live so many lives; ``--hypothesis-seed`` draws others."""
    run_state_machine_as_test(
        ModelMachine,
        settings=settings(
            max_examples=runs,
            stateful_step_count=steps,
            deadline=None,
            suppress_health_check=list(HealthCheck),
            phases=[Phase.generate],  # a life takes seconds: shrinking would take hours
            print_blob=True,
        ),
    )


@pytest.mark.journey
def test_the_mirror_is_the_model_and_no_persons_value_is_lost() -> None:
    prove(runs=3, steps=18)


@pytest.mark.full
@pytest.mark.timeout(5400)
def test_the_mirror_is_the_model_in_five_hundred_lives() -> None:
    prove(runs=500, steps=50)
