"""Rows of Zoho Books become our records, or RecordProblems, or are gone. Pure.

Books tells what an invoice was settled by in the details of each payment alone. ``by_invoice``
does without them: what is settled of an invoice is one payment, on the day of the last one, and
only what is left of payments and credit notes stands by itself. So exposure and open items are
exact; a payment in parts counts at its last day, and a credit applied counts as cash.
Drafts and void papers are not owed.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import TypeVar

from adapters.port import RecordProblem
from adapters.zoho.books_rows import (
    BooksPage,
    BooksRow,
    Credited,
    CreditNoteRow,
    InvoiceRow,
    PaymentRow,
)
from adapters.zoho.mapping import Translated
from adapters.zoho.rows import BadRow
from adapters.zoho.values import Unusable, instant_of, missing, money_of, need_text
from scoring.records import Allocation, Invoice, InvoiceKind, Kind, Payment, Record

__all__ = ["UNUSED", "BooksTranslator", "part_id"]

UNUSED = "unused-"
_NOT_OWED = frozenset({"draft", "void"})
_FAILED = "failure"
_MODIFIED = "last_modified_time"

R = TypeVar("R", bound=BooksRow)
#: The records a row holds, and the ids under which it holds none (any more).
Held = tuple[Sequence[Record], Sequence[str]]


def part_id(source: str, invoice: str) -> str:
    """Name the part of a payment or a credit note that went to an invoice."""
    return f"{source}-{invoice}"


class BooksTranslator:
    """Translates rows; ``accounts`` gives each customer's account, the empty text where none."""

    def __init__(self, accounts: Mapping[str, str]) -> None:
        self._accounts = accounts

    def invoices(self, page: BooksPage[InvoiceRow]) -> Translated:
        """Translate invoices."""
        return _sorted(Kind.INVOICES, page, self._invoice)

    def paid(self, kind: Kind, page: BooksPage[InvoiceRow]) -> Translated:
        """Take from invoices what is settled of each, as a payment or as its allocation."""
        found = self._paid_payment if kind is Kind.PAYMENTS else self._paid_allocation
        # What does not decode is told as an invoice already.
        return _sorted(kind, BooksPage(page.good, [], page.more), found)

    def unused(self, page: BooksPage[PaymentRow]) -> Translated:
        """Take from payments what is not applied."""
        return _sorted(Kind.PAYMENTS, page, self._unused, prefix=UNUSED)

    def payments(self, page: BooksPage[PaymentRow]) -> Translated:
        """Translate payments."""
        return _sorted(Kind.PAYMENTS, page, self._payment)

    def applications(self, page: BooksPage[PaymentRow]) -> Translated:
        """Take from payments, as their details show them, what each was applied to."""
        return _sorted(Kind.ALLOCATIONS, page, self._applications)

    def credits(
        self,
        page: BooksPage[CreditNoteRow],
        credited: Callable[[CreditNoteRow], Sequence[Credited]] | None = None,
    ) -> Translated:
        """Translate credit notes: what is left of them, and what each ``credited`` if told."""

        def held(row: CreditNoteRow) -> Held:
            return self._credits(row, credited(row) if credited else ())

        return _sorted(Kind.CREDIT_NOTES, page, held)

    def _invoice(self, row: InvoiceRow) -> Held:
        if row.status in _NOT_OWED:
            return (), (row.id,)
        invoice = Invoice(
            record_id=row.id,
            account_id=self._account(row.customer_id),
            number=need_text(row.invoice_number, "invoice_number"),
            issued_on=row.on,
            due_on=row.due_on,
            amount=money_of(row.total, row.currency_code, "total"),
            modified_at=instant_of(row.modified, _MODIFIED),
        )
        return (invoice,), ()

    def _paid_payment(self, row: InvoiceRow) -> Held:
        if not self._is_settled(row):
            return (), (row.id,)
        payment = Payment(
            record_id=row.id,
            account_id=self._accounts[row.customer_id],
            paid_on=_settled_on(row),
            amount=money_of(row.total - row.balance, row.currency_code, "balance"),
            modified_at=instant_of(row.modified, _MODIFIED),
        )
        return (payment,), ()

    def _paid_allocation(self, row: InvoiceRow) -> Held:
        if not self._is_settled(row):
            return (), (row.id,)
        allocation = Allocation(
            record_id=row.id,
            payment_id=row.id,
            invoice_id=row.id,
            amount=money_of(row.total - row.balance, row.currency_code, "balance"),
            modified_at=instant_of(row.modified, _MODIFIED),
        )
        return (allocation,), ()

    def _is_settled(self, row: InvoiceRow) -> bool:
        """Tell whether anything is; an invoice that is told as a problem settles nothing."""
        known = bool(self._accounts.get(row.customer_id))
        return known and row.status not in _NOT_OWED and row.balance < row.total

    def _unused(self, row: PaymentRow) -> Held:
        record_id = f"{UNUSED}{row.id}"
        if row.status == _FAILED or row.unused_amount <= 0:
            return (), (record_id,)
        return (self._cash(row, record_id, row.unused_amount, "unused_amount"),), ()

    def _payment(self, row: PaymentRow) -> Held:
        left = row.amount - (row.amount_refunded or 0)
        if row.status == _FAILED or left == 0:
            return (), (row.id,)
        return (self._cash(row, row.id, left, "amount"),), ()

    def _cash(self, row: PaymentRow, record_id: str, amount: Decimal, field: str) -> Payment:
        return Payment(
            record_id=record_id,
            account_id=self._account(row.customer_id),
            paid_on=row.on,
            amount=money_of(amount, row.currency_code, field),
            modified_at=instant_of(row.modified, _MODIFIED),
        )

    def _applications(self, row: PaymentRow) -> Held:
        if row.status == _FAILED or not self._accounts.get(row.customer_id):
            return (), tuple(part_id(row.id, each.invoice_id) for each in row.invoices)
        sums: dict[str, Decimal] = {}
        for each in row.invoices:
            sums[each.invoice_id] = sums.get(each.invoice_id, Decimal(0)) + each.amount_applied
        allocations = [
            Allocation(
                record_id=part_id(row.id, invoice),
                payment_id=row.id,
                invoice_id=invoice,
                amount=money_of(amount, row.currency_code, "amount_applied"),
                modified_at=instant_of(row.modified, _MODIFIED),
            )
            for invoice, amount in sums.items()
        ]
        return allocations, ()

    def _credits(self, row: CreditNoteRow, credited: Sequence[Credited]) -> Held:
        if row.status in _NOT_OWED:
            return (), (row.id, *(part_id(row.id, each.invoice_id) for each in credited))
        sums: dict[str, Decimal] = {}
        for each in credited:
            sums[each.invoice_id] = sums.get(each.invoice_id, Decimal(0)) + each.credited_amount
        parts = [
            self._credit(row, part_id(row.id, invoice), amount, invoice)
            for invoice, amount in sums.items()
        ]
        if row.balance <= 0:
            return parts, (row.id,)
        return [self._credit(row, row.id, row.balance, None), *parts], ()

    def _credit(
        self, row: CreditNoteRow, record_id: str, amount: Decimal, invoice: str | None
    ) -> Invoice:
        return Invoice(
            record_id=record_id,
            account_id=self._account(row.customer_id),
            number=need_text(row.creditnote_number, "creditnote_number"),
            kind=InvoiceKind.CREDIT_NOTE,
            issued_on=row.on,
            due_on=row.on,
            amount=money_of(amount, row.currency_code, "balance"),
            applies_to=invoice,
            modified_at=instant_of(row.modified, _MODIFIED),
        )

    def _account(self, customer: str) -> str:
        if not customer:
            raise missing("customer_id")
        account = self._accounts.get(customer)
        if not account:
            note = "the contact in Zoho Books is linked to no account of the CRM"
            raise Unusable("not_linked", "customer_id", note)
        return account


def _settled_on(row: InvoiceRow) -> date:
    """Return the day of the last payment; without one a credit settled it, on the day it changed."""
    if row.last_payment_date:
        try:
            return date.fromisoformat(row.last_payment_date)
        except ValueError:
            note = "the value is no date"
            raise Unusable("bad_date", "last_payment_date", note) from None
    if row.modified is None:
        raise missing(_MODIFIED)
    return row.modified.date()  # in the organisation's zone, as Books writes it


def _sorted(
    kind: Kind, page: BooksPage[R], to_held: Callable[[R], Held], *, prefix: str = ""
) -> Translated:
    records: list[Record] = []
    problems = [_of_bad_row(kind, row, prefix) for row in page.bad]
    gone: list[str] = []
    for row in page.good:
        try:
            held, lost = to_held(row)
        except Unusable as unusable:
            problems.append(_problem(kind, row, unusable, prefix))
            continue
        records += held
        gone += lost
    return Translated(records=tuple(records), problems=tuple(problems), gone=tuple(gone))


def _problem(kind: Kind, row: BooksRow, unusable: Unusable, prefix: str) -> RecordProblem:
    return RecordProblem(
        kind=kind,
        record_id=f"{prefix}{row.id}",
        reason=unusable.reason,
        detail=f"{unusable.field}: {unusable.note}",
        modified_at=row.modified,
    )


def _of_bad_row(kind: Kind, row: BadRow, prefix: str) -> RecordProblem:
    return RecordProblem(
        kind=kind,
        record_id=f"{prefix}{row.id}",
        reason=row.reason,
        detail=row.detail,
        modified_at=row.modified,
    )
