"""Records with valid and boring values; a test names only what matters to it."""

from datetime import UTC, date, datetime

from scoring.money import Money
from scoring.records import (
    Account,
    Allocation,
    Contact,
    Invoice,
    InvoiceKind,
    Order,
    Owner,
    Payment,
)

__all__ = [
    "MODIFIED_AT",
    "a_contact",
    "a_credit_note",
    "a_payment",
    "an_account",
    "an_allocation",
    "an_invoice",
    "an_order",
    "an_owner",
]

MODIFIED_AT = datetime(2026, 11, 1, 8, 0, tzinfo=UTC)


def an_owner(record_id: str = "u1", *, name: str = "李梅") -> Owner:
    return Owner(record_id=record_id, name=name, email=f"{record_id}@seller.example")


def an_account(
    record_id: str = "a1",
    *,
    name: str | None = None,
    uscc: str | None = None,
    currency: str | None = "CNY",
    owner_id: str | None = "u1",
    parent_id: str | None = None,
    terms_days: int | None = 30,
    created_on: date | None = date(2024, 1, 1),
    modified_at: datetime = MODIFIED_AT,
) -> Account:
    return Account(
        record_id=record_id,
        name=name or f"公司{record_id}",
        uscc=uscc,
        currency=currency,
        owner_id=owner_id,
        parent_id=parent_id,
        terms_days=terms_days,
        created_on=created_on,
        modified_at=modified_at,
    )


def a_contact(record_id: str = "c1", account_id: str = "a1") -> Contact:
    return Contact(
        record_id=record_id, account_id=account_id, name="王会计", modified_at=MODIFIED_AT
    )


def an_invoice(
    record_id: str = "i1",
    account_id: str = "a1",
    *,
    amount: int = 10_000_00,
    currency: str = "CNY",
    issued_on: date = date(2026, 8, 1),
    due_on: date = date(2026, 8, 31),
    disputed: int | None = None,
    modified_at: datetime = MODIFIED_AT,
) -> Invoice:
    return Invoice(
        record_id=record_id,
        account_id=account_id,
        number=f"N-{record_id}",
        issued_on=issued_on,
        due_on=due_on,
        amount=Money(amount, currency),
        disputed=None if disputed is None else Money(disputed, currency),
        modified_at=modified_at,
    )


def a_credit_note(
    record_id: str = "n1",
    account_id: str = "a1",
    *,
    amount: int = 1_000_00,
    applies_to: str | None = None,
    modified_at: datetime = MODIFIED_AT,
) -> Invoice:
    return Invoice(
        record_id=record_id,
        account_id=account_id,
        number=f"R-{record_id}",
        kind=InvoiceKind.CREDIT_NOTE,
        issued_on=date(2026, 8, 15),
        due_on=date(2026, 8, 15),
        amount=Money(amount, "CNY"),
        applies_to=applies_to,
        modified_at=modified_at,
    )


def a_payment(
    record_id: str = "p1",
    account_id: str = "a1",
    *,
    amount: int = 10_000_00,
    currency: str = "CNY",
    paid_on: date = date(2026, 9, 10),
    modified_at: datetime = MODIFIED_AT,
) -> Payment:
    return Payment(
        record_id=record_id,
        account_id=account_id,
        paid_on=paid_on,
        amount=Money(amount, currency),
        modified_at=modified_at,
    )


def an_allocation(
    record_id: str = "l1",
    payment_id: str = "p1",
    invoice_id: str = "i1",
    *,
    amount: int = 10_000_00,
    currency: str = "CNY",
    modified_at: datetime = MODIFIED_AT,
) -> Allocation:
    return Allocation(
        record_id=record_id,
        payment_id=payment_id,
        invoice_id=invoice_id,
        amount=Money(amount, currency),
        modified_at=modified_at,
    )


def an_order(record_id: str = "o1", account_id: str = "a1", *, amount: int = 5_000_00) -> Order:
    return Order(
        record_id=record_id,
        account_id=account_id,
        number=f"SO-{record_id}",
        ordered_on=date(2026, 10, 1),
        amount=Money(amount, "CNY"),
        modified_at=MODIFIED_AT,
    )
