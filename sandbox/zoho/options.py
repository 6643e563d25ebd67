"""What may differ between organisations, and what Zoho's documents leave open, as switches."""

from dataclasses import dataclass, field
from datetime import timedelta, timezone

__all__ = ["ALL_SCOPES", "ZohoOptions"]

ALL_SCOPES = (
    "ZohoCRM.modules.ALL",
    "ZohoCRM.settings.ALL",
    "ZohoCRM.coql.READ",
    "ZohoCRM.bulk.ALL",
    "ZohoCRM.org.READ",
    "ZohoCRM.users.READ",
    "ZohoCRM.notifications.ALL",
    "ZohoSearch.securesearch.READ",
    "ZohoBooks.contacts.READ",
    "ZohoBooks.invoices.READ",
    "ZohoBooks.customerpayments.READ",
    "ZohoBooks.creditnotes.READ",
    "ZohoBooks.settings.READ",
    "ZohoFiles.files.ALL",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class ZohoOptions:
    """The organisation's edition and switches.

    ``provisioned`` puts the credit fields and the tasks' unique ``Credit_Ref`` in place from the
    start; without it they are created through the API. ``search_delay_seconds`` is how far the
    search index lags behind writes. ``unmodified_status`` answers a list with
    ``If-Modified-Since`` and nothing new. ``keeps_unlisted_choices`` stores a picklist value that
    is not on the list instead of refusing it. ``upserts_tasks`` lets Tasks be upserted.

    ``books``: the organisation keeps its ledger in Zoho Books, of ``books_edition`` (free,
    standard, professional, premium), whose calls are bounded unless ``books_limited`` is off.
    ``books_unlinked_every``: each so-manieth customer's contact there is linked to no account; 0:
    all are linked. ``books_lists_links``: lists of contacts tell the link, else their details
    alone. ``books_filters_modified``: lists obey ``last_modified_time``, which else is ignored.
    ``books_stamps_settled``: what settles an invoice changes the invoice's own
    ``last_modified_time``.

    ``bulk_rows`` are the rows of one export, which takes ``bulk_job_seconds``, as a bulk write does
    of at most ``bulk_write_rows``. ``bulk_write_working`` is how a bulk write under way calls that,
    ``bulk_write_shouts`` writes the states of its rows in capitals, ``upload_ids_are_numbers``
    gives a file's id as a number. ``results_host`` is where results lie, if not here.
    """

    company_name: str = "Zixin Sample Trading"
    base_currency: str = "CNY"
    multi_currency: bool = True
    zone: timezone = field(default_factory=lambda: timezone(timedelta(hours=8)))
    zone_name: str = "Asia/Shanghai"
    scopes: tuple[str, ...] = ALL_SCOPES
    access_token_seconds: int = 3_600
    tokens_per_window: int = 10
    token_window_seconds: int = 600
    active_tokens: int = 10
    credits_per_day: int = 70_000
    concurrent_calls: int = 20
    concurrent_heavy_calls: int = 10
    provisioned: bool = False
    upserts_tasks: bool = False
    unmodified_status: int = 304
    keeps_unlisted_choices: bool = False
    search_delay_seconds: int = 30
    bulk_rows: int = 200_000
    bulk_job_seconds: float = 3.0
    bulk_jobs_fail: bool = False
    books: bool = False
    books_edition: str = "professional"
    books_limited: bool = True
    books_unlinked_every: int = 20
    books_lists_links: bool = True
    books_filters_modified: bool = True
    books_stamps_settled: bool = True
    upload_bytes: int = 25 * 1024 * 1024
    upload_ids_are_numbers: bool = False
    bulk_write_rows: int = 25_000
    bulk_write_working: str = "INPROGRESS"
    bulk_write_shouts: bool = False
    bulk_writes_fail: bool = False
    results_host: str = ""
