"""Reads Fenxiang's records: everything, what changed, or by id.

Offsets end at 10,000, so pages go by id: ``_id GT last``, offset 0. A feed's time is the newest
``last_modified_time`` in it when the scan began. That is the platform's own clock, whatever ours
shows; what changes during the scan is newer and comes with the next one.
"""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import msgspec

from adapters.fxiaoke.client import ID_LIMIT, PAGE_LIMIT, FxiaokeClient, Json
from adapters.fxiaoke.ids import chunks, condition, kind_filters
from adapters.fxiaoke.mapping import FxiaokeMapping, to_owner, translate
from adapters.fxiaoke.metadata import Describes
from adapters.fxiaoke.values import BadValue, time_of, time_to_ms
from adapters.port import Cursor, Page, RecordProblem
from scoring.records import Kind, Owner

__all__ = ["OVERLAP", "SETTLE", "FxiaokeReader"]

OVERLAP = timedelta(minutes=5)  # the platform may show a change later than its time says
SETTLE = timedelta(seconds=30)
AHEAD = timedelta(days=1)
WHOLE_COMPANY = 999_999
_NOTHING_YET = datetime(1970, 1, 1, tzinfo=UTC)  # the watermark of a feed without any record
_SYSTEM_FIELDS = (
    "_id",
    "last_modified_time",
    "life_status",
    "is_deleted",
    "mc_functional_currency",
)


class _Position(msgspec.Struct, frozen=True, kw_only=True):
    """Progress inside a scan. ``since`` in milliseconds; ``None`` reads everything."""

    after: str = ""
    since: int | None = None
    total: int | None = None


class FxiaokeReader:
    """The reading half of the port."""

    def __init__(
        self, client: FxiaokeClient, describes: Describes, mapping: FxiaokeMapping
    ) -> None:
        self._client = client
        self._describes = describes
        self._mapping = mapping

    def changes(self, kind: Kind, cursor: Cursor) -> Page:
        """Read the next portion of a feed, as ``CrmPort.changes`` says."""
        if kind is Kind.OWNERS:
            return self._owners(cursor)
        position = _position(cursor)
        if position is not None and cursor.promise is not None:
            return self._portion(kind, cursor, position, cursor.promise)
        newest = self._newest(kind)
        if cursor.watermark is not None and self._quiet(newest, cursor.watermark):
            return Page(kind=kind, cursor=Cursor(watermark=cursor.watermark), finished=True)
        promise = max(newest or _NOTHING_YET, cursor.watermark or _NOTHING_YET)
        return self._portion(kind, cursor, _start(cursor), promise)

    def fetch(self, kind: Kind, record_ids: Sequence[str]) -> Page:
        """Read these records as they are now; those that do not come back are gone."""
        if kind is Kind.OWNERS:
            return self._fetch_owners(record_ids)
        rows: dict[str, Json] = {}
        for some in chunks(list(dict.fromkeys(record_ids)), ID_LIMIT):
            rows.update(self._by_id(kind, some))
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

    def employees(self) -> list[Owner]:
        """Read all employees that can be read."""
        return self._employees()[0]

    def _portion(self, kind: Kind, cursor: Cursor, position: _Position, promise: datetime) -> Page:
        rows, total = self._rows(kind, position)
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

    def _rows(self, kind: Kind, position: _Position) -> tuple[list[Json], int]:
        filters = kind_filters(self._mapping, kind)
        if position.since is not None:
            filters.append(condition("last_modified_time", "GTE", str(position.since)))
        if position.after:
            filters.append(condition("_id", "GT", position.after))
        search = {
            "filters": filters,
            "orders": [{"fieldName": "_id", "isAsc": True}],
            "fieldProjection": self._projection(kind),
        }
        object_name = self._mapping.object_of(kind)
        rows, total = self._client.query(object_name, search, count=not position.after)
        ids = [position.after, *(row["_id"] for row in rows)]
        if any(before >= after for before, after in pairwise(ids)):
            raise self._client.broken(f"query {object_name}", "the records are not in order of _id")
        return rows, total

    def _by_id(self, kind: Kind, ids: Sequence[str]) -> dict[str, Json]:
        search = {
            "filters": [condition("_id", "IN", *ids)],
            "orders": [],
            "fieldProjection": self._projection(kind),
        }
        rows, _ = self._client.query(self._mapping.object_of(kind), search)
        return {row["_id"]: row for row in rows}

    def _newest(self, kind: Kind) -> datetime | None:
        """Tell when the newest record of the feed changed, by the platform's clock."""
        search = {
            "limit": 1,
            "filters": kind_filters(self._mapping, kind),
            "orders": [{"fieldName": "last_modified_time", "isAsc": False}],
            "fieldProjection": ["_id", "last_modified_time"],
        }
        object_name = self._mapping.object_of(kind)
        rows, _ = self._client.query(object_name, search)
        if not rows:
            return None
        newest = _modified(rows[0])
        if newest is None:
            sentence = "the newest record has no readable last_modified_time"
            raise self._client.broken(f"query {object_name}", sentence)
        # A time far ahead of the platform's clock is no time to wait for.
        return min(newest, self._client.server_now + AHEAD)

    def _quiet(self, newest: datetime | None, watermark: datetime) -> bool:
        """Tell whether nothing changed, and nothing can come late any more either."""
        if newest is None or newest > watermark:
            return newest is None
        return self._client.server_now - newest > OVERLAP + SETTLE

    def _projection(self, kind: Kind) -> list[str]:
        described = self._describes.of(self._mapping.object_of(kind))
        wanted = described.having(self._mapping.wanted_fields(kind))
        return list(dict.fromkeys((*_SYSTEM_FIELDS, *wanted)))

    def _owners(self, cursor: Cursor) -> Page:
        """Read all employees: their list is short and knows no changes."""
        owners, problems = self._employees()
        watermark = max(self._client.server_now, cursor.watermark or _NOTHING_YET)
        return Page(
            kind=Kind.OWNERS,
            records=tuple(owners),
            problems=tuple(problems),
            cursor=Cursor(watermark=watermark),
            finished=True,
            expected=len(owners),
        )

    def _fetch_owners(self, record_ids: Sequence[str]) -> Page:
        owners, problems = self._employees()
        asked = set(record_ids)
        found = tuple(owner for owner in owners if owner.record_id in asked)
        there = {owner.record_id for owner in found}
        return Page(
            kind=Kind.OWNERS,
            records=found,
            problems=tuple(each for each in problems if each.record_id in asked),
            gone=tuple(each for each in dict.fromkeys(record_ids) if each not in there),
            cursor=Cursor(),
            finished=True,
        )

    def _employees(self) -> tuple[list[Owner], list[RecordProblem]]:
        answer = self._client.read(
            "/cgi/user/list",
            "list employees",
            departmentId=WHOLE_COMPANY,
            fetchChild=True,
            showDepartmentIdsDetail=False,
        )
        listed = answer.get("userList")
        if not isinstance(listed, list) or not all(isinstance(row, dict) for row in listed):
            raise self._client.broken("list employees", "the answer holds no list of employees")
        owners: list[Owner] = []
        problems: list[RecordProblem] = []
        for row in listed:
            try:
                owners.append(to_owner(row))
            except BadValue as bad:
                problems.append(_owner_problem(row, bad))
        return owners, problems


def _owner_problem(row: Json, bad: BadValue) -> RecordProblem:
    record_id = str(row.get("openUserId") or "")
    return RecordProblem(kind=Kind.OWNERS, record_id=record_id, reason=bad.reason, detail=str(bad))


def _modified(row: Json) -> datetime | None:
    try:
        return time_of(row, "last_modified_time")
    except BadValue:
        return None


def _position(cursor: Cursor) -> _Position | None:
    """Read where a scan stands; one that cannot be read begins again, which does no harm."""
    if not cursor.position:
        return None
    try:
        return msgspec.json.decode(cursor.position, type=_Position)
    except msgspec.DecodeError:
        return None


def _start(cursor: Cursor) -> _Position:
    if cursor.watermark is None:
        return _Position()
    return _Position(since=max(0, time_to_ms(cursor.watermark - OVERLAP)))
