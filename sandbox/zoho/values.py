"""Judges values sent for a field by its metadata, and turns them into the stored form."""

import re
from collections.abc import Callable
from datetime import date
from decimal import ROUND_DOWN, Decimal

from sandbox.zoho.errors import Refusal
from sandbox.zoho.fields import Field
from sandbox.zoho.state import OrgState

__all__ = ["Place", "stored_value"]

_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")
_MAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")
_MESSAGE = "invalid data"


class Place:
    """Where in the request a value stands, for the error's details."""

    def __init__(self, index: int, api_name: str) -> None:
        self.api_name = api_name
        self.path = f"$.data[{index}].{api_name}"

    def refuse(self, code: str, message: str, /, **details: object) -> Refusal:
        """Return the refusal of this value."""
        return Refusal(
            code, message, {**details, "api_name": self.api_name, "json_path": self.path}
        )

    def wrong_type(self, expected: str) -> Refusal:
        """Return the refusal of a value of the wrong type."""
        return self.refuse("INVALID_DATA", _MESSAGE, expected_data_type=expected)


def stored_value(
    state: OrgState, field: Field, value: object, place: Place, *, se_module: str | None = None
) -> object:
    """Return the value as rows store it; ``None`` stays ``None`` and clears the field.

    ``se_module`` names the module that a task's ``What_Id`` leads to.

    Raises:
        Refusal: the value does not fit the field.
    """
    if value is None:
        return None
    if field.type in ("lookup", "multi_module_lookup"):
        return _lookup(state, field.lookup or se_module or "", value, place)
    if field.type == "ownerlookup":
        return _person(state, value, place)
    if field.type == "picklist":
        return _choice(field, value, place, lax=state.options.keeps_unlisted_choices)
    if field.type == "datetime":
        return _datetime(state, value, place)
    return _PLAIN[field.type](field, value, place)


def _text(field: Field, value: object, place: Place) -> str | None:
    if not isinstance(value, str):
        raise place.wrong_type("text")
    if len(value) > field.length:
        raise place.refuse("INVALID_DATA", _MESSAGE, maximum_length=field.length)
    if field.type == "email" and value and not _MAIL.fullmatch(value):
        raise place.wrong_type("email")
    return value or None  # Zoho holds no empty text: it reads back as null


def _choice(field: Field, value: object, place: Place, *, lax: bool) -> str | None:
    if not isinstance(value, str):
        raise place.wrong_type("picklist")
    if value not in ("", "-None-") and value not in field.options and not lax:
        raise place.refuse("INVALID_DATA", _MESSAGE, supported_values=list(field.options))
    return None if value in ("", "-None-") else value


def _choices(field: Field, value: object, place: Place) -> list[str]:
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        raise place.wrong_type("jsonarray")
    if any(item not in field.options for item in value):
        raise place.refuse("INVALID_DATA", _MESSAGE, supported_values=list(field.options))
    return value


def _integer(field: Field, value: object, place: Place) -> int:
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int):
        raise place.wrong_type("integer")
    if len(str(abs(value))) > field.length:
        raise place.refuse("INVALID_DATA", _MESSAGE, maximum_length=field.length)
    return value


def _number(field: Field, value: object, place: Place) -> float:
    """Return the number cut to the field's decimals.

    It is stored as the JSON number it is on the wire; with at most 16 digits its shortest
    decimal form is the one sent.
    """
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise place.wrong_type("double")
    exact = Decimal(repr(value))
    if len(str(abs(int(exact)))) > field.length - (field.decimals or 0):
        raise place.refuse("INVALID_DATA", _MESSAGE, maximum_length=field.length)
    if field.decimals is not None:
        exact = exact.quantize(Decimal(1).scaleb(-field.decimals), rounding=ROUND_DOWN)
    return float(exact)


def _boolean(_field: Field, value: object, place: Place) -> bool:
    if not isinstance(value, bool):
        raise place.wrong_type("boolean")
    return value


def _date(_field: Field, value: object, place: Place) -> str:
    if isinstance(value, str) and _DATE.fullmatch(value):
        try:
            return date.fromisoformat(value).isoformat()
        except ValueError as error:
            raise place.wrong_type("date") from error
    raise place.wrong_type("date")


def _datetime(state: OrgState, value: object, place: Place) -> int:
    seconds = state.seconds_of(value) if isinstance(value, str) and "T" in value else None
    if seconds is None:
        raise place.wrong_type("datetime")
    return seconds


def _lookup(state: OrgState, module: str, value: object, place: Place) -> str:
    given = value.get("id") if isinstance(value, dict) else value
    if isinstance(given, bool) or not isinstance(given, str | int):
        raise place.wrong_type("jsonobject")
    if module not in state.tables or str(given) not in state.tables[module].rows:
        raise place.refuse("INVALID_DATA", "the id given seems to be invalid", id=str(given))
    return str(given)


def _person(state: OrgState, value: object, place: Place) -> str:
    given = value if isinstance(value, dict) else {"id": value}
    for user in state.users.values():
        if str(given.get("id")) == user.id or given.get("email") == user.email:
            if user.active:
                return user.id
            raise place.refuse("INVALID_DATA", "the user is not active", id=user.id)
    raise place.refuse("INVALID_DATA", "the id given seems to be invalid")


_PLAIN: dict[str, Callable[[Field, object, Place], object]] = {
    **dict.fromkeys(["text", "textarea", "email", "phone", "website"], _text),
    "multiselectpicklist": _choices,
    "integer": _integer,
    "bigint": _integer,
    **dict.fromkeys(["double", "currency", "percent"], _number),
    "boolean": _boolean,
    "date": _date,
}
