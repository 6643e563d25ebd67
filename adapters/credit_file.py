"""The credit file (资信档案) in any CRM: which fields a fact has, and how fields become a fact.

Vendors read their rows into plain values by these fields; what the values mean is the same for
all. Every part is optional: a kind without a module or object is a feed the connection lacks.
"""

from collections.abc import Callable, Mapping
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from typing import Any, Literal, TypeVar

import msgspec

from scoring.money import Money, UnknownCurrencyError, to_money
from scoring.records import (
    COLLATERAL_KINDS,
    CREDIT_RECORD_KINDS,
    AccountFact,
    Collateral,
    CreditRecord,
    Kind,
    NoteReceivable,
    Promise,
    Record,
    ReturnedPayment,
    Statement,
    WriteOff,
)
from scoring.schemas import NOTE_KINDS, RETURN_KINDS, STATEMENT_BASES, STATEMENT_LINES

__all__ = [
    "FACT_FIELDS",
    "FILE_FIELDS",
    "UNITS",
    "BadFact",
    "FactNames",
    "FieldType",
    "Plain",
    "fact_of",
    "record_of",
]

FieldType = Literal["text", "date", "number", "link", "flag"]
Plain = str | date | Decimal | bool | None

#: Kind → our name of a field → what it holds. Links are ids of other records.
FILE_FIELDS: dict[Kind, dict[str, FieldType]] = {
    Kind.STATEMENTS: {
        "account": "link",
        "period_end": "date",
        "months": "number",
        "basis": "text",
        "received_on": "date",
        "source": "text",
        "currency": "text",
        "unit": "text",
        **dict.fromkeys(STATEMENT_LINES, "number"),
    },
    Kind.CREDIT_RECORDS: {
        "account": "link",
        "kind": "text",
        "known_on": "date",
        "event_on": "date",
        "valid_to": "date",
        "ended_on": "date",
        "status": "text",
        "value": "number",
        "amount": "number",
        "currency": "text",
        "channel": "text",
        "source": "text",
    },
    Kind.PROMISES: {
        "account": "link",
        "invoice": "link",
        "made_on": "date",
        "promised_on": "date",
        "amount": "number",
        "currency": "text",
        "cancelled_on": "date",
        "superseded_on": "date",
    },
    Kind.COLLATERAL: {
        "account": "link",
        "kind": "text",
        "amount": "number",
        "currency": "text",
        "valid_from": "date",
        "valid_to": "date",
        "registered": "flag",
        "haircut": "number",
    },
    Kind.WRITE_OFFS: {
        "account": "link",
        "invoice": "link",
        "written_off_on": "date",
        "amount": "number",
        "currency": "text",
    },
    Kind.RETURNS: {"account": "link", "payment": "link", "kind": "text", "returned_on": "date"},
    Kind.NOTES: {
        "account": "link",
        "kind": "text",
        "amount": "number",
        "currency": "text",
        "received_on": "date",
        "due_on": "date",
        "ended_on": "date",
    },
}
FACT_FIELDS: dict[str, FieldType] = {
    "status": "text",
    "value": "number",
    "amount": "number",
    "event_on": "date",
    "valid_to": "date",
    "known_on": "date",
}
#: How many of the currency's unit one written unit is (单位).
UNITS = {
    **dict.fromkeys(("元", "yuan", "1"), Decimal(1)),
    **dict.fromkeys(("千元", "thousand", "1000"), Decimal(1000)),
    **dict.fromkeys(("万元", "ten thousand", "10000"), Decimal(10_000)),
    **dict.fromkeys(("百万元", "million", "1000000"), Decimal(1_000_000)),
    **dict.fromkeys(("亿元", "100000000"), Decimal(100_000_000)),
}
_LARGEST_MINOR = 2**62
_Ids = Mapping[str, Any]
_T = TypeVar("_T")
_PERCENT = Decimal(100)


class BadFact(ValueError):
    """A value cannot be used: a stable reason, our name of the field, and a sentence."""

    def __init__(self, reason: str, field: str, note: str) -> None:
        super().__init__(note)
        self.reason = reason
        self.field = field
        self.note = note


class FactNames(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One fact that stands in fields of the account: its kind, and the fields' names.

    ``words`` gives the status that a field's value stands for.
    """

    kind: str
    status: str = ""
    value: str = ""
    amount: str = ""
    event_on: str = ""
    valid_to: str = ""
    known_on: str = ""
    words: dict[str, str] = {}

    def __post_init__(self) -> None:
        """Refuse a kind nobody knows. Raises ``ValueError``."""
        if self.kind not in CREDIT_RECORD_KINDS:
            known = ", ".join(CREDIT_RECORD_KINDS)
            raise ValueError(f"kind {self.kind!r}: there are {known}")

    def fields(self) -> dict[str, str]:
        """Return our name and the CRM's name of each field that is given."""
        names = {name: getattr(self, name) for name in FACT_FIELDS}
        return {ours: theirs for ours, theirs in names.items() if theirs}


def fact_of(names: FactNames, values: Mapping[str, Plain], currency: str) -> AccountFact | None:
    """Make a fact of an account's fields; ``None`` where they are empty. Raises ``BadFact``."""
    reading = _Reading(values, names.words, currency)
    fact = AccountFact(
        kind=names.kind,
        known_on=reading.day("known_on"),
        event_on=reading.day("event_on"),
        valid_to=reading.day("valid_to"),
        status=reading.word("status"),
        value=reading.real("value"),
        amount=reading.money("amount"),
    )
    told = (fact.status, fact.value, fact.amount, fact.event_on, fact.valid_to)
    return fact if any(part is not None for part in told) else None


def record_of(
    kind: Kind,
    record_id: str,
    modified_at: datetime,
    values: Mapping[str, Plain],
    *,
    words: Mapping[str, str],
    unit: str,
    currency: str,
) -> Record:
    """Make a record of the credit file. ``words``: what options stand for. Raises ``BadFact``.

    ``unit`` and ``currency`` count where the record names none.
    """
    reading = _Reading(values, words, reading_currency(values, currency), unit)
    ids = {
        "record_id": record_id,
        "account_id": reading.need_text("account"),
        "modified_at": modified_at,
    }
    return _BUILDERS[kind](reading, ids)


def reading_currency(values: Mapping[str, Plain], default: str) -> str:
    """Return the record's own currency, else the default."""
    own = values.get("currency")
    return own.strip() if isinstance(own, str) and own.strip() else default


class _Reading:
    """The values of one record, read one by one."""

    def __init__(
        self, values: Mapping[str, Plain], words: Mapping[str, str], currency: str, unit: str = "元"
    ) -> None:
        self._values = values
        self._words = words
        self.currency = currency
        self._unit = unit

    def text(self, name: str) -> str | None:
        value = self._values.get(name)
        text = "" if value is None else str(value).strip()
        if "\x00" in text:
            raise BadFact("bad_text", name, "the text holds a NUL character and cannot be stored")
        return text or None

    def need_text(self, name: str) -> str:
        return _needed(self.text(name), name)

    def word(self, name: str) -> str | None:
        text = self.text(name)
        return None if text is None else self._words.get(text, text)

    def one_of(self, name: str, allowed: tuple[str, ...], default: str | None = None) -> str:
        word = _needed(self.word(name) or default, name)
        if word not in allowed:
            note = f"the value stands for none of {', '.join(allowed)}: say what it means in words"
            raise BadFact("unknown_option", name, note)
        return word

    def day(self, name: str) -> date | None:
        value = self._values.get(name)
        return value if isinstance(value, date) else None

    def need_day(self, name: str) -> date:
        return _needed(self.day(name), name)

    def flag(self, name: str) -> bool:
        return self._values.get(name) is True

    def number(self, name: str) -> Decimal | None:
        value = self._values.get(name)
        if value is None:
            return None
        if not isinstance(value, Decimal) or not value.is_finite():
            raise BadFact("bad_number", name, "the value is no number")
        return value

    def real(self, name: str) -> float | None:
        number = self.number(name)
        return None if number is None else float(number)

    def share(self, name: str) -> float | None:
        """Read a percent as a share."""
        number = self.number(name)
        if number is not None and not 0 <= number <= _PERCENT:
            raise BadFact("bad_number", name, "the percent is not from 0 to 100")
        return None if number is None else float(number / _PERCENT)

    def money(self, name: str) -> Money | None:
        number = self.number(name)
        if number is None:
            return None
        if number < 0:
            raise BadFact("bad_amount", name, "the amount is negative")
        return self._money(name, number)

    def need_money(self, name: str) -> Money:
        return _needed(self.money(name), name)

    def months(self) -> int:
        number = self.number("months")
        if number is None:
            return 12
        if number != number.to_integral_value() or not 1 <= number <= 24:
            raise BadFact("bad_number", "months", "no whole number of months from 1 to 24")
        return int(number)

    def lines(self) -> dict[str, int]:
        unit = self.text("unit") or self._unit
        factor = UNITS.get(unit)
        if factor is None:
            known = ", ".join(UNITS)
            raise BadFact("unknown_option", "unit", f"the unit is none of {known}")
        given = {line: self.number(line) for line in STATEMENT_LINES}
        return {
            line: self._money(line, number * factor).minor
            for line, number in given.items()
            if number is not None
        }

    def _money(self, name: str, number: Decimal) -> Money:
        try:
            money = to_money(number, self.currency)
        except UnknownCurrencyError:
            raise BadFact("unknown_currency", "currency", "no ISO 4217 currency") from None
        except (ValueError, InvalidOperation):
            raise BadFact("bad_amount", name, "the amount is no usable number") from None
        if abs(money.minor) > _LARGEST_MINOR:
            raise BadFact("bad_amount", name, "the amount is too large to store")
        return money


def _needed(value: _T | None, name: str) -> _T:
    if value is None:
        raise BadFact("missing_field", name, "the record has no value here")
    return value


def _statement(reading: _Reading, ids: _Ids) -> Statement:
    lines = reading.lines()
    if not lines:
        raise BadFact("missing_field", "total_assets", "the statement has no figure at all")
    return Statement(
        **ids,
        period_end=reading.need_day("period_end"),
        months=reading.months(),
        basis=reading.one_of("basis", STATEMENT_BASES, "self_declared"),
        received_on=reading.day("received_on") or ids["modified_at"].date(),
        source=reading.text("source") or "crm",
        currency=reading.currency,
        lines=lines,
    )


def _credit_record(reading: _Reading, ids: _Ids) -> CreditRecord:
    return CreditRecord(
        **ids,
        kind=reading.one_of("kind", CREDIT_RECORD_KINDS),
        known_on=reading.day("known_on") or ids["modified_at"].date(),
        event_on=reading.day("event_on"),
        valid_to=reading.day("valid_to"),
        ended_on=reading.day("ended_on"),
        status=reading.word("status"),
        value=reading.real("value"),
        amount=reading.money("amount"),
        channel=reading.word("channel"),
        source=reading.text("source") or "crm",
    )


def _promise(reading: _Reading, ids: _Ids) -> Promise:
    return Promise(
        **ids,
        invoice_id=reading.text("invoice"),
        made_on=reading.day("made_on") or ids["modified_at"].date(),
        promised_on=reading.need_day("promised_on"),
        amount=reading.need_money("amount"),
        cancelled_on=reading.day("cancelled_on"),
        superseded_on=reading.day("superseded_on"),
    )


def _collateral(reading: _Reading, ids: _Ids) -> Collateral:
    return Collateral(
        **ids,
        kind=reading.one_of("kind", COLLATERAL_KINDS),
        amount=reading.need_money("amount"),
        valid_from=reading.need_day("valid_from"),
        valid_to=reading.day("valid_to"),
        registered=reading.flag("registered"),
        haircut=reading.share("haircut"),
    )


def _write_off(reading: _Reading, ids: _Ids) -> WriteOff:
    return WriteOff(
        **ids,
        invoice_id=reading.text("invoice"),
        written_off_on=reading.need_day("written_off_on"),
        amount=reading.need_money("amount"),
    )


def _return(reading: _Reading, ids: _Ids) -> ReturnedPayment:
    return ReturnedPayment(
        **ids,
        payment_id=reading.text("payment"),
        kind=reading.one_of("kind", RETURN_KINDS, "returned_payment"),
        returned_on=reading.need_day("returned_on"),
    )


def _note(reading: _Reading, ids: _Ids) -> NoteReceivable:
    return NoteReceivable(
        **ids,
        kind=reading.one_of("kind", NOTE_KINDS),
        amount=reading.need_money("amount"),
        received_on=reading.need_day("received_on"),
        due_on=reading.need_day("due_on"),
        ended_on=reading.day("ended_on"),
    )


_BUILDERS: dict[Kind, Callable[[_Reading, _Ids], Record]] = {
    Kind.STATEMENTS: _statement,
    Kind.CREDIT_RECORDS: _credit_record,
    Kind.PROMISES: _promise,
    Kind.COLLATERAL: _collateral,
    Kind.WRITE_OFFS: _write_off,
    Kind.RETURNS: _return,
    Kind.NOTES: _note,
}
