"""Holds a line of the checklist against what the tenant says about the field."""

from adapters.fxiaoke.fields import TEXT_TYPES
from adapters.fxiaoke.metadata import FieldDescribe, ObjectDescribe
from adapters.fxiaoke.provision import WantedField
from adapters.port import Finding, FindingLevel

__all__ = ["check_line"]

_NUMBERS = ("number", "currency")
_ERROR, _WARNING = FindingLevel.ERROR, FindingLevel.WARNING


def check_line(
    topic: str, wanted: WantedField, described: ObjectDescribe, provision: str
) -> Finding:
    """Say that a field is as the checklist wants it, or the first thing that is not.

    ``provision`` is the remedy for a field that is not there.
    """
    field = described.fields.get(wanted.api_name)
    if field is None:
        note = f"{described.api_name} has no field {wanted.api_name} ({wanted.label})"
        return Finding(topic=topic, level=_ERROR, message=note, remedy=provision)
    fault = _fault(wanted, field, described.api_name)
    if fault is not None:
        level, note, remedy = fault
        return Finding(topic=topic, level=level, message=note, remedy=remedy)
    parts = [field.type]
    if wanted.options:
        parts.append(f"all {len(wanted.options)} options")
    if wanted.unique:
        parts.append("unique")
    note = f"{described.api_name}.{field.api_name} ({wanted.label}): {', '.join(parts)}"
    return Finding(topic=topic, level=FindingLevel.OK, message=note)


def _fault(
    wanted: WantedField, field: FieldDescribe, object_name: str
) -> tuple[FindingLevel, str, str] | None:
    name = field.api_name
    if not _fits(wanted.type, field.type):
        remedy = f"its type cannot be changed: create another field of type {wanted.type} in the "
        remedy += "console and name it in the mapping"
        return _ERROR, f"{name} is of type {field.type} and should be {wanted.type}", remedy
    known = {*field.options, *field.options.values()}
    lacking = [option for option in wanted.options if option not in known]
    if lacking and wanted.type == "select_one":
        note = f"{name} lacks the options {', '.join(lacking)}"
        return _ERROR, note, "add them, or rename ours under mapping.options"
    if wanted.type == "currency" and (field.decimal_places or 0) < 2:
        note = f"{name} keeps {field.decimal_places or 0} decimal places: cents are lost"
        return _WARNING, note, "set it to 2 decimal places"
    if wanted.unique and not field.unique:
        note = f"{object_name}.{name} is not unique: a lost answer costs a wait and a look"
        return _WARNING, note, "tick “不允许重复” on the field"
    return None


def _fits(wanted: str, there: str) -> bool:
    if wanted in TEXT_TYPES:
        return there in TEXT_TYPES
    return there == wanted or (wanted in _NUMBERS and there in _NUMBERS)
