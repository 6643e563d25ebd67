"""The endpoints that read: object/list, object/describe, query, get, findSimple, findOne."""

from collections.abc import Callable
from typing import Any

from sandbox.fxiaoke.answers import Refusal, illegal_parameter
from sandbox.fxiaoke.fields import is_custom
from sandbox.fxiaoke.query import find, read_search
from sandbox.fxiaoke.rendering import renderer, wrap_detail
from sandbox.fxiaoke.rows import ObjectTable, Row
from sandbox.fxiaoke.state import Asked, State

__all__ = [
    "asked_table",
    "describe_object",
    "detail_tables",
    "find_one",
    "find_simple",
    "get_record",
    "list_objects",
    "query_records",
]


def list_objects(state: State, asked: Asked) -> dict[str, Any]:
    """Answer ``object/list``."""
    del asked
    entries = [table.describe.list_entry() for table in state.store.tables.values()]
    if state.options.unbought_listed:
        entries += [each.list_entry(active=False) for each in state.store.unbought]
    return {"data": {"objects": entries}}


def describe_object(state: State, asked: Asked) -> dict[str, Any]:
    """Answer ``object/describe``; ``apiName`` may stand in ``data`` or at the root."""
    api_name = asked.data.get("apiName") or asked.body.get("apiName")
    if not isinstance(api_name, str):
        raise illegal_parameter("apiName")
    return {"data": {"describe": state.store.table(api_name).describe.as_wire()}}


def asked_table(state: State, asked: Asked, api_name: object) -> ObjectTable:
    """Return the object a call names, after the check that its path serves that object."""
    if not isinstance(api_name, str) or not api_name:
        raise illegal_parameter("apiName")
    table = state.store.table(api_name)
    if asked.custom is not None and asked.custom != is_custom(api_name):
        raise Refusal(state.options.prefix_code, f"object {api_name} is not served by {asked.path}")
    return table


def query_records(state: State, asked: Asked) -> dict[str, Any]:
    """Answer ``query``: one page in ``data.dataList``."""
    table = asked_table(state, asked, asked.data.get("dataObjectApiName"))
    search = read_search(asked.body, asked.data, table, state.options, state.staff)
    hidden = table.describe.api_name == "PersonnelObj" and not state.options.personnel_visible
    if hidden:
        return {"data": _page([], 0, search.offset, search.limit)}
    found = find(table, search, asked.actor)
    show = _shower(state, asked, table, search.projection)
    rows = [show(row) for row in found.rows]
    return {"data": _page(rows, found.total, search.offset, search.limit)}


def find_simple(state: State, asked: Asked) -> dict[str, Any]:
    """Answer ``findSimple``: a query on any object."""
    return query_records(state, asked)


def find_one(state: State, asked: Asked) -> dict[str, Any]:
    """Answer ``findOne``: the first record found in ``data.objectData``, or no such key."""
    rows = query_records(state, asked)["data"]["dataList"]
    return {"data": {"objectData": rows[0]} if rows else {}}


def get_record(state: State, asked: Asked) -> dict[str, Any]:
    """Answer ``get``: the record in ``data``, a master with its details wrapped."""
    table = asked_table(state, asked, asked.data.get("dataObjectApiName"))
    row = state.store.row(table.describe.api_name, asked.data.get("objectDataId"))
    if not asked.actor.admin and asked.actor.id not in row.owner:
        raise state.store.rejected("无此操作的数据权限")
    answer = _shower(state, asked, table, ())(row)
    details = {
        detail.describe.api_name: [
            wrap_detail(state, detail, each, open_ids=asked.open_ids)
            for each in _rows_of(detail, name, row.id)
        ]
        for detail, name in detail_tables(state, table.describe.api_name)
    }
    return {"data": answer | ({"details": details} if details else {})}


def detail_tables(state: State, master: str) -> list[tuple[ObjectTable, str]]:
    """Return the detail objects of a master, each with the field that names the master."""
    return [
        (table, table.describe.detail_of[1])
        for table in state.store.tables.values()
        if table.describe.detail_of is not None and table.describe.detail_of[0] == master
    ]


def _rows_of(detail: ObjectTable, name: str, master_id: str) -> list[Row]:
    rows = (detail.rows[each] for each in detail.live_ids)
    return [row for row in rows if row.values.get(name) == master_id]


def _shower(
    state: State, asked: Asked, table: ObjectTable, projection: tuple[str, ...]
) -> Callable[[Row], dict[str, Any]]:
    return renderer(
        state,
        table,
        projection=projection,
        open_ids=asked.open_ids,
        include_null=asked.include_null,
    )


def _page(rows: list[dict[str, Any]], total: int, offset: int, limit: int) -> dict[str, Any]:
    return {"total": total, "offset": offset, "limit": limit, "dataList": rows}
