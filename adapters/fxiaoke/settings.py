"""What the configuration may say about a Fenxiang connection, checked as a whole."""

from enum import StrEnum

import msgspec

from adapters.fxiaoke.mapping import FxiaokeMapping
from adapters.settings import ConnectionSettings, read_mapping, read_part

__all__ = ["DEFAULT_BASE_URL", "FxiaokeOptions", "Style", "mapping_of", "options_of"]

DEFAULT_BASE_URL = "https://open.fxiaoke.com"


class Style(StrEnum):
    """Where credentials travel; the gateway takes both, never mixed."""

    HEADER = "header"
    BODY = "body"


class FxiaokeOptions(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The vendor's own options.

    ``user_id``: the employee in whose name calls are made; a plain id in header style, ``FSUID_…``
    in body style. It decides what is seen: give it the role CRM 管理员. ``ea``: the tenant's
    account; the token tells it, too, and callbacks of another one are refused. ``window_calls``
    calls in ``window_seconds`` are sent to one path; 0 lifts the pacing. ``unique_task_key``: whether the
    tenant refuses a second task with the same key; ``None`` reads it from the field.
    ``notify_owner``: send the owner a message when a task is created. ``trigger_workflow``: let
    the tenant's workflows run on our writes.
    """

    style: Style = Style.HEADER
    user_id: str = "1000"
    ea: str = ""
    window_calls: int = 95  # five below the limit: calls bunch up on their way
    window_seconds: float = 20.0
    unique_task_key: bool | None = None
    notify_owner: bool = True
    trigger_workflow: bool = False


def options_of(settings: ConnectionSettings) -> FxiaokeOptions:
    """Read the options. Raises ``ValueError`` naming the key that is wrong."""
    return read_part(settings, "options", settings.options, FxiaokeOptions)


def mapping_of(settings: ConnectionSettings) -> FxiaokeMapping:
    """Read the mapping: the defaults with what the configuration says instead.

    Raises ``ValueError`` naming the key that is wrong.
    """
    return read_mapping(settings, FxiaokeMapping())
