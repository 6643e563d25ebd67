"""Field metadata: what a module's fields are, and how ``settings/fields`` shows them."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

__all__ = ["CREATABLE_TYPES", "TEXTAREA_LENGTHS", "Field", "field_json"]

TEXTAREA_LENGTHS = {"small": 2_000, "large": 32_000, "rich_text": 50_000}
CREATABLE_TYPES = frozenset(
    {
        "text",
        "textarea",
        "email",
        "phone",
        "picklist",
        "multiselectpicklist",
        "date",
        "datetime",
        "integer",
        "bigint",
        "double",
        "currency",
        "percent",
        "boolean",
        "website",
        "lookup",
    }
)
_JSON_TYPES = {
    "lookup": "jsonobject",
    "ownerlookup": "jsonobject",
    "multi_module_lookup": "jsonobject",
    "multiselectpicklist": "jsonarray",
    "integer": "integer",
    "double": "double",
    "percent": "double",
    "currency": "double",
    "boolean": "boolean",
}
_UNFILTERABLE = frozenset({"textarea"})


@dataclass(slots=True, kw_only=True)
class Field:
    """One field of one module. ``system`` fields are the server's: a value sent is passed over.

    ``compute`` works a ``formula`` out of the stored row whenever it is read.
    """

    id: str
    api_name: str
    label: str
    type: str
    length: int
    mandatory: bool = False
    read_only: bool = False
    system: bool = False
    custom: bool = False
    unique: bool = False
    options: list[str] = field(default_factory=list)
    decimals: int | None = None
    lookup: str | None = None
    textarea: str | None = None
    default: str | None = None
    compute: Callable[[Mapping[str, object]], object] | None = None
    returns: str = ""

    @property
    def filterable(self) -> bool:
        """Tell whether COQL may use it in criteria and order."""
        return self.type not in _UNFILTERABLE


def field_json(item: Field, *, module_ids: dict[str, str], version: str) -> dict[str, object]:
    """Return the field as ``GET settings/fields`` shows it; v2 has lookups as plain names."""
    writable = not (item.system or item.read_only)
    shown: dict[str, object] = {
        "id": item.id,
        "api_name": item.api_name,
        "field_label": item.label,
        "display_label": item.label,
        "data_type": _shown_type(item, version),
        "json_type": _JSON_TYPES.get(item.type, "string"),
        "length": item.length,
        "decimal_place": item.decimals,
        "custom_field": item.custom,
        "read_only": item.read_only or item.system,
        "field_read_only": item.read_only,
        "system_mandatory": item.mandatory and not item.custom,
        "required": item.mandatory,
        "visible": True,
        "default_value": item.default,
        "type": "used",
        "webhook": True,
        "created_source": "default",
        "searchable": item.filterable,
        "sortable": item.filterable,
        "filterable": item.filterable,
        "mass_update": writable,
        "history_tracking_enabled": False,
        "pick_list_values": [
            _option(item.id, number, value) for number, value in enumerate(item.options, 1)
        ],
        "operation_type": {
            "web_create": writable,
            "web_update": writable,
            "api_create": writable,
            "api_update": writable,
        },
        "view_type": {"view": True, "edit": writable, "create": writable, "quick_create": False},
    }
    shown.update(_settings(item, module_ids=module_ids, version=version))
    return shown


def _settings(item: Field, *, module_ids: dict[str, str], version: str) -> dict[str, object]:
    """Return the settings that are ``{}`` or null where they do not apply."""
    return {
        "unique": {"casesensitive": "false"} if item.unique else {},
        "currency": {"rounding_option": "round_off", "precision": item.decimals}
        if item.type == "currency"
        else {},
        "textarea": {"type": item.textarea} if item.textarea else None,
        "lookup": _lookup(item, module_ids=module_ids, version=version),
        "formula": {"return_type": item.returns} if item.compute else {},
        "auto_number": {},
        "rollup_summary": {},
        "multiselectlookup": {},
        "external": None,
        "crypt": None,
        "tooltip": None,
        "private": None,
        "layout_associations": [],
    }


def _shown_type(item: Field, version: str) -> str:
    """Return the type; v2 knows a lookup to many modules as a lookup to ``se_module``."""
    is_old = version == "v2" and item.type == "multi_module_lookup"
    return "lookup" if is_old else item.type


def _lookup(item: Field, *, module_ids: dict[str, str], version: str) -> dict[str, object]:
    if version == "v2" and item.type == "multi_module_lookup":
        return {"module": "se_module", "display_label": item.label, "id": item.id}
    if item.lookup is None:
        return {}
    if version == "v2":
        return {"module": item.lookup, "display_label": item.label, "id": item.id}
    target = {"api_name": item.lookup, "id": module_ids.get(item.lookup)}
    return {"module": target, "display_label": item.label, "id": item.id, "api_name": None}


def _option(field_id: str, number: int, value: str) -> dict[str, object]:
    return {
        "id": str(int(field_id) * 1_000 + number)[-16:],
        "display_value": value,
        "actual_value": value,
        "reference_value": value,
        "sequence_number": number,
        "type": "used",
        "colour_code": None,
    }
