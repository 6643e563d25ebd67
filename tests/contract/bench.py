"""A bench for each CRM: its look-alike on a real port, and the adapter that talks to it."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from random import Random
from typing import Any

from adapters.http import Deadlines, Pace
from adapters.port import CrmPort, Cursor, Page, Priority, TaskChange, TaskDraft
from adapters.registry import open_port
from adapters.settings import ConnectionSettings, Secret
from adapters.tokens import MemoryTokenStore, Sealer
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

__all__ = [
    "FXIAOKE",
    "VENDORS",
    "ZOHO",
    "ZOHO_BOOKS",
    "ZOHO_EXPORTS",
    "Bench",
    "Time",
    "a_change",
    "a_draft",
    "open_bench",
    "read_all",
]

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


@dataclass(frozen=True, kw_only=True)
class Vendor:
    """What the suite must know to pull one CRM's levers."""

    name: str
    secrets: tuple[str, ...]
    modules: Mapping[Kind, str]
    task_module: str
    account: Mapping[str, object]
    renamed: str
    invoice: Mapping[str, object]
    invoice_account: str
    reads: str
    updates: str
    creates: str
    task_updates: str
    options: Mapping[str, Any] = field(default_factory=dict)
    crm: Mapping[str, Any] = field(default_factory=dict)
    pages_of_230: int = 3

    def settings(self, crm: LookAlike, url: str) -> ConnectionSettings:
        known = crm.credentials()
        return ConnectionSettings(
            name="crm",
            vendor=self.name,
            base_url=url,
            accounts_url=url,
            secrets={name: Secret(known[name]) for name in self.secrets},
            organisation_id=known.get("corp_id", ""),
            options=dict(self.options),
        )


ZOHO = Vendor(
    name="zoho",
    secrets=("client_id", "client_secret", "refresh_token"),
    modules={
        Kind.ACCOUNTS: "Accounts",
        Kind.INVOICES: "Invoices",
        Kind.PAYMENTS: "Payments",
    },
    task_module="Tasks",
    account={"Account_Name": "示例客户", "Currency": "CNY"},
    renamed="Account_Name",
    invoice={
        "Subject": "INV-1",
        "Invoice_Date": "2026-01-01",
        "Due_Date": "2026-01-31",
        "Grand_Total": 1234.5,
        "Currency": "CNY",
        "Status": "Approved",
    },
    invoice_account="Account_Name",
    reads="POST /crm/v8/coql",
    updates="PUT /crm/v8/Accounts",
    creates="POST /crm/v8/Tasks",
    task_updates="PUT /crm/v8/Tasks",
    options={"page_rows": 100},
)
FXIAOKE = Vendor(
    name="fxiaoke",
    secrets=("app_id", "app_secret", "permanent_code"),
    modules={
        Kind.ACCOUNTS: "AccountObj",
        Kind.INVOICES: "AccountsReceivableNoteObj",
        Kind.PAYMENTS: "PaymentObj",
    },
    task_module="credit_task__c",
    account={"name": "示例客户", "owner": ["1001"]},
    renamed="name",
    invoice={
        "name": "INV-1",
        "note_date": 1767196800000,  # 2026-01-01 00:00 GMT+8
        "due_date": 1769788800000,  # 2026-01-31 00:00 GMT+8
        "price_tax_amount": "1234.50",
        "record_type": "default__c",
    },
    invoice_account="account_id",
    reads="POST /cgi/crm/v2/data/query",
    updates="POST /cgi/crm/v2/data/update",
    creates="POST /cgi/crm/custom/v2/data/create",
    task_updates="POST /cgi/crm/custom/v2/data/update",
)
#: Zoho, where what is more than a page is exported, in jobs of at most 90 records.
ZOHO_EXPORTS = replace(
    ZOHO,
    options={"page_rows": 100, "export": "always", "export_rows": 50},
    crm={"bulk_rows": 90, "bulk_job_seconds": 0.0},
    pages_of_230=1 + 3 * (1 + 2),  # each of three jobs is started, and read in two portions
)
#: Zoho, whose ledger is in Zoho Books.
ZOHO_BOOKS = replace(
    ZOHO,
    modules={
        **ZOHO.modules,
        Kind.INVOICES: "books.invoices",
        Kind.PAYMENTS: "books.customerpayments",
    },
    invoice={
        "invoice_number": "INV-1",
        "date": "2026-01-01",
        "due_date": "2026-01-31",
        "total": 1234.5,
        "currency_code": "CNY",
    },
    invoice_account="customer_id",
    options={"page_rows": 100, "ledger": "books"},
    crm={"books": True},
)
VENDORS = (ZOHO, FXIAOKE)


@dataclass
class Bench:
    """One look-alike, running, and ports on it."""

    vendor: Vendor
    crm: LookAlike
    url: str
    time: Time = field(default_factory=Time)

    def open(self, **changes: Any) -> CrmPort:
        """Open a port that has never talked to the CRM."""
        fields = {**_fields(self.vendor.settings(self.crm, self.url)), **changes}
        return open_port(
            ConnectionSettings(**fields),
            store=MemoryTokenStore(),
            sealer=Sealer(bytes(32)),
            pace=self.time.pace(),
            deadlines=Deadlines(read=10),
        )

    def add_account(self, **values: object) -> str:
        module = self.vendor.modules[Kind.ACCOUNTS]
        return self.crm.put_record(module, {**self.vendor.account, **values})

    def rename_account(self, record_id: str, name: str) -> None:
        module = self.vendor.modules[Kind.ACCOUNTS]
        self.crm.put_record(module, {self.vendor.renamed: name}, record_id)

    def remove_account(self, record_id: str) -> None:
        self.crm.remove_record(self.vendor.modules[Kind.ACCOUNTS], record_id)

    def add_invoice(self, account_id: str, **values: object) -> str:
        lookup: object = account_id if self.vendor.name == "fxiaoke" else {"id": account_id}
        if self.vendor.invoice_account == "customer_id":
            lookup = self.add_contact_in_books(account_id)
        return self.crm.put_record(
            self.vendor.modules[Kind.INVOICES],
            {**self.vendor.invoice, self.vendor.invoice_account: lookup, **values},
        )

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

    def tasks(self) -> list[dict[str, object]]:
        return self.crm.records(self.vendor.task_module)


def _fields(settings: ConnectionSettings) -> dict[str, Any]:
    return {name: getattr(settings, name) for name in settings.__struct_fields__}


@contextmanager
def open_bench(vendor: Vendor, **options: Any) -> Iterator[Bench]:
    """Run one look-alike with the credit fields in place, its clock standing still."""
    own = (SandboxClock(START, frozen=True), Journal(), Faults(), Notifier())
    crm: LookAlike = (
        ZohoOrg(*own, options=ZohoOptions(provisioned=True, **vendor.crm, **options))
        if vendor.name == "zoho"
        else FxiaokeTenant(*own, TenantOptions(provisioned=True), rng=Random(1))
    )
    sandbox = Sandbox()
    url = sandbox.mount(crm)
    with sandbox:
        yield Bench(vendor=vendor, crm=crm, url=url)


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
