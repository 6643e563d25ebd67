"""What the tenant says about its objects and fields, remembered for a while."""

import threading
from collections.abc import Mapping

import msgspec

from adapters.fxiaoke.client import FxiaokeClient, Json

__all__ = ["DESCRIBE_SECONDS", "Describes", "FieldDescribe", "ObjectDescribe"]

DESCRIBE_SECONDS = 600.0  # an administrator's change is seen after this at the latest
SECOND_LOOK_SECONDS = 30.0  # … and before refusing a write, unless we looked just now


class FieldDescribe(msgspec.Struct, frozen=True, kw_only=True):
    """One field: ``options`` maps stored values to labels, empty where it has none."""

    api_name: str
    type: str = "text"
    label: str = ""
    options: Mapping[str, str] = {}
    decimal_places: int | None = None
    max_length: int | None = None
    unique: bool = False


class ObjectDescribe(msgspec.Struct, frozen=True, kw_only=True):
    """One object with its active fields."""

    api_name: str
    display_name: str
    fields: Mapping[str, FieldDescribe]

    def having(self, names: tuple[str, ...]) -> tuple[str, ...]:
        """Keep the names this object has: an unknown field in a query is not forgiven."""
        return tuple(name for name in names if name in self.fields)


class Describes:
    """Reads descriptions and keeps each for ten minutes. Safe to share between threads."""

    def __init__(self, client: FxiaokeClient) -> None:
        self._client = client
        self._lock = threading.Lock()
        self._kept: dict[str, tuple[float, ObjectDescribe]] = {}

    def of(self, object_name: str, *, within_seconds: float = DESCRIBE_SECONDS) -> ObjectDescribe:
        """Return the description of an object, not older than this. Raises ``CrmError``."""
        now = self._client.http.pace.monotonic()
        with self._lock:
            kept = self._kept.get(object_name)
        if kept is not None and now - kept[0] < within_seconds:
            return kept[1]
        fresh = self._read(object_name)
        with self._lock:
            self._kept[object_name] = (now, fresh)
        return fresh

    def active_objects(self) -> dict[str, str]:
        """Return display names of the active objects by api name."""
        answer = self._client.read(
            "/cgi/crm/v2/object/list", "list objects", includeNull=False, data={}
        )
        payload = answer.get("data")
        listed = payload.get("objects") if isinstance(payload, dict) else None
        if not isinstance(listed, list):
            raise self._client.broken("list objects", "the answer holds no list of objects")
        return {
            str(each.get("describeApiName")): str(each.get("describeDisplayName") or "")
            for each in listed
            if isinstance(each, dict) and each.get("isActive") is not False
        }

    def _read(self, object_name: str) -> ObjectDescribe:
        operation = f"describe {object_name}"
        answer = self._client.read(
            "/cgi/crm/v2/object/describe", operation, {"apiName": object_name}, includeDetail=False
        )
        payload = answer.get("data")
        described = payload.get("describe") if isinstance(payload, dict) else None
        fields = described.get("fields") if isinstance(described, dict) else None
        if not isinstance(described, dict) or not isinstance(fields, dict):
            raise self._client.broken(operation, "the answer describes no fields")
        return ObjectDescribe(
            api_name=object_name,
            display_name=str(described.get("display_name") or object_name),
            fields={
                name: _field(name, field)
                for name, field in fields.items()
                if isinstance(field, dict) and field.get("is_active") is not False
            },
        )


def _field(name: str, field: Json) -> FieldDescribe:
    places = field.get("decimal_places")
    length = field.get("max_length")
    return FieldDescribe(
        api_name=name,
        type=str(field.get("type") or "text"),
        label=str(field.get("label") or ""),
        options=_options(field.get("options")),
        decimal_places=places if isinstance(places, int) else None,
        max_length=length if isinstance(length, int) and length > 0 else None,
        unique=field.get("is_unique") is True,
    )


def _options(options: object) -> dict[str, str]:
    """Read options; those of a record type carry ``api_name`` in place of ``value``."""
    if not isinstance(options, list):
        return {}
    return {
        str(each.get("value", each.get("api_name"))): str(each.get("label") or "")
        for each in options
        if isinstance(each, dict)
    }
