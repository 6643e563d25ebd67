"""The APL functions for one tenant: our texts with the tenant's own names in them."""

import re
from importlib.resources import files

from adapters.functions import FunctionText
from adapters.fxiaoke.names import FxiaokeMapping
from adapters.fxiaoke.settings import mapping_of, options_of
from adapters.settings import ConnectionSettings
from scoring.records import Kind

__all__ = ["function_texts"]

_PLACE = re.compile(r"@([A-Z_]+)@")


def function_texts(settings: ConnectionSettings, callback_url: str) -> tuple[FunctionText, ...]:
    """Write the functions: one tells of changes, one makes native tasks where those are kept.

    Raises ``ValueError`` for options or a mapping that cannot be read.
    """
    mapping = mapping_of(settings)
    event = {
        "URL": callback_url,
        "EA": options_of(settings).ea,
        "OBJECTS": ", ".join(_told_objects(mapping)),
    }
    found = [_function("zixin_event", event)]
    if mapping.tasks.native_id:
        found.append(_function("zixin_task", _task_places(mapping)))
    return tuple(found)


def _told_objects(mapping: FxiaokeMapping) -> list[str]:
    """Name the objects whose changes matter within minutes; the rest waits for the next pull."""
    names = [mapping.object_of(kind) for kind in (Kind.ACCOUNTS, Kind.INVOICES, Kind.PAYMENTS)]
    names += [mapping.object_of(Kind.ALLOCATIONS), mapping.object_of(Kind.ORDERS)]
    names += [mapping.plans.object, mapping.order_payments.object]
    return list(dict.fromkeys(name for name in names if mapping.kinds_of(name)))


def _task_places(mapping: FxiaokeMapping) -> dict[str, str]:
    names = mapping.tasks
    return {
        "TASK": names.object,
        "STATUS": names.status,
        "CLOSED": ", ".join(f"'{_quoted(each)}'" for each in names.status_closed),
        "NATIVE": names.native_id,
        "OWNER": names.owner,
        "DUE": names.due_on,
        "ACCOUNT": names.account,
        "ACCOUNT_OBJECT": mapping.accounts.object,
        "SUBJECT": names.subject,
        "BODY": names.body,
    }


def _function(name: str, places: dict[str, str]) -> FunctionText:
    text = files("adapters.fxiaoke.apl").joinpath(f"{name}.groovy").read_text(encoding="utf-8")
    kept = {key: value if key == "CLOSED" else _quoted(value) for key, value in places.items()}
    filled = _PLACE.sub(lambda found: kept[found[1]], text)
    return FunctionText(name=name, language="APL (Groovy)", text=filled)


def _quoted(text: str) -> str:
    """Make a text safe between single quotes and in a comment of one line."""
    return " ".join(text.split()).replace("\\", "\\\\").replace("'", "\\'")
