"""Answers COQL over the organisation's tables.

Criteria on ``id``, on a unique field, or on the leading sort column use the tables' indexes, so
that paging through tens of thousands of records stays quick.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from typing import Any

from sandbox.zoho.asking import Answer, Ask
from sandbox.zoho.coql_criteria import Column, column, compile_where, literal, null_first
from sandbox.zoho.coql_parser import Criterion, Node, Query, Select, parse
from sandbox.zoho.errors import ZohoError
from sandbox.zoho.fields import field_json
from sandbox.zoho.state import OrgState
from sandbox.zoho.table import Row

__all__ = ["run_query"]

_MOST_ROWS = 2_000
_MOST_WINDOW = 100_000
_MOST_SELECTS = 500
_LIMITS = {"order by": 10, "group by": 4, "aggregate": 5}
_FAR = 1 << 62


def run_query(state: OrgState, ask: Ask) -> Answer:
    """``POST /coql``."""
    body = ask.json()
    text = body.get("select_query")
    if not isinstance(text, str):
        details = {"api_name": "select_query", "json_path": "$.select_query"}
        raise ZohoError("MANDATORY_NOT_FOUND", "required field not found", details)
    query = parse(text)
    if query.module not in state.modules:
        raise ZohoError("INVALID_QUERY", "invalid query formed", {"module": query.module})
    _check_limits(query)
    if query.groups or any(select.aggregate for select in query.selects):
        rows, more = _grouped(state, query)
    else:
        rows, more = _plain(state, query)
    credits = 1 if query.limit <= 200 else 2 if query.limit <= 1_000 else 3  # noqa: A001 the trade's word
    if not rows:
        return Answer(status=204, credits=credits)
    answer: dict[str, object] = {"data": rows, "info": {"count": len(rows), "more_records": more}}
    if body.get("include_meta") == ["fields"]:
        answer["fields"] = _meta(state, query)
    return Answer(body=answer, credits=credits)


def _check_limits(query: Query) -> None:
    for clause in ("limit", "offset"):
        given = query.limit if clause == "limit" else query.offset
        if given < (clause == "limit"):
            raise ZohoError("INVALID_DATA", "invalid data", {clause: str(given)})
    if query.limit > _MOST_ROWS:
        raise _exceeded(_MOST_ROWS, "limit")
    if query.limit + query.offset > _MOST_WINDOW:
        raise _exceeded(_MOST_WINDOW, "offset")
    if len(query.selects) > _MOST_SELECTS:
        raise _exceeded(_MOST_SELECTS, "select")
    counts = {
        "order by": len(query.orders),
        "group by": len(query.groups),
        "aggregate": sum(select.aggregate is not None for select in query.selects),
    }
    for clause, count in counts.items():
        if count > _LIMITS[clause]:
            raise _exceeded(_LIMITS[clause], clause)
    keys = [select.key for select in query.selects]
    if len(set(keys)) != len(keys):
        raise ZohoError("DUPLICATE_DATA", "a column is selected twice", {})


def _plain(state: OrgState, query: Query) -> tuple[list[dict[str, object]], bool]:
    columns = [(s.key, column(state, query.module, s.path)) for s in query.selects]
    rows = _ordered(state, query)
    window = list(islice(rows, query.offset, query.offset + query.limit + 1))
    shown = []
    for row in window[: query.limit]:
        item = {key: found.show(row) for key, found in columns}
        item["id"] = row["id"]
        shown.append(item)
    return shown, len(window) > query.limit


def _ordered(state: OrgState, query: Query) -> Iterator[Row]:
    """Yield the matching rows in order, lazily where a kept order fits."""
    test = compile_where(state, query.module, query.where)
    orders = query.orders or [("id", False)]
    columns = [(column(state, query.module, path, "order by"), desc) for path, desc in orders]
    for found, _ in columns:
        if not found.field.filterable:
            details = {"column_name": found.path, "clause": "order by"}
            raise ZohoError("INVALID_QUERY", "invalid query formed", details)
    table = state.tables[query.module]
    few = _few(state, query)
    kept = _kept_order(orders)
    if few is None and kept is not None:
        by, descending = kept
        ids = _bounded(state, query, by)
        source = reversed(ids) if descending else iter(ids)
        return (row for rid in source if test(row := table.rows[rid]))
    rows = [table.rows[rid] for rid in few] if few is not None else table.rows.values()
    return iter(_sorted([row for row in rows if test(row)], columns))


def _sorted(rows: list[Row], columns: list[tuple[Column, bool]]) -> list[Row]:
    rows.sort(key=lambda row: int(str(row["id"])))
    for found, descending in reversed(columns):
        value: Callable[[Row], object] = found.value
        rows.sort(key=lambda row, value=value: null_first(value(row)), reverse=descending)  # type: ignore[misc] # one column holds one type
    return rows


def _kept_order(orders: list[tuple[str, bool]]) -> tuple[str, bool] | None:
    """Return the table's order that serves these columns, and its direction."""
    (first, descending), *rest = orders
    if first == "id":
        return "id", descending
    if first not in ("Modified_Time", "Created_Time"):
        return None
    # Without an id behind it, ties go by id ascending; only an ascending order has that.
    if rest[:1] == [("id", descending)] or (not rest and not descending):
        return first, descending
    return None


def _conjuncts(node: Node) -> Iterator[Criterion]:
    """Yield the criteria that every matching row must meet."""
    if isinstance(node, Criterion):
        yield node
    elif node.operator == "and":
        yield from _conjuncts(node.left)
        yield from _conjuncts(node.right)


def _few(state: OrgState, query: Query) -> list[str] | None:
    """Return the only ids that can match where an index tells them; ``None`` where none does."""
    table = state.tables[query.module]
    for criterion in _conjuncts(query.where):
        if criterion.operator not in ("=", "in"):
            continue
        texts = [text for _, text in criterion.values]
        if criterion.path == "id":
            return [text for text in dict.fromkeys(texts) if text in table.rows]
        if table.is_indexed(criterion.path):
            found = [table.holder(criterion.path, text) for text in texts]
            return [rid for rid in dict.fromkeys(found) if rid is not None]
    return None


def _bounded(state: OrgState, query: Query, by: str) -> list[str]:
    """Return the ids in a kept order, cut to what criteria on its column allow."""
    order = state.tables[query.module].order(by)
    low, high = 0, len(order)
    for criterion in _conjuncts(query.where):
        if criterion.path != by or criterion.operator not in (">", ">=", "<", "<=", "="):
            continue
        found = column(state, query.module, by, "where")
        bound = int(str(literal(state, found, criterion, criterion.values[0])))
        key = (0, bound) if by == "id" else None
        if criterion.operator in (">", ">=", "="):
            low = max(low, bisect_left(order, (key or (bound, -1), "")))
        if criterion.operator in ("<", "<=", "="):
            high = min(high, bisect_right(order, (key or (bound, _FAR), "~")))
    return [rid for _, rid in order[low:high]]


def _grouped(state: OrgState, query: Query) -> tuple[list[dict[str, object]], bool]:
    """Return one row a group, or one in all."""
    test = compile_where(state, query.module, query.where)
    group_columns = [column(state, query.module, path, "group by") for path in query.groups]
    for select in query.selects:
        if select.aggregate is None and select.path not in query.groups:
            raise ZohoError(
                "INVALID_QUERY",
                "invalid query formed",
                {"column_name": select.path, "clause": "group by"},
            )
    groups: dict[tuple[object, ...], list[Row]] = {}
    for row in state.tables[query.module].rows.values():
        if test(row):
            groups.setdefault(tuple(found.value(row) for found in group_columns), []).append(row)
    if not query.groups:
        groups = groups or {(): []}
    shown = [_group_row(state, query, rows) for rows in groups.values()]
    for path, descending in reversed(query.orders):
        shown.sort(key=_by(path), reverse=descending)
    window = shown[query.offset : query.offset + query.limit]
    return window, len(shown) > query.offset + query.limit


def _by(path: str) -> Callable[[dict[str, object]], Any]:
    """Return the sort key of a shown row; people and lookups go by id."""

    def key(item: dict[str, object]) -> tuple[bool, object]:
        value = item.get(path)
        return null_first(value.get("id") if isinstance(value, dict) else value)

    return key


def _group_row(state: OrgState, query: Query, rows: list[Row]) -> dict[str, object]:
    item: dict[str, object] = {}
    for select in query.selects:
        found = column(state, query.module, select.path)
        item[select.key] = (
            found.show(rows[0])
            if select.aggregate is None
            else _aggregate(state, select, found, rows)
        )
    return item


def _aggregate(state: OrgState, select: Select, found: Column, rows: Iterable[Row]) -> object:
    values = [value for row in rows if (value := found.value(row)) is not None]
    if select.aggregate == "count":
        return len(values)
    if not values:
        return None
    if select.aggregate in ("min", "max"):
        least = min(values) if select.aggregate == "min" else max(values)  # type: ignore[type-var] # one column holds one type
        return state.iso(least) if found.field.type == "datetime" else least
    if found.field.decimals is None and found.field.type != "integer":
        details = {
            "column_name": select.path,
            "reason": "not a number",
            "operator": select.aggregate,
        }
        raise ZohoError("INVALID_QUERY", "invalid query formed", details)
    total = sum(float(str(value)) for value in values)
    number = total if select.aggregate == "sum" else total / len(values)
    return round(number, found.field.decimals or 0)


def _meta(state: OrgState, query: Query) -> dict[str, object]:
    ids = {name: module.id for name, module in state.modules.items()}
    return {
        select.path: field_json(
            column(state, query.module, select.path).field, module_ids=ids, version="v8"
        )
        for select in query.selects
    }


def _exceeded(limit: int, clause: str) -> ZohoError:
    return ZohoError("LIMIT_EXCEEDED", "the limit was exceeded", {"limit": limit, "clause": clause})
