"""Fields and objects as ``object/describe`` shows them."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any

__all__ = [
    "DATE_TYPES",
    "LIST_TYPES",
    "NUMBER_TYPES",
    "READ_ONLY_TYPES",
    "REFERENCE_TYPES",
    "TEXT_TYPES",
    "FieldDescribe",
    "ObjectDescribe",
    "Option",
    "field_from_wire",
    "is_custom",
    "object_from_wire",
]

TEXT_TYPES = frozenset(
    {"text", "long_text", "html_rich_text", "phone_number", "email", "url", "auto_number"}
)
NUMBER_TYPES = frozenset({"number", "currency", "percentile"})
DATE_TYPES = frozenset({"date", "date_time", "time"})
LIST_TYPES = frozenset(
    {"employee", "department", "employee_many", "department_many", "select_many", "tag", "array"}
)
REFERENCE_TYPES = frozenset({"object_reference", "master_detail"})
READ_ONLY_TYPES = frozenset({"formula", "count", "quote"})
_KNOWN_TYPES = (
    TEXT_TYPES
    | NUMBER_TYPES
    | DATE_TYPES
    | LIST_TYPES
    | REFERENCE_TYPES
    | READ_ONLY_TYPES
    | {"select_one", "true_or_false", "record_type"}
)


@dataclass(frozen=True, slots=True)
class Option:
    """One value of a select field; the value is what travels."""

    label: str
    value: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldDescribe:
    """One field. ``target`` is the object a reference points to."""

    api_name: str
    label: str
    type: str
    required: bool = False
    unique: bool = False
    define_type: str = "package"
    options: tuple[Option, ...] = ()
    decimal_places: int | None = None
    max_length: int | None = None
    target: str | None = None

    def as_wire(self) -> dict[str, Any]:
        """Return the map that ``object/describe`` answers."""
        wire: dict[str, Any] = {
            "api_name": self.api_name,
            "label": self.label,
            "type": self.type,
            "is_required": self.required,
            "is_unique": self.unique,
            "define_type": self.define_type,
            "is_active": True,
        }
        if self.type == "record_type":
            wire["options"] = [{"label": o.label, "api_name": o.value} for o in self.options]
        elif self.type in {"select_one", "select_many"}:
            wire["options"] = [{"label": o.label, "value": o.value} for o in self.options]
        if self.type == "currency":
            wire["currency_unit"] = "￥"
        if self.type in {"date", "date_time"}:
            pattern = "yyyy-MM-dd" if self.type == "date" else "yyyy-MM-dd HH:mm:ss"
            wire |= {"date_format": pattern, "time_zone": "GMT+8"}
        extras = {
            "decimal_places": self.decimal_places,
            "max_length": self.max_length,
            "target_api_name": self.target,
        }
        return wire | {name: value for name, value in extras.items() if value is not None}

    def label_of(self, value: str) -> str:
        """Return the label of an option's value; the value itself where it is none."""
        return next((o.label for o in self.options if o.value == value), value)


@dataclass(slots=True, kw_only=True)
class ObjectDescribe:
    """One object with its fields; fields may be added later."""

    api_name: str
    display_name: str
    fields: dict[str, FieldDescribe] = field(default_factory=dict)
    detail_of: tuple[str, str] | None = None  # (master object, field that names the master)

    def add(self, *fields: FieldDescribe) -> None:
        """Add fields; one of the same name is replaced."""
        self.fields |= {each.api_name: each for each in fields}

    def list_entry(self, *, active: bool = True) -> dict[str, Any]:
        """Return the entry of ``object/list``; one that was not bought is not active."""
        return {
            "describeApiName": self.api_name,
            "describeDisplayName": self.display_name,
            "defineType": self.define_type,
            "isActive": active,
            "iconPath": "",
            "iconIndex": 0,
            "hideButton": False,
            "publicObject": False,
        }

    def as_wire(self) -> dict[str, Any]:
        """Return the map that ``object/describe`` answers."""
        return {
            "api_name": self.api_name,
            "display_name": self.display_name,
            "define_type": self.define_type,
            "is_active": True,
            "fields": {name: each.as_wire() for name, each in self.fields.items()},
        }

    @property
    def define_type(self) -> str:
        """``custom`` or ``package``."""
        return "custom" if is_custom(self.api_name) else "package"


def is_custom(api_name: str) -> bool:
    """Tell whether an object or a field is one of the tenant's own."""
    return api_name.endswith("__c")


def field_from_wire(describe: Mapping[str, object], *, generated: bool = False) -> FieldDescribe:
    """Read a field's describe as an administrator would enter it.

    ``options`` may be texts or maps of label and value; ``generated`` gives texts random-looking
    values, as the console does. Raises ``ValueError`` with a sentence.
    """
    api_name, type_ = describe.get("api_name"), describe.get("type")
    if not isinstance(api_name, str) or not api_name:
        raise ValueError("a field needs an api_name")
    if type_ not in _KNOWN_TYPES:
        raise ValueError(f"field {api_name}: {type_!r} is not a field type")
    options = tuple(
        _option(api_name, each, generated=generated) for each in _list(describe, "options")
    )
    if type_ in {"select_one", "select_many"} and not options:
        raise ValueError(f"field {api_name}: a select field needs options")
    target = describe.get("target_api_name")
    return FieldDescribe(
        api_name=api_name,
        label=str(describe.get("label") or api_name),
        type=str(type_),
        required=bool(describe.get("is_required", False)),
        unique=bool(describe.get("is_unique", False)),
        define_type="custom" if is_custom(api_name) else "package",
        options=options,
        decimal_places=_whole(describe, "decimal_places") if type_ in NUMBER_TYPES else None,
        max_length=_whole(describe, "max_length"),
        target=str(target) if target else None,
    )


def object_from_wire(describe: Mapping[str, object]) -> ObjectDescribe:
    """Read a custom object's describe; its ``fields`` are a list or a map of field describes.

    Raises ``ValueError`` with a sentence.
    """
    api_name = describe.get("api_name")
    if not isinstance(api_name, str) or not is_custom(api_name):
        raise ValueError("a custom object needs an api_name that ends with __c")
    raw = describe.get("fields", [])
    given: Iterable[object] = (
        raw.values() if isinstance(raw, Mapping) else _list(describe, "fields")
    )
    made = ObjectDescribe(
        api_name=api_name, display_name=str(describe.get("display_name") or api_name)
    )
    for each in given:
        if not isinstance(each, Mapping):
            raise ValueError(f"object {api_name}: a field must be a map")  # noqa: TRY004 it is the sender's value
        made.add(field_from_wire(each))
    return made


def _option(api_name: str, raw: object, *, generated: bool) -> Option:
    if isinstance(raw, str):
        return Option(raw, _generated_value(api_name, raw) if generated else raw)
    if isinstance(raw, Mapping) and isinstance(raw.get("label"), str):
        return Option(str(raw["label"]), str(raw.get("value") or raw["label"]))
    raise ValueError(f"field {api_name}: an option is a text, or a map of label and value")


def _generated_value(api_name: str, label: str) -> str:
    return sha256(f"{api_name}:{label}".encode()).hexdigest()[:9]


def _list(describe: Mapping[str, object], key: str) -> list[object]:
    raw = describe.get(key) or []
    if not isinstance(raw, list):
        raise ValueError(f"{key} must be a list")  # noqa: TRY004 it is the sender's value
    return raw


def _whole(describe: Mapping[str, object], key: str) -> int | None:
    raw = describe.get(key)
    if raw is None:
        return 2 if key == "decimal_places" else None
    if isinstance(raw, bool) or not isinstance(raw, int) or raw < 0:
        raise ValueError(f"{key} must be a whole number, 0 or more")
    return raw
