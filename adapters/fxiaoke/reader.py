"""Reads Fenxiang's records: everything, what changed, or by id. One feed is one object here.

What changes during a scan is newer than its watermark and comes with the next one.
"""

from collections.abc import Sequence
from datetime import datetime

import msgspec

from adapters.fxiaoke.client import PAGE_LIMIT, Json
from adapters.fxiaoke.mapping import FxiaokeMapping, translate
from adapters.fxiaoke.scan import Position, Scanner, begun, condition, cursor_after, resumed
from adapters.port import Cursor, IdPage, Page
from scoring.records import Kind

__all__ = ["FxiaokeReader"]


class FxiaokeReader:
    """The feeds that are one object each."""

    def __init__(self, scanner: Scanner, mapping: FxiaokeMapping) -> None:
        self._scanner = scanner
        self._mapping = mapping

    def changes(self, kind: Kind, cursor: Cursor) -> Page:
        """Read the next portion of a feed, as ``CrmPort.changes`` says."""
        name = self._mapping.object_of(kind)
        position = resumed(cursor, (name,))
        if position is not None and cursor.promise is not None:
            return self._portion(kind, cursor, position, cursor.promise)
        promise = self._scanner.promise(cursor, self._scanner.newest(name, self._filters(kind)))
        if promise is None:
            return Page(kind=kind, cursor=Cursor(watermark=cursor.watermark), finished=True)
        return self._portion(kind, cursor, begun(cursor, name), promise)

    def fetch(self, kind: Kind, record_ids: Sequence[str]) -> Page:
        """Read these records as they are now; those that do not come back are gone."""
        fields = self._mapping.wanted_fields(kind)
        rows = self._scanner.by_id(self._mapping.object_of(kind), fields, record_ids)
        translated = translate(rows.values(), kind, self._mapping)
        missing = tuple(dict.fromkeys(each for each in record_ids if each not in rows))
        return translated.page(kind, Cursor(), missing=missing)

    def ids(self, kind: Kind, after: str) -> IdPage:
        """Read the next hundred ids, in their order."""
        name, filters = self._mapping.object_of(kind), self._filters(kind)
        rows, total = self._scanner.page(name, (), after=after, filters=filters)
        ids = tuple(row["_id"] for row in rows)
        more = ids[-1] if len(ids) == PAGE_LIMIT else ""
        return IdPage(ids=ids, after=more, expected=total or None)

    def missing(self, kind: Kind, known_ids: Sequence[str]) -> tuple[str, ...]:
        """Tell which known ids the CRM does not give back any more: deleted or voided."""
        there = self._scanner.by_id(self._mapping.object_of(kind), (), known_ids)
        return tuple(each for each in known_ids if each not in there)

    def _portion(self, kind: Kind, cursor: Cursor, position: Position, promise: datetime) -> Page:
        rows, total = self._scanner.page(
            position.object,
            self._mapping.wanted_fields(kind),
            after=position.after,
            since=position.since,
            filters=self._filters(kind),
        )
        expected = position.total if position.after else total or None
        ahead = None
        if len(rows) == PAGE_LIMIT:
            ahead = msgspec.structs.replace(position, after=rows[-1]["_id"], total=expected)
        translated = translate(rows, kind, self._mapping)
        return translated.page(kind, cursor_after(cursor, promise, ahead), expected=expected)

    def _filters(self, kind: Kind) -> list[Json]:
        """Tell a feed apart from the other one that its object holds."""
        names = self._mapping.invoices
        if not names.red_note or kind not in {Kind.INVOICES, Kind.CREDIT_NOTES}:
            return []
        operator = "EQ" if kind is Kind.CREDIT_NOTES else "N"  # N: not equal, or empty
        return [condition(names.record_type, operator, names.red_note)]
