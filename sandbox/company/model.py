"""The sample company's books, before either CRM's format: what the look-alikes are filled with.

A document's key is unique within the CRM that holds it. Books loaded from files into both CRMs
hold each document twice under one key, once for each; an allocation then stands for both.
"""

from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal

__all__ = [
    "Company",
    "Customer",
    "Person",
    "SampleAllocation",
    "SampleCollateral",
    "SampleContact",
    "SampleCreditNote",
    "SampleCreditRecord",
    "SampleInvoice",
    "SampleNote",
    "SampleOrder",
    "SamplePayment",
    "SamplePromise",
    "SampleReturn",
    "SampleStatement",
    "SampleWriteOff",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """An employee of the selling company."""

    key: str
    name: str
    email: str
    active: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class SampleContact:
    """A person at the customer."""

    key: str
    customer: str
    name: str
    email: str
    phone: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Customer:
    """A customer. ``story`` is the truth about it and is shown to nobody but tests.

    ``crms`` says in which look-alikes it stands: ``zoho``, ``fxiaoke`` or both.
    ``size_class``: ``large``, ``public`` or ``sme``. The last four stand in fields of the account.
    """

    key: str
    name: str
    crms: frozenset[str]
    uscc: str | None = None
    industry: str | None = None
    country: str | None = None
    owner: str | None = None
    parent: str | None = None
    currency: str = "CNY"
    terms_days: int | None = None
    created_on: date | None = None
    size_class: str | None = None
    founded_on: date | None = None
    registered_capital: Decimal | None = None
    tax_grade: str | None = None
    story: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class SampleInvoice:
    """An invoice or one instalment of it. ``crm`` is the one look-alike that holds it."""

    key: str
    customer: str
    crm: str
    number: str
    issued_on: date
    due_on: date
    currency: str
    amount: Decimal
    disputed: Decimal | None = None
    disputed_on: date | None = None
    dispute_closed_on: date | None = None
    dispute_outcome: str | None = None
    segment: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SampleCreditNote:
    """A credit note; ``invoice`` is ``None`` while it is not applied."""

    key: str
    customer: str
    crm: str
    number: str
    issued_on: date
    currency: str
    amount: Decimal
    invoice: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SamplePayment:
    """Money received."""

    key: str
    customer: str
    crm: str
    paid_on: date
    currency: str
    amount: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class SampleAllocation:
    """A part of a payment applied to an invoice."""

    payment: str
    invoice: str
    amount: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class SampleOrder:
    """A sales order; ``invoiced`` is the part already invoiced."""

    key: str
    customer: str
    crm: str
    number: str
    ordered_on: date
    deliver_on: date | None
    currency: str
    amount: Decimal
    invoiced: Decimal
    status: str = "open"
    delivered: Decimal | None = None
    deposit: Decimal | None = None
    segment: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SampleStatement:
    """A financial statement; ``lines`` by our names, written in ``unit`` of ``currency``."""

    key: str
    customer: str
    crm: str
    period_end: date
    received_on: date
    lines: dict[str, Decimal]
    months: int = 12
    basis: str = "audited"
    source: str = "客户"
    currency: str = "CNY"
    unit: str = "元"


@dataclass(frozen=True, slots=True, kw_only=True)
class SampleCreditRecord:
    """One fact of the credit file: a registry extract, a judgment, a reference."""

    key: str
    customer: str
    crm: str
    kind: str
    known_on: date
    event_on: date | None = None
    valid_to: date | None = None
    ended_on: date | None = None
    status: str | None = None
    value: Decimal | None = None
    amount: Decimal | None = None
    currency: str = "CNY"
    channel: str | None = None
    source: str = "企业信用信息公示系统"


@dataclass(frozen=True, slots=True, kw_only=True)
class SamplePromise:
    """A promise to pay; for one invoice or for the account."""

    key: str
    customer: str
    crm: str
    made_on: date
    promised_on: date
    amount: Decimal
    currency: str = "CNY"
    invoice: str | None = None
    cancelled_on: date | None = None
    superseded_on: date | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SampleCollateral:
    """A security; ``haircut`` in percent."""

    key: str
    customer: str
    crm: str
    kind: str
    amount: Decimal
    valid_from: date
    valid_to: date | None = None
    currency: str = "CNY"
    registered: bool = False
    haircut: Decimal | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SampleWriteOff:
    """A claim given up as lost."""

    key: str
    customer: str
    crm: str
    written_off_on: date
    amount: Decimal
    currency: str = "CNY"
    invoice: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SampleReturn:
    """A payment that came back (``returned_payment``) or a bill not honoured."""

    key: str
    customer: str
    crm: str
    returned_on: date
    kind: str = "returned_payment"
    payment: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SampleNote:
    """A bill of exchange received: ``bank_acceptance`` or ``commercial_acceptance``."""

    key: str
    customer: str
    crm: str
    kind: str
    amount: Decimal
    received_on: date
    due_on: date
    currency: str = "CNY"
    ended_on: date | None = None


@dataclass(slots=True, kw_only=True)
class Company:
    """Everything in the books up to ``as_of``."""

    name: str
    as_of: date
    people: list[Person] = field(default_factory=list)
    customers: list[Customer] = field(default_factory=list)
    contacts: list[SampleContact] = field(default_factory=list)
    invoices: list[SampleInvoice] = field(default_factory=list)
    credit_notes: list[SampleCreditNote] = field(default_factory=list)
    payments: list[SamplePayment] = field(default_factory=list)
    allocations: list[SampleAllocation] = field(default_factory=list)
    orders: list[SampleOrder] = field(default_factory=list)
    statements: list[SampleStatement] = field(default_factory=list)
    credit_records: list[SampleCreditRecord] = field(default_factory=list)
    promises: list[SamplePromise] = field(default_factory=list)
    collateral: list[SampleCollateral] = field(default_factory=list)
    write_offs: list[SampleWriteOff] = field(default_factory=list)
    returns: list[SampleReturn] = field(default_factory=list)
    notes: list[SampleNote] = field(default_factory=list)
