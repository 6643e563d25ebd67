"""Decodes pages of records straight into typed rows, whatever the fields are called.

A page is decoded as a whole, without a dictionary for each record. Only where something in it
does not fit are its records looked at one by one, so that one bad record costs itself alone.
"""

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Generic, TypeVar, cast

import msgspec

from adapters.credit_file import FILE_FIELDS, FieldType
from adapters.http import Answer
from adapters.zoho.names import FeedNames, SettledNames
from scoring.records import Kind

__all__ = [
    "BROKEN_TEXT",
    "ROW_TYPES",
    "WRONG_TYPE",
    "AccountRow",
    "AllocationRow",
    "BadRow",
    "ContactRow",
    "CreditNoteRow",
    "InvoiceRow",
    "Link",
    "OrderRow",
    "PaymentRow",
    "Row",
    "RowDecoder",
    "Rows",
    "SettledRow",
    "is_broken_text",
    "misfit_of",
]


class Link(msgspec.Struct, frozen=True, gc=False):
    """A lookup's target."""

    id: str


class Row(msgspec.Struct, kw_only=True, gc=False):
    """What every record has. No row can be part of a cycle, so none is tracked for one."""

    id: str
    modified: datetime | None = None


class AccountRow(Row, kw_only=True):
    """An Account as selected."""

    name: str | None = None
    uscc: str | None = None
    industry: str | None = None
    country: str | None = None
    owner: Link | None = None
    parent: Link | None = None
    currency: str | None = None
    terms_days: Decimal | None = None
    customer_since: date | None = None
    size_class: str | None = None


class ContactRow(Row, kw_only=True):
    """A Contact as selected."""

    name: str | None = None
    last_name: str | None = None
    account: Link | None = None
    email: str | None = None
    phone: str | None = None


class InvoiceRow(Row, kw_only=True):
    """An Invoice as selected."""

    number: str | None = None
    account: Link | None = None
    issued_on: date | None = None
    due_on: date | None = None
    amount: Decimal | None = None
    currency: str | None = None
    disputed: Decimal | None = None
    disputed_on: date | None = None
    dispute_closed_on: date | None = None
    dispute_outcome: str | None = None
    segment: str | None = None
    status: str | None = None


class CreditNoteRow(Row, kw_only=True):
    """A CreditNote as selected."""

    number: str | None = None
    account: Link | None = None
    applies_to: Link | None = None
    issued_on: date | None = None
    amount: Decimal | None = None
    currency: str | None = None


class PaymentRow(Row, kw_only=True):
    """A Payment as selected."""

    account: Link | None = None
    paid_on: date | None = None
    amount: Decimal | None = None
    currency: str | None = None


class SettledRow(Row, kw_only=True):
    """An Invoice as selected for what was paid of it."""

    account: Link | None = None
    amount: Decimal | None = None
    currency: str | None = None
    status: str | None = None
    paid: Decimal | None = None
    balance: Decimal | None = None
    paid_on: date | None = None


class AllocationRow(Row, kw_only=True):
    """An Allocation as selected."""

    payment: Link | None = None
    invoice: Link | None = None
    amount: Decimal | None = None
    currency: str | None = None


class OrderRow(Row, kw_only=True):
    """An Order as selected."""

    number: str | None = None
    account: Link | None = None
    ordered_on: date | None = None
    deliver_on: date | None = None
    amount: Decimal | None = None
    invoiced: Decimal | None = None
    currency: str | None = None
    status: str | None = None
    prepaid: bool | None = None
    delivered: Decimal | None = None
    deposit: Decimal | None = None
    segment: str | None = None


_TYPES: dict[FieldType, Any] = {
    "text": str | None,
    "date": date | None,
    "number": Decimal | None,
    "link": Link | None,
    "flag": bool | None,
}


def _file_row(kind: Kind) -> type[Row]:
    """Build the row of a kind of the credit file from its fields."""
    fields = [(name, _TYPES[type_], None) for name, type_ in FILE_FIELDS[kind].items()]
    return cast("type[Row]", msgspec.defstruct(kind.value, fields, bases=(Row,), kw_only=True))


ROW_TYPES: dict[Kind, type[Row]] = {
    Kind.ACCOUNTS: AccountRow,
    Kind.CONTACTS: ContactRow,
    Kind.INVOICES: InvoiceRow,
    Kind.CREDIT_NOTES: CreditNoteRow,
    Kind.PAYMENTS: PaymentRow,
    Kind.ALLOCATIONS: AllocationRow,
    Kind.ORDERS: OrderRow,
    **{kind: _file_row(kind) for kind in FILE_FIELDS},
}


class BadRow(msgspec.Struct, frozen=True, kw_only=True):
    """A record that does not decode: a stable reason and a sentence with the field's name."""

    id: str
    account_id: str | None
    modified: datetime | None
    reason: str
    detail: str


class Rows(msgspec.Struct, frozen=True, kw_only=True):
    """A decoded page, in the order it came."""

    good: list[Row]
    bad: list[BadRow] = []
    more: bool = False

    def ids(self) -> list[str]:
        """Return the ids of all rows, the bad ones too."""
        return [row.id for row in self.good] + [row.id for row in self.bad]

    def stamps(self) -> list[tuple[datetime, int]]:
        """Return when each row changed, and its id as the number it is ordered by."""
        rows = [(row.modified, row.id) for row in self.good]
        rows += [(row.modified, row.id) for row in self.bad]
        return [(at, int(each)) for at, each in rows if at is not None and at.tzinfo is not None]


R = TypeVar("R")


class _Info(msgspec.Struct):
    more_records: bool = False
    count: int | None = None


class _Envelope(msgspec.Struct, Generic[R]):
    data: list[R]
    info: _Info


_REASONS = {Decimal: "bad_amount", date: "bad_date", Link: "bad_reference", str: "bad_text"}
_PATH = re.compile(r"`\$\.([^.`\[]+)")
WRONG_TYPE = "the value is of another type than expected"
BROKEN_TEXT = "the text holds half a character (a lone surrogate) and cannot be stored"


class RowDecoder:
    """Decodes pages of one kind under one mapping."""

    def __init__(self, kind: Kind, names: FeedNames) -> None:
        row_type = SettledRow if isinstance(names, SettledNames) else ROW_TYPES[kind]
        plain = _with_facts(row_type, names)
        self._api_names = {**names.fields(), "id": "id", "modified": "Modified_Time"}
        self._account = self._api_names.get("account", "")
        renamed = {
            field.name: self._api_names.get(field.name, f"-{field.name}")  # no such key comes
            for field in msgspec.structs.fields(plain)
        }
        self._row_type = _renamed(plain, renamed)
        self._row_list = cast("type[list[Row]]", list[self._row_type])  # type: ignore[name-defined]
        self._types = {
            self._api_names[field.name]: _bare(field.type)
            for field in msgspec.structs.fields(plain)
            if field.name in self._api_names
        }
        self._page = msgspec.json.Decoder(cast("type[Any]", _Envelope)[self._row_type])

    def page(self, answer: Answer) -> Rows:
        """Decode a list or query answer. Raises ``CrmError`` when it is none."""
        try:
            envelope = self._page.decode(answer.body)
        except (msgspec.DecodeError, UnicodeDecodeError):
            rows = self._one_by_one(answer)
        else:
            rows = Rows(good=envelope.data, more=envelope.info.more_records)
            _check_count(answer, envelope.info.count, len(envelope.data))
        if not all(each.isdecimal() for each in rows.ids()):
            raise answer.broken("a record's id is no number")
        return rows

    def table(
        self, header: Sequence[str], rows: Iterable[Sequence[str]], *, after: int = 0
    ) -> Rows:
        """Decode rows of an export: texts under API names, nothing as the empty text.

        Links stand there as bare ids. Rows up to the id ``after`` are known already; a row without
        an id is none of ours.
        """
        if "id" not in header:
            return Rows(good=[])
        place = header.index("id")
        columns = [
            (name, at, self._types.get(name) is Link)
            for at, name in enumerate(header)
            if name in self._types
        ]
        records: list[dict[str, Any]] = [
            {
                name: {"id": cells[at]} if is_link else cells[at]
                for name, at, is_link in columns
                if cells[at]
            }
            for cells in rows
            if len(cells) == len(header) and cells[place].isdecimal() and int(cells[place]) > after
        ]
        try:
            if not any(is_broken_text(text) for record in records for text in record.values()):
                good = msgspec.convert(records, self._row_list, strict=False)
                return Rows(good=good)
        except msgspec.ValidationError:
            pass
        return self._sorted(records, strict=False)

    def _sorted(
        self, records: Iterable[Mapping[str, Any]], *, strict: bool, more: bool = False
    ) -> Rows:
        """Decode records one by one, the good and the bad ones."""
        good: list[Row] = []
        bad: list[BadRow] = []
        for record in records:
            row = self._row(record, strict=strict)
            if isinstance(row, BadRow):
                bad.append(row)
            else:
                good.append(row)
        return Rows(good=good, bad=bad, more=more)

    def _one_by_one(self, answer: Answer) -> Rows:
        """Decode leniently: half a surrogate pair is no JSON to a strict decoder."""
        try:
            text = answer.body.decode("utf-8", "surrogateescape")
            decoded = json.loads(text, parse_float=Decimal)
        except (ValueError, RecursionError):
            raise answer.lost(f"HTTP {answer.status}, but no readable JSON came") from None
        records = decoded.get("data") if isinstance(decoded, dict) else None
        if not isinstance(records, list):
            raise answer.broken("the answer holds no list of records")
        if not all(isinstance(each, dict) and isinstance(each.get("id"), str) for each in records):
            raise answer.broken("a record came without its id")
        info = decoded.get("info")
        if not isinstance(info, dict):
            raise answer.broken("the answer does not say whether more follows")
        _check_count(answer, info.get("count"), len(records))
        return self._sorted(records, strict=True, more=info.get("more_records") is True)

    def _row(self, record: Mapping[str, Any], *, strict: bool) -> Row | BadRow:
        for api_name in self._api_names.values():
            if is_broken_text(record.get(api_name)):
                return self._bad(record, "bad_text", api_name, BROKEN_TEXT)
        try:
            return msgspec.convert(record, self._row_type, strict=strict)
        except msgspec.ValidationError as error:
            api_name, reason = misfit_of(error, self._types)
            return self._bad(record, reason, api_name, WRONG_TYPE)

    def _bad(self, record: Mapping[str, Any], reason: str, api_name: str, note: str) -> BadRow:
        account = record.get(self._account)
        account_id = account.get("id") if isinstance(account, dict) else None
        return BadRow(
            id=record["id"],
            account_id=account_id if isinstance(account_id, str) else None,
            modified=_time_or_none(record.get("Modified_Time")),
            reason=reason,
            detail=f"{api_name}: {note}",
        )


def _check_count(answer: Answer, told: object, came: int) -> None:
    """A page that holds fewer records than it says has lost some on the way: it is read again."""
    if isinstance(told, int) and told != came:
        raise answer.lost(f"the answer tells of {told} records and holds {came}")


def _with_facts(plain: type[Row], names: FeedNames) -> type[Row]:
    """Add the fields of the account in which parts of the credit file stand, of any type."""
    known = {field.name for field in msgspec.structs.fields(plain)}
    more: list[Any] = [(name, Any, None) for name in names.fields() if name not in known]
    if not more:
        return plain
    return cast("type[Row]", msgspec.defstruct(plain.__name__, more, bases=(plain,), kw_only=True))


def _renamed(plain: type[Row], names: Mapping[str, str]) -> type[Row]:
    """Build the same row with the organisation's names for its keys."""
    fields: list[Any] = [
        (field.name, field.type)
        if field.default is msgspec.NODEFAULT
        else (field.name, field.type, field.default)
        for field in msgspec.structs.fields(plain)
    ]
    built = msgspec.defstruct(plain.__name__, fields, rename=dict(names), kw_only=True, gc=False)
    return cast("type[Row]", built)  # the same fields; only its keys on the wire differ


def _bare(annotation: Any) -> type:  # noqa: ANN401 an annotation is any object
    """Return ``X`` of ``X | None``."""
    parts = [part for part in getattr(annotation, "__args__", ()) if part is not type(None)]
    return cast("type", parts[0] if parts else annotation)


def misfit_of(error: msgspec.ValidationError, types: Mapping[str, type]) -> tuple[str, str]:
    """Name the field that does not decode, by the types fields have, and the stable reason."""
    found = _PATH.search(str(error))
    api_name = found[1] if found else "record"
    return api_name, _REASONS.get(types.get(api_name, str), "bad_value")


def is_broken_text(value: object) -> bool:
    """Tell whether a text cannot be stored in any encoding."""
    if not isinstance(value, str) or value.isascii():
        return False
    try:
        value.encode()
    except UnicodeEncodeError:
        return True
    return False


def _time_or_none(value: object) -> datetime | None:
    try:
        return msgspec.convert(value, datetime)
    except msgspec.ValidationError:
        return None
