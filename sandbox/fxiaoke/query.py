"""Finds the records a query asks for, by the sorted ids where that is enough."""

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from sandbox.fxiaoke.answers import OFFSET_TOO_FAR, PARAMETER, Refusal
from sandbox.fxiaoke.fields import NUMBER_TYPES
from sandbox.fxiaoke.filters import Condition, read_conditions
from sandbox.fxiaoke.options import TenantOptions
from sandbox.fxiaoke.people import Employee, Staff
from sandbox.fxiaoke.rows import ObjectTable, Row, reader

__all__ = ["Found", "Search", "find", "read_search"]

MAX_LIMIT = 100
MAX_OFFSET = 10_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Search:
    """A ``search_query_info``, checked."""

    limit: int
    offset: int
    conditions: list[Condition]
    orders: list[tuple[str, bool]]
    projection: tuple[str, ...]
    counted: bool


@dataclass(frozen=True, slots=True)
class Found:
    """One page, and how many there are in all (0 where nobody asked)."""

    rows: list[Row]
    total: int


def read_search(
    body: dict[str, Any],
    data: dict[str, Any],
    table: ObjectTable,
    options: TenantOptions,
    staff: Staff,
) -> Search:
    """Read and check the search of a query, findSimple or findOne."""
    info = data.get("search_query_info")
    if not isinstance(info, dict):
        raise Refusal(PARAMETER, "search_query_info is missing")
    limit, offset = _page(info, options)
    projection = info.get("fieldProjection") or data.get("field_projection") or []
    if not isinstance(projection, list):
        raise Refusal(PARAMETER, "fieldProjection must be a list")
    fields = table.describe.fields
    return Search(
        limit=limit,
        offset=offset,
        conditions=read_conditions(info.get("filters"), fields, staff),
        orders=_orders(info.get("orders"), table),
        projection=tuple(str(each) for each in projection),
        counted=_counted(body, data, options),
    )


def _page(info: dict[str, Any], options: TenantOptions) -> tuple[int, int]:
    limit, offset = info.get("limit", 20), info.get("offset", 0)
    if type(limit) is not int or type(offset) is not int or offset < 0:
        raise Refusal(PARAMETER, "limit and offset must be numbers")
    if not 1 <= limit <= MAX_LIMIT:
        raise Refusal(options.page_code, f"limit must be between 1 and {MAX_LIMIT}")
    if offset > MAX_OFFSET:
        raise Refusal(OFFSET_TOO_FAR, "offset out of range 10000", "offset 不能超过10000")
    if offset % limit:
        raise Refusal(options.page_code, "offset must be a multiple of limit")
    return limit, offset


def _orders(raw: object, table: ObjectTable) -> list[tuple[str, bool]]:
    if raw is None:
        return []
    if not isinstance(raw, list):
        raise Refusal(PARAMETER, "orders must be a list")
    orders = []
    for each in raw:
        name = each.get("fieldName") if isinstance(each, dict) else None
        if not isinstance(name, str) or name not in table.describe.fields:
            raise Refusal(PARAMETER, f"order field {name} does not exist")
        orders.append((name, bool(each.get("isAsc", True))))
    return orders


def _counted(body: dict[str, Any], data: dict[str, Any], options: TenantOptions) -> bool:
    """Tell whether the total is wanted; the manual's pages name three switches."""
    explicit = data.get("find_explicit_total_num", body.get("find_explicit_total_num"))
    if isinstance(explicit, bool):
        return explicit
    if (number := body.get("returnTotalNum")) is not None:
        return number in (1, 2)
    if (needed := body.get("need_return_count_num")) is not None:
        return bool(needed)
    return options.total_by_default


def find(table: ObjectTable, search: Search, actor: Employee) -> Found:
    """Return the page asked for. Without orders, and among equals, rows come by ``_id``."""
    ids, rest = _narrow(table, search.conditions)
    tests = [each.holds for each in rest]
    if not actor.admin:
        tests.append(lambda row: actor.id in row.owner)
    rows = table.rows
    start, end = search.offset, search.offset + search.limit
    if search.orders and search.orders != [("_id", True)]:
        matched = _sorted(list(_matching(rows, ids, tests)), table, search.orders)
        return Found(matched[start:end], len(matched) if search.counted else 0)
    if not tests:
        return Found([rows[each] for each in ids[start:end]], len(ids) if search.counted else 0)
    page: list[Row] = []
    count = 0
    for row in _matching(rows, ids, tests):
        if start <= count < end:
            page.append(row)
        count += 1
        if count >= end and not search.counted:
            break
    return Found(page, count if search.counted else 0)


def _matching(rows: dict[str, Row], ids: Sequence[str], tests: list[Any]) -> Iterator[Row]:
    for each in ids:
        row = rows[each]
        if all(test(row) for test in tests):
            yield row


def _narrow(
    table: ObjectTable, conditions: list[Condition]
) -> tuple[Sequence[str], list[Condition]]:
    """Return the candidates by id or unique value, and the conditions still to be tested."""
    low, high = 0, len(table.live_ids)
    chosen: set[str] | None = None
    rest = []
    for each in conditions:
        if each.field_name == "_id" and each.operator in {"GT", "GTE", "LT", "LTE"}:
            low, high = _bounds(table.live_ids, each, low, high)
        elif each.operator in {"EQ", "IN"} and (ids := _lookup(table, each)) is not None:
            chosen = ids if chosen is None else chosen & ids
        else:
            rest.append(each)
    if chosen is None:
        return table.live_ids[low:high], rest
    first = table.live_ids[low] if low < len(table.live_ids) else None
    last = table.live_ids[high - 1] if high else None
    if low >= high or first is None or last is None:
        return [], rest
    return sorted(each for each in chosen if first <= each <= last), rest


def _bounds(ids: list[str], condition: Condition, low: int, high: int) -> tuple[int, int]:
    bound = str(condition.values[0])
    if condition.operator == "GT":
        return max(low, bisect_right(ids, bound)), high
    if condition.operator == "GTE":
        return max(low, bisect_left(ids, bound)), high
    if condition.operator == "LT":
        return low, min(high, bisect_left(ids, bound))
    return low, min(high, bisect_right(ids, bound))


def _lookup(table: ObjectTable, condition: Condition) -> set[str] | None:
    if condition.field_name == "_id":
        wanted = (table.rows.get(str(each)) for each in condition.values)
        return {row.id for row in wanted if row is not None and row.live}
    known = table.unique.get(condition.field_name)
    if known is None:
        return None
    return {known[each] for each in condition.values if each in known}


def _sorted(rows: list[Row], table: ObjectTable, orders: list[tuple[str, bool]]) -> list[Row]:
    rows.sort(key=lambda row: row.id)
    for name, ascending in reversed(orders):
        read = reader(name)
        numeric = table.describe.fields[name].type in NUMBER_TYPES

        def key(row: Row, read: Any = read, *, numeric: bool = numeric) -> tuple[bool, Any]:  # noqa: ANN401 the three comparables
            value = read(row)
            if value is None:
                return (False, 0)
            return (True, Decimal(str(value)) if numeric else value)

        rows.sort(key=key, reverse=not ascending)
    return rows
