"""Fenxiang's values and ours: text, amounts as strings, dates as milliseconds at GMT+8.

Missing, ``null`` and ``""`` are alike: the vendor omits empty fields, sends them empty in some
answers, and null in others.
"""

import re
from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import ROUND_HALF_UP, Decimal

from scoring.money import Money, UnknownCurrencyError, minor_digits, to_money

__all__ = [
    "GMT8",
    "BadValue",
    "Row",
    "amount_of",
    "claim_of",
    "currency_of",
    "date_of",
    "date_to_ms",
    "decimal_of",
    "decimal_text",
    "integer_of",
    "modified_of",
    "ms_to_date",
    "ms_to_time",
    "need",
    "need_amount",
    "need_claim",
    "need_date",
    "text_of",
    "time_of",
    "time_to_ms",
]

Row = Mapping[str, object]

GMT8 = timezone(timedelta(hours=8))
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)
_NUMBER = re.compile(r"[+-]?[0-9]{1,15}(?:\.[0-9]{1,12})?", re.ASCII)
_MILLISECONDS = re.compile(r"-?[0-9]{1,15}", re.ASCII)
_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")
_SHOWN = 24  # characters of a bad value that a person may see


class BadValue(ValueError):
    """A field of a record cannot be used. ``reason`` is the stable code of a RecordProblem."""

    def __init__(self, reason: str, field: str, note: str) -> None:
        super().__init__(f"{field}: {note}")
        self.reason = reason


def text_of(row: Row, field: str) -> str | None:
    """Read a text, trimmed; ``None`` when empty. Raises ``BadValue`` for unstorable characters."""
    value = row.get(field) if field else None
    if value is None or value == "":
        return None
    if isinstance(value, list):  # an employee or department field holds a list, also when single
        value = value[0] if value else ""
    if isinstance(value, bool) or not isinstance(value, str | int | Decimal):
        raise BadValue("bad_text", field, "the value is not text")
    text = str(value).strip()
    if _UNSTORABLE.search(text):
        raise BadValue("bad_text", field, "the text holds a NUL or half a character")
    return text or None


def need(row: Row, field: str) -> str:
    """Read a text that must be there. Raises ``BadValue``."""
    text = text_of(row, field)
    if text is None:
        raise BadValue("missing_field", field, "the record has no value here")
    return text


def decimal_of(row: Row, fields: Iterable[str]) -> Decimal | None:
    """Read the first number present, exactly. Raises ``BadValue``."""
    for field in fields:
        value = row.get(field)
        if value is None or value == "":
            continue
        shown = "" if isinstance(value, bool) else str(value).strip()
        if not isinstance(value, str | int | Decimal) or not _NUMBER.fullmatch(shown):
            raise BadValue("bad_amount", field, f"{_redacted(value)} is not a number")
        return Decimal(shown)
    return None


def integer_of(row: Row, field: str) -> int | None:
    """Read a whole number that is not negative. Raises ``BadValue``."""
    number = decimal_of(row, (field,))
    if number is None:
        return None
    if number != number.to_integral_value() or number < 0:
        raise BadValue("bad_number", field, f"{number} is not a whole number of at least 0")
    return int(number)


def currency_of(row: Row, field: str, functional: str) -> str:
    """Read the record's currency, else the tenant's functional one. Raises ``BadValue``."""
    code = text_of(row, field) or text_of(row, "mc_functional_currency") or functional
    try:
        minor_digits(code)
    except UnknownCurrencyError:
        shown = code if re.fullmatch(r"[A-Za-z]{2,4}", code) else _redacted(code)
        raise BadValue("unknown_currency", field, f"{shown} is no ISO 4217 code") from None
    return code


def amount_of(row: Row, fields: tuple[str, ...], currency: str) -> Money | None:
    """Read an amount in major units of ``currency``. Raises ``BadValue``."""
    number = decimal_of(row, fields)
    return None if number is None else to_money(number, currency)


def need_amount(row: Row, fields: tuple[str, ...], currency: str) -> Money:
    """Read an amount that must be there. Raises ``BadValue``."""
    amount = amount_of(row, fields, currency)
    if amount is None:
        raise BadValue("missing_field", " or ".join(fields), "the record has no value here")
    return amount


def claim_of(row: Row, fields: tuple[str, ...], currency: str) -> Money | None:
    """Read an amount of a claim, a payment, an order: never negative. Raises ``BadValue``."""
    amount = amount_of(row, fields, currency)
    return None if amount is None else _not_negative(amount, fields)


def need_claim(row: Row, fields: tuple[str, ...], currency: str) -> Money:
    """Read such an amount that must be there. Raises ``BadValue``."""
    return _not_negative(need_amount(row, fields, currency), fields)


def _not_negative(amount: Money, fields: tuple[str, ...]) -> Money:
    if amount.minor < 0:
        raise BadValue("bad_amount", " or ".join(fields), "the amount is negative")
    return amount


def date_of(row: Row, field: str) -> date | None:
    """Read a date: milliseconds of midnight at GMT+8. Raises ``BadValue``."""
    millis = _millis_of(row, field)
    if millis is None:
        return None
    try:
        return ms_to_date(millis)
    except OverflowError:
        raise BadValue("bad_date", field, "the date is outside the calendar") from None


def need_date(row: Row, field: str) -> date:
    """Read a date that must be there. Raises ``BadValue``."""
    on = date_of(row, field)
    if on is None:
        raise BadValue("missing_field", field, "the record has no value here")
    return on


def time_of(row: Row, field: str) -> datetime | None:
    """Read a moment, in UTC. Raises ``BadValue``."""
    millis = _millis_of(row, field)
    if millis is None:
        return None
    try:
        return ms_to_time(millis)
    except OverflowError:
        raise BadValue("bad_date", field, "the time is outside the calendar") from None


def modified_of(row: Row) -> datetime:
    """Tell when a record was changed last, in UTC. Raises ``BadValue``."""
    modified_at = time_of(row, "last_modified_time")
    if modified_at is None:
        raise BadValue("missing_field", "last_modified_time", "the record has no value here")
    return modified_at


def _millis_of(row: Row, field: str) -> int | None:
    value = row.get(field) if field else None
    if value is None or value == "":
        return None
    if isinstance(value, bool) or not isinstance(value, int | str):
        raise BadValue("bad_date", field, "the value is not milliseconds")
    if not _MILLISECONDS.fullmatch(str(value)):
        raise BadValue("bad_date", field, f"{_redacted(value)} is not milliseconds")
    return int(value)


def ms_to_time(millis: int) -> datetime:
    """Turn milliseconds since 1970 into a moment in UTC. Raises ``OverflowError``."""
    return _EPOCH + timedelta(milliseconds=millis)


def ms_to_date(millis: int) -> date:
    """Turn milliseconds into the calendar date at GMT+8. Raises ``OverflowError``."""
    return ms_to_time(millis).astimezone(GMT8).date()


def time_to_ms(at: datetime) -> int:
    """Turn an aware moment into whole milliseconds since 1970, cutting what is finer."""
    return (at - _EPOCH) // _MILLISECOND


def date_to_ms(on: date) -> int:
    """Turn a calendar date into the milliseconds of its midnight at GMT+8."""
    return time_to_ms(datetime(on.year, on.month, on.day, tzinfo=GMT8))


def decimal_text(number: Decimal | int, places: int | None) -> str:
    """Write a number as the vendor takes it: a plain string with the field's decimal places."""
    exact = Decimal(number)
    if places is not None:
        exact = exact.quantize(Decimal(1).scaleb(-places), ROUND_HALF_UP)
    return f"{exact:f}"


def _redacted(value: object) -> str:
    """Show the shape of a bad value: digits as 9, letters as x, so no customer data leaks."""
    text = "".join(
        "9" if mark.isdigit() else "x" if mark.isalpha() else mark if mark.isascii() else "?"
        for mark in str(value)[:_SHOWN]
        if mark.isprintable()
    )
    return repr(text)
