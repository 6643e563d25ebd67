"""Credit values to and from the tenant's fields, by what the tenant says about each field."""

from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal

from adapters.fxiaoke.metadata import FieldDescribe
from adapters.fxiaoke.values import (
    BadValue,
    Row,
    date_of,
    date_to_ms,
    decimal_of,
    decimal_text,
    text_of,
    time_of,
    time_to_ms,
)
from adapters.port import CreditField, FieldValue

__all__ = ["TEXT_TYPES", "decode", "encode"]

TEXT_TYPES = ("text", "long_text", "html_rich_text")
_DATES = frozenset({CreditField.LIMIT_VALID_TO, CreditField.NEXT_REVIEW_ON, CreditField.DATA_AS_OF})
_INTEGERS = frozenset({CreditField.OLDEST_DAYS, CreditField.TERMS_DAYS, CreditField.COMPLETENESS})
_DECIMALS = frozenset(
    {
        CreditField.SCORE,
        CreditField.LIMIT,
        CreditField.EXPOSURE,
        CreditField.AVAILABLE,
        CreditField.UTILISATION,
        CreditField.OVERDUE_AMOUNT,
        CreditField.AGE_CURRENT,
        CreditField.AGE_1_30,
        CreditField.AGE_31_60,
        CreditField.AGE_61_90,
        CreditField.AGE_OVER_90,
        CreditField.DAYS_LATE,
    }
)


def encode(value: FieldValue, field: FieldDescribe, options: Mapping[str, str]) -> object:
    """Turn one of our values into what the field takes. ``options`` renames select values.

    Raises ``ValueError`` with a sentence when the field cannot hold the value.
    """
    if value is None:
        return "" if field.type in TEXT_TYPES else None
    if field.type == "select_one":
        return _option(str(value), field, options)
    if field.type in TEXT_TYPES:
        return _text(value, field)
    wire = _measured(value, field)
    if wire is None:
        note = f"a {field.type} field cannot hold a value of type {type(value).__name__}"
        raise ValueError(note)
    return wire


def _measured(value: FieldValue, field: FieldDescribe) -> str | int | bool | None:
    """Encode numbers, times and truth; ``None`` when value and field do not fit."""
    match field.type, value:
        case "true_or_false", bool():
            return value
        case (("number" | "currency" | "percentile"), Decimal() | int()) if not isinstance(
            value, bool
        ):
            return decimal_text(value, field.decimal_places)
        case "date_time", datetime():
            return time_to_ms(value)
        case "date", date() if not isinstance(value, datetime):
            return date_to_ms(value)
        case _:
            return None


def decode(
    row: Row, credit: CreditField, field: FieldDescribe, options: Mapping[str, str]
) -> FieldValue:
    """Turn what stands in the CRM into the type our own value has.

    What cannot be read as that type comes back as its text: it is not what we wrote.
    """
    name = field.api_name
    try:
        if credit in _DECIMALS:
            return decimal_of(row, (name,))
        if credit in _INTEGERS:
            number = decimal_of(row, (name,))
            return int(number) if number is not None and number == int(number) else number
        if credit in _DATES:
            return date_of(row, name)
        if credit is CreditField.COMPUTED_AT:
            return time_of(row, name)
        text = text_of(row, name)
    except BadValue:
        return str(row.get(name))
    return _ours(text, field, options) if field.type == "select_one" else text


def _option(value: str, field: FieldDescribe, options: Mapping[str, str]) -> str:
    """Find the stored value of an option, by value or by the label an administrator sees."""
    wanted = options.get(value, value)
    if wanted in field.options:
        return wanted
    for stored, label in field.options.items():
        if label == wanted:
            return stored
    allowed = ", ".join(label or stored for stored, label in field.options.items()) or "none"
    raise ValueError(f"{wanted!r} is not an option; allowed are: {allowed}")


def _ours(stored: str | None, field: FieldDescribe, options: Mapping[str, str]) -> str | None:
    if stored is None:
        return None
    label = field.options.get(stored, stored)
    for ours, wanted in options.items():
        if wanted in {stored, label}:
            return ours
    # Generated values such as "kY66aaOQl" mean nothing: the label is what was chosen.
    return stored if stored in _OUR_OPTIONS else label


def _text(value: FieldValue, field: FieldDescribe) -> str:
    text = value.isoformat() if isinstance(value, date) else str(value)
    if field.max_length is not None and len(text) > field.max_length:
        note = f"the text has {len(text)} characters and the field takes {field.max_length}"
        raise ValueError(f"{note}: lengthen it in the console")
    return text


_OUR_OPTIONS = frozenset(
    {
        *("AAA", "AA", "A", "BBB", "BB", "B", "CCC", "CC", "C", "D", "-"),
        *("up", "stable", "down"),
        *("normal", "attention", "watch", "high"),
        *("none", "hold", "stop"),
    }
)
