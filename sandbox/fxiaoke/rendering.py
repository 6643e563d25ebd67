"""Writes records as the platform answers them, with their read-only companions."""

from typing import Any

from sandbox.fxiaoke.fields import REFERENCE_TYPES
from sandbox.fxiaoke.rows import ObjectTable, Row, reader
from sandbox.fxiaoke.state import TENANT_NUMBER, State

__all__ = ["render", "wrap_detail"]

_DEPARTMENT = "1100"
_ENVELOPE_NAMES = (
    "_id",
    "owner",
    "created_by",
    "last_modified_by",
    "create_time",
    "last_modified_time",
    "version",
    "record_type",
    "life_status",
    "lock_status",
    "is_deleted",
    "tenant_id",
)
_PEOPLE = frozenset({"owner", "created_by", "last_modified_by"})


def render(
    state: State,
    table: ObjectTable,
    row: Row,
    *,
    projection: tuple[str, ...] = (),
    open_ids: bool = False,
    include_null: bool = False,
) -> dict[str, Any]:
    """Return a record as a map; empty fields are left out unless ``include_null``."""
    names = _names(table, row, projection, include_null=include_null)
    answer: dict[str, Any] = {}
    for name in names:
        value = reader(name)(row)
        if value is None and not include_null:
            continue
        answer[name] = _value(state, table, name, value, open_ids=open_ids)
        _add_companions(state, table, answer, name, value)
    if not projection:
        answer |= _fixed(table, row)
    return answer


def wrap_detail(state: State, table: ObjectTable, row: Row, *, open_ids: bool) -> dict[str, Any]:
    """Return a detail row as ``get`` answers it: wrapped, the real fields inside."""
    return {
        "id": row.id,
        "name": row.values.get("name", ""),
        "describeApiName": table.describe.api_name,
        "tenantId": str(TENANT_NUMBER),
        "recordType": row.record_type,
        "createTime": row.created_ms,
        "lastModifiedTime": row.modified_ms,
        "version": row.version,
        "deleted": False,
        "containerDocument": render(state, table, row, open_ids=open_ids),
    }


def _names(
    table: ObjectTable, row: Row, projection: tuple[str, ...], *, include_null: bool
) -> list[str]:
    fields = table.describe.fields
    if projection:
        return [
            "_id",
            *(each for each in projection if each in fields and each != "_id"),
        ]
    own = (each for each in fields if each not in _ENVELOPE_NAMES) if include_null else row.values
    return [*_ENVELOPE_NAMES, *own]


def _value(state: State, table: ObjectTable, name: str, value: object, *, open_ids: bool) -> object:
    if not isinstance(value, list):
        return value
    described = table.describe.fields.get(name)
    if open_ids and described is not None and described.type.startswith("employee"):
        return state.staff.open_ids(value)
    return list(value)


def _add_companions(
    state: State, table: ObjectTable, answer: dict[str, Any], name: str, value: object
) -> None:
    if name in _PEOPLE and isinstance(value, list):
        people = [state.staff.expansion(each) for each in value]
        if people:
            answer[f"{name}__r"] = people[0]
            answer[f"{name}__l"] = people
        return
    described = table.describe.fields.get(name)
    if described is None or described.type not in REFERENCE_TYPES or value is None:
        return
    target = state.store.tables.get(described.target or "")
    found = target.rows.get(str(value)) if target else None
    if found is not None:
        answer[f"{name}__r"] = found.values.get("name", "")


def _fixed(table: ObjectTable, row: Row) -> dict[str, Any]:
    api_name = table.describe.api_name
    team = [
        {
            "teamMemberEmployee": list(row.owner),
            "teamMemberRole": "1",
            "teamMemberRoleList": ["1"],
            "teamMemberPermissionType": "2",
            "teamMemberType": "0",
        }
    ]
    fixed: dict[str, Any] = {
        "object_describe_api_name": api_name,
        "object_describe_id": f"describe-{api_name}",
        "package": "CRM",
        "owner_department": "销售部",
        "owner_department_id": _DEPARTMENT,
        "data_own_department": [_DEPARTMENT],
        "data_own_organization": ["999999"],
        "relevant_team": team if row.owner else [],
        "extend_obj_data_id": row.id,
    }
    if row.status_before_invalid:
        fixed["life_status_before_invalid"] = row.status_before_invalid
    return fixed
