"""Writes records as the platform answers them, with their read-only companions."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from sandbox.fxiaoke.fields import REFERENCE_TYPES
from sandbox.fxiaoke.rows import ObjectTable, Row, reader
from sandbox.fxiaoke.state import TENANT_NUMBER, State

__all__ = ["render", "renderer", "wrap_detail"]

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


@dataclass(frozen=True, slots=True)
class _Column:
    """How one field of an object is shown; what it leads to gives it a companion."""

    name: str
    read: Callable[[Row], object]
    is_person: bool
    is_employee: bool
    target: ObjectTable | None


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
    show = renderer(
        state, table, projection=projection, open_ids=open_ids, include_null=include_null
    )
    return show(row)


def renderer(
    state: State,
    table: ObjectTable,
    *,
    projection: tuple[str, ...] = (),
    open_ids: bool = False,
    include_null: bool = False,
) -> Callable[[Row], dict[str, Any]]:
    """Return what renders rows of an object: what is the same for all is worked out once."""
    columns: dict[str, _Column] = {}
    projected = _projected(table, projection) if projection else None

    def show(row: Row) -> dict[str, Any]:
        answer: dict[str, Any] = {}
        for name in projected or _all_names(table, row, include_null=include_null):
            column = columns.get(name)
            if column is None:
                column = columns[name] = _column(state, table, name)
            value = column.read(row)
            if value is None and not include_null:
                continue
            if isinstance(value, list):
                _add_list(state, answer, column, value, open_ids=open_ids)
                continue
            answer[name] = value
            found = column.target.rows.get(str(value)) if column.target else None
            if found is not None:
                answer[f"{name}__r"] = found.values.get("name", "")
        if projected is None:
            answer |= _fixed(table, row)
        return answer

    return show


def _column(state: State, table: ObjectTable, name: str) -> _Column:
    described = table.describe.fields.get(name)
    is_reference = described is not None and described.type in REFERENCE_TYPES
    return _Column(
        name=name,
        read=reader(name),
        is_person=name in _PEOPLE,
        is_employee=described is not None and described.type.startswith("employee"),
        target=state.store.tables.get(described.target or "")
        if described is not None and is_reference
        else None,
    )


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


def _projected(table: ObjectTable, projection: tuple[str, ...]) -> list[str]:
    fields = table.describe.fields
    return ["_id", *(each for each in projection if each in fields and each != "_id")]


def _all_names(table: ObjectTable, row: Row, *, include_null: bool) -> list[str]:
    fields = table.describe.fields
    own = (each for each in fields if each not in _ENVELOPE_NAMES) if include_null else row.values
    return [*_ENVELOPE_NAMES, *own]


def _add_list(
    state: State, answer: dict[str, Any], column: _Column, value: list[Any], *, open_ids: bool
) -> None:
    """Show people, in the ids asked for and expanded, or any other list as it is."""
    name = column.name
    shown = state.staff.open_ids(value) if open_ids and column.is_employee else list(value)
    answer[name] = shown
    people = [state.staff.expansion(each) for each in value] if column.is_person else []
    if people:
        answer[f"{name}__r"] = people[0]
        answer[f"{name}__l"] = people


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
