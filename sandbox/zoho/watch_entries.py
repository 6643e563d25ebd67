"""Reads one entry of a watch request: its channel, address, token, and conditions on fields."""

from collections.abc import Mapping

from sandbox.notifier import is_loopback
from sandbox.zoho.errors import Refusal

__all__ = ["Item", "channel_id", "conditions", "notify_url", "refused", "token"]

_MOST_TOKEN = 50
_MOST_URL = 255

Item = Mapping[str, object]


def conditions(given: object, index: int) -> dict[str, frozenset[str]]:
    """Return the fields of each module that an edit must touch (``or`` of the fields named)."""
    found: dict[str, frozenset[str]] = {}
    for condition in given if isinstance(given, list) else []:
        module = condition.get("module") if isinstance(condition, dict) else None
        if not isinstance(module, dict) or not module.get("api_name"):
            raise refused(
                "EXPECTED_FIELD_MISSING", "expected field missing", "notification_condition", index
            )
        selection = condition.get("field_selection")
        if not isinstance(selection, dict):
            raise refused(
                "DEPENDENT_FIELD_MISSING", "dependent field missing", "field_selection", index
            )
        found[str(module["api_name"])] = frozenset(_field_names(selection))
    return found


def _field_names(selection: Mapping[str, object]) -> list[str]:
    leaf = selection.get("field")
    names = [str(leaf["api_name"])] if isinstance(leaf, dict) and "api_name" in leaf else []
    group = selection.get("group")
    for member in group if isinstance(group, list) else []:
        if isinstance(member, dict):
            names += _field_names(member)
    return names


def channel_id(item: Item, index: int) -> str:
    """Return the channel's id: digits, as text or number."""
    given = item.get("channel_id")
    if given in (None, ""):
        raise refused("MANDATORY_NOT_FOUND", "required field not found", "channel_id", index)
    if not str(given).isdigit():
        raise refused("INVALID_DATA", "invalid data", "channel_id", index)
    return str(given)


def notify_url(item: Item, index: int) -> str:
    """Return the address to call, which must be on this machine."""
    url = item.get("notify_url")
    if not url:
        raise refused("MANDATORY_NOT_FOUND", "required field not found", "notify_url", index)
    # The sandbox calls nobody but this machine, and says so at once rather than never sending.
    if len(str(url)) > _MOST_URL or not _is_here(str(url)):
        raise refused("INVALID_DATA", "invalid data", "notify_url", index)
    return str(url)


def _is_here(url: str) -> bool:
    try:
        return is_loopback(url)
    except ValueError:  # no address at all
        return False


def token(item: Item, index: int) -> str | None:
    """Return the text that every message repeats."""
    token = item.get("token")
    if token is not None and len(str(token)) > _MOST_TOKEN:
        raise refused("INVALID_DATA", "invalid data", "token", index)
    return None if token is None else str(token)


def refused(code: str, message: str, key: str, index: int) -> Refusal:
    """Return the refusal of one entry of the request."""
    return Refusal(code, message, {"api_name": key, "json_path": f"$.watch[{index}].{key}"})
