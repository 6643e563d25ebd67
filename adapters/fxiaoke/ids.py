"""The ids of a feed alone: all there are, or which of some are gone. Deletions leave no trace here."""

from collections.abc import Sequence
from itertools import pairwise

from adapters.fxiaoke.client import ID_LIMIT, PAGE_LIMIT, FxiaokeClient, Json
from adapters.fxiaoke.mapping import FxiaokeMapping
from adapters.fxiaoke.scan import chunks, condition
from adapters.port import IdPage
from scoring.records import Kind

__all__ = ["FxiaokeIds", "kind_filters"]


class FxiaokeIds:
    """The part of the port that a sweep needs."""

    def __init__(self, client: FxiaokeClient, mapping: FxiaokeMapping) -> None:
        self._client = client
        self._mapping = mapping

    def page(self, kind: Kind, after: str) -> IdPage:
        """Read the next hundred ids, in their order."""
        object_name = self._mapping.object_of(kind)
        filters = kind_filters(self._mapping, kind)
        if after:
            filters.append(condition("_id", "GT", after))
        search = {
            "filters": filters,
            "orders": [{"fieldName": "_id", "isAsc": True}],
            "fieldProjection": ["_id"],
        }
        rows, total = self._client.query(object_name, search, count=not after)
        ids = [row["_id"] for row in rows]
        if any(before >= later for before, later in pairwise([after, *ids])):
            raise self._client.broken(f"query {object_name}", "the records are not in order of _id")
        more = ids[-1] if len(ids) == PAGE_LIMIT else ""
        return IdPage(ids=tuple(ids), after=more, expected=total or None)

    def missing(self, kind: Kind, known_ids: Sequence[str]) -> tuple[str, ...]:
        """Tell which known ids the CRM does not give back any more: deleted or voided."""
        missing: list[str] = []
        for some in chunks(known_ids, ID_LIMIT):
            filters = [condition("_id", "IN", *some)]
            search = {"filters": filters, "orders": [], "fieldProjection": ["_id"]}
            rows, _ = self._client.query(self._mapping.object_of(kind), search)
            there = {row["_id"] for row in rows}
            missing.extend(each for each in some if each not in there)
        return tuple(missing)


def kind_filters(mapping: FxiaokeMapping, kind: Kind) -> list[Json]:
    """Tell a feed apart from the other one that its object holds."""
    names = mapping.invoices
    if not names.red_note or kind not in {Kind.INVOICES, Kind.CREDIT_NOTES}:
        return []
    operator = "EQ" if kind is Kind.CREDIT_NOTES else "N"  # N: not equal, or empty
    return [condition(names.record_type, operator, names.red_note)]
