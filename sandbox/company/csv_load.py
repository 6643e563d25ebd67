"""Loads a company's books from CSV files, for trying the product on real data.

``accounts.csv``: account_id, name; and if you like uscc, industry, country, owner, parent_id,
currency, terms_days, created_on. ``invoices.csv``: invoice_id, account_id, number, issued_on,
due_on, currency, amount. ``payments.csv``: payment_id, account_id, paid_on, currency, amount.
``allocations.csv``: payment_id, invoice_id, amount. All four must be there; a header alone is a
file without rows. Dates are 2026-03-31, amounts 1234.50. Other columns are passed over.
"""

from collections.abc import Collection
from datetime import date
from decimal import Decimal
from pathlib import Path

from sandbox.company.csv_rows import LoadError, Row, read_rows
from sandbox.company.model import (
    Company,
    Customer,
    Person,
    SampleAllocation,
    SampleInvoice,
    SamplePayment,
)

__all__ = ["LoadError", "load"]

_CRMS = ("zoho", "fxiaoke")
_EVERYBODY = Person(key="sales", name="销售 Sales", email="sales@example.com")
_FALLBACK_CURRENCY = "CNY"


def load(directory: Path, *, only: str | None = None) -> Company:
    """Read the four files; every customer then stands in both CRMs, or in ``only`` one.

    Each CRM holds its own copy of every document under the key and number of the file. Customers
    without an owner belong to one salesperson. ``as_of`` becomes the last day anything happened.
    Raises ``LoadError`` for the first row that is wrong, with file, line and reason.
    """
    if only is not None and only not in _CRMS:
        raise ValueError(f"only {' or '.join(_CRMS)} can be filled alone, not {only!r}")
    loader = _Loader(directory, _CRMS if only is None else (only,))
    loader.read_accounts()
    loader.read_invoices()
    loader.read_payments()
    loader.read_allocations()
    return loader.finish()


class _Loader:
    """The company so far, and what is left of each invoice and payment to allocate."""

    def __init__(self, directory: Path, crms: tuple[str, ...]) -> None:
        self._directory = directory
        self._crms = crms
        self._company = Company(name=directory.name, as_of=date.min)
        self._accounts: set[str] = set()
        self._people: dict[str, Person] = {}
        self._invoices: dict[str, tuple[str, Decimal]] = {}
        self._payments: dict[str, tuple[str, Decimal]] = {}

    def read_accounts(self) -> None:
        parents: list[tuple[Row, str]] = []
        for row in read_rows(self._directory, "accounts.csv", ("account_id", "name")):
            customer = self._customer(row)
            self._company.customers.append(customer)
            self._accounts.add(customer.key)
            if customer.parent is not None:
                parents.append((row, customer.parent))
        for row, parent in parents:
            if parent not in self._accounts:
                raise row.error(f"unknown parent_id {parent!r}")

    def read_invoices(self) -> None:
        needed = (
            *("invoice_id", "account_id", "number", "issued_on", "due_on"),
            *("currency", "amount"),
        )
        for row in read_rows(self._directory, "invoices.csv", needed):
            key = _new_id(row, "invoice_id", self._invoices)
            currency = row.currency()
            amount = row.amount(currency)
            customer, number = self._account(row), row.text("number")
            issued_on, due_on = row.day("issued_on"), row.day("due_on")
            self._invoices[key] = (currency, amount)
            self._seen(issued_on)
            self._company.invoices.extend(
                SampleInvoice(
                    key=key,
                    customer=customer,
                    crm=crm,
                    number=number,
                    issued_on=issued_on,
                    due_on=due_on,
                    currency=currency,
                    amount=amount,
                )
                for crm in self._crms
            )

    def read_payments(self) -> None:
        needed = ("payment_id", "account_id", "paid_on", "currency", "amount")
        for row in read_rows(self._directory, "payments.csv", needed):
            key = _new_id(row, "payment_id", self._payments)
            currency = row.currency()
            amount = row.amount(currency)
            customer, paid_on = self._account(row), row.day("paid_on")
            self._payments[key] = (currency, amount)
            self._seen(paid_on)
            self._company.payments.extend(
                SamplePayment(
                    key=key,
                    customer=customer,
                    crm=crm,
                    paid_on=paid_on,
                    currency=currency,
                    amount=amount,
                )
                for crm in self._crms
            )

    def read_allocations(self) -> None:
        needed = ("payment_id", "invoice_id", "amount")
        for row in read_rows(self._directory, "allocations.csv", needed):
            payment, invoice = row.text("payment_id"), row.text("invoice_id")
            if payment not in self._payments:
                raise row.error(f"unknown payment_id {payment!r}")
            if invoice not in self._invoices:
                raise row.error(f"unknown invoice_id {invoice!r}")
            paid_in, billed_in = self._payments[payment][0], self._invoices[invoice][0]
            if paid_in != billed_in:
                raise row.error(f"a payment in {paid_in} cannot pay an invoice in {billed_in}")
            amount = row.amount(paid_in)
            _take(row, amount, self._payments, payment, "payment")
            _take(row, amount, self._invoices, invoice, "invoice")
            self._company.allocations.append(
                SampleAllocation(payment=payment, invoice=invoice, amount=amount)
            )

    def finish(self) -> Company:
        self._company.people.extend(self._people.values())
        if self._company.as_of == date.min:
            days = [each.created_on for each in self._company.customers if each.created_on]
            self._company.as_of = max(days, default=date(2000, 1, 1))
        return self._company

    def _customer(self, row: Row) -> Customer:
        created = row.day("created_on") if row.optional("created_on") else None
        currency = row.currency() if row.optional("currency") else _FALLBACK_CURRENCY
        return Customer(
            key=_new_id(row, "account_id", self._accounts),
            name=row.text("name"),
            crms=frozenset(self._crms),
            uscc=row.optional("uscc"),
            industry=row.optional("industry"),
            country=row.optional("country"),
            owner=self._owner(row.optional("owner")),
            parent=row.optional("parent_id"),
            currency=currency,
            terms_days=row.whole("terms_days"),
            created_on=created,
        )

    def _owner(self, name: str | None) -> str:
        """Return the key of the salesperson of this name."""
        if name is None:
            return self._people.setdefault("", _EVERYBODY).key
        if name not in self._people:
            key = f"owner{len(self._people) + 1:03d}"
            self._people[name] = Person(key=key, name=name, email=f"{key}@example.com")
        return self._people[name].key

    def _account(self, row: Row) -> str:
        key = row.text("account_id")
        if key not in self._accounts:
            raise row.error(f"unknown account_id {key!r}")
        return key

    def _seen(self, day: date) -> None:
        self._company.as_of = max(self._company.as_of, day)


def _new_id(row: Row, column: str, taken: Collection[str]) -> str:
    key = row.text(column)
    if key in taken:
        raise row.error(f"{column} {key!r} occurs twice")
    return key


def _take(
    row: Row, amount: Decimal, book: dict[str, tuple[str, Decimal]], key: str, what: str
) -> None:
    """Take an allocation off what is left of a payment or an invoice."""
    currency, left = book[key]
    if amount > left:
        raise row.error(f"{amount} is more than the {left} {currency} left of {what} {key!r}")
    book[key] = (currency, left - amount)
