"""What the configuration may say about a Zoho connection, checked as a whole."""

from decimal import Decimal
from typing import Literal

import msgspec

from adapters.budget import BudgetPlan
from adapters.gate import AtOnce
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


_LEAST = {
    0: ("seldom_minutes", "books_calls_per_minute", "books_calls_per_day"),
    1: ("export_rows", "calls_at_once", "heavy_calls_at_once", "books_calls_at_once"),
}


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
    ``seldom_minutes``: how long a process that polls lets pass between two looks at what was
    deleted, and at the users; each look costs as much as a poll. 0: looks every time.

    ``ledger``: where invoices, payments and credit notes are kept: modules of the ``crm``, or Zoho
    ``books``, whose contacts are linked to the CRM's accounts. ``books_organization_id``: which
    organisation there; without it the only or the default one. ``books_payments``: ``by_invoice``
    takes what is paid from the invoices themselves, at the day of the last payment; ``by_payment``
    asks for every payment what it was applied to, one call each. ``books_calls_per_minute``: the
    pace, below the 100 that Books takes; 0 lifts it. ``books_calls_per_day``: what a rolling day
    may cost there, for all processes; 0: what Books allows.
    ``bulk_write``: the same for updates that wait in great number, by Bulk Write.
    ``calls_at_once``, ``heavy_calls_at_once``, ``books_calls_at_once``: how many calls may be under
    way at the same time, of all processes; Zoho takes 5 to 25 by edition, 10 of them heavy, and
    Books 5 to 10.
    ``notes``: write a note on the account when its rating, limit or hold has changed.
    ``content_url``: the host that takes its files, where it is not the data centre's.
    """

    data_centre: Literal["us", "eu", "in", "cn", "au", "jp", "ca", "sa", "uk"] = "us"
    follow_api_domain: bool = True
    page_rows: int = 2_000
    run_workflows: bool = False
    watch_days: float = 6.9
    export: Literal["auto", "always", "never"] = "auto"
    export_rows: int = 5_000
    seldom_minutes: int = 60
    ledger: Literal["crm", "books"] = "crm"
    books_organization_id: str = ""
    books_payments: Literal["by_invoice", "by_payment"] = "by_invoice"
    books_calls_per_minute: int = 90
    books_calls_per_day: int = 0
    books_calls_at_once: int = 5
    bulk_write: Literal["auto", "always", "never"] = "auto"
    content_url: str = ""
    calls_at_once: int = 5
    heavy_calls_at_once: int = 3
    notes: bool = False

    @property
    def at_once(self) -> AtOnce:
        """How many calls to the CRM may be under way."""
        return AtOnce(self.calls_at_once, self.heavy_calls_at_once)

    @property
    def books_at_once(self) -> AtOnce:
        """How many calls to Books may be under way."""
        return AtOnce(self.books_calls_at_once, self.books_calls_at_once)

    @property
    def books_budget(self) -> BudgetPlan | None:
        """What calls to Books may cost; ``None``: what Books allows. All of them read."""
        if not self.books_calls_per_day:
            return None
        whole = Decimal(0)
        return BudgetPlan(
            credits_per_day=self.books_calls_per_day, kept_for_writes=whole, unit="calls to Books"
        )


def options_of(settings: ConnectionSettings) -> ZohoOptions:
    """Read the options. Raises ``ValueError`` naming the key that is wrong."""
    options = read_part(settings, "options", settings.options, ZohoOptions)
    if not 1 <= options.page_rows <= 2_000:
        raise ValueError(f"connection {settings.name!r}: options.page_rows must be 1 to 2000")
    for least, keys in _LEAST.items():
        for key in keys:
            if getattr(options, key) < least:
                sentence = f"options.{key} must be {least} or more"
                raise ValueError(f"connection {settings.name!r}: {sentence}")
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
