"""The fields Zixin keeps in Zoho, and how values travel to and from them."""

from collections.abc import Mapping
from datetime import UTC, date, datetime
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from typing import Any

import msgspec

from adapters.port import CreditField, FieldValue
from adapters.zoho.client import iso
from adapters.zoho.metadata import FieldMeta
from adapters.zoho.names import ZohoMapping

__all__ = [
    "WantedField",
    "decode",
    "encode",
    "wanted_credit_fields",
    "wanted_task_fields",
]

TASK_KEY_LENGTH = 120
_RATINGS = ("AAA", "AA", "A", "BBB", "BB", "B", "CCC", "CC", "C", "D", "-")
_NUMBERS = frozenset({"currency", "double", "percent"})
_TEXTS = frozenset({"text", "textarea"})


class WantedField(msgspec.Struct, frozen=True, kw_only=True):
    """A field that must exist, and the body that creates it."""

    api_name: str
    label: str
    type: str
    options: tuple[str, ...] = ()
    extra: dict[str, Any] = {}

    @property
    def unique(self) -> bool:
        """Whether the CRM must refuse a second record with the same value."""
        return "unique" in self.extra

    def body(self) -> dict[str, Any]:
        """Return what ``POST /settings/fields`` takes."""
        body: dict[str, Any] = {"field_label": self.label, "data_type": self.type, **self.extra}
        if self.options:
            body["pick_list_values"] = [
                {"display_value": option, "actual_value": option} for option in self.options
            ]
        return body


_MONEY = {
    "length": 16,
    "decimal_place": 2,
    "currency": {"rounding_option": "round_off", "precision": 2},
}
_ONE_DIGIT = {"length": 16, "decimal_place": 1}
_WHOLE = {"length": 9}
_LARGE = {"textarea": {"type": "large"}}
_C = CreditField
_TYPES: dict[CreditField, tuple[str, tuple[str, ...], dict[str, Any]]] = {
    _C.RATING: ("picklist", _RATINGS, {}),
    _C.SCORE: ("double", (), _ONE_DIGIT),
    _C.OUTLOOK: ("picklist", ("up", "stable", "down"), {}),
    _C.CURRENCY: ("text", (), {"length": 10}),
    _C.LIMIT: ("currency", (), _MONEY),
    _C.LIMIT_VALID_TO: ("date", (), {}),
    _C.EXPOSURE: ("currency", (), _MONEY),
    _C.AVAILABLE: ("currency", (), _MONEY),
    _C.UTILISATION: ("double", (), _ONE_DIGIT),
    _C.OVERDUE_AMOUNT: ("currency", (), _MONEY),
    _C.OLDEST_DAYS: ("integer", (), _WHOLE),
    _C.AGE_CURRENT: ("currency", (), _MONEY),
    _C.AGE_1_30: ("currency", (), _MONEY),
    _C.AGE_31_60: ("currency", (), _MONEY),
    _C.AGE_61_90: ("currency", (), _MONEY),
    _C.AGE_OVER_90: ("currency", (), _MONEY),
    _C.DAYS_LATE: ("double", (), _ONE_DIGIT),
    _C.WATCH_LEVEL: ("picklist", ("normal", "attention", "watch", "high"), {}),
    _C.HOLD: ("picklist", ("none", "hold", "stop"), {}),
    _C.HOLD_REASON: ("textarea", (), _LARGE),
    _C.REASONS: ("textarea", (), _LARGE),
    _C.TERMS_DAYS: ("integer", (), _WHOLE),
    _C.NEXT_REVIEW_ON: ("date", (), {}),
    _C.COMPLETENESS: ("integer", (), _WHOLE),
    _C.DATA_AS_OF: ("date", (), {}),
    _C.SUMMARY: ("text", (), {"length": 255}),
    _C.COMPUTED_AT: ("datetime", (), {}),
    _C.ASSESSMENT_ID: ("text", (), {"length": 120}),
}


def wanted_credit_fields(mapping: ZohoMapping) -> dict[CreditField, WantedField]:
    """List the credit fields the account must have, without those switched off.

    Zoho derives a field's API name from its label, so the label follows the name.
    """
    wanted: dict[CreditField, WantedField] = {}
    for credit, (type_, options, extra) in _TYPES.items():
        name = mapping.field_of(credit)
        if not name:
            continue
        renamed = mapping.options.get(credit, {})
        ours = tuple(renamed.get(option, option) for option in options)
        wanted[credit] = _named(name, type_, ours, extra)
    return wanted


def wanted_task_fields(mapping: ZohoMapping) -> list[WantedField]:
    """Describe what tasks must have: a key, so that Zoho holds one task for each.

    A custom module in the place of Tasks needs all else that a task says, too.
    """
    names = mapping.tasks
    key = WantedField(
        api_name=names.key,
        label=names.key_label,
        type="text",
        # Zoho's own files disagree on this key; the field is read back to see what came of it.
        extra={"length": TASK_KEY_LENGTH, "unique": {"case_sensitive": False}},
    )
    if names.is_standard:
        return [key]
    priorities = (names.priority_normal, names.priority_high, names.priority_highest)
    to_account = {"module": {"api_name": mapping.accounts.module}, "display_label": "Credit Tasks"}
    return [
        key,
        _named(names.account, "lookup", extra={"lookup": to_account}),
        _named(names.due_on, "date"),
        _named(names.status, "picklist", (names.status_open, *names.closed)),
        _named(names.priority, "picklist", priorities),
        _named(names.body, "textarea", extra=_LARGE),
    ]


def _named(
    api_name: str, type_: str, options: tuple[str, ...] = (), extra: dict[str, Any] | None = None
) -> WantedField:
    """Describe a field whose label follows its name, as Zoho derives the one from the other."""
    label = api_name.replace("_", " ")
    return WantedField(
        api_name=api_name, label=label, type=type_, options=options, extra=extra or {}
    )


def encode(value: FieldValue, field: FieldMeta, renamed: Mapping[str, str]) -> object:
    """Turn one of our values into what the field takes. ``renamed`` renames picklist values.

    Raises ``ValueError`` with a sentence when the field cannot hold the value.
    """
    if not field.writable:
        raise ValueError("the connection may not change this field")
    if value is None:
        return None
    if field.data_type == "picklist":
        return _choice(str(value), field, renamed)
    if field.data_type in _TEXTS:
        return _text(str(value), field)
    encoded = _measured(value, field)
    if encoded is None:
        raise ValueError(
            f"a {field.data_type} field cannot hold a value of type {type(value).__name__}"
        )
    return encoded


def decode(value: object, credit: CreditField, renamed: Mapping[str, str]) -> FieldValue:
    """Turn what stands in the CRM into the type our own value has.

    What cannot be read as that type comes back as its text: it is not what we wrote.
    """
    if value is None or value == "":
        return None
    type_ = _TYPES[credit][0]
    try:
        return _read(value, type_, renamed)
    except (ValueError, InvalidOperation):
        return str(value)


def _read(value: object, type_: str, renamed: Mapping[str, str]) -> FieldValue:
    match type_:
        case "currency" | "double":
            return Decimal(str(value))
        case "integer":
            number = Decimal(str(value))
            return int(number) if number == number.to_integral_value() else number
        case "date":
            return date.fromisoformat(str(value))
        case "datetime":
            at = datetime.fromisoformat(str(value))
            return at.astimezone(UTC) if at.tzinfo else at.replace(tzinfo=UTC)
        case "picklist":
            ours = {theirs: ours for ours, theirs in renamed.items()}
            return ours.get(str(value), str(value))
        case _:
            return str(value)


def _measured(value: FieldValue, field: FieldMeta) -> object:
    """Encode numbers, times and truth; ``None`` when value and field do not fit."""
    match value:
        case bool():
            return value if field.data_type == "boolean" else None
        case int() | Decimal():
            return _number(Decimal(value), field)
        case datetime():
            return iso(value) if field.data_type == "datetime" else None
        case date():
            return value.isoformat() if field.data_type == "date" else None
        case _:
            return None


def _number(value: Decimal, field: FieldMeta) -> object:
    if field.data_type in _NUMBERS:
        places = field.decimal_place if field.decimal_place is not None else 2
        return value.quantize(Decimal(1).scaleb(-places), ROUND_HALF_UP)
    if field.data_type in {"integer", "bigint"}:
        return int(value.quantize(Decimal(1), ROUND_HALF_UP))
    return None


def _choice(value: str, field: FieldMeta, renamed: Mapping[str, str]) -> str:
    """Find a picklist's stored value, by itself or by what people see."""
    wanted = renamed.get(value, value)
    choices = field.choices()
    if wanted in choices:
        return wanted
    for stored, shown in choices.items():
        if shown == wanted:
            return stored
    allowed = ", ".join(choices) or "none"
    raise ValueError(f"{wanted!r} is not on the picklist; allowed are: {allowed}")


def _text(value: str, field: FieldMeta) -> str:
    if field.length and len(value) > field.length:
        raise ValueError(f"the text has {len(value)} characters and the field takes {field.length}")
    return value
