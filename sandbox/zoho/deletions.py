"""Shows what was deleted, newest first."""

from sandbox.zoho.asking import Answer, Ask
from sandbox.zoho.errors import ZohoError
from sandbox.zoho.listing import modified_since
from sandbox.zoho.state import OrgState
from sandbox.zoho.table import Row

__all__ = ["list_deleted"]


def list_deleted(state: OrgState, ask: Ask, module: str) -> Answer:
    """``GET /{module}/deleted``, newest first."""
    if module not in state.modules:
        message = "the module name given seems to be invalid"
        raise ZohoError("INVALID_MODULE", message, {"resource_path_index": 0}, root="data")
    kind = ask.args.get("type", "all")
    if kind not in ("all", "recycle", "permanent"):
        message = "please check whether the input values are correct"
        raise ZohoError("PATTERN_NOT_MATCHED", message, {"param_name": "type"}, root="data")
    per_page, page = ask.per_page(), ask.number("page", 1)
    since = modified_since(state, ask)
    meant = [
        row
        for row in reversed(state.tables[module].deleted)
        if kind in ("all", row["type"]) and (since is None or int(str(row["deleted_time"])) > since)
    ]
    part = meant[(page - 1) * per_page : page * per_page]
    if not part:
        return Answer(status=204)
    info = {
        "per_page": per_page,
        "count": len(part),
        "page": page,
        "more_records": len(meant) > page * per_page,
    }
    return Answer(body={"data": [_deletion(state, row) for row in part], "info": info})


def _deletion(state: OrgState, row: Row) -> dict[str, object]:
    return {
        "id": row["id"],
        "display_name": row["display_name"],
        "type": row["type"],
        "deleted_time": state.iso(row["deleted_time"]),
        "deleted_by": state.person(row["deleted_by"]),
        "created_by": state.person(row["created_by"]),
    }
