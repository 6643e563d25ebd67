"""A bench for each CRM: its look-alike on a real port, and the adapter that talks to it."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from random import Random
from typing import Any

import pytest
import sqlalchemy as sa

from adapters.callbacks import Callbacks
from adapters.http import Deadlines, Pace
from adapters.port import CrmPort, Cursor, Page, Priority, TaskChange, TaskDraft
from adapters.registry import open_port
from adapters.settings import ConnectionSettings
from adapters.tokens import MemoryTokenStore, Sealer
from connector.store.places import DatabasePlaces
from connector.store.spending import DatabaseSpending
from connector.store.tokens import DatabaseTokenStore
from sandbox.clock import SandboxClock
from sandbox.faults import FaultKind, FaultRule, Faults
from sandbox.fxiaoke.options import TenantOptions
from sandbox.fxiaoke.tenant import FxiaokeTenant
from sandbox.journal import Journal
from sandbox.lookalike import LookAlike
from sandbox.notifier import Notifier
from sandbox.server import Sandbox
from sandbox.zoho import ZohoOptions, ZohoOrg
from scoring.money import Money
from scoring.records import AccountRef, Kind
from tests.contract.vendors import (
    FXIAOKE,
    FXIAOKE_BODY,
    VENDORS,
    ZOHO,
    ZOHO_BOOKS,
    ZOHO_EXPORTS,
    Vendor,
)

__all__ = [
    "FXIAOKE",
    "FXIAOKE_BODY",
    "START",
    "VENDORS",
    "ZOHO",
    "ZOHO_BOOKS",
    "ZOHO_EXPORTS",
    "Bench",
    "RunningTime",
    "Time",
    "Vendor",
    "a_change",
    "a_draft",
    "open_bench",
    "read_all",
]

SPEED = 5
START = datetime(2026, 11, 20, 2, tzinfo=UTC)


@dataclass
class Time:
    """Time that passes only by sleeping; ``clock`` is the CRM's, where it passes there, too."""

    seconds: float = 0.0
    slept: list[float] = field(default_factory=list)
    clock: SandboxClock | None = None

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.seconds += seconds
        if self.clock is not None:
            self.clock.advance(timedelta(seconds=seconds))

    def pace(self) -> Pace:
        return Pace(
            now=lambda: START + timedelta(seconds=self.seconds),
            monotonic=lambda: self.seconds,
            sleep=self.sleep,
            jitter=lambda: 0.5,
        )


class RunningTime(Time):
    """Time that runs by itself, ``SPEED`` times as fast as ours, for what threads do together.

    Where it passed by sleeping alone, whoever waits for another would make that other one late.
    """

    def sleep(self, seconds: float) -> None:
        time.sleep(seconds / SPEED)
        super().sleep(seconds)

    def pace(self) -> Pace:
        began = time.monotonic()

        def seconds() -> float:
            return (time.monotonic() - began) * SPEED

        return Pace(
            now=lambda: START + timedelta(seconds=seconds()),
            monotonic=seconds,
            sleep=self.sleep,
            jitter=lambda: 0.5,
        )


@dataclass
class Bench:
    """One look-alike, running, and ports on it.

    With an ``engine`` tokens are kept and calls are booked in a database, as the product does it.
    """

    vendor: Vendor
    crm: LookAlike
    url: str
    time: Time = field(default_factory=Time)
    engine: sa.Engine | None = None
    sandbox: Sandbox = field(default_factory=Sandbox)

    def open(
        self,
        *,
        alone: bool = False,
        deadlines: Deadlines | None = None,
        callbacks: Callbacks | None = None,
        **changes: Any,
    ) -> CrmPort:
        """Open a port that has never talked to the CRM; ``alone``: in an installation of its own."""
        shared = None if alone else self.engine
        settings = self.vendor.settings(self.crm, self.url, budget=shared is not None)
        return open_port(
            ConnectionSettings(**{**_fields(settings), **changes}),
            store=MemoryTokenStore() if shared is None else DatabaseTokenStore(shared),
            sealer=Sealer(bytes(32)),
            pace=self.time.pace(),
            deadlines=deadlines or Deadlines(read=10),
            spending=None if shared is None else DatabaseSpending(shared),
            places=None if shared is None else DatabasePlaces(shared),
            callbacks=callbacks,
        )

    def add_account(self, **values: object) -> str:
        return self.put(Kind.ACCOUNTS, {**self.vendor.account, **values})

    def rename_account(self, record_id: str, name: str) -> None:
        self.put(Kind.ACCOUNTS, {self.vendor.renamed: name}, record_id)

    def remove_account(self, record_id: str) -> None:
        self.crm.remove_record(self.vendor.modules[Kind.ACCOUNTS], record_id)

    def add_invoice(self, account_id: str, **values: object) -> str:
        lookup = self.vendor.link(account_id)
        if self.vendor.invoice_account == "customer_id":
            lookup = self.add_contact_in_books(account_id)
        account = {self.vendor.invoice_account: lookup}
        return self.put(Kind.INVOICES, {**self.vendor.invoice, **account, **values})

    def need_papers_by_hand(self) -> None:
        """Skip what is about papers that only a person can spoil or put together so."""
        if not self.vendor.papers_by_hand:
            pytest.skip(
                "Zoho Books checks its papers itself: see tests/adapters/zoho/test_books.py"
            )

    def add_payment(self, account_id: str, amount: str) -> str:
        own = {
            self.vendor.payment_account: self.vendor.link(account_id),
            self.vendor.payment_amount: _number(amount),
        }
        return self.put(Kind.PAYMENTS, {**self.vendor.payment, **own})

    def add_allocation(self, payment_id: str, invoice_id: str, amount: str) -> str:
        payment, invoice = self.vendor.allocation_links
        own = {
            payment: self.vendor.link(payment_id),
            invoice: self.vendor.link(invoice_id),
            self.vendor.allocation_amount: _number(amount),
        }
        return self.put(Kind.ALLOCATIONS, {**self.vendor.allocation, **own})

    def add_credit_note(self, account_id: str, invoice_id: str, amount: int) -> str:
        """Add a credit note, the way each CRM keeps them."""
        if self.vendor.name == "fxiaoke":
            return self.add_invoice(
                account_id,
                name="CN-1",
                record_type="red_note__c",
                price_tax_amount=f"-{amount}.00",
                source_note_id__c=invoice_id,
            )
        values = {
            "Name": "CN-1",
            "Account": {"id": account_id},
            "Invoice": {"id": invoice_id},
            "Issue_Date": "2026-01-05",
            "Amount": amount,
            "Currency": "CNY",
        }
        return self.put(Kind.CREDIT_NOTES, values)

    def put(self, kind: Kind, values: dict[str, object], record_id: str | None = None) -> str:
        """Create or change a record as a person would."""
        return self.crm.put_record(self.vendor.modules[kind], values, record_id)

    def account(self, record_id: str) -> dict[str, object]:
        """Return an account as the CRM has it."""
        rows = self.crm.records(self.vendor.modules[Kind.ACCOUNTS])
        return next(row for row in rows if record_id in {row.get("id"), row.get("_id")})

    def somebody_who_left(self) -> str:
        """Return the id of a user who is no longer active."""
        if isinstance(self.crm, ZohoOrg):
            return self.crm.state.add_user("Left Person", "left@example.com", active=False)
        return self.vendor.left

    def close_task(self, task_id: str, note: str) -> None:
        """Close a task as its owner would."""
        status = "Completed" if self.vendor.name == "zoho" else "done"
        values: dict[str, object] = {
            self.vendor.task_status: status,
            self.vendor.task_body: note,
        }
        self.crm.put_record(self.vendor.task_module, values, task_id)

    def forbid(self) -> None:
        """Take the connection's right to read from it, the way each CRM knows it."""
        if isinstance(self.crm, ZohoOrg):
            few = ("ZohoCRM.org.READ", "ZohoCRM.settings.ALL", "ZohoCRM.users.READ")
            self.crm.state.options = replace(self.crm.options, scopes=few)
            return
        assert isinstance(self.crm, FxiaokeTenant)
        own = self.crm.state.staff.find(self.vendor.own)
        assert own is not None
        self.crm.state.staff.add(replace(own, stopped=True))
        self.crm.options.unknown_actor_code = 20012

    def add_contact_in_books(self, account_id: str) -> str:
        """Link a contact of Books to an account; the empty text: to none."""
        values: dict[str, object] = {"contact_name": "示例客户", "zcrm_account_id": account_id}
        return self.crm.put_record("books.contacts", values)

    def pass_time(self, step: timedelta) -> None:
        """Let time pass in the CRM, which alone stamps what changes."""
        self.crm.clock.advance(step)

    def fail(self, where: str, kind: FaultKind, times: int = 1) -> None:
        """Let the next calls of this kind go wrong."""
        self.crm.faults.add(FaultRule(match=where, kind=kind, times=times))

    def calls(self, where: str = "* /") -> int:
        """Count the calls that reached the CRM's API."""
        rule = FaultRule(match=where, kind=FaultKind.SLOW)
        return sum(rule.covers(call.method, call.path) for call in self.crm.journal)

    def tasks(self) -> list[dict[str, object]]:
        return self.crm.records(self.vendor.task_module)


def _number(text: str) -> object:
    """Give an amount the form both CRMs' pages take."""
    return float(text) if "." in text else int(text)


def _fields(settings: ConnectionSettings) -> dict[str, Any]:
    return {name: getattr(settings, name) for name in settings.__struct_fields__}


@contextmanager
def open_bench(
    vendor: Vendor,
    *,
    engine: sa.Engine | None = None,
    provisioned: bool = True,
    **options: Any,
) -> Iterator[Bench]:
    """Run one look-alike with the credit fields in place, its clock standing still."""
    own = (SandboxClock(START, frozen=True), Journal(), Faults(), Notifier())
    crm: LookAlike = (
        ZohoOrg(*own, options=ZohoOptions(provisioned=provisioned, **vendor.crm, **options))
        if vendor.name == "zoho"
        else FxiaokeTenant(*own, TenantOptions(provisioned=provisioned), rng=Random(1))
    )
    sandbox = Sandbox()
    url = sandbox.mount(crm)
    with sandbox:
        yield Bench(vendor=vendor, crm=crm, url=url, engine=engine, sandbox=sandbox)


def read_all(port: CrmPort, kind: Kind, cursor: Cursor | None = None) -> list[Page]:
    """Read a feed to its end."""
    pages = [port.changes(kind, cursor or Cursor())]
    while not pages[-1].finished:
        pages.append(port.changes(kind, pages[-1].cursor))
    return pages


def a_draft(account_id: str, key: str = "crm:1:overdue:L1", **changes: Any) -> TaskDraft:
    fields: dict[str, Any] = {
        "key": key,
        "account": AccountRef("crm", account_id),
        "owner_id": None,
        "subject": "逾期跟进：示例客户",
        "body": "请联系客户",
        "due_on": date(2026, 11, 25),
        "priority": Priority.HIGH,
        "level": 1,
        "overdue": Money(123450, "CNY"),
        "oldest_days": 32,
        **changes,
    }
    return TaskDraft(**fields)


def a_change(draft: TaskDraft, task_id: str, **changes: Any) -> TaskChange:
    names = set(TaskChange.__struct_fields__) & set(TaskDraft.__struct_fields__)
    fields = {name: getattr(draft, name) for name in names}
    return TaskChange(**{**fields, "task_id": task_id, **changes})
