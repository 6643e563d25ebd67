"""Decodes what Zoho Books shows: lists by page and single records, into typed rows.

A page is decoded as a whole; only where something in it does not fit, record by record, so that
one bad record costs itself alone.
"""

import json
from collections.abc import Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any, Final, Generic, TypeVar

import msgspec

from adapters.http import Answer
from adapters.zoho.rows import BROKEN_TEXT, WRONG_TYPE, BadRow, is_broken_text, misfit_of

__all__ = [
    "ROOTS",
    "BooksPage",
    "BooksRow",
    "ContactRow",
    "CreditNoteRow",
    "Credited",
    "InvoiceRow",
    "PaymentRow",
    "credited_of",
    "one_of",
    "page_of",
]


def time_of(text: str) -> datetime | None:
    """Read a time as Books writes it, with an offset that has no colon; ``None``: it is none."""
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        return None
    return at if at.tzinfo is not None else None


class BooksRow(msgspec.Struct, kw_only=True, gc=False):
    """What every record has."""

    id: str
    last_modified_time: str = ""

    @property
    def modified(self) -> datetime | None:
        """When it was changed last."""
        return time_of(self.last_modified_time)


class ContactRow(BooksRow, kw_only=True, rename={"id": "contact_id"}):
    """A contact. A list may leave links to the CRM out (``None``); the empty text is no link."""

    id: str  # named again: a renaming reaches a class's own fields alone
    zcrm_account_id: str | None = None
    zcrm_contact_id: str | None = None
    is_linked_with_zohocrm: bool = True


class InvoiceRow(
    BooksRow, kw_only=True, rename={"id": "invoice_id", "on": "date", "due_on": "due_date"}
):
    """An invoice, without ``last_payment_date`` where no payment settled anything."""

    id: str
    customer_id: str = ""
    invoice_number: str = ""
    status: str = ""
    on: date
    due_on: date
    currency_code: str
    total: Decimal
    balance: Decimal
    last_payment_date: str | None = None


class _Applied(msgspec.Struct, frozen=True, kw_only=True):
    invoice_id: str
    amount_applied: Decimal


class PaymentRow(BooksRow, kw_only=True, rename={"id": "payment_id", "on": "date"}):
    """A customer's payment. A list of them leaves out ``invoices`` and what was refunded."""

    id: str
    customer_id: str = ""
    status: str = "success"
    on: date
    currency_code: str
    amount: Decimal
    amount_refunded: Decimal | None = None
    unused_amount: Decimal
    invoices: list[_Applied] = []


class CreditNoteRow(BooksRow, kw_only=True, rename={"id": "creditnote_id", "on": "date"}):
    """A credit note; ``balance`` is what is left of it."""

    id: str
    customer_id: str = ""
    creditnote_number: str = ""
    status: str = ""
    on: date
    currency_code: str
    total: Decimal
    balance: Decimal


class Credited(msgspec.Struct, frozen=True, kw_only=True):
    """A part of a credit note that settled a part of an invoice."""

    invoice_id: str
    credited_amount: Decimal


class _CreditedList(msgspec.Struct, frozen=True, kw_only=True):
    invoices_credited: list[Credited] = []


R = TypeVar("R", bound=BooksRow)

#: Path of a list, which is its root as well → the root of one record.
ROOTS: Final = {
    "contacts": "contact",
    "invoices": "invoice",
    "customerpayments": "payment",
    "creditnotes": "creditnote",
}
_IDS: Final = {
    "contacts": "contact_id",
    "invoices": "invoice_id",
    "customerpayments": "payment_id",
    "creditnotes": "creditnote_id",
}
_ROWS: Final[dict[str, type[BooksRow]]] = {
    "contacts": ContactRow,
    "invoices": InvoiceRow,
    "customerpayments": PaymentRow,
    "creditnotes": CreditNoteRow,
}


class BooksPage(msgspec.Struct, Generic[R], frozen=True):
    """A page of a list."""

    good: list[R]
    bad: list[BadRow]
    more: bool

    def newest(self) -> datetime | None:
        """Return the newest stamp on it."""
        stamps = [row.modified for row in self.good] + [row.modified for row in self.bad]
        return max((at.astimezone(UTC) for at in stamps if at is not None), default=None)


class _Context(msgspec.Struct, frozen=True, kw_only=True):
    has_more_page: bool
    per_page: int = 0


_CREDITED = msgspec.json.Decoder(_CreditedList)
_LISTS: Final[dict[str, msgspec.json.Decoder[Any]]] = {
    table: msgspec.json.Decoder(
        msgspec.defstruct(
            f"{table}_list",
            [("rows", list[row_type]), ("page_context", _Context)],  # type: ignore[valid-type] # a value
            rename={"rows": table},
        )
    )
    for table, row_type in _ROWS.items()
}
_TYPES: Final = {
    table: {field.encode_name: field.type for field in msgspec.structs.fields(row_type)}
    for table, row_type in _ROWS.items()
}


def page_of(answer: Answer, table: str) -> BooksPage[Any]:
    """Decode a page of a list. Raises ``CrmError`` when it is none."""
    try:
        found = _LISTS[table].decode(answer.body)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return _one_by_one(answer, table)
    context: _Context = found.page_context
    _check_size(answer, context, len(found.rows))
    return BooksPage(found.rows, [], context.has_more_page)


def one_of(answer: Answer, table: str) -> BooksRow | BadRow:
    """Decode one record. Raises ``CrmError`` when there is none in the answer."""
    found = _lenient(answer).get(ROOTS[table])
    if not isinstance(found, dict):
        raise answer.broken(f"the answer holds no {ROOTS[table]}")
    return _row(answer, table, found)


def credited_of(answer: Answer) -> list[Credited]:
    """Decode what a credit note was applied to."""
    return answer.decode(_CREDITED).invoices_credited


def _one_by_one(answer: Answer, table: str) -> BooksPage[Any]:
    decoded = _lenient(answer)
    records, context = decoded.get(table), decoded.get("page_context")
    if not isinstance(records, list) or not all(isinstance(each, dict) for each in records):
        raise answer.broken(f"the answer holds no list of {table}")
    try:
        told = msgspec.convert(context, _Context)
    except msgspec.ValidationError:
        raise answer.broken("the answer does not say whether more follows") from None
    _check_size(answer, told, len(records))
    rows = [_row(answer, table, record) for record in records]
    good = [row for row in rows if not isinstance(row, BadRow)]
    bad = [row for row in rows if isinstance(row, BadRow)]
    return BooksPage(good, bad, told.has_more_page)


def _check_size(answer: Answer, context: _Context, came: int) -> None:
    """A page before the last that is not full has lost records on the way: it is read again."""
    if context.has_more_page and came < context.per_page:
        raise answer.lost(f"a page of {context.per_page} records holds {came}, and more follow")


def _lenient(answer: Answer) -> Mapping[str, Any]:
    """Decode what a strict decoder refuses: half a surrogate pair is no JSON to it."""
    try:
        decoded = json.loads(answer.body.decode("utf-8", "surrogateescape"), parse_float=Decimal)
    except (ValueError, RecursionError):
        raise answer.lost(f"HTTP {answer.status}, but no readable JSON came") from None
    if not isinstance(decoded, dict):
        raise answer.broken("the answer is no object")
    return decoded


def _row(answer: Answer, table: str, record: Mapping[str, Any]) -> BooksRow | BadRow:
    record_id = record.get(_IDS[table])
    if not isinstance(record_id, str) or not record_id:
        raise answer.broken(f"a record of {table} came without its id")
    broken = [name for name in _TYPES[table] if is_broken_text(record.get(name))]
    if broken:
        return _bad(record_id, record, "bad_text", f"{broken[0]}: {BROKEN_TEXT}")
    try:
        return msgspec.convert(record, _ROWS[table])
    except msgspec.ValidationError as error:
        name, reason = misfit_of(error, _TYPES[table])
        return _bad(record_id, record, reason, f"{name}: {WRONG_TYPE}")


def _bad(record_id: str, record: Mapping[str, Any], reason: str, detail: str) -> BadRow:
    return BadRow(
        id=record_id,
        account_id=None,
        modified=time_of(str(record.get("last_modified_time", ""))),
        reason=reason,
        detail=detail,
    )
