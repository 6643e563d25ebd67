"""The business vocabulary: what every CRM's records become before anything is decided.

Records belong to one connection; ids are the CRM's own, as text. Times are aware UTC, dates are
calendar dates in the seller's business time zone. Missing is ``None``, never zero.
"""

from datetime import date, datetime
from enum import StrEnum

import msgspec

from scoring.money import Money

__all__ = [
    "Account",
    "AccountRef",
    "Allocation",
    "Contact",
    "Invoice",
    "InvoiceKind",
    "Kind",
    "Order",
    "OrderStatus",
    "Owner",
    "Payment",
    "Record",
]


class Kind(StrEnum):
    """What a CRM feed delivers. One kind is one feed with one cursor."""

    OWNERS = "owners"
    ACCOUNTS = "accounts"
    CONTACTS = "contacts"
    INVOICES = "invoices"
    CREDIT_NOTES = "credit_notes"
    PAYMENTS = "payments"
    ALLOCATIONS = "allocations"
    ORDERS = "orders"


class InvoiceKind(StrEnum):
    """An invoice (发票 / 应收单) is owed; a credit note (红字) reduces what is owed."""

    INVOICE = "invoice"
    CREDIT_NOTE = "credit_note"


class OrderStatus(StrEnum):
    """Only ``open`` orders take up credit."""

    DRAFT = "draft"
    OPEN = "open"
    CLOSED = "closed"
    CANCELLED = "cancelled"


class AccountRef(msgspec.Struct, frozen=True, order=True):
    """One customer account in one CRM connection, written ``system:record_id``."""

    system: str
    record_id: str

    def __str__(self) -> str:
        """Show as ``system:record_id``."""
        return f"{self.system}:{self.record_id}"


class Owner(msgspec.Struct, frozen=True, kw_only=True):
    """A CRM user who owns customers."""

    record_id: str
    name: str
    email: str | None = None
    active: bool = True
    modified_at: datetime | None = None


class Account(msgspec.Struct, frozen=True, kw_only=True):
    """The buying company as the CRM knows it (客户)."""

    record_id: str
    name: str
    uscc: str | None = None
    industry: str | None = None
    country: str | None = None
    owner_id: str | None = None
    parent_id: str | None = None
    currency: str | None = None
    terms_days: int | None = None
    created_on: date | None = None
    modified_at: datetime


class Contact(msgspec.Struct, frozen=True, kw_only=True):
    """A person at the customer, needed for collection."""

    record_id: str
    account_id: str
    name: str
    email: str | None = None
    phone: str | None = None
    modified_at: datetime


class Invoice(msgspec.Struct, frozen=True, kw_only=True):
    """A claim with an issue date and a due date, or a credit note.

    ``amount`` is positive for both kinds. An instalment is an invoice of its own with its own due
    date. ``applies_to`` names the invoice a credit note reduces; ``None`` means not yet applied.
    ``disputed`` is the part the customer contests while the dispute is open.
    """

    record_id: str
    account_id: str
    number: str
    kind: InvoiceKind = InvoiceKind.INVOICE
    issued_on: date
    due_on: date
    amount: Money
    applies_to: str | None = None
    disputed: Money | None = None
    disputed_on: date | None = None
    modified_at: datetime


class Payment(msgspec.Struct, frozen=True, kw_only=True):
    """Money received (回款). What its allocations leave over is unapplied cash."""

    record_id: str
    account_id: str
    paid_on: date
    amount: Money
    modified_at: datetime


class Allocation(msgspec.Struct, frozen=True, kw_only=True):
    """A part of a payment applied to an invoice (核销), in the invoice's currency.

    Its date is the payment's ``paid_on`` (the value date of the cash).
    """

    record_id: str
    payment_id: str
    invoice_id: str
    amount: Money
    modified_at: datetime


class Order(msgspec.Struct, frozen=True, kw_only=True):
    """A sales order; ``invoiced`` is the part that already became invoices."""

    record_id: str
    account_id: str
    number: str
    ordered_on: date
    deliver_on: date | None = None
    amount: Money
    invoiced: Money | None = None
    status: OrderStatus = OrderStatus.OPEN
    prepaid: bool = False
    modified_at: datetime


Record = Owner | Account | Contact | Invoice | Payment | Allocation | Order
