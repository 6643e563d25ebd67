"""Which CRM account stands behind a contact of Zoho Books. Kept for minutes.

A few contacts are asked for one by one; for more the list is read, 200 a call. Where lists leave
the link out, the details of those needed are read. An organisation may link by the CRM's contacts
instead of its accounts: the CRM is then asked whose contacts they are.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence

from adapters.errors import RecordNotFound
from adapters.http import Answer
from adapters.zoho.books_client import BooksClient
from adapters.zoho.books_rows import BooksPage, BooksRow, ContactRow, one_of, page_of
from adapters.zoho.rows import BadRow

__all__ = ["BooksContacts", "Employers", "no_employers"]

#: Gives the accounts of contacts of the CRM, as far as it knows them.
Employers = Callable[[Sequence[str]], dict[str, str]]

KEPT_SECONDS = 15 * 60
FEW = 5
PER_PAGE = 200


def no_employers(_contact_ids: Sequence[str]) -> dict[str, str]:
    """Know none."""
    return {}


class BooksContacts:
    """Looks accounts up and remembers them."""

    def __init__(self, client: BooksClient, employers: Employers = no_employers) -> None:
        self._client = client
        self._employers = employers
        self._accounts: dict[str, str] = {}
        self._forget_at = 0.0

    def accounts_of(self, contact_ids: Iterable[str]) -> dict[str, str]:
        """Return each contact's account; the empty text: linked to none, or not there.

        Raises ``CrmError``.
        """
        self._forget_what_is_old()
        wanted = dict.fromkeys(each for each in contact_ids if each)
        unknown = [each for each in wanted if each not in self._accounts]
        if len(unknown) > FEW:
            for page in self.pages():
                self._remember(page.good)
            unknown = [each for each in wanted if each not in self._accounts]
        self._remember([row for each in unknown if (row := self._ask(each)) is not None])
        self._accounts = dict.fromkeys(unknown, "") | self._accounts  # what nobody could tell
        return {each: self._accounts[each] for each in wanted}

    def pages(self) -> Iterator[BooksPage[ContactRow]]:
        """Read the list of contacts."""
        number, more = 1, True
        while more:
            params = {
                "page": str(number),
                "per_page": str(PER_PAGE),
                "sort_column": "created_time",
                "sort_order": "A",
            }
            page: BooksPage[ContactRow] = self._client.read(
                "contacts", "read contacts of Books", _contacts_of, params
            )
            yield page
            number, more = number + 1, page.more

    def _remember(self, rows: Sequence[ContactRow]) -> None:
        people: dict[str, str] = {}
        for row in rows:
            if row.zcrm_account_id or not row.is_linked_with_zohocrm:
                self._accounts[row.id] = row.zcrm_account_id or ""
            elif row.zcrm_contact_id:
                people[row.id] = row.zcrm_contact_id
            elif row.zcrm_account_id is not None:
                self._accounts[row.id] = ""
        if people:
            accounts = self._employers(list(dict.fromkeys(people.values())))
            self._accounts |= {each: accounts.get(who, "") for each, who in people.items()}

    def _ask(self, contact_id: str) -> ContactRow | None:
        if not contact_id.isdecimal():
            return None
        try:
            row = self._client.read(
                f"contacts/{contact_id}", "read a contact of Books", _contact_of
            )
        except RecordNotFound:
            return None
        return row if isinstance(row, ContactRow) else None

    def _forget_what_is_old(self) -> None:
        now = self._client.session.http.pace.monotonic()
        if now >= self._forget_at:
            self._accounts.clear()
            self._forget_at = now + KEPT_SECONDS


def _contacts_of(answer: Answer) -> BooksPage[ContactRow]:
    return page_of(answer, "contacts")


def _contact_of(answer: Answer) -> BooksRow | BadRow:
    return one_of(answer, "contacts")
