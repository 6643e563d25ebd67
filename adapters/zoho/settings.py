"""What the configuration may say about a Zoho connection, checked as a whole."""

from typing import Literal

import msgspec

from adapters.settings import ConnectionSettings, read_mapping, read_part
from adapters.zoho.centres import CENTRES, Centre, content_of, is_zohos_own
from adapters.zoho.names import ZohoMapping

__all__ = [
    "ZohoOptions",
    "accounts_url",
    "api_url",
    "content_url",
    "mapping_of",
    "options_of",
]


class ZohoOptions(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The vendor's own options.

    ``data_centre`` (us, eu, in, cn, au, jp, ca, sa, uk): whose hosts are called where ``base_url``
    and ``accounts_url`` name none.
    ``follow_api_domain``: call the host that the token answer names, as Zoho demands; switched
    off, ``base_url`` is called. ``page_rows``: records of one COQL page, at most 2,000.
    ``run_workflows``: let the organisation's workflows run on our writes. ``watch_days``: the
    life asked for notification channels; Zoho shortens more than seven days to one hour.
    ``export``: whether whole modules may be read by Bulk Read: ``auto`` where that is cheaper,
    ``always``, ``never``. ``export_rows``: records of an export that are saved at once.
    ``bulk_write``: the same for updates that wait in great number, by Bulk Write.
    ``content_url``: the host that takes its files, where it is not the data centre's.
    ``notes``: write a note on the account when its rating, limit or hold has changed.
    ``seldom_minutes``: how long a process that polls lets pass between two looks at what was
    deleted, and at the users; each look costs as much as a poll. 0: looks every time.

    ``ledger``: where invoices, payments and credit notes are kept: modules of the ``crm``, or Zoho
    ``books``, whose contacts are linked to the CRM's accounts. ``books_organization_id``: which
    organisation there; without it the only or the default one. ``books_payments``: ``by_invoice``
    takes what is paid from the invoices themselves, at the day of the last payment; ``by_payment``
    asks for every payment what it was applied to, one call each. ``books_calls_per_minute``: the
    pace, below the 100 that Books takes; 0 lifts it.
    """

    data_centre: Literal["us", "eu", "in", "cn", "au", "jp", "ca", "sa", "uk"] = "us"
    follow_api_domain: bool = True
    page_rows: int = 2_000
    run_workflows: bool = False
    watch_days: float = 6.9
    export: Literal["auto", "always", "never"] = "auto"
    export_rows: int = 5_000
    bulk_write: Literal["auto", "always", "never"] = "auto"
    content_url: str = ""
    notes: bool = False
    seldom_minutes: int = 60
    ledger: Literal["crm", "books"] = "crm"
    books_organization_id: str = ""
    books_payments: Literal["by_invoice", "by_payment"] = "by_invoice"
    books_calls_per_minute: int = 90


def options_of(settings: ConnectionSettings) -> ZohoOptions:
    """Read the options. Raises ``ValueError`` naming the key that is wrong."""
    options = read_part(settings, "options", settings.options, ZohoOptions)
    if not 1 <= options.page_rows <= 2_000:
        raise ValueError(f"connection {settings.name!r}: options.page_rows must be 1 to 2000")
    if options.export_rows < 1:
        raise ValueError(f"connection {settings.name!r}: options.export_rows must be 1 or more")
    if options.seldom_minutes < 0:
        raise ValueError(f"connection {settings.name!r}: options.seldom_minutes must be 0 or more")
    if options.books_calls_per_minute < 0:
        key = "options.books_calls_per_minute"
        raise ValueError(f"connection {settings.name!r}: {key} must be 0 or more")
    return options


def mapping_of(settings: ConnectionSettings) -> ZohoMapping:
    """Read the mapping: the defaults with what the configuration says instead.

    With the ledger in Books no module of the CRM holds any of it. Raises ``ValueError`` naming the
    key that is wrong.
    """
    mapping = read_mapping(settings, ZohoMapping())
    return mapping.without_ledger() if options_of(settings).ledger == "books" else mapping


def api_url(settings: ConnectionSettings) -> str:
    """Return the API host as configured, else that of the data centre."""
    return (settings.base_url or _centre(settings).api).rstrip("/")


def accounts_url(settings: ConnectionSettings) -> str:
    """Return the token host as configured, else that of the data centre."""
    return (settings.accounts_url or _centre(settings).accounts).rstrip("/")


def content_url(settings: ConnectionSettings, api: str = "") -> str:
    """Return the host that takes files: as configured, else the one beside the API's host.

    ``api`` is the host in use where the token named another than is configured. An API that is
    none of Zoho's has everything in one place. Empty: the host is not known.
    """
    api = api or api_url(settings)
    named = options_of(settings).content_url
    beside = content_of(api) if is_zohos_own(api) else api
    return (named or beside).rstrip("/")


def _centre(settings: ConnectionSettings) -> Centre:
    return CENTRES[options_of(settings).data_centre]
