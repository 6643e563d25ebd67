"""The business vocabulary: what every CRM's records become before anything is decided.

Records belong to one connection; ids are the CRM's own, as text. Times are aware UTC, dates are
calendar dates in the seller's business time zone. Missing is ``None``, never zero.
"""

from datetime import date, datetime
from enum import StrEnum

import msgspec

from scoring.money import Money

__all__ = [
    "COLLATERAL_KINDS",
    "CREDIT_FILE_KINDS",
    "CREDIT_RECORD_KINDS",
    "Account",
    "AccountFact",
    "AccountRef",
    "Allocation",
    "Collateral",
    "Contact",
    "CreditRecord",
    "Invoice",
    "InvoiceKind",
    "Kind",
    "NoteReceivable",
    "Order",
    "OrderStatus",
    "Owner",
    "Payment",
    "Promise",
    "Record",
    "ReturnedPayment",
    "Statement",
    "WriteOff",
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
    STATEMENTS = "statements"
    CREDIT_RECORDS = "credit_records"
    PROMISES = "promises"
    COLLATERAL = "collateral"
    WRITE_OFFS = "write_offs"
    RETURNS = "returns"
    NOTES = "notes"


#: The kinds of the credit file (资信档案). Their facts may come from elsewhere than the CRM that
#: has the account: ``account_system`` names the account's connection.
CREDIT_FILE_KINDS = (
    Kind.STATEMENTS,
    Kind.CREDIT_RECORDS,
    Kind.PROMISES,
    Kind.COLLATERAL,
    Kind.WRITE_OFFS,
    Kind.RETURNS,
    Kind.NOTES,
)


#: What a ``CreditRecord`` may be about (credit-management 3.1, 3.2, 4 and 10).
CREDIT_RECORD_KINDS = (
    *("registry", "paid_in", "ownership", "change", "contacts", "bureau", "judicial_check"),
    *("dishonest", "enforcement", "consumption_limit", "ended_without_payment", "lawsuit"),
    *("abnormal_list", "serious_violation", "equity_freeze", "equity_pledge", "chattel_mortgage"),
    *("tax_arrears", "penalty", "insolvency", "distressed_extension", "tax_grade", "reference"),
    *("insurance", "contract", "balance_confirmation", "evidence", "appraisal", "failed_call"),
    *("longer_terms_asked", "split_invoices_asked", "payment_method", "ring_fence"),
    "guarantor_trouble",
)

#: What may stand behind a claim (credit-management 6).
COLLATERAL_KINDS = (
    *("cash_deposit", "bank_guarantee", "bank_acceptance", "property", "equipment"),
    *("personal_guarantee", "parent_guarantee"),
)


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


class AccountFact(msgspec.Struct, frozen=True, kw_only=True):
    """A fact of the credit file that stands in a field of the account.

    ``kind`` and the rest mean what they mean in a ``CreditRecord``. ``known_on`` ``None``: known
    from the day on which this content was first seen.
    """

    kind: str
    known_on: date | None = None
    event_on: date | None = None
    valid_to: date | None = None
    status: str | None = None
    value: float | None = None
    amount: Money | None = None


class Account(msgspec.Struct, frozen=True, kw_only=True):
    """The buying company as the CRM knows it (客户).

    ``size_class``: ``large``, ``public``, ``sme`` or unknown (bounds of payment terms).
    """

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
    size_class: str | None = None
    facts: tuple[AccountFact, ...] = ()
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
    ``disputed`` is the part the customer contests or contested; the dispute is open until
    ``dispute_closed_on``, ``dispute_outcome`` is ``for_customer`` or ``against_customer``.
    ``segment`` is the selling entity or product line, where limits are kept by segment.
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
    dispute_closed_on: date | None = None
    dispute_outcome: str | None = None
    segment: str | None = None
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
    """A sales order; ``invoiced`` is the part that already became invoices.

    ``delivered`` is the part delivered so far, ``deposit`` what was paid on it before delivery.
    """

    record_id: str
    account_id: str
    number: str
    ordered_on: date
    deliver_on: date | None = None
    amount: Money
    invoiced: Money | None = None
    status: OrderStatus = OrderStatus.OPEN
    prepaid: bool = False
    delivered: Money | None = None
    deposit: Money | None = None
    segment: str | None = None
    modified_at: datetime


class Statement(msgspec.Struct, frozen=True, kw_only=True):
    """A financial statement (财务报表) of one period.

    ``lines`` are minor units of ``currency`` by the names of ``schemas.STATEMENT_LINES``; a line
    that is not in it is empty. ``basis``: ``audited``, ``tax_filing``, ``unaudited`` or
    ``self_declared``. It counts from ``received_on``. ``source`` is who gave it.
    """

    record_id: str
    account_id: str
    account_system: str | None = None
    period_end: date
    months: int
    basis: str
    received_on: date
    source: str
    currency: str
    lines: dict[str, int]
    modified_at: datetime


class CreditRecord(msgspec.Struct, frozen=True, kw_only=True):
    """One fact of the credit file that is no statement: an extract, a judgment, a reference.

    ``known_on``: from when we know it; ``event_on``: when it happened; ``valid_to``: as it says
    itself; ``ended_on``: removed, performed, closed or withdrawn. ``value`` is a raw figure (a
    score, a payment class, a cover), ``channel`` how it was learned.
    """

    record_id: str
    account_id: str
    account_system: str | None = None
    kind: str
    known_on: date
    event_on: date | None = None
    valid_to: date | None = None
    ended_on: date | None = None
    status: str | None = None
    value: float | None = None
    amount: Money | None = None
    channel: str | None = None
    source: str
    modified_at: datetime


class Promise(msgspec.Struct, frozen=True, kw_only=True):
    """A promise to pay (付款承诺); for one invoice, or for the account as a whole."""

    record_id: str
    account_id: str
    account_system: str | None = None
    invoice_id: str | None = None
    made_on: date
    promised_on: date
    amount: Money
    cancelled_on: date | None = None
    superseded_on: date | None = None
    modified_at: datetime


class Collateral(msgspec.Struct, frozen=True, kw_only=True):
    """A security (担保物): what it is worth, from when to when, and whether it is registered.

    ``haircut`` is the share of its worth that does not count; ``None``: the policy's.
    """

    record_id: str
    account_id: str
    account_system: str | None = None
    kind: str
    amount: Money
    valid_from: date
    valid_to: date | None = None
    registered: bool = False
    haircut: float | None = None
    modified_at: datetime


class WriteOff(msgspec.Struct, frozen=True, kw_only=True):
    """A claim given up as lost (坏账核销), of one invoice or of the account."""

    record_id: str
    account_id: str
    account_system: str | None = None
    invoice_id: str | None = None
    written_off_on: date
    amount: Money
    modified_at: datetime


class ReturnedPayment(msgspec.Struct, frozen=True, kw_only=True):
    """A payment that came back (退票), or a bill that was not honoured.

    ``kind``: ``returned_payment`` or ``dishonoured_bill``.
    """

    record_id: str
    account_id: str
    account_system: str | None = None
    payment_id: str | None = None
    kind: str = "returned_payment"
    returned_on: date
    modified_at: datetime


class NoteReceivable(msgspec.Struct, frozen=True, kw_only=True):
    """A bill of exchange received (应收票据): exposure until it is paid or passed on.

    ``kind``: ``bank_acceptance`` or ``commercial_acceptance``.
    """

    record_id: str
    account_id: str
    account_system: str | None = None
    kind: str
    amount: Money
    received_on: date
    due_on: date
    ended_on: date | None = None
    modified_at: datetime


Record = (
    Owner
    | Account
    | Contact
    | Invoice
    | Payment
    | Allocation
    | Order
    | Statement
    | CreditRecord
    | Promise
    | Collateral
    | WriteOff
    | ReturnedPayment
    | NoteReceivable
)
