"""How grades moved between two days (评级迁移, credit-management 5.7): the matrix, and who moved."""

from collections.abc import Callable, Mapping
from datetime import date, timedelta

import msgspec
import polars as pl

from connector.flow.reports.sheets import Cell, Sheet
from connector.flow.reports.survey import Survey
from connector.store.accounts import entity_names
from connector.store.assessments import ratings_at
from connector.store.engine import reading
from connector.texts.catalogue import Texts
from scoring.assessment import NOT_RATED
from scoring.model.migration import migration
from scoring.policy import GRADES

__all__ = ["Mover", "Moves", "grade_moves", "moves_sheets"]

#: A decision of the same week says what the grade was on a day; older ones say nothing.
STORED_DAYS = 7


class Mover(msgspec.Struct, frozen=True, kw_only=True):
    """A customer whose grade changed; ``notches`` is positive for the worse."""

    entity: str
    name: str
    before: str
    after: str
    notches: int


class Moves(msgspec.Struct, frozen=True, kw_only=True):
    """From ``since`` to ``until``. ``counts[a][b]``: how many went from grade a to grade b.

    ``stored`` ratings were read as they were decided, ``replayed`` ones worked out anew from the
    facts of the day. Customers without a grade on either day are in ``newly_rated`` or
    ``no_longer_rated``. ``movers`` has the deepest falls first.
    """

    since: date
    until: date
    grades: tuple[str, ...]
    counts: tuple[tuple[int, ...], ...]
    stayed: int
    better: int
    worse: int
    newly_rated: int
    no_longer_rated: int
    stored: int
    replayed: int
    movers: tuple[Mover, ...]


def grade_moves(since: date, until: date, on: Callable[[date], Survey]) -> Moves:
    """Compare the grades of two days. ``on`` tells how a day is surveyed."""
    before, after = (_Ratings.of(on(day)) for day in (since, until))
    matrix = migration(_history(before.found, after.found), GRADES)
    with reading(on(until).engine) as conn:
        names = entity_names(conn)
    movers = _movers(before.found, after.found, names)
    worse = sum(mover.notches > 0 for mover in movers)
    rated = [
        {name for name, grade in each.found.items() if grade in GRADES} for each in (before, after)
    ]
    return Moves(
        since=since,
        until=until,
        grades=matrix.grades,
        counts=matrix.counts,
        stayed=matrix.pairs - matrix.moves,
        better=matrix.moves - worse,
        worse=worse,
        newly_rated=len(rated[1] - rated[0]),
        no_longer_rated=len(rated[0] - rated[1]),
        stored=before.stored + after.stored,
        replayed=before.replayed + after.replayed,
        movers=tuple(movers),
    )


class _Ratings(msgspec.Struct, frozen=True, kw_only=True):
    found: dict[str, str]
    stored: int
    replayed: int

    @classmethod
    def of(cls, survey: Survey) -> "_Ratings":
        """Read what was decided, and work out what was not."""
        week = survey.as_of - timedelta(days=STORED_DAYS - 1)
        with reading(survey.engine) as conn:
            stored = ratings_at(conn, survey.as_of, since=week)
            missing = set(entity_names(conn)) - set(stored)
        replayed: dict[str, str] = {}
        for portion in survey.portions(missing):
            replayed |= dict(portion.frame.select("entity", "rating").iter_rows())
        return cls(found=stored | replayed, stored=len(stored), replayed=len(replayed))


def _history(before: Mapping[str, str], after: Mapping[str, str]) -> pl.DataFrame:
    rows = [
        (entity, month, grade)
        for month, ratings in enumerate((before, after))
        for entity, grade in ratings.items()
    ]
    return pl.DataFrame(
        rows, schema={"entity": pl.String, "month": pl.Int64, "grade": pl.String}, orient="row"
    )


def _movers(
    before: Mapping[str, str], after: Mapping[str, str], names: Mapping[str, str]
) -> list[Mover]:
    places = {grade: place for place, grade in enumerate(GRADES)}
    found = [
        Mover(
            entity=entity,
            name=names.get(entity, entity),
            before=old,
            after=after[entity],
            notches=places[after[entity]] - places[old],
        )
        for entity, old in before.items()
        if old in places and after.get(entity, NOT_RATED) in places and after[entity] != old
    ]
    return sorted(found, key=lambda mover: (-mover.notches, mover.name, mover.entity))


def moves_sheets(found: Moves, texts: Texts) -> list[Sheet]:
    """Lay out the matrix, from (rows) to (columns), and who moved."""
    seen = [
        place
        for place in range(len(found.grades))
        if any(found.counts[place]) or any(row[place] for row in found.counts)
    ]
    grades = [found.grades[place] for place in seen]
    rows: list[list[Cell]] = [
        [found.grades[old], *(found.counts[old][new] or None for new in seen)] for old in seen
    ]
    matrix = Sheet(
        title=texts.say("report.migration"),
        columns=(texts.say("report.col.from_to"), *grades),
        rows=tuple(tuple(row) for row in rows),
        numbers=(False, *(True for _ in grades)),
        empty=texts.say("report.nothing"),
    )
    moved: list[list[Cell]] = [
        [mover.name, mover.before, mover.after, mover.notches] for mover in found.movers
    ]
    columns = ("company", "before", "after", "notches")
    return [matrix, Sheet.of(texts, "movers", columns, moved, words=3)]
