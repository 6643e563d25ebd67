"""The grades: from which score, at what risk, and what each allows."""

from collections.abc import Callable, Iterator, Sequence
from decimal import Decimal
from itertools import pairwise
from operator import attrgetter

from scoring.document import Mistake, Word, mistake, written
from scoring.policy.part import GRADES, Part

__all__ = ["DEFAULT_GRADES", "GradePolicy", "check_grades"]

_NOTHING = Decimal(0)


class GradePolicy(Part, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One grade: from which score, at what risk, and what it allows (5.2, 6.1, 8, 11).

    ``score`` is the lowest of the band; grade D has none, an event sets it. ``pd`` is the
    mid-band probability of default. ``unsecured_cap`` and ``unsecured_floor`` None mean none of
    its own. ``net_worth_share`` and ``revenue_share`` are k1 and k5 of the methods M1 and M5;
    ``max_step_up`` is how much a limit may grow at one review, None for any step.
    """

    grade: str
    score: Decimal | None = None
    pd: Decimal
    safety: Decimal
    unsecured: bool
    unsecured_cap: Decimal | None = None
    unsecured_floor: Decimal | None = None
    net_worth_share: Decimal
    revenue_share: Decimal
    max_step_up: Decimal | None = None
    lateness_in_need: bool = False
    max_terms_days: int
    deposit: Decimal
    review_months: int


def _grade(
    row: str, *, unsecured: bool = True, cap: int | None = None, lateness: bool = False
) -> GradePolicy:
    grade, score, pd, safety, terms, deposit, review, worth, revenue, step = row.split()
    return GradePolicy(
        grade=grade,
        score=None if score == "-" else Decimal(score),
        pd=Decimal(pd),
        safety=Decimal(safety),
        unsecured=unsecured,
        unsecured_cap=None if cap is None else Decimal(cap),
        net_worth_share=Decimal(worth),
        revenue_share=Decimal(revenue),
        max_step_up=None if step == "-" else Decimal(step),
        lateness_in_need=lateness,
        max_terms_days=int(terms),
        deposit=Decimal(deposit),
        review_months=int(review),
    )


DEFAULT_GRADES = (
    _grade("AAA 90 0.0023 1.5 90 0.00 12 0.25 0.06 1", lateness=True),
    _grade("AA  80 0.0046 1.4 75 0.00 12 0.2 0.05 0.75", lateness=True),
    _grade("A   70 0.0092 1.3 60 0.00 9 0.15 0.04 0.5", lateness=True),
    _grade("BBB 60 0.018  1.2 45 0.10 6 0.1 0.03 0.5", lateness=True),
    _grade("BB  50 0.036  1.0 30 0.20 4 0.07 0.02 0.25"),
    _grade("B   40 0.069  0.8 15 0.30 3 0.04 0.01 0", cap=100_000),
    _grade("CCC 30 0.13   0.8 0  0.50 1 0 0 -", unsecured=False),
    _grade("CC  20 0.23   0.0 0  1.00 1 0 0 -", unsecured=False),
    _grade("C   0  0.46   0.0 0  1.00 1 0 0 -", unsecured=False),
    _grade("D   -  1.00   0.0 0  1.00 1 0 0 -", unsecured=False),
)


def check_grades(grades: tuple[GradePolicy, ...]) -> Iterator[Mistake]:
    """Find bands that are not the ten grades in their order, overlap, or are not monotone."""
    scale = ", ".join(GRADES)
    names = [row.grade for row in grades]
    if tuple(names) == GRADES:
        yield from _check_scores(grades)
        yield from _check_steps(grades)
        return
    yield from (
        mistake(f"grades[{place}].grade", "no_grade", given=written(name), grades=scale)
        for place, name in enumerate(names)
        if name not in GRADES
    )
    yield from (
        mistake("grades", "row_missing", grade=name) for name in GRADES if name not in names
    )
    if set(names) == set(GRADES):
        yield mistake("grades", "grades_order", grades=scale)


def _check_scores(grades: tuple[GradePolicy, ...]) -> Iterator[Mistake]:
    *scored, default = grades
    for place, row in enumerate(scored):
        if row.score is None:
            yield mistake(f"grades[{place}].score", "score_missing", grade=row.grade)
    if default.score is not None:
        yield mistake("grades[9].score", "score_of_default", grade=default.grade)
    for place, (better, worse) in enumerate(pairwise(scored), start=1):
        if better.score is not None and worse.score is not None and worse.score >= better.score:
            yield mistake(
                f"grades[{place}].score",
                "bands_overlap",
                worse=worse.grade,
                worse_from=worse.score,
                better=better.grade,
                better_from=better.score,
            )
    if scored[-1].score:
        yield mistake("grades[8].score", "score_of_worst", grade=scored[-1].grade)


#: What a worse grade must never have more of than a better one.
_FALLING = ("safety", "max_terms_days", "net_worth_share", "revenue_share")


def _check_steps(grades: tuple[GradePolicy, ...]) -> Iterator[Mistake]:
    yield from _not_falling(grades, "pd", lambda row: -row.pd, Word.RISE)
    for field in _FALLING:
        yield from _not_falling(grades, field, attrgetter(field))
    yield from _not_falling(grades, "unsecured_floor", lambda row: row.unsecured_floor or _NOTHING)
    # A cap or a step of None binds nothing, and grades without credit have none to compare.
    for field in ("unsecured_cap", "max_step_up"):
        bound = [row for row in grades if row.unsecured and getattr(row, field) is not None]
        yield from _not_falling(grades, field, attrgetter(field), rows=bound)
    for place, row in enumerate(grades):
        if row.review_months < 1:
            yield mistake(f"grades[{place}].review_months", "starts_at", least=1)
        for field in ("net_worth_share", "revenue_share", "max_step_up"):
            if (getattr(row, field) or _NOTHING) < 0:
                yield mistake(f"grades[{place}].{field}", "starts_at", least=0)


def _not_falling(
    grades: tuple[GradePolicy, ...],
    field: str,
    value: Callable[[GradePolicy], Decimal],
    way: Word = Word.NOT_RISE,
    *,
    rows: Sequence[GradePolicy] | None = None,
) -> Iterator[Mistake]:
    """Find rows in which a worse grade has more than the better one before it."""
    strict = field == "pd"
    for better, worse in pairwise(grades if rows is None else rows):
        if value(worse) > value(better) or (strict and value(worse) == value(better)):
            yield mistake(
                f"grades[{grades.index(worse)}].{field}",
                "grade_steps",
                key=field,
                way=way,
                worse=worse.grade,
                worse_has=getattr(worse, field),
                better=better.grade,
                better_has=getattr(better, field),
            )
