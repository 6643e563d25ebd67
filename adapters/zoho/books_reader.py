"""Reads the ledger from Zoho Books: everything, what changed, or by id.

Lists go page by page in the order of creation, 200 records a call, later ones from the watermark
less an overlap (``last_modified_time``). A record that changes while a list is read may have been
passed already, so the new watermark lies as far before the newest stamp as the reading took. Books
lists no deletions: the full read and ``missing`` tell them.
"""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import msgspec

from adapters.errors import RecordNotFound
from adapters.port import Cursor, IdPage, Page
from adapters.zoho.books_client import BooksClient
from adapters.zoho.books_contacts import BooksContacts, Employers
from adapters.zoho.books_mapping import UNUSED, BooksTranslator
from adapters.zoho.books_rows import (
    BooksPage,
    BooksRow,
    Credited,
    CreditNoteRow,
    PaymentRow,
    credited_of,
    one_of,
    page_of,
)
from adapters.zoho.mapping import Translated
from adapters.zoho.rows import BadRow
from adapters.zoho.scan import NOTHING_YET, OVERLAP, joined
from adapters.zoho.scan import page_of as port_page
from scoring.records import Kind

__all__ = ["LEDGER_KINDS", "BooksReader"]

PER_PAGE = 200
FEW_IDS = 20
DETAILS_AT_ONCE = 25  # saved together: calls already made are not made again after a break
LEDGER_KINDS = (Kind.INVOICES, Kind.CREDIT_NOTES, Kind.PAYMENTS, Kind.ALLOCATIONS)
_BY_INVOICE = {
    Kind.INVOICES: ("invoices",),
    Kind.CREDIT_NOTES: ("creditnotes",),
    Kind.PAYMENTS: ("invoices", "customerpayments"),
    Kind.ALLOCATIONS: ("invoices",),
}
_BY_PAYMENT = {
    Kind.INVOICES: ("invoices",),
    Kind.CREDIT_NOTES: ("creditnotes",),
    Kind.PAYMENTS: ("customerpayments",),
    Kind.ALLOCATIONS: ("customerpayments",),
}


class BooksPosition(msgspec.Struct, frozen=True, kw_only=True):
    """Progress inside a scan: which list, which page of it, and in it how many rows are done.

    ``since``: what changed from then on; ``None``: everything. ``begun_at`` is our time when the
    scan began, ``newest`` the newest stamp until now.
    """

    since: datetime | None = None
    stage: int = 0
    page: int = 1
    done: int = 0
    begun_at: datetime
    newest: datetime = NOTHING_YET


class BooksReader:
    """The ledger's half of reading, as ``CrmPort.changes`` and ``fetch`` say."""

    def __init__(self, client: BooksClient, employers: Employers) -> None:
        self._client = client
        self._contacts = BooksContacts(client, employers)
        self._by_payment = client.session.options.books_payments == "by_payment"
        self._details: dict[str, PaymentRow] = {}
        self._part_read: tuple[tuple[str, datetime | None, int], BooksPage[Any]] | None = None

    def changes(self, kind: Kind, cursor: Cursor) -> Page:
        """Read the next portion of a feed."""
        position = self._position_of(cursor)
        tables = self._tables(kind)
        if position.stage >= len(tables):
            position = self._beginning(cursor)
        translated, ahead = self._read_on(kind, tables, position)
        if ahead.stage not in {position.stage, len(tables)}:
            rest, ahead = self._read_on(kind, tables, ahead)
            translated = joined(translated, rest)
        finished = ahead.stage == len(tables)
        after = self._ended(cursor, ahead) if finished else _onward(cursor, ahead)
        return port_page(kind, translated, after)

    def _read_on(
        self, kind: Kind, tables: Sequence[str], position: BooksPosition
    ) -> tuple[Translated, BooksPosition]:
        table = tables[position.stage]
        page = self._list(table, position)
        part, ahead = self._portion(kind, page, position)
        newest = max(position.newest, part.newest() or NOTHING_YET)
        ahead = msgspec.structs.replace(ahead, newest=newest)
        return self._translated(kind, table, part), ahead

    def fetch(self, kind: Kind, record_ids: Sequence[str]) -> Page:
        """Read these records as they are now; those that do not come back are gone."""
        wanted = list(dict.fromkeys(record_ids))
        found = Translated()
        for table, source in dict.fromkeys(self._source_of(kind, each) for each in wanted):
            row = self._one(table, source) if source.isdecimal() else None
            if row is not None:
                found = joined(found, self._translated(kind, table, _page_of_one(row)))
        asked = set(wanted)
        records = tuple(each for each in found.records if each.record_id in asked)
        problems = tuple(each for each in found.problems if each.record_id in asked)
        here = {each.record_id for each in (*records, *problems)}
        gone = tuple(each for each in wanted if each not in here)
        kept = Translated(records=records, problems=problems, gone=gone)
        return port_page(kind, kept, Cursor())

    def ids(self, kind: Kind, after: str = "") -> IdPage:
        """Read the next portion of a feed's ids; Books shows none without their records."""
        page = self.changes(kind, Cursor(position=after))
        found = tuple(each.record_id for each in (*page.records, *page.problems))
        return IdPage(ids=found, after=page.cursor.position)

    def missing(self, kind: Kind, known_ids: Sequence[str]) -> tuple[str, ...]:
        """Tell which known ids Books has no more: a few one by one, else by the whole lists."""
        there: set[str] = set()
        if len(known_ids) <= FEW_IDS:
            page = self.fetch(kind, known_ids)
            there.update(each.record_id for each in (*page.records, *page.problems))
        else:
            cursor, finished = Cursor(), False
            while not finished:
                page = self.changes(kind, cursor)
                there.update(each.record_id for each in (*page.records, *page.problems))
                cursor, finished = page.cursor, page.finished
        return tuple(each for each in known_ids if each not in there)

    def _tables(self, kind: Kind) -> tuple[str, ...]:
        return (_BY_PAYMENT if self._by_payment else _BY_INVOICE)[kind]

    def _position_of(self, cursor: Cursor) -> BooksPosition:
        """Read where a scan stands; one that cannot be read begins again, which does no harm."""
        if cursor.position:
            try:
                return msgspec.json.decode(cursor.position, type=BooksPosition)
            except msgspec.DecodeError:
                pass
        return self._beginning(cursor)

    def _beginning(self, cursor: Cursor) -> BooksPosition:
        since = None
        if cursor.watermark is not None:
            since = max(cursor.watermark - OVERLAP, NOTHING_YET)
        return BooksPosition(since=since, begun_at=self._client.session.now())

    def _ended(self, cursor: Cursor, position: BooksPosition) -> Cursor:
        took = max(self._client.session.now() - position.begun_at, timedelta())
        seen = max(position.newest - took, NOTHING_YET)
        return Cursor(watermark=max(cursor.watermark or NOTHING_YET, seen))

    def _portion(
        self, kind: Kind, page: BooksPage[Any], position: BooksPosition
    ) -> tuple[BooksPage[Any], BooksPosition]:
        """Take so much of a page as may be read at once, and say where the rest begins."""
        ahead = msgspec.structs.replace(position, page=position.page + 1, done=0)
        if not page.more:
            ahead = msgspec.structs.replace(position, stage=position.stage + 1, page=1, done=0)
        end = self._end_of(kind, page.good, position.done)
        if end < len(page.good):
            ahead = msgspec.structs.replace(position, done=end)
        bad = [] if position.done else page.bad
        return BooksPage(page.good[position.done : end], bad, page.more), ahead

    def _end_of(self, kind: Kind, rows: Sequence[BooksRow], start: int) -> int:
        """Say how far rows may be read before so many details are due."""
        asked = 0
        for place in range(start, len(rows)):
            asked += self._wants_detail(kind, rows[place])
            if asked > DETAILS_AT_ONCE:
                return place
        return len(rows)

    def _wants_detail(self, kind: Kind, row: BooksRow) -> bool:
        """Tell whether a call of its own must say what a row was applied to."""
        if not self._by_payment:
            return False
        if isinstance(row, CreditNoteRow):
            return row.balance < row.total
        if not isinstance(row, PaymentRow) or not _is_applied(row) or self._known(row):
            return False
        return kind is Kind.ALLOCATIONS or row.amount_refunded is None

    def _known(self, row: PaymentRow) -> PaymentRow | None:
        """Return the details of a payment where they are known and it has not changed since."""
        if row.invoices:
            return row
        known = self._details.get(row.id)
        fresh = known is not None and known.last_modified_time == row.last_modified_time
        return known if fresh else None

    def _list(self, table: str, position: BooksPosition) -> BooksPage[Any]:
        """Read a page; one that is gone through in parts is read once."""
        place, known = (table, position.since, position.page), self._part_read
        if position.done and known is not None and known[0] == place:
            return known[1]
        page = self._ask_list(table, position)
        self._part_read = (place, page)
        return page

    def _ask_list(self, table: str, position: BooksPosition) -> BooksPage[Any]:
        params = {
            "page": str(position.page),
            "per_page": str(PER_PAGE),
            "sort_column": "created_time",
            "sort_order": "A",
        }
        if position.since is not None:
            params["last_modified_time"] = _books_time(position.since)
        return self._client.read(
            table, f"read {table} of Books", partial(page_of, table=table), params
        )

    def _one(self, table: str, record_id: str) -> BooksRow | BadRow | None:
        try:
            return self._client.read(
                f"{table}/{record_id}",
                f"read one of {table} of Books",
                partial(one_of, table=table),
            )
        except RecordNotFound:
            return None

    def _source_of(self, kind: Kind, record_id: str) -> tuple[str, str]:
        """Name the list and the record in it that a record of ours is made of."""
        if kind is Kind.CREDIT_NOTES:
            return "creditnotes", record_id.partition("-")[0]
        if self._by_payment and kind is Kind.ALLOCATIONS:
            return "customerpayments", record_id.partition("-")[0]
        if self._by_payment and kind is Kind.PAYMENTS:
            return "customerpayments", record_id
        if kind is Kind.PAYMENTS and record_id.startswith(UNUSED):
            return "customerpayments", record_id.removeprefix(UNUSED)
        return "invoices", record_id

    def _translated(self, kind: Kind, table: str, page: BooksPage[Any]) -> Translated:
        customers = self._contacts.accounts_of(row.customer_id for row in page.good)
        translator = BooksTranslator(customers)
        match kind, table:
            case Kind.INVOICES, _:
                return translator.invoices(page)
            case Kind.CREDIT_NOTES, _:
                return translator.credits(page, self._credited if self._by_payment else None)
            case Kind.PAYMENTS, "customerpayments" if not self._by_payment:
                return translator.unused(page)
            case Kind.PAYMENTS, "customerpayments":
                return translator.payments(self._detailed(kind, page, page.bad))
            case Kind.ALLOCATIONS, "customerpayments":
                # What a list of payments holds and does not decode is told as a payment.
                return translator.applications(self._detailed(kind, page, []))
            case _:
                return translator.paid(kind, page)

    def _credited(self, row: CreditNoteRow) -> Sequence[Credited]:
        """Ask what a credit note was applied to, where it was at all."""
        if row.balance >= row.total:
            return ()
        path = f"creditnotes/{row.id}/invoices"
        try:
            return self._client.read(path, "read what a credit note of Books credited", credited_of)
        except RecordNotFound:
            return ()  # deleted a moment ago

    def _detailed(
        self, kind: Kind, page: BooksPage[PaymentRow], bad: Sequence[BadRow]
    ) -> BooksPage[PaymentRow]:
        """Put the details of payments in their place, where the list does not say enough."""
        rows = [self._detail(kind, row) for row in page.good]
        good = [row for row in rows if isinstance(row, PaymentRow)]
        worse = [row for row in rows if isinstance(row, BadRow)]
        return BooksPage(good, [*bad, *worse], page.more)

    def _detail(self, kind: Kind, row: PaymentRow) -> BooksRow | BadRow:
        if not self._wants_detail(kind, row):
            return (self._known(row) or row) if _is_applied(row) else row
        found = self._one("customerpayments", row.id)
        if isinstance(found, PaymentRow):
            self._details[row.id] = found
        return found or row  # deleted a moment ago: it applies to nothing


def _is_applied(row: PaymentRow) -> bool:
    """Tell whether anything of a payment was applied or, where the list is silent, refunded."""
    return row.unused_amount < row.amount - (row.amount_refunded or 0)


def _onward(cursor: Cursor, ahead: BooksPosition) -> Cursor:
    position = msgspec.json.encode(ahead).decode()
    return msgspec.structs.replace(cursor, position=position)


def _page_of_one(row: BooksRow | BadRow) -> BooksPage[Any]:
    return BooksPage([], [row], False) if isinstance(row, BadRow) else BooksPage([row], [], False)


def _books_time(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S+0000")
