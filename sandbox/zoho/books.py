"""What an organisation of Zoho Books holds: contacts, invoices, customer payments, credit notes.

Balances, statuses and the day of the last payment follow from what was applied to what; nobody
stores them. Callers hold the organisation's lock.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Final

from sandbox.clock import SandboxClock
from sandbox.zoho.options import ZohoOptions

__all__ = ["ORGANISATION_ID", "TABLES", "Applied", "Books", "BooksRow"]

ORGANISATION_ID = "460000000000"
_FIRST_ID = 460_000_000_001

BooksRow = dict[str, object]
"""A record as stored: texts, ``Decimal`` amounts, times as whole seconds since 1970 (UTC)."""

#: Table → the key of its records' ids.
TABLES: Final = {
    "contacts": "contact_id",
    "invoices": "invoice_id",
    "customerpayments": "payment_id",
    "creditnotes": "creditnote_id",
}
_NEEDED: Final = {
    "contacts": ("contact_name",),
    "invoices": ("customer_id", "invoice_number", "date", "due_date", "total"),
    "customerpayments": ("customer_id", "date", "amount"),
    "creditnotes": ("customer_id", "creditnote_number", "date", "total"),
}
_AMOUNTS = frozenset({"total", "amount", "amount_refunded", "bank_charges", "credit_limit"})
_DATES = frozenset({"date", "due_date"})
_NOTHING = Decimal(0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Applied:
    """A part of a payment or a credit note that settles a part of an invoice.

    ``source`` is the record it comes from, ``id`` its own.
    """

    id: str
    source: str
    invoice: str
    amount: Decimal
    on: str
    is_payment: bool


@dataclass(slots=True)
class Books:
    """The records of one organisation and what is applied to what."""

    clock: SandboxClock
    options: ZohoOptions
    tables: dict[str, dict[str, BooksRow]] = field(
        default_factory=lambda: {name: {} for name in TABLES}
    )
    _by_source: dict[str, tuple[Applied, ...]] = field(default_factory=dict)
    _by_invoice: dict[str, dict[str, Applied]] = field(default_factory=dict)
    _next: int = _FIRST_ID

    def put(
        self,
        table: str,
        values: Mapping[str, object],
        record_id: str | None = None,
        *,
        at: int | None = None,
    ) -> str:
        """Create or change a record as a user of Books would, and return its id.

        ``invoices`` of a payment or a credit note says what it is applied to, as a list of
        ``invoice_id`` and ``amount_applied``. ``at``: when, in seconds; now, where not said.
        Raises ``ValueError`` with a sentence.
        """
        if table not in TABLES:
            raise ValueError(f"there is no list {table} in Books")
        given = dict(values)
        applied = given.pop("invoices", None)
        row = self._row(table, given, record_id, self._now() if at is None else at)
        if applied is not None:
            self._apply(table, row, applied)
        self.tables[table][str(row[TABLES[table]])] = row
        return str(row[TABLES[table]])

    def remove(self, table: str, record_id: str) -> None:
        """Delete a record; what it had settled is open again. Raises ``ValueError``."""
        if record_id not in self.tables.get(table, {}):
            raise ValueError(f"there is no record {record_id} in {table} of Books")
        if self._by_invoice.get(record_id):
            raise ValueError("an invoice with payments or credits cannot be deleted")
        self._unapply(record_id, self._now())
        del self.tables[table][record_id]

    def applications(self, source: str) -> tuple[Applied, ...]:
        """Return what a payment or a credit note is applied to."""
        return self._by_source.get(source, ())

    def settlements(self, invoice: str) -> list[Applied]:
        """Return what an invoice was settled by."""
        return list(self._by_invoice.get(invoice, {}).values())

    def balance(self, table: str, row: BooksRow) -> Decimal:
        """Return what is open of an invoice, or left of a payment or a credit note."""
        record_id = str(row[TABLES[table]])
        if table == "invoices":
            return _amount(row, "total") - _sum(self.settlements(record_id))
        whole = _amount(row, "total" if table == "creditnotes" else "amount")
        return whole - _amount(row, "amount_refunded") - _sum(self.applications(record_id))

    def invoice_status(self, row: BooksRow, today: date) -> str:
        """Return the status that follows from balance and due date; drafts and void ones keep theirs."""
        own = str(row.get("status") or "sent")
        balance = self.balance("invoices", row)
        if own in {"draft", "void"}:
            return own
        if balance <= 0:
            return "paid"
        if str(row["due_date"]) < today.isoformat():
            return "overdue"
        return "partially_paid" if balance < _amount(row, "total") else own

    def _now(self) -> int:
        return int(self.clock.now().timestamp())

    def _row(self, table: str, given: BooksRow, record_id: str | None, now: int) -> BooksRow:
        if record_id is None:
            row: BooksRow = {TABLES[table]: self._new_id(), "created_time": now}
        elif record_id in self.tables[table]:
            row = dict(self.tables[table][record_id])
        else:
            raise ValueError(f"there is no record {record_id} in {table} of Books")
        row.update({name: _stored(name, value) for name, value in given.items()})
        row["last_modified_time"] = now
        missing = [name for name in _NEEDED[table] if row.get(name) in {None, ""}]
        if missing:
            raise ValueError(f"{table} of Books need {', '.join(missing)}")
        if table != "contacts" and str(row["customer_id"]) not in self.tables["contacts"]:
            raise ValueError(f"there is no contact {row['customer_id']} in Books")
        row.setdefault("currency_code", self.options.base_currency)
        return row

    def _apply(self, table: str, row: BooksRow, applied: object) -> None:
        source = str(row[TABLES[table]])
        parts = tuple(self._parts(table, row, applied))
        whole = _amount(row, "total" if table == "creditnotes" else "amount")
        if _sum(parts) > whole - _amount(row, "amount_refunded"):
            raise ValueError(f"more is applied than there is in {source}")
        now = int(str(row["last_modified_time"]))
        self._unapply(source, now)
        self._by_source[source] = parts
        for part in parts:
            self._by_invoice.setdefault(part.invoice, {})[part.id] = part
            self._touch(part.invoice, now)

    def _parts(self, table: str, row: BooksRow, applied: object) -> Iterator[Applied]:
        if not isinstance(applied, list) or table not in {"customerpayments", "creditnotes"}:
            raise ValueError('"invoices" is a list, of a payment or a credit note')
        source = str(row[TABLES[table]])
        for each in applied:
            invoice_id = str(each.get("invoice_id", ""))
            invoice = self.tables["invoices"].get(invoice_id)
            if invoice is None:
                raise ValueError(f"there is no invoice {invoice_id} in Books")
            amount = _decimal(each.get("amount_applied"))
            own = [part.amount for part in self.applications(source) if part.invoice == invoice_id]
            if amount > self.balance("invoices", invoice) + sum(own, _NOTHING):
                raise ValueError(f"more is applied than is open of invoice {invoice_id}")
            yield Applied(
                id=self._new_id(),
                source=source,
                invoice=invoice_id,
                amount=amount,
                on=str(row["date"]),
                is_payment=table == "customerpayments",
            )

    def _unapply(self, source: str, now: int) -> None:
        for part in self._by_source.pop(source, ()):
            self._by_invoice[part.invoice].pop(part.id, None)
            self._touch(part.invoice, now)

    def _touch(self, invoice: str, now: int) -> None:
        if not self.options.books_stamps_settled:
            return
        row = self.tables["invoices"][invoice]
        row["last_modified_time"] = max(int(str(row["last_modified_time"])), now)

    def _new_id(self) -> str:
        self._next += 1
        return str(self._next - 1)


def _sum(parts: tuple[Applied, ...] | list[Applied]) -> Decimal:
    return sum((part.amount for part in parts), _NOTHING)


def _amount(row: BooksRow, name: str) -> Decimal:
    value = row.get(name)
    return value if isinstance(value, Decimal) else _NOTHING


def _stored(name: str, value: object) -> object:
    if name in _AMOUNTS and value is not None:
        return _decimal(value)
    if name in _DATES:
        try:
            return date.fromisoformat(str(value)).isoformat()
        except ValueError:
            raise ValueError(f'"{name}" must be a date like 2026-03-31') from None
    return value


def _decimal(value: object) -> Decimal:
    try:
        amount = Decimal(str(value))
    except InvalidOperation:
        raise ValueError(f"{value!r} is no amount") from None
    if not amount.is_finite() or amount < 0:
        raise ValueError("an amount is a number, 0 or more")
    return amount
