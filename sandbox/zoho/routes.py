"""Every operation of the API: where it is, what does it, the scope it needs, whether it is heavy."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import orjson

from sandbox.zoho import coql, deletions, listing, metadata, provisioning, records_api, searching
from sandbox.zoho.asking import Answer

if TYPE_CHECKING:
    from sandbox.zoho.org import ZohoOrg

__all__ = ["Operation", "operations"]

Handler = Callable[..., Answer]
IsHeavy = Callable[[Mapping[str, str], bytes], bool]

_MOST_LIGHT_RECORDS = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """One operation. Without a ``scope`` of its own it needs the scope of its module.

    A ``scope`` is one of ZohoCRM unless it names its product.

    Its address is ``base``, the version of the API, and ``path``.

    Heavy operations have a lower limit of calls at once.
    """

    method: str
    path: str
    handler: Handler
    base: str = "/crm"
    scope: str | None = None
    is_heavy: IsHeavy = lambda _args, _body: False


def operations(org: "ZohoOrg") -> list[Operation]:
    """Return the operations of one organisation."""
    return [
        *_of_the_setup(org),
        *_of_records(org),
        *_of_channels(org),
        *_of_jobs(org),
        *_of_notes(org),
    ]


def _of_the_setup(org: "ZohoOrg") -> list[Operation]:
    return [
        Operation(method=method, path=path, handler=_bound(org, function), scope=scope)
        for method, path, function, scope in _SETTINGS
    ]


def _of_records(org: "ZohoOrg") -> list[Operation]:
    query, lists = _bound(org, coql.run_query), org.pager.list_records
    found = [
        Operation(method=method, path=path, handler=_bound(org, function), is_heavy=is_heavy)
        for method, path, function, is_heavy in _RECORDS
    ]
    return [
        *found,
        Operation(method="GET", path="/<module>", handler=lists, is_heavy=_is_sorted),
        Operation(
            method="POST", path="/coql", handler=query, scope="coql.READ", is_heavy=_is_always
        ),
    ]


def _of_channels(org: "ZohoOrg") -> list[Operation]:
    return [
        Operation(method=method, path="/actions/watch", handler=handler, scope=scope)
        for method, handler, scope in (
            ("GET", org.watch.listing, "notifications.READ"),
            ("POST", org.watch.subscribe, "notifications.CREATE"),
            ("PUT", org.watch.replace, "notifications.UPDATE"),
            ("PATCH", org.watch.change, "notifications.UPDATE"),
            ("DELETE", org.watch.stop, "notifications.DELETE"),
        )
    ]


def _of_jobs(org: "ZohoOrg") -> list[Operation]:
    """Return the bulk jobs, and their files, which in real life are on hosts of their own."""
    found = [
        Operation(base="/crm/bulk", method=method, path=path, handler=handler, scope=scope)
        for method, path, handler, scope in (
            ("POST", "/read", org.bulk_read.create, "bulk.READ"),
            ("GET", "/read/<job_id>", org.bulk_read.show, "bulk.READ"),
            ("GET", "/read/<job_id>/result", org.bulk_read.result, "bulk.READ"),
            ("POST", "/write", org.bulk_write.create, "bulk.CREATE"),
            ("GET", "/write/<job_id>", org.bulk_write.show, "bulk.CREATE"),
        )
    ]
    return [
        *found,
        Operation(method="POST", path="/upload", handler=org.uploads.upload, scope=_FILES),
        Operation(
            base="",
            method="GET",
            path="/crm/<org>/bulk-write/<job_id>/<name>",
            handler=org.bulk_write.result,
            scope="bulk.CREATE",
        ),
    ]


def _of_notes(org: "ZohoOrg") -> list[Operation]:
    return [
        Operation(method=method, path=path, handler=handler, scope=f"modules.notes.{verb}")
        for method, path, handler, verb in (
            ("POST", "/Notes", org.notes.create, "CREATE"),
            ("GET", "/Notes", org.notes.listing, "READ"),
            ("POST", f"{_RECORD}/Notes", org.notes.create_on, "CREATE"),
            ("GET", f"{_RECORD}/Notes", org.notes.listing_of, "READ"),
        )
    ]


def _bound(org: "ZohoOrg", function: Handler) -> Handler:
    return lambda ask, **parts: function(org.state, ask, **parts)


def _is_never(_args: Mapping[str, str], _body: bytes) -> bool:
    return False


def _is_always(_args: Mapping[str, str], _body: bytes) -> bool:
    return True


def _is_sorted(args: Mapping[str, str], _body: bytes) -> bool:
    return "sort_by" in args or "cvid" in args


def _is_large(_args: Mapping[str, str], body: bytes) -> bool:
    """Tell whether a write has more than ten records."""
    try:
        parsed = orjson.loads(body)
    except orjson.JSONDecodeError:
        return False
    records = parsed.get("data") if isinstance(parsed, dict) else None
    return isinstance(records, list) and len(records) > _MOST_LIGHT_RECORDS


_FILES = "ZohoFiles.files.CREATE"
_FIELDS, _ONE_FIELD = "/settings/fields", "/settings/fields/<field_id>"
_SETTINGS: list[tuple[str, str, Handler, str]] = [
    ("GET", "/org", metadata.show_org, "org.READ"),
    ("GET", "/org/currencies", metadata.list_currencies, "settings.currencies.READ"),
    ("GET", "/users", metadata.list_users, "users.READ"),
    ("GET", "/users/<user_id>", metadata.one_user, "users.READ"),
    ("GET", "/settings/modules", metadata.list_modules, "settings.modules.READ"),
    ("GET", "/settings/modules/<name>", metadata.one_module, "settings.modules.READ"),
    ("GET", "/settings/layouts", metadata.list_layouts, "settings.layouts.READ"),
    ("GET", "/settings/layouts/<layout_id>", metadata.one_layout, "settings.layouts.READ"),
    ("GET", "/settings/related_lists", metadata.list_related_lists, "settings.related_lists.READ"),
    ("GET", _FIELDS, metadata.list_fields, "settings.fields.READ"),
    ("POST", _FIELDS, provisioning.create_fields, "settings.fields.CREATE"),
    ("PATCH", _FIELDS, provisioning.update_fields, "settings.fields.UPDATE"),
    ("GET", _ONE_FIELD, metadata.one_field, "settings.fields.READ"),
    ("PATCH", _ONE_FIELD, provisioning.update_fields, "settings.fields.UPDATE"),
    ("DELETE", _ONE_FIELD, provisioning.delete_field, "settings.fields.DELETE"),
]
_RECORD = "/<module>/<record_id>"
_RECORDS: list[tuple[str, str, Handler, IsHeavy]] = [
    ("POST", "/<module>", records_api.insert_records, _is_large),
    ("PUT", "/<module>", records_api.update_records, _is_large),
    ("DELETE", "/<module>", records_api.delete_records, _is_never),
    ("POST", "/<module>/upsert", records_api.upsert_records, _is_large),
    ("GET", "/<module>/deleted", deletions.list_deleted, _is_never),
    ("GET", "/<module>/search", searching.search_records, _is_never),
    ("GET", "/<module>/actions/count", listing.count_records, _is_never),
    ("GET", _RECORD, listing.one_record, _is_never),
    ("PUT", _RECORD, records_api.update_records, _is_never),
    ("DELETE", _RECORD, records_api.delete_records, _is_never),
    ("GET", f"{_RECORD}/<related>", searching.related_records, _is_never),
]
