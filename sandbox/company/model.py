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
    "SampleContact",
    "SampleCreditNote",
    "SampleInvoice",
    "SampleOrder",
    "SamplePayment",
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
