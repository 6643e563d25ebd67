"""Examines where the ledger is kept: Zoho Books as configured, or what would hold payments."""

from collections.abc import Iterator
from datetime import timedelta
from functools import partial
from typing import Any

from adapters.errors import CrmError, NotPermitted
from adapters.port import Finding, FindingLevel
from adapters.zoho.books_client import BooksClient
from adapters.zoho.books_contacts import BooksContacts
from adapters.zoho.books_rows import BooksPage, ContactRow, page_of
from adapters.zoho.metadata import Metadata
from adapters.zoho.names import ZohoMapping

__all__ = ["BooksDoctor"]

TOPIC = "ledger"
MOST_PAGES = 10
PAID_LOOKED_AT = 50
#: What organisations call the fields of an invoice that tell its payment. (zoho-crm 6)
_PAID_FIELDS = ("Amount_Paid", "Balance_Due")
_PAID_ON = "Paid_On"
_OK, _WARNING, _ERROR = FindingLevel.OK, FindingLevel.WARNING, FindingLevel.ERROR


class BooksDoctor:
    """Finds out what can be known about the ledger for a few calls."""

    def __init__(self, client: BooksClient, metadata: Metadata, mapping: ZohoMapping) -> None:
        self._client = client
        self._metadata = metadata
        self._mapping = mapping

    def examine(self) -> Iterator[Finding]:
        """Examine the ledger. Raises ``CrmError`` where Books or the CRM does not answer."""
        if self._client.session.options.ledger == "books":
            yield from self._books()
        else:
            yield from self._payments()

    def _books(self) -> Iterator[Finding]:
        try:
            organisation = self._client.organisation_id()
            yield from self._contacts(organisation)
            yield from self._lists()
            yield from self._stamps()
        except NotPermitted as error:
            remedy = "authorise the connection again with the scopes of Zoho Books"
            yield _finding(_ERROR, str(error), remedy)

    def _contacts(self, organisation: str) -> Iterator[Finding]:
        """Count the links: an invoice of a contact without one concerns nobody we rate."""
        rows, more = self._first_contacts()
        linked = sum(1 for row in rows if _may_be_linked(row))
        first = "first " if more else ""
        note = f"Zoho Books {organisation}: {linked} of its {first}{len(rows)} contacts are linked to accounts"
        if linked == len(rows) > 0:
            yield _finding(_OK, note)
            return
        remedy = (
            "link contacts to accounts in the integration of Zoho Books with Zoho CRM; "
            "until then their papers are kept as problems"
        )
        yield _finding(_WARNING, note, remedy)

    def _first_contacts(self) -> tuple[list[ContactRow], bool]:
        rows: list[ContactRow] = []
        for number, page in enumerate(BooksContacts(self._client).pages(), 1):
            rows += page.good
            if number == MOST_PAGES or not page.more:
                return rows, page.more
        return rows, False

    def _lists(self) -> Iterator[Finding]:
        """Ask each list as the feeds do; in a year from now nothing has changed yet."""
        at = self._client.session.now() + timedelta(days=366)
        params = {
            "per_page": "1",
            "sort_column": "created_time",
            "sort_order": "A",
            "last_modified_time": at.strftime("%Y-%m-%dT%H:%M:%S+0000"),
        }
        unfiltered = [
            table
            for table in ("invoices", "customerpayments", "creditnotes")
            if self._page(table, params).good
        ]
        if unfiltered:
            names = ", ".join(unfiltered)
            note = f"Zoho Books does not filter {names} by last_modified_time"
            remedy = "every pull then reads them whole: raise schedule.pull_minutes"
            yield _finding(_WARNING, note, remedy)

    def _stamps(self) -> Iterator[Finding]:
        """See whether a payment changes the stamp of its invoice, which ``by_invoice`` lives by."""
        if self._client.session.options.books_payments != "by_invoice":
            return
        rows = self._page("invoices", {"filter_by": "Status.Paid", "per_page": str(PAID_LOOKED_AT)})
        paid = [row for row in rows.good if row.last_payment_date and row.modified]
        unstamped = [row for row in paid if row.modified.date().isoformat() < row.last_payment_date]
        # A payment may bear a day to come, but hardly most of them.
        if len(unstamped) * 2 > len(paid):
            note = "Zoho Books does not stamp an invoice that is paid"
            remedy = (
                "payments are seen by the nightly full read alone: "
                'set options.books_payments = "by_payment"'
            )
            yield _finding(_WARNING, note, remedy)

    def _page(self, table: str, params: dict[str, str]) -> BooksPage[Any]:
        return self._client.read(
            table, f"try {table} of Books", partial(page_of, table=table), params
        )

    def _payments(self) -> Iterator[Finding]:
        """Say what could tell payments where the CRM has no module for them."""
        module = self._mapping.payments.module
        if self._mapping.pays_on_invoices or (module and module in self._metadata.modules()):
            return
        note = "nothing tells what customers have paid"
        yield _finding(_WARNING, note, self._suggestion())

    def _suggestion(self) -> str:
        if self._has_books():
            return 'keep the ledger in Zoho Books, which the connection reaches: options.ledger = "books"'
        if named := self._paid_field():
            ours = "paid" if named == _PAID_FIELDS[0] else "balance"
            return (
                'take it from the invoices: mapping.payments.module = "", '
                f'mapping.invoices.{ours} = "{named}", mapping.invoices.paid_on = "{_PAID_ON}"'
            )
        return (
            "keep payments in a custom module and name it in mapping.payments.module and "
            "mapping.allocations.module; or use Zoho Books and authorise the connection for it"
        )

    def _has_books(self) -> bool:
        try:
            return bool(self._client.organisations())
        except CrmError:
            return False  # no scopes of Books, or nothing there that answers

    def _paid_field(self) -> str | None:
        module = self._mapping.invoices.module
        if not module or module not in self._metadata.modules():
            return None
        fields = self._metadata.fields(module)
        named = [each for each in _PAID_FIELDS if each in fields]
        return named[0] if named and _PAID_ON in fields else None


def _may_be_linked(row: ContactRow) -> bool:
    """Read the link, or where the list leaves it out, whether there is one at all."""
    if row.zcrm_account_id is None:
        return row.is_linked_with_zohocrm
    return bool(row.zcrm_account_id or row.zcrm_contact_id)


def _finding(level: FindingLevel, message: str, remedy: str = "") -> Finding:
    return Finding(topic=TOPIC, level=level, message=message, remedy=remedy)
