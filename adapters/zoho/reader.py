"""Reads Zoho's records: everything, what changed, or by id.

Queries (COQL) go by key, not by offset: 2,000 records cost three credits however deep. A first
read goes by ``id``; later ones by ``(Modified_Time, id)`` from the watermark less an overlap, and
once in a while the list of deletions. The watermark is Zoho's own stamp, never our clock.
"""

import logging
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import TypeVar

import msgspec

from adapters.errors import ContractBroken, Refused
from adapters.http import Answer
from adapters.port import Cursor, Page
from adapters.zoho.bulk_read import Export, ExportFailed, Exports, export_credits, query_credits
from adapters.zoho.callbacks import JobBell
from adapters.zoho.client import ZohoClient, iso
from adapters.zoho.coql import among, literal, select
from adapters.zoho.mapping import Translated, Translator
from adapters.zoho.metadata import Metadata
from adapters.zoho.names import NEEDED, ZohoMapping
from adapters.zoho.rows import RowDecoder, Rows, check_count
from adapters.zoho.scan import (
    NOTHING_YET,
    Position,
    joined,
    newest_of,
    onward,
    page_of,
    position_of,
)
from scoring.records import Kind

__all__ = ["IDS_PER_QUERY", "ZohoReader", "chunks"]

_log = logging.getLogger(__name__)
IDS_PER_QUERY = 50
FIRST_ROWS = 200  # most deltas are small, and 200 rows cost one credit
_T = TypeVar("_T")


class _Deleted(msgspec.Struct, frozen=True, kw_only=True):
    id: str


class _Info(msgspec.Struct, frozen=True, kw_only=True):
    more_records: bool = False
    count: int | None = None


class _Deletions(msgspec.Struct, frozen=True, kw_only=True):
    data: list[_Deleted]
    info: _Info = _Info()


class _Stamp(msgspec.Struct, frozen=True, kw_only=True):
    modified: datetime = msgspec.field(name="Modified_Time")


class _Stamps(msgspec.Struct, frozen=True, kw_only=True):
    data: list[_Stamp]
    info: _Info = _Info()


class _Count(msgspec.Struct, frozen=True, kw_only=True):
    count: int | str


_DELETIONS = msgspec.json.Decoder(_Deletions)
_STAMPS = msgspec.json.Decoder(_Stamps)
_COUNT = msgspec.json.Decoder(_Count)


class ZohoReader:
    """The reading half of the port."""

    def __init__(
        self, client: ZohoClient, metadata: Metadata, mapping: ZohoMapping, bell: JobBell
    ) -> None:
        self._client = client
        self._metadata = metadata
        self._mapping = mapping
        self._exports = Exports(client, bell)
        self._decoders: dict[Kind, RowDecoder] = {}
        self._looked: dict[Kind, float] = {}  # when users or deletions were read last

    def changes(self, kind: Kind, cursor: Cursor) -> Page:
        """Read the next portion of a feed, as ``CrmPort.changes`` says."""
        if kind is Kind.OWNERS:
            return self._owners(cursor)
        position = position_of(cursor)
        if position.export is not None:
            return self._exported(kind, cursor, position, position.export)
        if position.since is None:
            return self._everything(kind, cursor, position)
        if position.deleted_page:
            return self._deletions(kind, cursor, position)
        return self._changed(kind, cursor, position)

    def fetch(self, kind: Kind, record_ids: Sequence[str]) -> Page:
        """Read these records as they are now; those that do not come back are gone."""
        wanted = list(dict.fromkeys(record_ids))
        if kind is Kind.OWNERS:
            return self._fetch_owners(wanted)
        found = Translated()
        seen: set[str] = set()
        # What is no number is no id of Zoho's: it is not asked for.
        for some in chunks([each for each in wanted if each.isdecimal()], IDS_PER_QUERY):
            rows = self._query(kind, among("id", some), "id asc", FIRST_ROWS)
            seen.update(rows.ids())
            found = joined(found, self._translated(kind, rows))
        missing = tuple(each for each in wanted if each not in seen)
        return Page(
            kind=kind,
            records=found.records,
            problems=found.problems,
            gone=found.gone + missing,
            cursor=Cursor(),
            finished=True,
        )

    def missing(self, kind: Kind, known_ids: Sequence[str]) -> tuple[str, ...]:
        """Tell which known ids the CRM has no more, for the rare sweep that trusts no feed."""
        module = self._mapping.feed(kind).module
        there: set[str] = set()
        for some in chunks([each for each in known_ids if each.isdecimal()], IDS_PER_QUERY):
            query = select(["id"], module, among("id", some), limit=FIRST_ROWS)
            found = self._client.coql(query, f"look for {module}", _deletions_of, FIRST_ROWS)
            there.update(row.id for row in (found.data if found else ()))
        return tuple(each for each in known_ids if each not in there)

    def _everything(self, kind: Kind, cursor: Cursor, position: Position) -> Page:
        limit = self._client.options.page_rows
        where = f"id > {literal(position.after)}" if position.after else "id is not null"
        rows = self._query(kind, where, "id asc", limit)
        promise = cursor.promise or cursor.watermark or NOTHING_YET
        expected = position.expected
        if not position.after:
            # Taken right after the first page: the overlap covers what changed in between.
            promise = self._newest(kind) if rows.more else newest_of(rows)
            expected = self._count(kind) if rows.more else len(rows.good) + len(rows.bad)
        translated = self._translated(kind, rows)
        if not rows.more:
            return page_of(kind, translated, Cursor(watermark=promise), expected=expected)
        after = self._further(rows, position)
        ahead = Position(after=after, expected=expected, exportable=position.exportable)
        if position.exportable and not position.after and self._wants_export(kind, expected):
            ahead = Position(after=after, export=Export(), expected=expected)
        return page_of(kind, translated, onward(cursor, ahead, promise), expected=expected)

    def _wants_export(self, kind: Kind, expected: int | None) -> bool:
        """Choose by the price of either way for so many records, and say so."""
        wish = self._client.options.export
        if wish == "never" or expected is None:
            return wish == "always"
        prices = {"exports": export_credits(expected), "queries": query_credits(expected)}
        chosen = "exports" if wish == "always" else min(prices, key=lambda way: prices[way])
        _log.info(
            "%s: %s records of %s are read by %s; exports cost at most %s credits, queries %s",
            self._client.system,
            expected,
            self._mapping.feed(kind).module,
            chosen,
            prices["exports"],
            prices["queries"],
        )
        return chosen == "exports"

    def _exported(self, kind: Kind, cursor: Cursor, position: Position, export: Export) -> Page:
        """Read the next portion by an export; where none is to be had, by queries all the same."""
        module = self._mapping.feed(kind).module
        try:
            part = self._exports.read(module, self._columns(kind), export)
        except (ExportFailed, Refused, ContractBroken) as reason:
            _log.warning("%s: %s is read by queries: %s", self._client.system, module, reason)
            by_queries = msgspec.structs.replace(position, export=None, exportable=False)
            after = onward(cursor, by_queries, cursor.promise)
            return page_of(kind, Translated(), after, expected=position.expected)
        rows = self._decoder(kind).table(part.header, part.rows, after=int(position.after or 0))
        after = Cursor(watermark=cursor.promise or cursor.watermark)
        if part.ahead is not None:
            ahead = msgspec.structs.replace(position, export=part.ahead)
            after = onward(cursor, ahead, cursor.promise)
        return page_of(kind, self._translated(kind, rows), after, expected=position.expected)

    def _changed(self, kind: Kind, cursor: Cursor, position: Position) -> Page:
        since = position.since or NOTHING_YET
        limit = min(self._client.options.page_rows, FIRST_ROWS)
        where = f"Modified_Time >= {literal(iso(position.at or since))}"
        if position.at is not None:
            limit = self._client.options.page_rows
            at, after = literal(iso(position.at)), literal(position.after)
            where = f"({where} and (Modified_Time > {at} or id > {after}))"
        rows = self._query(kind, where, "Modified_Time asc, id asc", limit)
        promise = max(cursor.promise or cursor.watermark or NOTHING_YET, newest_of(rows))
        translated = self._translated(kind, rows)
        if rows.more:
            ahead = self._further_in_time(rows, position, since)
            return page_of(kind, translated, onward(cursor, ahead, promise))
        if not self._due(kind):
            return page_of(kind, translated, Cursor(watermark=promise))
        # Whoever looked last, perhaps in another process, did so within that time before ``since``.
        all_since = max(since - self._seldom, NOTHING_YET)
        gone_cursor = Cursor(watermark=cursor.watermark, promise=promise)
        deletions = self._deletions(kind, gone_cursor, Position(since=all_since, deleted_page=1))
        self._note_look(kind)
        return page_of(kind, joined(translated, Translated(gone=deletions.gone)), deletions.cursor)

    def _deletions(self, kind: Kind, cursor: Cursor, position: Position) -> Page:
        page = position.deleted_page
        found = self._client.read(
            f"{self._mapping.feed(kind).module}/deleted",
            f"list deleted {kind.value}",
            _deletions_of,
            params={"type": "all", "per_page": "200", "page": str(page)},
            since=position.since,
        )
        gone = tuple(row.id for row in found.data) if found else ()
        after = Cursor(watermark=cursor.promise or cursor.watermark)
        if found and found.info.more_records:
            ahead = Position(since=position.since, deleted_page=page + 1)
            after = onward(cursor, ahead, cursor.promise)
        return page_of(kind, Translated(gone=gone), after)

    def _further(self, rows: Rows, position: Position) -> str:
        """Return the last id. Raises ``ContractBroken`` rather than read the same page for ever."""
        last = max(int(each) for each in rows.ids())
        if last <= int(position.after or 0):
            raise self._broken("the records are not in order of id")
        return str(last)

    def _further_in_time(self, rows: Rows, position: Position, since: datetime) -> Position:
        last = max(rows.stamps(), default=(NOTHING_YET, 0))
        if last <= (position.at or NOTHING_YET, int(position.after or 0)):
            raise self._broken("the records are not in order of Modified_Time and id")
        return Position(since=since, at=last[0].astimezone(UTC), after=str(last[1]))

    def _query(self, kind: Kind, where: str, order: str, limit: int) -> Rows:
        try:
            return self._asked(kind, where, order, limit)
        except ContractBroken:
            # A field may have been renamed or deleted since the metadata were read.
            if not self._metadata.look_again(self._mapping.feed(kind).module):
                raise
        return self._asked(kind, where, order, limit)

    def _asked(self, kind: Kind, where: str, order: str, limit: int) -> Rows:
        module = self._mapping.feed(kind).module
        query = select(self._columns(kind), module, where, order=order, limit=limit)
        rows = self._client.coql(query, f"read {module}", self._decoder(kind).page, limit)
        return rows or Rows(good=[])

    def _columns(self, kind: Kind) -> list[str]:
        """Select what is mapped and there. Raises ``ContractBroken`` where a needed field is not."""
        names = self._mapping.feed(kind)
        there = self._metadata.fields(names.module)
        if not there:
            raise self._broken(f"the module {names.module} is not there; check the mapping")
        columns = ["id", "Modified_Time"]
        for ours, api_name in names.fields().items():
            if api_name in there:
                columns.append(api_name)
            elif ours in NEEDED:
                key = names.path_of(kind, ours)
                raise self._broken(f"{names.module} has no field {api_name}; set {key}")
        return list(dict.fromkeys(columns))

    def _decoder(self, kind: Kind) -> RowDecoder:
        if kind not in self._decoders:
            self._decoders[kind] = RowDecoder(kind, self._mapping.feed(kind))
        return self._decoders[kind]

    def _translated(self, kind: Kind, rows: Rows) -> Translated:
        translator = Translator(self._mapping, self._metadata.organisation().iso_code)
        return translator.translate(kind, rows.good, rows.bad)

    def _newest(self, kind: Kind) -> datetime:
        module = self._mapping.feed(kind).module
        columns, order = ["Modified_Time"], "Modified_Time desc"
        query = select(columns, module, "id is not null", order=order, limit=1)
        found = self._client.coql(query, f"read the newest of {module}", _stamps_of, 1)
        return found.data[0].modified.astimezone(UTC) if found and found.data else NOTHING_YET

    def _count(self, kind: Kind) -> int | None:
        module = self._mapping.feed(kind).module
        found = self._client.read(
            f"{module}/actions/count", f"count {module}", lambda answer: answer.decode(_COUNT)
        )
        return int(found.count) if found else None

    def _owners(self, cursor: Cursor) -> Page:
        """Read all users: their list is short and knows no stamps. Between two looks: nobody."""
        if cursor.watermark is not None and not self._due(Kind.OWNERS):
            return Page(kind=Kind.OWNERS, cursor=cursor, finished=True)
        owners = self._metadata.read_users("AllUsers")
        self._note_look(Kind.OWNERS)
        watermark = max(self._client.server_now, cursor.watermark or NOTHING_YET)
        return Page(
            kind=Kind.OWNERS,
            records=owners,
            cursor=Cursor(watermark=watermark),
            finished=True,
            expected=len(owners),
        )

    def _fetch_owners(self, wanted: Sequence[str]) -> Page:
        owners = {each.record_id: each for each in self._metadata.read_users("AllUsers")}
        return Page(
            kind=Kind.OWNERS,
            records=tuple(owners[each] for each in wanted if each in owners),
            gone=tuple(each for each in wanted if each not in owners),
            cursor=Cursor(),
            finished=True,
        )

    @property
    def _seldom(self) -> timedelta:
        return timedelta(minutes=self._client.options.seldom_minutes)

    def _due(self, kind: Kind) -> bool:
        """Tell whether users, or a feed's deletions, are to be read again."""
        looked = self._looked.get(kind)
        now = self._client.http.pace.monotonic()
        return looked is None or now - looked >= self._seldom.total_seconds()

    def _note_look(self, kind: Kind) -> None:
        self._looked[kind] = self._client.http.pace.monotonic()

    def _broken(self, sentence: str) -> ContractBroken:
        return ContractBroken(sentence, system=self._client.system, operation="read")


def chunks(values: Sequence[_T], size: int) -> Iterator[Sequence[_T]]:
    """Cut into pieces of at most ``size``."""
    for start in range(0, len(values), size):
        yield values[start : start + size]


def _deletions_of(answer: Answer) -> _Deletions:
    found = answer.decode(_DELETIONS)
    check_count(answer, found.info.count, len(found.data))
    return found


def _stamps_of(answer: Answer) -> _Stamps:
    found = answer.decode(_STAMPS)
    check_count(answer, found.info.count, len(found.data))
    return found
