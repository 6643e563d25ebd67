"""What stands in the Book behind an assessment: sources and their age, decisions, security, papers.

Found once for all entities of a run; facts dated after the assessment do not exist.
"""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from typing import Any
from weakref import WeakKeyDictionary

import msgspec
import polars as pl

from scoring.assess import Assessments
from scoring.book import Book
from scoring.dossier import items_at
from scoring.known import KNOWN_FROM
from scoring.limits import segments
from scoring.money import Money
from scoring.policy import Policy

__all__ = ["Behind", "Decision", "Paper", "Security", "Segment", "Source", "behind"]

_OURS = ("previous", "signals")  # what we said ourselves is no source
#: Of these only the newest still says something.
_LAST_WORD = ("review", "watch_note")


class Source(msgspec.Struct, frozen=True, kw_only=True):
    """One kind of facts: how many there are, the newest one's day, and how old that is."""

    name: str
    rows: int
    newest_on: date
    age_days: int


class Decision(msgspec.Struct, frozen=True, kw_only=True):
    """A decision of a person that is in force; of reviews and notes the newest."""

    decision: str
    kind: str
    from_on: date
    to_on: date | None
    grade: str | None
    amount: Money | None
    scope: str | None
    reason: str


class Security(msgspec.Struct, frozen=True, kw_only=True):
    """Collateral on file: what it is worth before its haircut, and whether it counts now."""

    kind: str
    amount: Money
    valid_to: date | None
    counts: bool


class Segment(msgspec.Struct, frozen=True, kw_only=True):
    """A segment's own limit and what is used of it; ``None`` where a rate is missing."""

    segment: str
    limit: Money
    exposure: Money | None


class Paper(msgspec.Struct, frozen=True, kw_only=True):
    """The documents of one item of the file: the newest one's day, until when they are valid."""

    on: date | None
    valid_to: date | None


@dataclass(frozen=True)
class Behind:
    """The facts behind a run, by entity."""

    book: Book
    policy: Policy
    as_of: date

    @cached_property
    def names(self) -> Mapping[str, str]:
        """Tell the companies' names."""
        return dict(self.book.entities.select("entity", "name").rows())

    @cached_property
    def sources(self) -> Mapping[str, tuple[Source, ...]]:
        """Tell which kinds of facts there are, and how old the newest are."""
        found: dict[str, list[Source]] = defaultdict(list)
        for name, column in KNOWN_FROM.items():
            frame = self._frame(name)
            if name in _OURS or not frame.height:
                continue
            newest = frame.group_by("entity").agg(pl.len(), pl.col(column).max().alias("newest"))
            for entity, rows, day in newest.rows():
                age = (self.as_of - day).days
                found[entity].append(Source(name=name, rows=rows, newest_on=day, age_days=age))
        return {entity: tuple(sources) for entity, sources in found.items()}

    @cached_property
    def decisions(self) -> Mapping[str, tuple[Decision, ...]]:
        """List the decisions of people that are in force."""
        rows = self._frame("decisions").sort("from_on", "decision")
        lasting = rows.filter((pl.col("to_on") >= self.as_of).fill_null(value=True))
        last = pl.col("decision") == pl.col("decision").last().over("entity", "kind")
        kept = lasting.filter(~pl.col("kind").is_in(_LAST_WORD) | last)
        return self._by_entity(kept, _decision)

    @cached_property
    def security(self) -> Mapping[str, tuple[Security, ...]]:
        """List the collateral on file."""
        as_of = self.as_of

        def of(row: dict[str, Any]) -> Security:
            valid = row["valid_to"] is None or row["valid_to"] >= as_of
            return Security(
                kind=row["kind"],
                amount=Money(row["amount"], row["currency"]),
                valid_to=row["valid_to"],
                counts=valid and row["registered"],
            )

        return self._by_entity(self._frame("collateral").sort("collateral"), of)

    @cached_property
    def segments(self) -> Mapping[str, tuple[Segment, ...]]:
        """List the segments that have a limit of their own."""
        if "segment_limit" not in self._frame("decisions")["kind"]:
            return {}
        return self._by_entity(segments(self.book, self.policy, self.as_of), _segment)

    @cached_property
    def papers(self) -> Mapping[str, Mapping[str, Paper]]:
        """Date the documents of the credit file: item → entity → paper."""
        entities = self.book.ledger.entities["entity"]
        return {
            item: {
                entities[e]: Paper(on=on, valid_to=valid_to)
                for e, on, valid_to in state.select("e", "on", "valid_to").rows()
            }
            for item, state in items_at(self.book, self.policy, self.as_of).items()
        }

    def _frame(self, name: str) -> pl.DataFrame:
        frame: pl.DataFrame = getattr(self.book, name)
        return frame.filter(pl.col(KNOWN_FROM[name]) <= self.as_of) if frame.height else frame

    def _by_entity(self, frame: pl.DataFrame, of: Any) -> dict[str, tuple[Any, ...]]:  # noqa: ANN401 any struct
        found: dict[str, list[Any]] = defaultdict(list)
        for row in frame.iter_rows(named=True):
            found[row["entity"]].append(of(row))
        return {entity: tuple(rows) for entity, rows in found.items()}


def _decision(row: dict[str, Any]) -> Decision:
    amount = None if row["amount"] is None else Money(row["amount"], row["currency"])
    names = ("decision", "kind", "from_on", "to_on", "grade", "scope", "reason")
    return Decision(**{name: row[name] for name in names}, amount=amount)


def _segment(row: dict[str, Any]) -> Segment:
    used = None if row["exposure"] is None else Money(row["exposure"], row["currency"])
    limit = Money(row["limit"], row["currency"])
    return Segment(segment=row["segment"], limit=limit, exposure=used)


_FOUND: WeakKeyDictionary[Assessments, Behind] = WeakKeyDictionary()


def behind(assessments: Assessments) -> Behind:
    """Find what stands behind a run, once."""
    if assessments not in _FOUND:
        found = Behind(assessments.book, assessments.policy, assessments.as_of)
        _FOUND[assessments] = found
    return _FOUND[assessments]
