"""What the suite must know of each CRM to pull its levers: names, values, paths."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from adapters.budget import BudgetPlan
from adapters.settings import ConnectionSettings, Secret
from sandbox.fxiaoke.people import DEFAULT_STAFF
from sandbox.lookalike import LookAlike
from scoring.records import Kind

__all__ = ["FXIAOKE", "FXIAOKE_BODY", "VENDORS", "ZOHO", "ZOHO_BOOKS", "ZOHO_EXPORTS", "Vendor"]

_PLENTY = BudgetPlan(credits_per_day=1_000_000)


@dataclass(frozen=True, kw_only=True)
class Vendor:
    """One CRM's names. ``seller`` is an active user, ``own`` the connection's, ``left`` has left."""

    name: str
    secrets: tuple[str, ...]
    modules: Mapping[Kind, str]
    task_module: str
    task_status: str
    task_body: str
    task_owner: str
    account: Mapping[str, object]
    renamed: str
    account_owner: str
    country: str
    rating: str
    locked: Mapping[str, object]
    invoice: Mapping[str, object]
    invoice_account: str
    invoice_number: str
    amount: str
    issued_on: str
    due_on: str
    payment: Mapping[str, object]
    payment_account: str
    payment_amount: str
    allocation: Mapping[str, object]
    allocation_links: tuple[str, str]
    allocation_amount: str
    reads: str
    updates: str
    creates: str
    task_updates: str
    tokens: str
    api: str
    seller: str
    own: str
    left: str = ""
    options: Mapping[str, Any] = field(default_factory=dict)
    crm: Mapping[str, Any] = field(default_factory=dict)
    pages_of_230: int = 3
    papers_by_hand: bool = True  # people write invoices and allocations in the CRM itself

    def settings(self, crm: LookAlike, url: str, *, budget: bool = False) -> ConnectionSettings:
        """Say how a connection finds the look-alike; with ``budget`` its calls are booked."""
        known = crm.credentials()
        return ConnectionSettings(
            name="crm",
            vendor=self.name,
            base_url=url,
            accounts_url=url,
            secrets={name: Secret(known[name]) for name in self.secrets},
            organisation_id=known.get("corp_id", ""),
            options=dict(self.options),
            budget=_PLENTY if budget else None,
        )

    def link(self, record_id: str) -> object:
        """Name another record the way this CRM's records do."""
        return record_id if self.name == "fxiaoke" else {"id": record_id}


ZOHO = Vendor(
    name="zoho",
    secrets=("client_id", "client_secret", "refresh_token"),
    modules={
        Kind.ACCOUNTS: "Accounts",
        Kind.INVOICES: "Invoices",
        Kind.CREDIT_NOTES: "Credit_Notes",
        Kind.PAYMENTS: "Payments",
        Kind.ALLOCATIONS: "Payment_Allocations",
    },
    task_module="Tasks",
    task_status="Status",
    task_body="Description",
    task_owner="Owner",
    account={"Account_Name": "示例客户", "Currency": "CNY"},
    renamed="Account_Name",
    account_owner="Owner",
    country="Billing_Country",
    rating="Credit_Rating",
    locked={"Locked__s": True},
    invoice={
        "Subject": "INV-1",
        "Invoice_Date": "2026-01-01",
        "Due_Date": "2026-01-31",
        "Grand_Total": 1234.5,
        "Currency": "CNY",
        "Status": "Approved",
    },
    invoice_account="Account_Name",
    invoice_number="Subject",
    amount="Grand_Total",
    issued_on="Invoice_Date",
    due_on="Due_Date",
    payment={
        "Name": "P-1",
        "Payment_Date": "2026-02-10",
        "Amount": 500,
        "Currency": "CNY",
    },
    payment_account="Account",
    payment_amount="Amount",
    allocation={"Name": "A-1", "Currency": "CNY"},
    allocation_links=("Payment", "Invoice"),
    allocation_amount="Amount",
    reads="POST /crm/v8/coql",
    updates="PUT /crm/v8/Accounts",
    creates="POST /crm/v8/Tasks",
    task_updates="PUT /crm/v8/Tasks",
    tokens="POST /oauth/v2/token",
    api="* /crm/",
    seller="5000000000000002",
    own="5000000000000001",
    options={"page_rows": 100},
)
FXIAOKE = Vendor(
    name="fxiaoke",
    secrets=("app_id", "app_secret", "permanent_code"),
    modules={
        Kind.ACCOUNTS: "AccountObj",
        Kind.INVOICES: "AccountsReceivableNoteObj",
        Kind.CREDIT_NOTES: "AccountsReceivableNoteObj",
        Kind.PAYMENTS: "PaymentObj",
        Kind.ALLOCATIONS: "MatchNoteDetailObj",
    },
    task_module="credit_task__c",
    task_status="status__c",
    task_body="result__c",
    task_owner="owner",
    account={"name": "示例客户", "owner": ["1001"]},
    renamed="name",
    account_owner="owner",
    country="country",
    rating="credit_rating__c",
    locked={"lock_status": "1"},
    invoice={
        "name": "INV-1",
        "note_date": 1767196800000,  # 2026-01-01 00:00 GMT+8
        "due_date": 1769788800000,  # 2026-01-31 00:00 GMT+8
        "price_tax_amount": "1234.50",
        "record_type": "default__c",
    },
    invoice_account="account_id",
    invoice_number="name",
    amount="price_tax_amount",
    issued_on="note_date",
    due_on="due_date",
    payment={"payment_time": "2026-02-10", "payment_amount": "500.00"},
    payment_account="account_id",
    payment_amount="payment_amount",
    allocation={},
    allocation_links=("payment_id", "ar_id"),
    allocation_amount="match_amount",
    reads="POST /cgi/crm/v2/data/query",
    updates="POST /cgi/crm/v2/data/update",
    creates="POST /cgi/crm/custom/v2/data/create",
    task_updates="POST /cgi/crm/custom/v2/data/update",
    tokens="POST /oauth2.0/token",
    api="* /cgi/crm/",
    seller="1001",
    own="1000",
    left="1002",
)
_OPEN_IDS = {person.id: person.open_id for person in DEFAULT_STAFF}
#: Fenxiang's older requests: credentials in the body, people under the platform's own ids.
FXIAOKE_BODY = replace(
    FXIAOKE,
    tokens="POST /cgi/corpAccessToken/get/V2",
    seller=_OPEN_IDS["1001"],
    own=_OPEN_IDS["1000"],
    left=_OPEN_IDS["1002"],
    options={"style": "body", "user_id": _OPEN_IDS["1000"]},
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
    invoice_number="invoice_number",
    amount="total",
    issued_on="date",
    due_on="due_date",
    options={"page_rows": 100, "ledger": "books"},
    crm={"books": True},
    papers_by_hand=False,
)
VENDORS = (ZOHO, FXIAOKE)
