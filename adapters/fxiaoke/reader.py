"""Reads Fenxiang's records: everything, what changed, or by id. One feed is one object here.

What changes during a scan is newer than its watermark and comes with the next one.
"""

from collections.abc import Sequence
from datetime import datetime

import msgspec

from adapters.fxiaoke.client import PAGE_LIMIT
from adapters.fxiaoke.ids import kind_filters
from adapters.fxiaoke.mapping import FxiaokeMapping, translate
from adapters.fxiaoke.scan import NOTHING_YET, OVERLAP, Scanner
from adapters.fxiaoke.values import time_to_ms
from adapters.port import Cursor, Page
from scoring.records import Kind

__all__ = ["FxiaokeReader", "since_of"]


class _Position(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Progress inside a scan. ``since`` in milliseconds; ``None`` reads everything."""

    after: str = ""
    since: int | None = None
    total: int | None = None


class FxiaokeReader:
    """The feeds that are one object each."""

    def __init__(self, scanner: Scanner, mapping: FxiaokeMapping) -> None:
        self._scanner = scanner
        self._mapping = mapping

    def changes(self, kind: Kind, cursor: Cursor) -> Page:
        """Read the next portion of a feed, as ``CrmPort.changes`` says."""
        position = _position(cursor)
        if position is not None and cursor.promise is not None:
            return self._portion(kind, cursor, position, cursor.promise)
        filters = kind_filters(self._mapping, kind)
        newest = self._scanner.newest(self._mapping.object_of(kind), filters)
        if cursor.watermark is not None and self._scanner.quiet(newest, cursor.watermark):
            return Page(kind=kind, cursor=Cursor(watermark=cursor.watermark), finished=True)
        promise = max(newest or NOTHING_YET, cursor.watermark or NOTHING_YET)
        return self._portion(kind, cursor, _Position(since=since_of(cursor)), promise)

    def fetch(self, kind: Kind, record_ids: Sequence[str]) -> Page:
        """Read these records as they are now; those that do not come back are gone."""
        fields = self._mapping.wanted_fields(kind)
        rows = self._scanner.by_id(self._mapping.object_of(kind), fields, record_ids)
        translated = translate(rows.values(), kind, self._mapping)
        missing = tuple(dict.fromkeys(each for each in record_ids if each not in rows))
        return Page(
            kind=kind,
            records=translated.records,
            problems=translated.problems,
            gone=translated.gone + missing,
            cursor=Cursor(),
            finished=True,
        )

    def _portion(self, kind: Kind, cursor: Cursor, position: _Position, promise: datetime) -> Page:
        rows, total = self._scanner.page(
            self._mapping.object_of(kind),
            self._mapping.wanted_fields(kind),
            after=position.after,
            since=position.since,
            filters=kind_filters(self._mapping, kind),
        )
        translated = translate(rows, kind, self._mapping)
        finished = len(rows) < PAGE_LIMIT
        expected = position.total if position.after else total or None
        if finished:
            after = Cursor(watermark=promise)
        else:
            ahead = _Position(after=rows[-1]["_id"], since=position.since, total=expected)
            text = msgspec.json.encode(ahead).decode()
            after = Cursor(watermark=cursor.watermark, position=text, promise=promise)
        return Page(
            kind=kind,
            records=translated.records,
            problems=translated.problems,
            gone=translated.gone,
            cursor=after,
            finished=finished,
            expected=expected,
        )


def since_of(cursor: Cursor) -> int | None:
    """Tell from which millisecond on a new scan reads; ``None``: everything."""
    if cursor.watermark is None:
        return None
    return max(0, time_to_ms(cursor.watermark - OVERLAP))


def _position(cursor: Cursor) -> _Position | None:
    """Read where a scan stands; one that cannot be read begins again, which does no harm."""
    if not cursor.position:
        return None
    try:
        return msgspec.json.decode(cursor.position, type=_Position)
    except msgspec.DecodeError:
        return None
