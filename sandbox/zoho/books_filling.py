"""Stores the sample company's ledger in Zoho Books: the same papers that the CRM has.

Contacts are linked to the CRM's accounts, but for some, as in life.
"""

from collections import defaultdict
from collections.abc import Mapping
from datetime import date, datetime, time
from decimal import Decimal

from sandbox.company.model import Company
from sandbox.zoho.books import Books

__all__ = ["fill_books"]

_TEN_O_CLOCK = time(10)
_CRM = "zoho"


def fill_books(books: Books, company: Company, accounts: Mapping[str, str]) -> None:
    """Store the ledger; ``accounts`` gives the CRM's id of each customer's key."""
    _Filler(books, company, accounts).fill()


class _Filler:
    """Knows the id in Books of each key already stored."""

    def __init__(self, books: Books, company: Company, accounts: Mapping[str, str]) -> None:
        self._books = books
        self._company = company
        self._accounts = accounts
        self._now = int(books.clock.now().timestamp())
        self._contacts: dict[str, str] = {}
        self._invoices: dict[str, str] = {}

    def fill(self) -> None:
        self._add_contacts()
        for invoice in self._company.invoices:
            if invoice.crm == _CRM:
                self._invoices[invoice.key] = self._put(
                    "invoices",
                    invoice.issued_on,
                    customer_id=self._contacts[invoice.customer],
                    invoice_number=invoice.number,
                    date=invoice.issued_on.isoformat(),
                    due_date=invoice.due_on.isoformat(),
                    currency_code=invoice.currency,
                    total=invoice.amount,
                )
        self._add_credit_notes()
        self._add_payments()

    def _add_contacts(self) -> None:
        every = self._books.options.books_unlinked_every
        customers = [each for each in self._company.customers if each.key in self._accounts]
        for place, customer in enumerate(customers, 1):
            linked = not every or place % every
            self._contacts[customer.key] = self._put(
                "contacts",
                customer.created_on or self._company.as_of,
                contact_name=customer.name,
                company_name=customer.name,
                currency_code=customer.currency,
                payment_terms=customer.terms_days or 0,
                zcrm_account_id=self._accounts[customer.key] if linked else "",
                zcrm_contact_id="",
            )

    def _add_credit_notes(self) -> None:
        for note in self._company.credit_notes:
            if note.crm != _CRM:
                continue
            invoice = self._invoices.get(note.invoice or "")
            self._put(
                "creditnotes",
                note.issued_on,
                customer_id=self._contacts[note.customer],
                creditnote_number=note.number,
                date=note.issued_on.isoformat(),
                currency_code=note.currency,
                total=note.amount,
                invoices=self._fitting({invoice: note.amount} if invoice else {}),
            )

    def _add_payments(self) -> None:
        applied: dict[str, dict[str, Decimal]] = defaultdict(dict)
        for each in self._company.allocations:
            if each.invoice in self._invoices:
                parts, invoice = applied[each.payment], self._invoices[each.invoice]
                parts[invoice] = parts.get(invoice, Decimal(0)) + each.amount
        for number, payment in enumerate(self._company.payments, 1):
            if payment.crm == _CRM:
                self._put(
                    "customerpayments",
                    payment.paid_on,
                    customer_id=self._contacts[payment.customer],
                    payment_number=str(number),
                    reference_number=payment.key,
                    date=payment.paid_on.isoformat(),
                    currency_code=payment.currency,
                    amount=payment.amount,
                    invoices=self._fitting(applied[payment.key]),
                )

    def _fitting(self, parts: Mapping[str, Decimal]) -> list[dict[str, object]]:
        """Apply no more than is open: Books refuses to settle an invoice beyond its total."""
        found: list[dict[str, object]] = []
        for invoice, amount in parts.items():
            row = self._books.tables["invoices"][invoice]
            fitting = min(amount, self._books.balance("invoices", row))
            if fitting > 0:
                found.append({"invoice_id": invoice, "amount_applied": fitting})
        return found

    def _put(self, table: str, on: date, **values: object) -> str:
        """Store a record of a day's ten o'clock, or of now where that has not come yet."""
        at = datetime.combine(on, _TEN_O_CLOCK, self._books.options.zone)
        return self._books.put(table, values, at=min(int(at.timestamp()), self._now))
