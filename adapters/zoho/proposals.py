"""Proposes what to write in the mapping, from what the organisation has."""

from adapters.credit_file import FieldType
from adapters.suggest import Described, likely_fields, likely_modules, perhaps
from adapters.zoho.metadata import Metadata
from adapters.zoho.names import ZohoMapping
from scoring.records import Kind

__all__ = ["perhaps_field", "perhaps_module"]

_HOLDS: dict[str, FieldType] = {
    **dict.fromkeys(("date", "datetime"), "date"),
    **dict.fromkeys(("integer", "bigint", "double", "currency", "percent"), "number"),
    **dict.fromkeys(("lookup", "ownerlookup", "userlookup", "multi_module_lookup"), "link"),
    **dict.fromkeys(
        ("text", "textarea", "email", "phone", "picklist", "website", "autonumber"), "text"
    ),
    "boolean": "flag",
}


def perhaps_module(metadata: Metadata, kind: Kind) -> str:
    """Name the modules that may hold a kind; empty where none seems to. Raises ``CrmError``."""
    there = (Described(api_name=name, label=label) for name, label in metadata.modules().items())
    return perhaps(likely_modules(kind, there))


def perhaps_field(metadata: Metadata, mapping: ZohoMapping, kind: Kind, ours: str) -> str:
    """Name the fields that may be meant; those we write ourselves are not. Raises ``CrmError``."""
    written = set(mapping.credit_fields.values())
    there = (
        Described(api_name=each.api_name, label=each.field_label, holds=_HOLDS.get(each.data_type))
        for each in metadata.fields(mapping.feed(kind).module).values()
        if each.api_name not in written
    )
    return perhaps(likely_fields(kind, ours, there))
