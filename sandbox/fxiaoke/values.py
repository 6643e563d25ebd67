"""What a field takes and how it is kept: amounts as text, dates as milliseconds at GMT+8 midnight.

A missing value, ``None`` and ``""`` are the same: the field is empty and kept as ``None``.
"""

from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal, InvalidOperation

from sandbox.fxiaoke.fields import (
    LIST_TYPES,
    NUMBER_TYPES,
    READ_ONLY_TYPES,
    TEXT_TYPES,
    FieldDescribe,
)

__all__ = ["CHINA", "BadValue", "amount_text", "date_ms", "friendly", "instant_ms", "keep"]

CHINA = timezone(timedelta(hours=8))
_DAY_MS = 86_400_000
_SHIFT_MS = 8 * 3_600_000


class BadValue(ValueError):
    """A field does not take this value; the sentence says which and why."""


def date_ms(day: date) -> int:
    """Return midnight GMT+8 of a day in milliseconds."""
    return (day.toordinal() - 719_163) * _DAY_MS - _SHIFT_MS


def instant_ms(at: datetime) -> int:
    """Return an aware time in whole milliseconds."""
    return (at - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(milliseconds=1)


def amount_text(amount: Decimal, places: int = 2) -> str:
    """Write a number with its decimal places, as the platform answers it."""
    return f"{amount:.{places}f}"


def keep(field: FieldDescribe, value: object, *, strict_options: bool = True) -> object:
    """Check a written value and return what is kept; ``None`` means empty.

    References and people are checked by the store. Raises ``BadValue``.
    """
    if value is None or value in ("", []):
        return None
    if field.type in READ_ONLY_TYPES:
        raise BadValue(f"字段[{field.label}]({field.api_name})不可写入")
    if field.type in NUMBER_TYPES:
        return _number(field, value)
    if field.type in {"select_one", "record_type"}:
        return _option(field, value, strict=strict_options)
    if field.type in LIST_TYPES:
        return _texts(field, value)
    return _KEEPERS[field.type](field, value)


def friendly(field: FieldDescribe, value: object) -> object:
    """Turn what a person may type into the wire's form: ISO dates, bare numbers, one owner."""
    if isinstance(value, str) and value and field.type in {"date", "date_time"}:
        return _typed_time(field, value)
    if isinstance(value, str) and value and field.type in LIST_TYPES:
        return [value]
    return value


def _typed_time(field: FieldDescribe, value: str) -> object:
    try:
        at = datetime.fromisoformat(value)
    except ValueError:
        return value
    if field.type == "date":
        return date_ms(at.date())
    return instant_ms(at if at.tzinfo else at.replace(tzinfo=CHINA))


def _wrong(field: FieldDescribe, what: str) -> BadValue:
    return BadValue(f"字段[{field.label}]({field.api_name}){what}")


def _text(field: FieldDescribe, value: object) -> str:
    if not isinstance(value, str):
        raise _wrong(field, "的值必须是文本")
    if field.max_length is not None and len(value) > field.max_length:
        raise _wrong(field, f"的长度不能超过{field.max_length}")
    return value


def _number(field: FieldDescribe, value: object) -> str:
    if isinstance(value, bool) or not isinstance(value, str | int | float | Decimal):
        raise _wrong(field, "的值必须是数字")
    try:
        number = Decimal(str(value))
    except InvalidOperation:
        raise _wrong(field, "的值必须是数字") from None
    if not number.is_finite():
        raise _wrong(field, "的值必须是数字")
    places = field.decimal_places if field.decimal_places is not None else 2
    if number != round(number, places):
        raise _wrong(field, f"的小数位数不能超过{places}")
    return amount_text(number, places)


def _milliseconds(field: FieldDescribe, value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, int):
        raise _wrong(field, "的值必须是毫秒时间戳")
    return value


def _day(field: FieldDescribe, value: object) -> int:
    # The time part of a date is ignored, as the manual says.
    at = _milliseconds(field, value) + _SHIFT_MS
    return at - at % _DAY_MS - _SHIFT_MS


def _truth(field: FieldDescribe, value: object) -> bool:
    if not isinstance(value, bool):
        raise _wrong(field, "的值必须是布尔值")
    return value


def _option(field: FieldDescribe, value: object, *, strict: bool) -> str:
    if not isinstance(value, str):
        raise _wrong(field, "的值必须是选项值")
    if strict and all(option.value != value for option in field.options):
        raise _wrong(field, f"没有选项[{value}]")
    return value


def _texts(field: FieldDescribe, value: object) -> list[str]:
    if not isinstance(value, list) or not all(isinstance(each, str) for each in value):
        raise _wrong(field, "的值必须是文本列表")
    if field.type == "employee" and len(value) > 1:
        raise _wrong(field, "只能有一个人员")
    return list(value)


_KEEPERS: Mapping[str, Callable[[FieldDescribe, object], object]] = {
    **dict.fromkeys(TEXT_TYPES, _text),
    "object_reference": _text,
    "master_detail": _text,
    "date": _day,
    "date_time": _milliseconds,
    "time": _milliseconds,
    "true_or_false": _truth,
}
