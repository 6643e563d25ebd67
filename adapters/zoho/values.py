"""Values of one record, checked one by one: what cannot be used says why and in which field."""

from datetime import UTC, date, datetime
from decimal import Decimal, InvalidOperation

from scoring.money import Money, UnknownCurrencyError, minor_digits, to_money

__all__ = [
    "Unusable",
    "check_currency",
    "days_of",
    "instant_of",
    "missing",
    "money_of",
    "money_or_none",
    "need_date",
    "need_text",
    "text_of",
]

LARGEST_MINOR = 2**63 - 1  # what a database's integer holds


class Unusable(ValueError):
    """A row that cannot become a record: reason, our name of the field, and a sentence."""

    def __init__(self, reason: str, field: str, note: str) -> None:
        super().__init__(note)
        self.reason = reason
        self.field = field
        self.note = note


def missing(field: str) -> Unusable:
    """Name a value that is needed and not there."""
    return Unusable("missing_field", field, "the record has no value here")


def text_of(value: str | None, field: str) -> str | None:
    """Return a text without blanks around it; ``None`` for an empty one."""
    if not value:
        return None
    if "\x00" in value:
        raise Unusable("bad_text", field, "the text holds a NUL character and cannot be stored")
    return value.strip() or None


def need_text(value: str | None, field: str) -> str:
    """Return a text that must be there."""
    text = text_of(value, field)
    if text is None:
        raise missing(field)
    return text


def need_date(on: date | None, field: str) -> date:
    """Return a date that must be there."""
    if on is None:
        raise missing(field)
    return on


def instant_of(at: datetime | None, field: str) -> datetime:
    """Return a time that must be there, in UTC."""
    if at is None:
        raise missing(field)
    if at.tzinfo is None:
        raise Unusable("bad_date", field, "the time has no offset")
    return at.astimezone(UTC)


def check_currency(currency: str) -> None:
    """Refuse what is no currency."""
    try:
        minor_digits(currency)
    except UnknownCurrencyError:
        raise _unknown_currency() from None


def money_of(amount: Decimal | None, currency: str, field: str) -> Money:
    """Make money of a number that is not negative."""
    if amount is None:
        raise missing(field)
    try:
        money = to_money(amount, currency)
    except UnknownCurrencyError:
        raise _unknown_currency() from None
    except (ValueError, InvalidOperation):
        raise Unusable("bad_amount", field, "the amount is no usable number") from None
    if money.minor < 0:
        raise Unusable("bad_amount", field, "the amount is negative")
    if money.minor > LARGEST_MINOR:
        raise Unusable("bad_amount", field, "the amount is too large to store")
    return money


def money_or_none(amount: Decimal | None, currency: str, field: str) -> Money | None:
    """Make money of a number that may be missing."""
    return None if amount is None else money_of(amount, currency, field)


def days_of(value: Decimal | None) -> int | None:
    """Return whole days of terms."""
    if value is None:
        return None
    if value != value.to_integral_value() or not 0 <= value <= 36_500:
        raise Unusable("bad_number", "terms_days", "no whole number of days from 0 to 36500")
    return int(value)


def _unknown_currency() -> Unusable:
    return Unusable("unknown_currency", "currency", "no ISO 4217 currency")
