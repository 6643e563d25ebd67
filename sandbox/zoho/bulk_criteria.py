"""Criteria of a Bulk Read job: groups of conditions, checked and turned into a test of rows."""

from collections.abc import Iterator, Mapping

from sandbox.zoho.coql_criteria import Test, compile_where
from sandbox.zoho.coql_parser import Both, Criterion, Node
from sandbox.zoho.errors import ZohoError
from sandbox.zoho.state import OrgState

__all__ = ["criteria_test"]

_MOST_CRITERIA, _MOST_VALUES = 25, 200
_SIGNS = {
    "equal": "=",
    "not_equal": "!=",
    "less_than": "<",
    "less_equal": "<=",
    "greater_than": ">",
    "greater_equal": ">=",
    "in": "in",
    "not_in": "not in",
    "between": "between",
    "not_between": "not between",
}
_PATTERNS = {
    "contains": ("like", "%{}%"),
    "not_contains": ("not like", "%{}%"),
    "starts_with": ("like", "{}%"),
    "ends_with": ("like", "%{}"),
}
_LISTS = frozenset({"in", "not_in", "between", "not_between"})


def criteria_test(state: OrgState, module: str, given: object) -> Test:
    """Return the test of a job's ``criteria``; without any, every row passes.

    Raises ``ZohoError`` for what does not fit.
    """
    if given is None:
        return lambda _row: True
    conditions = list(_conditions(given))
    if len(conditions) > _MOST_CRITERIA:
        raise ZohoError(
            "CRITERIA_LIMIT_EXCEEDED", "the criteria limit exceeded", {"max_limit": _MOST_CRITERIA}
        )
    return _group(state, module, given)


def _conditions(given: object) -> Iterator[object]:
    """Yield the single conditions of a group of any depth."""
    group = given.get("group") if isinstance(given, Mapping) else None
    if not isinstance(group, list):
        yield given
        return
    for part in group:
        yield from _conditions(part)


def _group(state: OrgState, module: str, given: object) -> Test:
    if not isinstance(given, Mapping):
        raise ZohoError("INVALID_CRITERIA", "the criteria is invalid")
    if "group" not in given:
        return _condition(state, module, given)
    operator, group = given.get("group_operator"), given["group"]
    if operator not in {"and", "or"}:
        raise ZohoError("GROUP_OPERATOR_NOT_SUPPORTED", "the group operator is not supported")
    if not isinstance(group, list) or not group:
        raise ZohoError("AMBIGUOUS_GROUP_IN_CRITERIA", "the group has no conditions")
    tests = [_group(state, module, part) for part in group]
    if operator == "and":
        return lambda row: all(test(row) for test in tests)
    return lambda row: any(test(row) for test in tests)


def _condition(state: OrgState, module: str, given: Mapping[str, object]) -> Test:
    field, comparator, value = given.get("field"), given.get("comparator"), given.get("value")
    name = str(field.get("api_name")) if isinstance(field, Mapping) else ""
    known = state.modules[module].fields.get(name)
    if known is None:
        raise ZohoError(
            "FIELD_NOT_AVAILABLE", "the field in the criteria is not there", {"api_name": name}
        )
    if not known.filterable:
        raise ZohoError(
            "FIELD_IN_CRITERIA_NOT_SUPPORTED",
            "the field cannot stand in criteria",
            {"api_name": name},
        )
    node = _node(name, str(comparator), value)
    try:
        return compile_where(state, module, node)
    except ZohoError:
        details = {"api_name": name, "supported": [known.type]}
        raise ZohoError("VALUE_TYPE_NOT_SUPPORTED", "the value does not fit", details) from None


def _node(name: str, comparator: str, value: object) -> Node:
    values = value if isinstance(value, list) else [value]
    if comparator in _LISTS and not isinstance(value, list):
        raise ZohoError("VALUE_IN_CRITERIA_NOT_SUPPORTED", "a list is needed", {"api_name": name})
    if len(values) > _MOST_VALUES:
        raise ZohoError(
            "VALUE_LIMIT_EXCEEDED_IN_CRITERIA", "too many values", {"max_limit": _MOST_VALUES}
        )
    if comparator in _PATTERNS:
        sign, pattern = _PATTERNS[comparator]
        return Criterion(path=name, operator=sign, values=(("text", pattern.format(values[0])),))
    literals = tuple(_literal(each) for each in values)
    if comparator == "not_between":
        low, high = (
            Criterion(path=name, operator=sign, values=(each,))
            for sign, each in zip(("<", ">"), literals, strict=True)
        )
        return Both(operator="or", left=low, right=high)
    if comparator not in _SIGNS:
        raise ZohoError(
            "FIELD_COMPARATOR_IN_CRITERIA_NOT_SUPPORTED",
            "the comparator is not supported",
            {"api_name": name},
        )
    return Criterion(path=name, operator=_SIGNS[comparator], values=literals)


def _literal(value: object) -> tuple[str, str]:
    """Write a JSON value as a literal of a query."""
    if isinstance(value, bool):
        return "word", str(value).lower()
    return ("number", repr(value)) if isinstance(value, int | float) else ("text", str(value))
