"""Turns a public data set of real receivables into the CSV files that the sandbox loads.

``python -m sandbox.company.highradius SOURCE_DIR TARGET_DIR`` reads the receivables of one North
American seller, published by HighRadius as a students' task, in three files (plain or ``.gz``):

* ``closed_invoices_recovered.csv``: cust_number, due_date, clear_date, days_late, amount;
* ``open_invoices.csv``: business_code, cust_number, name_customer, doc_id, posting_date,
  due_in_date, invoice_currency, total_open_amount (other columns are not read);
* ``last_posted_8000_listed.csv``, only for names: cust_number, name_customer.

The source lacks some facts of the paid invoices, and these are put in their place:

* the day of issue is the due day less the customer's usual terms, which are the median of its
  open invoices, or else 15 days; and never later than the day of payment;
* the currency is that of the customer's open invoices, or else CAD for customer numbers from
  1401…, and USD for all others;
* each was paid by one payment, applied to it alone, on the day it was cleared.

Open invoices stay in whenever they were posted: the date of a run decides what it knows. Rows
that are exactly alike are different invoices and get ids of their own. Customer numbers lose
their leading zeros. A name is the one most often written for the number.
"""

import csv
import gzip
import re
import sys
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal, InvalidOperation
from pathlib import Path
from statistics import median_low
from typing import TextIO

__all__ = ["convert", "main"]

FALLBACK_TERMS_DAYS = 15  # four of five open invoices are due 15 days after posting
_PAID, _OPEN, _LISTED = (
    "closed_invoices_recovered.csv",
    "open_invoices.csv",
    "last_posted_8000_listed.csv",
)
_CANADIAN_NUMBER = "1401"

_ACCOUNT_COLUMNS = ("account_id", "name", "currency", "terms_days")
_INVOICE_COLUMNS = (
    *("invoice_id", "account_id", "number", "issued_on", "due_on"),
    *("currency", "amount"),
)
_PAYMENT_COLUMNS = ("payment_id", "account_id", "paid_on", "currency", "amount")
_ALLOCATION_COLUMNS = ("payment_id", "invoice_id", "amount")


@dataclass(slots=True)
class _Customers:
    """What the files say about each customer number."""

    names: dict[str, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))
    currencies: dict[str, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))
    terms: dict[str, list[int]] = field(default_factory=lambda: defaultdict(list))

    def name(self, number: str) -> str:
        found = self.names.get(number)
        return found.most_common(1)[0][0] if found else f"Customer {number}"

    def currency(self, number: str) -> str:
        found = self.currencies.get(number)
        if found:
            return found.most_common(1)[0][0]
        return "CAD" if number.startswith(_CANADIAN_NUMBER) else "USD"

    def terms_days(self, number: str) -> int | None:
        found = self.terms.get(number)
        return max(0, median_low(found)) if found else None


@dataclass(slots=True)
class _Books:
    """The rows to be written, and why others were left out."""

    accounts: set[str] = field(default_factory=set)
    invoices: list[Sequence[str]] = field(default_factory=list)
    payments: list[Sequence[str]] = field(default_factory=list)
    allocations: list[Sequence[str]] = field(default_factory=list)
    left_out: Counter[str] = field(default_factory=Counter)


def main(arguments: Sequence[str] | None = None) -> int:
    """Convert the directory named first into the one named second; report on standard error."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    if len(given) != 2:
        sys.stderr.write("usage: python -m sandbox.company.highradius SOURCE_DIR TARGET_DIR\n")
        return 2
    try:
        report = convert(Path(given[0]), Path(given[1]))
    except FileNotFoundError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    sys.stderr.writelines(f"{line}\n" for line in report)
    return 0


def convert(source: Path, target: Path) -> list[str]:
    """Write the four CSV files and return sentences about what was written and left out.

    Raises ``FileNotFoundError`` with a sentence when a source file is missing.
    """
    customers = _know_customers(source)
    books = _Books()
    _add_paid(source, customers, books)
    _add_open(source, customers, books)
    target.mkdir(parents=True, exist_ok=True)
    accounts = [
        (number, customers.name(number), customers.currency(number), _terms_text(customers, number))
        for number in sorted(books.accounts)
    ]
    _write(target / "accounts.csv", _ACCOUNT_COLUMNS, accounts)
    _write(target / "invoices.csv", _INVOICE_COLUMNS, books.invoices)
    _write(target / "payments.csv", _PAYMENT_COLUMNS, books.payments)
    _write(target / "allocations.csv", _ALLOCATION_COLUMNS, books.allocations)
    return [
        (
            f"{len(accounts)} accounts, {len(books.invoices)} invoices, "
            f"{len(books.payments)} payments written to {target}"
        ),
        *(f"{count} rows left out: {why}" for why, count in sorted(books.left_out.items())),
    ]


def _know_customers(source: Path) -> _Customers:
    known = _Customers()
    for row in _rows(source, _OPEN):
        number = _number(row["cust_number"])
        known.names[number][_tidy(row["name_customer"])] += 1
        known.currencies[number][row["invoice_currency"]] += 1
        posted, due = _day(row["posting_date"]), _day(row["due_in_date"])
        if posted and due:
            known.terms[number].append((due - posted).days)
    for row in _rows(source, _LISTED):
        number = _number(row["cust_number"])
        if number not in known.currencies:
            known.names[number][_tidy(row["name_customer"])] += 1
    return known


def _add_paid(source: Path, customers: _Customers, books: _Books) -> None:
    for count, row in enumerate(_rows(source, _PAID), 1):
        number = _number(row["cust_number"])
        due, cleared = _day(row["due_date"]), _day(row["clear_date"])
        amount = _amount(row["amount"])
        if due is None or cleared is None:
            books.left_out["a paid invoice without a due day or a day of payment"] += 1
        elif amount is None:
            books.left_out["a paid invoice whose amount is not more than 0"] += 1
        else:
            terms = customers.terms_days(number)
            days = FALLBACK_TERMS_DAYS if terms is None else terms
            issued = min(due - timedelta(days=days), cleared)
            currency = customers.currency(number)
            invoice, payment = f"P{count:06d}", f"R{count:06d}"
            books.accounts.add(number)
            books.invoices.append(
                (invoice, number, invoice, str(issued), str(due), currency, amount)
            )
            books.payments.append((payment, number, str(cleared), currency, amount))
            books.allocations.append((payment, invoice, amount))


def _add_open(source: Path, customers: _Customers, books: _Books) -> None:
    for count, row in enumerate(_rows(source, _OPEN), 1):
        number = _number(row["cust_number"])
        posted, due = _day(row["posting_date"]), _day(row["due_in_date"])
        amount = _amount(row["total_open_amount"])
        if posted is None or due is None:
            books.left_out["an open invoice without a day of posting or a due day"] += 1
        elif amount is None:
            books.left_out["an open invoice whose amount is not more than 0"] += 1
        else:
            invoice = f"O{count:06d}"
            document = row["doc_id"].removesuffix(".0") or invoice
            currency = row["invoice_currency"] or customers.currency(number)
            books.accounts.add(number)
            books.invoices.append(
                (invoice, number, document, str(posted), str(due), currency, amount)
            )


def _rows(source: Path, name: str) -> Iterator[dict[str, str]]:
    with _open(source, name) as stream:
        yield from csv.DictReader(stream)


def _open(source: Path, name: str) -> TextIO:
    packed = source / f"{name}.gz"
    if packed.exists():
        return gzip.open(packed, "rt", encoding="utf-8", newline="")
    if (source / name).exists():
        return (source / name).open(encoding="utf-8", newline="")
    raise FileNotFoundError(f"neither {name} nor {name}.gz is in {source}")


def _write(path: Path, columns: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    with path.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(columns)
        writer.writerows(rows)


def _number(text: str) -> str:
    return text.strip().lstrip("0")


def _tidy(name: str) -> str:
    return re.sub(r"\s+", " ", name).strip()


def _terms_text(customers: _Customers, number: str) -> str:
    terms = customers.terms_days(number)
    return "" if terms is None else str(terms)


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text[:10])
    except ValueError:
        return None


def _amount(text: str) -> str | None:
    """Return an amount in whole cents, ``None`` where it is not more than 0."""
    try:
        value = Decimal(text).quantize(Decimal("0.01"))
    except InvalidOperation:
        return None
    return str(value) if value > 0 else None


if __name__ == "__main__":
    sys.exit(main())
