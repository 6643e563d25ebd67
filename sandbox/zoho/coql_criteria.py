"""Turns COQL columns and criteria into functions over rows, checking names and types first."""

import operator
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any

from sandbox.zoho.coql_parser import Both, Criterion, Node
from sandbox.zoho.errors import ZohoError
from sandbox.zoho.fields import Field
from sandbox.zoho.rendering import renderer
from sandbox.zoho.state import OrgState
from sandbox.zoho.table import Row

__all__ = ["Column", "Test", "column", "compile_where", "literal", "null_first"]

Test = Callable[[Row], bool]
_MOST_RELATIONS = 2
_ORDERED: dict[str, Callable[[Any, Any], bool]] = {
    ">": operator.gt,
    "<": operator.lt,
    ">=": operator.ge,
    "<=": operator.le,
}
_NUMBERS = frozenset({"integer", "double", "currency", "percent"})
_IDS = frozenset({"lookup", "ownerlookup", "multi_module_lookup", "bigint"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """A column found: how to read its stored value, and how to show it."""

    path: str
    field: Field
    value: Callable[[Row], object]
    show: Callable[[Row], object]


def column(state: OrgState, module: str, path: str, clause: str | None = None) -> Column:
    """Return the column of a path, through at most two lookups.

    Raises ``ZohoError`` (INVALID_QUERY) for a name that is not there.
    """
    *relations, last = path.split(".")
    follow: list[tuple[str, str]] = []
    at = module
    for relation in relations:
        found = state.modules[at].fields.get(relation)
        if found is None or found.lookup is None or len(relations) > _MOST_RELATIONS:
            raise _no_column(path, clause)
        follow.append((relation, found.lookup))
        at = found.lookup
    field = state.modules[at].fields.get(last)
    if field is None:
        raise _no_column(path, clause)
    show = renderer(state, field)
    if not follow:
        name = field.api_name
        return Column(path=path, field=field, value=lambda row: row.get(name), show=show)
    return _joined(state, path, field, follow, show)


def _joined(
    state: OrgState,
    path: str,
    field: Field,
    follow: list[tuple[str, str]],
    show: Callable[[Row], object],
) -> Column:
    def target(row: Row) -> Row | None:
        at: Row | None = row
        for relation, module in follow:
            if at is None:
                return None
            at = state.tables[module].rows.get(str(at.get(relation)))
        return at

    def value(row: Row) -> object:
        found = target(row)
        return None if found is None else found.get(field.api_name)

    def shown(row: Row) -> object:
        found = target(row)
        return None if found is None else show(found)

    return Column(path=path, field=field, value=value, show=shown)


def compile_where(state: OrgState, module: str, node: Node) -> Test:
    """Return the test of a where clause. Raises ``ZohoError`` for what does not fit."""
    if isinstance(node, Both):
        left = compile_where(state, module, node.left)
        right = compile_where(state, module, node.right)
        if node.operator == "and":
            return lambda row: left(row) and right(row)
        return lambda row: left(row) or right(row)
    return _test(state, module, node)


def literal(state: OrgState, found: Column, criterion: Criterion, given: tuple[str, str]) -> object:
    """Return a literal in the stored form of its column. Raises ``ZohoError`` for a wrong type."""
    kind, text = given
    parsed = _typed(state, found.field.type, kind, text)
    if parsed is None:
        raise ZohoError(
            "INVALID_QUERY",
            "invalid query formed",
            {
                "column_name": found.path,
                "operator": criterion.operator,
                "reason": "invalid value for the column's data type",
                "expected_data_type": found.field.type,
            },
        )
    return parsed


def null_first(value: object) -> tuple[bool, object]:
    """Return a sort key that puts what is missing first."""
    return (value is not None, value)


def _test(state: OrgState, module: str, criterion: Criterion) -> Test:
    found = column(state, module, criterion.path, "where")
    value = found.value
    if not found.field.filterable:
        raise _not_usable(found, criterion)
    if criterion.operator == "is null":
        return lambda row: value(row) is None
    if criterion.operator == "is not null":
        return lambda row: value(row) is not None
    if criterion.operator.endswith("like"):
        return _like(found, criterion)
    values = [literal(state, found, criterion, given) for given in criterion.values]
    return _comparison(criterion.operator, value, values, found, criterion)


def _comparison(
    sign: str,
    value: Callable[[Row], object],
    values: list[object],
    found: Column,
    criterion: Criterion,
) -> Test:
    first = values[0]
    if sign == "=":
        return lambda row: value(row) == first
    if sign == "!=":
        return lambda row: value(row) is not None and value(row) != first
    if sign == "in":
        wanted = set(values)
        return lambda row: value(row) in wanted
    if sign == "not in":
        wanted = set(values)
        return lambda row: value(row) is not None and value(row) not in wanted
    if found.field.type in ("boolean", "ownerlookup", "lookup", "multi_module_lookup"):
        raise _not_usable(found, criterion)
    if sign == "between":
        low, high = values
        return lambda row: (v := value(row)) is not None and bool(low <= v <= high)  # type: ignore[operator] # both have the column's type
    compare = _ORDERED[sign]
    return lambda row: (v := value(row)) is not None and compare(v, first)


def _like(found: Column, criterion: Criterion) -> Test:
    value = found.value
    if found.field.type in _NUMBERS | _IDS:
        raise _not_usable(found, criterion)
    text = criterion.values[0][1]
    pattern = re.compile(
        ".*".join(re.escape(part) for part in text.split("%")), re.IGNORECASE | re.DOTALL
    )
    wanted = criterion.operator == "like"

    def test(row: Row) -> bool:
        held = value(row)
        return held is not None and (pattern.fullmatch(str(held)) is not None) is wanted

    return test


def _typed(state: OrgState, type_: str, kind: str, text: str) -> object:
    """Return the literal as rows store such a value; ``None`` where it is not one."""
    if type_ in _NUMBERS:
        return _number(text)
    if type_ in _IDS:
        return text if text.isdigit() else None
    if type_ == "boolean":
        return {"true": True, "false": False}.get(text.lower())
    return _typed_text(state, type_, text) if kind == "text" else None


def _typed_text(state: OrgState, type_: str, text: str) -> object:
    if type_ == "datetime":
        return state.seconds_of(text)
    return _date(text) if type_ == "date" else text


def _number(text: str) -> float | None:
    try:
        return float(Decimal(text))
    except InvalidOperation:
        return None


def _date(text: str) -> str | None:
    try:
        return date.fromisoformat(text).isoformat() if len(text) == 10 else None
    except ValueError:
        return None


def _no_column(path: str, clause: str | None) -> ZohoError:
    details = {"column_name": path} | ({"clause": clause} if clause else {})
    return ZohoError("INVALID_QUERY", "invalid query formed", details)


def _not_usable(found: Column, criterion: Criterion) -> ZohoError:
    return ZohoError(
        "INVALID_QUERY",
        "invalid query formed",
        {
            "column_name": found.path,
            "operator": criterion.operator,
            "reason": "the operator is not supported for the column",
        },
    )
