"""The operators of ``search_query_info.filters``, as tests of one field's value.

A condition on an empty field fails, except those that say "not": ``N``, ``NIN``, ``NLIKE``,
``NBETWEEN``, ``NHASANYOF`` and ``IS`` also find empty values.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation

from sandbox.fxiaoke.answers import PARAMETER, Refusal
from sandbox.fxiaoke.fields import DATE_TYPES, LIST_TYPES, NUMBER_TYPES, FieldDescribe
from sandbox.fxiaoke.people import Staff
from sandbox.fxiaoke.rows import Row, reader

__all__ = ["OPERATORS", "Condition", "read_conditions"]

Test = Callable[[object], bool]
_MANY = frozenset({"IN", "NIN", "HASANYOF", "NHASANYOF"})
_PAIR = frozenset({"BETWEEN", "NBETWEEN"})
_NONE = frozenset({"IS", "ISN"})
_NEGATIONS = {
    "ISN": "IS",
    "N": "EQ",
    "NIN": "IN",
    "NLIKE": "LIKE",
    "NBETWEEN": "BETWEEN",
    "NHASANYOF": "HASANYOF",
}
OPERATORS = frozenset(
    {"EQ", "GT", "GTE", "LT", "LTE", "LIKE", "STARTWITH", "ENDWITH", "CONTAINS"}
    | _MANY
    | _PAIR
    | _NONE
    | set(_NEGATIONS)
)


@dataclass(frozen=True, slots=True)
class Condition:
    """One filter, read and ready. ``values`` are as the field's type compares them."""

    field_name: str
    operator: str
    values: tuple[object, ...]
    holds: Callable[[Row], bool]


def read_conditions(
    filters: object, fields: dict[str, FieldDescribe], staff: Staff
) -> list[Condition]:
    """Read the ANDed filters of a query; refuses what the platform could not understand."""
    if filters is None:
        return []
    if not isinstance(filters, list):
        raise Refusal(PARAMETER, "filters must be a list")
    return [_read(each, fields, staff) for each in filters]


def _read(raw: object, fields: dict[str, FieldDescribe], staff: Staff) -> Condition:
    if not isinstance(raw, dict):
        raise Refusal(PARAMETER, "a filter must be a map")
    name, operator, given = raw.get("field_name"), raw.get("operator"), raw.get("field_values")
    described = fields.get(name) if isinstance(name, str) else None
    if described is None:
        raise Refusal(PARAMETER, f"filter field {name} does not exist")
    if not isinstance(operator, str) or operator not in OPERATORS:
        raise Refusal(PARAMETER, f"operator {operator} is not supported")
    if not isinstance(given, list):
        raise Refusal(PARAMETER, f"field_values of {name} must be a list")
    _check_count(described.api_name, operator, len(given))
    values = _comparable(described, given, staff)
    test = _test(_kind(described), operator, values)
    read = reader(described.api_name)
    return Condition(described.api_name, operator, tuple(values), lambda row: test(read(row)))


def _check_count(name: str, operator: str, count: int) -> None:
    if operator in _NONE:
        return
    fits = count == 2 if operator in _PAIR else count >= 1 if operator in _MANY else count == 1
    if not fits:
        raise Refusal(PARAMETER, f"operator {operator} on {name} does not take {count} values")


def _kind(described: FieldDescribe) -> str:
    if described.type in NUMBER_TYPES or described.type == "count":
        return "number"
    if described.type in DATE_TYPES:
        return "time"
    if described.type in LIST_TYPES:
        return "list"
    return "truth" if described.type == "true_or_false" else "text"


def _comparable(described: FieldDescribe, given: Sequence[object], staff: Staff) -> list[object]:
    kind = _kind(described)
    try:
        if kind == "number":
            return [Decimal(str(each)) for each in given]
        if kind == "time":
            return [int(str(each)) for each in given]
    except (InvalidOperation, ValueError):
        raise Refusal(PARAMETER, f"field_values of {described.api_name} are illegal") from None
    if kind == "truth":
        return [str(each).lower() == "true" for each in given]
    texts = [str(each) for each in given]
    return list(staff.plain_ids(texts)) if kind == "list" else list(texts)


def _test(kind: str, operator: str, values: list[object]) -> Test:
    if operator == "IS":
        return lambda value: value is None
    if operator in _NEGATIONS:
        positive = _test(kind, _NEGATIONS[operator], values)
        return lambda value: not positive(value)
    if kind == "list":
        return _list_test(operator, values)
    if operator in {"LIKE", "CONTAINS", "STARTWITH", "ENDWITH"}:
        return _text_test(operator, str(values[0]))
    compare = _compare_test(operator, values)
    if kind == "number":
        return lambda value: value is not None and compare(Decimal(str(value)))
    return lambda value: value is not None and compare(value)


def _list_test(operator: str, values: list[object]) -> Test:
    wanted = {str(each) for each in values}
    if operator in {"EQ", "IN", "HASANYOF", "CONTAINS", "LIKE"}:
        return lambda value: isinstance(value, list) and not wanted.isdisjoint(value)
    raise Refusal(PARAMETER, f"operator {operator} is not supported for lists")


def _text_test(operator: str, wanted: str) -> Test:
    if operator == "STARTWITH":
        return lambda value: isinstance(value, str) and value.startswith(wanted)
    if operator == "ENDWITH":
        return lambda value: isinstance(value, str) and value.endswith(wanted)
    return lambda value: isinstance(value, str) and wanted in value


def _compare_test(operator: str, values: list[object]) -> Callable[..., bool]:
    if operator in {"IN", "HASANYOF"}:
        wanted = set(values)
        return lambda value: value in wanted
    first = values[0]
    if operator == "BETWEEN":
        return _between(first, values[1])
    return _ordered(operator, first)


def _between(low: object, high: object) -> Callable[..., bool]:
    # Both ends belong to the range; the three comparables never mix within one field.
    return lambda value: low <= value <= high


def _ordered(operator: str, bound: object) -> Callable[..., bool]:
    tests: dict[str, Callable[..., bool]] = {
        "EQ": lambda value: value == bound,
        "GT": lambda value: value > bound,
        "GTE": lambda value: value >= bound,
        "LT": lambda value: value < bound,
        "LTE": lambda value: value <= bound,
    }
    return tests[operator]
