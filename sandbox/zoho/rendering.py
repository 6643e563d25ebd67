"""Shows stored rows as the API's JSON: lookups with names, times in the organisation's zone."""

from collections.abc import Callable, Iterable

from sandbox.zoho.fields import Field
from sandbox.zoho.state import OrgState
from sandbox.zoho.table import Row

__all__ = ["renderer", "show_record", "show_rows"]

Render = Callable[[Row], object]


def renderer(state: OrgState, field: Field) -> Render:
    """Return a function that shows one field of a row."""
    name = field.api_name
    if field.compute is not None:
        return field.compute
    if field.type == "ownerlookup":
        return lambda row: _show_person(state, row.get(name))
    if field.type == "lookup":
        target = field.lookup or ""
        return lambda row: _show_lookup(state, target, row.get(name))
    if field.type == "multi_module_lookup":
        return lambda row: _show_lookup(state, str(row.get("$se_module")), row.get(name))
    if field.type == "datetime":
        return lambda row: state.iso(row.get(name))
    return lambda row: row.get(name)


def show_rows(
    state: OrgState, module: str, rows: Iterable[Row], names: Iterable[str]
) -> list[dict[str, object]]:
    """Show some fields of rows; ``id`` always comes along, unknown names are left out."""
    known = state.modules[module].fields
    columns = [(name, renderer(state, known[name])) for name in names if name in known]
    shown = []
    for row in rows:
        item = {name: render(row) for name, render in columns}
        item["id"] = row["id"]
        shown.append(item)
    return shown


def show_record(state: OrgState, module: str, row: Row) -> dict[str, object]:
    """Show every field of one row, with the extra keys Zoho adds."""
    shown = show_rows(state, module, [row], state.modules[module].fields)[0]
    shown["$currency_symbol"] = "¥" if state.options.base_currency == "CNY" else None
    shown["$approval_state"] = "approved"
    shown["$has_more"] = {}
    if module == "Tasks":
        shown["$se_module"] = row.get("$se_module")
    return shown


def _show_person(state: OrgState, user_id: object) -> dict[str, object] | None:
    user = state.users.get(str(user_id))
    return None if user is None else {"name": user.name, "id": user.id, "email": user.email}


def _show_lookup(state: OrgState, module: str, record_id: object) -> dict[str, object] | None:
    if not isinstance(record_id, str) or module not in state.tables:
        return None
    return {"name": state.name_of(module, record_id), "id": record_id}
