"""What the configuration may say about a Fenxiang connection, checked as a whole."""

from enum import StrEnum
from typing import Literal

import msgspec

from adapters.fxiaoke.clouds import CLOUDS
from adapters.fxiaoke.mapping import FxiaokeMapping
from adapters.settings import ConnectionSettings, read_mapping, read_part

__all__ = ["FxiaokeOptions", "Style", "api_url", "mapping_of", "options_of"]


class Style(StrEnum):
    """Where credentials travel; the gateway takes both, never mixed."""

    HEADER = "header"
    BODY = "body"


class FxiaokeOptions(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The vendor's own options.

    * ``cloud`` (fxiaoke, huawei, aliyun, frankfurt, hongkong, north_america): whose host is called
      where ``base_url`` names none; a private deployment has a ``base_url`` of its own.
    * ``style``: where credentials travel, ``header`` or ``body``.
    * ``user_id``: the employee in whose name calls are made; a plain id in header style,
      ``FSUID_…`` in body style. It decides what is seen: give it the role CRM 管理员.
    * ``ea``: the tenant's account; the token tells it, too, and callbacks of another are refused.
    * ``window_calls`` calls in ``window_seconds`` are sent to one path; 0 lifts the pacing.
    * ``unique_task_key``: whether the tenant refuses a second task with the same key; ``None``
      reads it from the field.
    * ``convert_user_id``: in header style, let people travel as ``FSUID_…`` both ways, for tenants
      whose lists of employees know no other ids.
    * ``notify_owner``: send the owner a message when a task is created.
    * ``trigger_workflow``: let the tenant's workflows run on our writes.
    * ``unlock``: a locked customer is unlocked for the moment of a write and locked again; else
      the write waits for a person.
    """

    cloud: Literal["fxiaoke", "huawei", "aliyun", "frankfurt", "hongkong", "north_america"] = (
        "fxiaoke"
    )
    style: Style = Style.HEADER
    user_id: str = "1000"
    ea: str = ""
    window_calls: int = 97  # three below the limit, for calls that were slow on their way
    window_seconds: float = 20.0
    unique_task_key: bool | None = None
    convert_user_id: bool = False
    notify_owner: bool = True
    trigger_workflow: bool = False
    unlock: bool = False


def api_url(settings: ConnectionSettings) -> str:
    """Return the host as configured, else that of the cloud."""
    return (settings.base_url or CLOUDS[options_of(settings).cloud]).rstrip("/")


def options_of(settings: ConnectionSettings) -> FxiaokeOptions:
    """Read the options. Raises ``ValueError`` naming the key that is wrong."""
    return read_part(settings, "options", settings.options, FxiaokeOptions)


def mapping_of(settings: ConnectionSettings) -> FxiaokeMapping:
    """Read the mapping: the defaults with what the configuration says instead.

    Raises ``ValueError`` naming the key that is wrong.
    """
    return read_mapping(settings, FxiaokeMapping())
