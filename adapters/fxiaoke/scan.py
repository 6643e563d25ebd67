"""Reading one object page by page, and by what refers to other records.

Offsets end at 10,000, so pages go by id: ``_id GT last``, offset 0. A feed's time is the newest
``last_modified_time`` in it when the scan began: the platform's own clock, whatever ours shows.
"""

from collections.abc import Collection, Iterable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import TypeVar

import msgspec

from adapters.fxiaoke.client import ID_LIMIT, PAGE_LIMIT, FxiaokeClient, Json
from adapters.fxiaoke.metadata import Describes
from adapters.fxiaoke.values import BadValue, time_of, time_to_ms
from adapters.port import Cursor

__all__ = [
    "NOTHING_YET",
    "OVERLAP",
    "SETTLE",
    "Position",
    "Scanner",
    "begun",
    "chunks",
    "condition",
    "cursor_after",
    "resumed",
]

OVERLAP = timedelta(minutes=5)  # the platform may show a change later than its time says
SETTLE = timedelta(seconds=30)
AHEAD = timedelta(days=1)
NOTHING_YET = datetime(1970, 1, 1, tzinfo=UTC)  # the watermark of a feed without any record
_SYSTEM_FIELDS = (
    "_id",
    "last_modified_time",
    "life_status",
    "is_deleted",
    "mc_functional_currency",
)
_T = TypeVar("_T")


class Position(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Progress inside a scan: which object it reads, and how far it is there.

    ``since`` in milliseconds; ``None`` reads everything. ``total``: how many rows there are.
    """

    object: str
    after: str = ""
    since: int | None = None
    total: int | None = None


def begun(cursor: Cursor, object_name: str) -> Position:
    """Return where a new scan begins: a little before the watermark, or with everything."""
    if cursor.watermark is None:
        return Position(object=object_name)
    return Position(object=object_name, since=max(0, time_to_ms(cursor.watermark - OVERLAP)))


def resumed(cursor: Cursor, objects: Collection[str]) -> Position | None:
    """Read where a scan of these objects stands.

    ``None``: it begins again, which does no harm where what it says cannot be read.
    """
    if not cursor.position:
        return None
    try:
        position = msgspec.json.decode(cursor.position, type=Position)
    except msgspec.DecodeError:
        return None
    return position if position.object in objects else None


def cursor_after(cursor: Cursor, promise: datetime, ahead: Position | None) -> Cursor:
    """Return the cursor behind a portion; with nothing ahead the promise is the watermark."""
    if ahead is None:
        return Cursor(watermark=promise)
    text = msgspec.json.encode(ahead).decode()
    return Cursor(watermark=cursor.watermark, position=text, promise=promise)


class Scanner:
    """Asks for rows of any object; which fields it has is looked up. Without fields: for ids."""

    def __init__(self, client: FxiaokeClient, describes: Describes) -> None:
        self._client = client
        self._describes = describes

    def page(
        self,
        object_name: str,
        fields: Iterable[str],
        *,
        after: str,
        since: int | None = None,
        filters: Sequence[Json] = (),
        counted: bool = True,
    ) -> tuple[list[Json], int]:
        """Read the next hundred rows by id; with a counted first page comes how many there are.

        ``since``: those changed from this millisecond on.
        """
        wanted = list(filters)
        if since is not None:
            wanted.append(condition("last_modified_time", "GTE", str(since)))
        if after:
            wanted.append(condition("_id", "GT", after))
        search = self._search(object_name, fields, wanted)
        rows, total = self._client.query(object_name, search, count=counted and not after)
        ids = [after, *(row["_id"] for row in rows)]
        if any(before >= later for before, later in pairwise(ids)):
            raise self._client.broken(f"query {object_name}", "the records are not in order of _id")
        return rows, total

    def by_id(self, object_name: str, fields: Iterable[str], ids: Iterable[str]) -> dict[str, Json]:
        """Read these rows; what is gone or voided does not come back."""
        found: dict[str, Json] = {}
        names = tuple(fields)
        for some in chunks(sorted(set(ids)), ID_LIMIT):
            search = self._search(object_name, names, [condition("_id", "IN", *some)])
            rows, _ = self._client.query(object_name, search | {"orders": []})
            found.update((row["_id"], row) for row in rows)
        return found

    def referring(
        self, object_name: str, fields: Iterable[str], field: str, ids: Iterable[str]
    ) -> list[Json]:
        """Read all rows whose ``field`` names one of these records."""
        found: list[Json] = []
        names = tuple(fields)
        for some in chunks(sorted(set(ids)), ID_LIMIT):
            after, filters = "", [condition(field, "IN", *some)]
            while True:
                rows, _ = self.page(object_name, names, after=after, filters=filters, counted=False)
                found += rows
                if len(rows) < PAGE_LIMIT:
                    break
                after = rows[-1]["_id"]
        return found

    def newest(self, object_name: str, filters: Sequence[Json] = ()) -> datetime | None:
        """Tell when the newest record of the feed changed, by the platform's clock."""
        search = {
            "limit": 1,
            "filters": list(filters),
            "orders": [{"fieldName": "last_modified_time", "isAsc": False}],
            "fieldProjection": ["_id", "last_modified_time"],
        }
        rows, _ = self._client.query(object_name, search)
        if not rows:
            return None
        newest = _modified(rows[0])
        if newest is None:
            sentence = "the newest record has no readable last_modified_time"
            raise self._client.broken(f"query {object_name}", sentence)
        # A time far ahead of the platform's clock is no time to wait for.
        return min(newest, self._client.server_now + AHEAD)

    def promise(self, cursor: Cursor, newest: datetime | None) -> datetime | None:
        """Tell what a new scan's watermark will be; ``None``: there is nothing new to read."""
        if cursor.watermark is not None and self._quiet(newest, cursor.watermark):
            return None
        return max(newest or NOTHING_YET, cursor.watermark or NOTHING_YET)

    def _quiet(self, newest: datetime | None, watermark: datetime) -> bool:
        """Tell whether nothing changed, and nothing can come late any more either."""
        if newest is None or newest > watermark:
            return newest is None
        return self._client.server_now - newest > OVERLAP + SETTLE

    def _search(self, object_name: str, fields: Iterable[str], filters: list[Json]) -> Json:
        projection, names = ["_id"], tuple(name for name in fields if name)
        if names:
            wanted = self._describes.of(object_name).having(names)
            projection = list(dict.fromkeys((*_SYSTEM_FIELDS, *wanted)))
        return {
            "filters": filters,
            "orders": [{"fieldName": "_id", "isAsc": True}],
            "fieldProjection": projection,
        }


def condition(field: str, operator: str, *values: str) -> Json:
    """Write one filter of a query."""
    return {"field_name": field, "operator": operator, "field_values": list(values)}


def chunks(items: Sequence[_T], size: int) -> Iterator[Sequence[_T]]:
    """Cut a sequence into portions."""
    for start in range(0, len(items), size):
        yield items[start : start + size]


def _modified(row: Json) -> datetime | None:
    try:
        return time_of(row, "last_modified_time")
    except BadValue:
        return None
