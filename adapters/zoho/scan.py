"""Where a scan of Zoho's records stands between two pages, and the page that goes out."""

from datetime import UTC, datetime, timedelta

import msgspec

from adapters.port import Cursor, Page
from adapters.zoho.bulk_read import Export
from adapters.zoho.mapping import Translated
from adapters.zoho.rows import Rows
from scoring.records import Kind

__all__ = [
    "NOTHING_YET",
    "OVERLAP",
    "Position",
    "joined",
    "newest_of",
    "onward",
    "page_of",
    "position_of",
]

OVERLAP = timedelta(minutes=5)  # a change may be committed later than its stamp says
NOTHING_YET = datetime(1970, 1, 1, tzinfo=UTC)  # the watermark of a feed without any record


class Position(msgspec.Struct, frozen=True, kw_only=True):
    """Progress inside a scan.

    Without ``since`` everything is read by id, or by ``export`` where that is cheaper; with it what
    changed, from ``at`` and ``after`` on, and then, when ``deleted_page`` is set, the deletions.
    ``exportable`` is false once an export has failed.
    """

    since: datetime | None = None
    after: str = ""
    at: datetime | None = None
    deleted_page: int = 0
    expected: int | None = None
    export: Export | None = None
    exportable: bool = True


def position_of(cursor: Cursor) -> Position:
    """Read where a scan stands; one that cannot be read begins again, which does no harm."""
    if cursor.position:
        try:
            return msgspec.json.decode(cursor.position, type=Position)
        except msgspec.DecodeError:
            pass
    if cursor.watermark is None:
        return Position()
    return Position(since=max(cursor.watermark - OVERLAP, NOTHING_YET))


def onward(cursor: Cursor, ahead: Position, promise: datetime | None) -> Cursor:
    """Go on at a position; the watermark becomes what is promised when the scan has ended."""
    position = msgspec.json.encode(ahead).decode()
    return Cursor(watermark=cursor.watermark, position=position, promise=promise)


def page_of(
    kind: Kind, translated: Translated, cursor: Cursor, *, expected: int | None = None
) -> Page:
    """Make the page; what is gone is in no other part of it. It ends where no position is left."""
    gone = frozenset(translated.gone)
    return Page(
        kind=kind,
        records=tuple(each for each in translated.records if each.record_id not in gone),
        problems=tuple(each for each in translated.problems if each.record_id not in gone),
        gone=translated.gone,
        cursor=cursor,
        finished=not cursor.position,
        expected=expected,
    )


def joined(one: Translated, other: Translated) -> Translated:
    """Put two parts of one page together."""
    return Translated(
        records=one.records + other.records,
        problems=one.problems + other.problems,
        gone=tuple(dict.fromkeys(one.gone + other.gone)),
    )


def newest_of(rows: Rows) -> datetime:
    """Return the newest stamp among rows."""
    stamps = rows.stamps()
    return max(stamps)[0].astimezone(UTC) if stamps else NOTHING_YET
