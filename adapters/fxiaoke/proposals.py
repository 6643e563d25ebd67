"""Proposes what to write in the mapping, from what the tenant has."""

from collections.abc import Mapping

from adapters.credit_file import FieldType
from adapters.fxiaoke.metadata import ObjectDescribe
from adapters.fxiaoke.names import FxiaokeMapping
from adapters.suggest import Described, likely_fields, likely_modules, perhaps
from scoring.records import Kind

__all__ = ["perhaps_field", "perhaps_object"]

_HOLDS: dict[str, FieldType] = {
    **dict.fromkeys(("date", "date_time"), "date"),
    **dict.fromkeys(("number", "currency", "percentile"), "number"),
    **dict.fromkeys(("object_reference", "master_detail", "employee"), "link"),
    **dict.fromkeys(
        ("text", "long_text", "select_one", "auto_number", "email", "phone_number", "url"), "text"
    ),
    "true_or_false": "flag",
}


def perhaps_object(active: Mapping[str, str], kind: Kind) -> str:
    """Name the objects that may hold a kind, of active ones with what people call them."""
    there = (Described(api_name=name, label=label) for name, label in active.items())
    return perhaps(likely_modules(kind, there))


def perhaps_field(described: ObjectDescribe, mapping: FxiaokeMapping, kind: Kind, ours: str) -> str:
    """Name the fields of an object that may be meant; those we write ourselves are not."""
    written = set(mapping.credit_fields.values())
    there = (
        Described(api_name=each.api_name, label=each.label, holds=_HOLDS.get(each.type))
        for each in described.fields.values()
        if each.api_name not in written
    )
    return perhaps(likely_fields(kind, ours, there))
