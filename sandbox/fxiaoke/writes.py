"""The endpoints that write one record at a time: create, update, owner, invalid, delete, lock.

A call is checked whole before anything is stored, so a refusal has changed nothing.
"""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

from sandbox.fxiaoke.answers import PARAMETER, Refusal, illegal_parameter
from sandbox.fxiaoke.fields import is_custom
from sandbox.fxiaoke.functions import run_task_function
from sandbox.fxiaoke.reads import asked_table, detail_tables
from sandbox.fxiaoke.rows import ObjectTable, Row
from sandbox.fxiaoke.state import Asked, State
from sandbox.fxiaoke.values import amount_text

__all__ = [
    "change_owner",
    "create_record",
    "delete_records",
    "invalidate_many",
    "invalidate_record",
    "lock_records",
    "recover_records",
    "unlock_records",
    "update_record",
]

_IN_APPROVAL = ("under_review", "in_change")
Lines = list[tuple[ObjectTable, str, list[dict[str, object]]]]


def create_record(state: State, asked: Asked) -> dict[str, Any]:
    """Answer ``create``: the new id as ``dataId`` at the root."""
    given = _object_data(asked)
    table = asked_table(state, asked, given.get("dataObjectApiName"))
    api_name = table.describe.api_name
    values = state.store.read_values(api_name, given)
    lines = _detail_lines(state, asked, api_name)
    _sum_payment(api_name, values, lines)
    values.setdefault("owner", [asked.actor.id])
    state.store.check_required(api_name, values, partial=False)
    at_ms = given.get("create_time") if asked.body.get("hasSpecifyTime") is True else None
    row = state.store.insert(
        api_name, values, asked.actor.id, at_ms=at_ms if isinstance(at_ms, int) else None
    )
    _store_lines(state, asked, row, lines)
    run_task_function(state, asked, api_name, row)
    if is_custom(api_name) and state.options.omit_custom_data_id:
        return {}
    return {"dataId": row.id}


def update_record(state: State, asked: Asked) -> dict[str, Any]:
    """Answer ``update``: fields named change, the others stay."""
    given = _object_data(asked)
    table = asked_table(state, asked, given.get("dataObjectApiName"))
    api_name = table.describe.api_name
    row = _live_row(state, asked, api_name, given.get("_id"))
    if "owner" in given and state.options.strict_owner:
        raise state.store.rejected("负责人不能通过编辑修改")
    wanted = {name: value for name, value in given.items() if name != "owner"}
    values = state.store.read_values(api_name, wanted)
    state.store.check_required(api_name, values, partial=True)
    if not (is_custom(api_name) and asked.data.get("skipDataStatusValidate") is True):
        _check_writable(state, row)
    lines = _detail_lines(state, asked, api_name)
    state.store.change(api_name, row, values, asked.actor.id)
    _replace_lines(state, asked, row, lines)
    run_task_function(state, asked, api_name, row)
    return {}


def _check_writable(state: State, row: Row) -> None:
    state.store.check_unlocked(row, "编辑")
    if state.options.approval_refuses_edits and row.life_status in _IN_APPROVAL:
        raise state.store.rejected("数据正在审批中，不能进行[编辑]操作")
    if state.options.pool_refuses_edits and "high_seas_id" in row.values:
        raise state.store.rejected("公海中的客户未被领取，不能进行[编辑]操作")


def change_owner(state: State, asked: Asked) -> dict[str, Any]:
    """Answer ``changeOwner``; records of the pool refuse it."""
    table = asked_table(state, asked, asked.data.get("dataObjectApiName"))
    api_name = table.describe.api_name
    given = asked.data.get("Data")
    if not isinstance(given, list) or not given:
        raise illegal_parameter("Data")
    moves = [_owner_move(state, asked, api_name, each) for each in given]
    for row, owner in moves:
        state.store.change_owner(api_name, row, owner, asked.actor.id)
    return {}


def _owner_move(state: State, asked: Asked, api_name: str, raw: object) -> tuple[Row, list[str]]:
    if not isinstance(raw, dict) or not isinstance(raw.get("ownerId"), list):
        raise illegal_parameter("ownerId")
    row = _live_row(state, asked, api_name, raw.get("objectDataId"))
    state.store.check_unlocked(row, "更换负责人")
    if "high_seas_id" in row.values:
        raise state.store.rejected("公海中的客户不能更换负责人")
    owner = state.store.read_values(api_name, {"owner": raw["ownerId"]})["owner"]
    if not isinstance(owner, list):
        raise illegal_parameter("ownerId")
    return row, owner


def invalidate_record(state: State, asked: Asked) -> dict[str, Any]:
    """Answer ``invalid`` of one record."""
    return _invalidate(state, asked, [asked.data.get("object_data_id")])


def invalidate_many(state: State, asked: Asked) -> dict[str, Any]:
    """Answer the older bulk ``invalid`` of custom objects."""
    return _invalidate(state, asked, _id_list(asked, "idList"))


def _invalidate(state: State, asked: Asked, ids: list[object]) -> dict[str, Any]:
    api_name = _api_name(state, asked)
    rows = [_live_row(state, asked, api_name, each) for each in ids]
    for row in rows:
        state.store.check_unlocked(row, "作废")
    for row in rows:
        state.store.invalidate(api_name, row, asked.actor.id)
    return {}


def recover_records(state: State, asked: Asked) -> dict[str, Any]:
    """Answer ``recover``."""
    return _each(
        state,
        asked,
        "idList",
        lambda api_name, row: state.store.recover(api_name, row, asked.actor.id),
    )


def delete_records(state: State, asked: Asked) -> dict[str, Any]:
    """Answer ``delete``: only invalidated records go."""
    return _each(state, asked, "idList", state.store.delete)


def lock_records(state: State, asked: Asked) -> dict[str, Any]:
    """Answer ``object/lock``."""
    return _set_lock(state, asked, locked=True)


def unlock_records(state: State, asked: Asked) -> dict[str, Any]:
    """Answer ``object/unlock``."""
    return _set_lock(state, asked, locked=False)


def _set_lock(state: State, asked: Asked, *, locked: bool) -> dict[str, Any]:
    return _each(
        state,
        asked,
        "dataIds",
        lambda api_name, row: state.store.lock_row(api_name, row, asked.actor.id, locked=locked),
    )


def _each(state: State, asked: Asked, key: str, act: Callable[[str, Row], None]) -> dict[str, Any]:
    api_name = _api_name(state, asked)
    rows = [state.store.row(api_name, each) for each in _id_list(asked, key)]
    for row in rows:
        act(api_name, row)
    return {}


def _api_name(state: State, asked: Asked) -> str:
    return asked_table(state, asked, asked.data.get("dataObjectApiName")).describe.api_name


def _object_data(asked: Asked) -> dict[str, Any]:
    given = asked.data.get("object_data")
    if not isinstance(given, dict):
        raise illegal_parameter("object_data")
    return given


def _id_list(asked: Asked, key: str) -> list[object]:
    given = asked.data.get(key)
    if not isinstance(given, list) or not given:
        raise illegal_parameter(key)
    return given


def _live_row(state: State, asked: Asked, api_name: str, record_id: object) -> Row:
    row = state.store.row(api_name, record_id)
    if not row.live:
        raise state.store.rejected("数据已作废")
    if not asked.actor.admin and asked.actor.id not in row.owner:
        raise state.store.rejected("无此操作的数据权限")
    return row


def _detail_lines(state: State, asked: Asked, master: str) -> Lines:
    """Read ``data.details``: a list of rows for each detail object, checked."""
    given = asked.data.get("details") or {}
    if not isinstance(given, dict):
        raise Refusal(PARAMETER, "details must be a map")
    known = {table.describe.api_name: (table, name) for table, name in detail_tables(state, master)}
    lines: Lines = []
    for api_name, raw in given.items():
        if api_name not in known or not isinstance(raw, list):
            raise Refusal(PARAMETER, f"details of {api_name} are not a list of detail rows")
        table, name = known[api_name]
        if not all(isinstance(each, dict) for each in raw):
            raise Refusal(PARAMETER, f"a detail row of {api_name} is not a map")
        rows = [state.store.read_values(api_name, each) for each in raw]
        for each in rows:
            state.store.check_required(api_name, {name: master, **each}, partial=False)
        lines.append((table, name, rows))
    return lines


def _sum_payment(api_name: str, values: dict[str, object], lines: Lines) -> None:
    """Derive a payment's amount from its detail rows, as bridges that create payments expect."""
    if api_name != "PaymentObj" or values.get("payment_amount") is not None:
        return
    rows = [row for table, _, found in lines for row in found if table.describe.detail_of]
    if rows:
        total = sum((Decimal(str(row["payment_amount"])) for row in rows), Decimal(0))
        values["payment_amount"] = amount_text(total)


def _store_lines(state: State, asked: Asked, master: Row, lines: Lines) -> None:
    for table, name, rows in lines:
        for values in rows:
            owned = {**values, name: master.id, "owner": list(master.owner)}
            state.store.insert(table.describe.api_name, owned, asked.actor.id)


def _replace_lines(state: State, asked: Asked, master: Row, lines: Lines) -> None:
    for table, name, rows in lines:
        if not rows and not state.options.empty_details_remove:
            continue
        old = [row for row in table.rows.values() if row.live and row.values.get(name) == master.id]
        for row in old:
            state.store.invalidate(table.describe.api_name, row, asked.actor.id)
        _store_lines(state, asked, master, [(table, name, rows)])
