"""The grades: from which score, at what risk, and what each allows."""

from decimal import Decimal
from itertools import pairwise

from scoring.policy.part import GRADES, Part

__all__ = ["DEFAULT_GRADES", "GradePolicy", "check_grades"]


class GradePolicy(Part, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One grade: from which score, at what risk, and what it allows (5.2, 6.1, 8, 11).

    ``score`` is the lowest of the band; grade D has none, an event sets it. ``pd`` is the
    mid-band probability of default. ``unsecured_cap`` None means no cap of its own.
    """

    grade: str
    score: Decimal | None = None
    pd: Decimal
    safety: Decimal
    unsecured: bool
    unsecured_cap: Decimal | None = None
    lateness_in_need: bool = False
    max_terms_days: int
    deposit: Decimal
    review_months: int


def _grade(
    row: str, *, unsecured: bool = True, cap: int | None = None, lateness: bool = False
) -> GradePolicy:
    grade, score, pd, safety, terms, deposit, review = row.split()
    return GradePolicy(
        grade=grade,
        score=None if score == "-" else Decimal(score),
        pd=Decimal(pd),
        safety=Decimal(safety),
        unsecured=unsecured,
        unsecured_cap=None if cap is None else Decimal(cap),
        lateness_in_need=lateness,
        max_terms_days=int(terms),
        deposit=Decimal(deposit),
        review_months=int(review),
    )


DEFAULT_GRADES = (
    _grade("AAA 90 0.0023 1.5 90 0.00 12", lateness=True),
    _grade("AA  80 0.0046 1.4 75 0.00 12", lateness=True),
    _grade("A   70 0.0092 1.3 60 0.00 9", lateness=True),
    _grade("BBB 60 0.018  1.2 45 0.10 6", lateness=True),
    _grade("BB  50 0.036  1.0 30 0.20 4"),
    _grade("B   40 0.069  0.8 15 0.30 3", cap=100_000),
    _grade("CCC 30 0.13   0.8 0  0.50 1", unsecured=False),
    _grade("CC  20 0.23   0.0 0  1.00 1", unsecured=False),
    _grade("C   0  0.46   0.0 0  1.00 1", unsecured=False),
    _grade("D   -  1.00   0.0 0  1.00 1", unsecured=False),
)


def check_grades(grades: tuple[GradePolicy, ...]) -> None:
    """Raise ``ValueError`` for bands that are not the ten grades, or not monotone."""
    if tuple(row.grade for row in grades) != GRADES:
        raise ValueError(f"grades must be {', '.join(GRADES)}, in this order")
    *scored, default = grades
    scores = [row.score for row in scored if row.score is not None]
    if len(scores) != len(scored) or default.score is not None:
        raise ValueError("grades: every grade but D has a score, D has none")
    if scores[-1] != 0 or any(low >= high for high, low in pairwise(scores)):
        raise ValueError("grades are not monotone: scores must fall from AAA to C, C starts at 0")
    if any(better.pd >= worse.pd for better, worse in pairwise(grades)):
        raise ValueError("grades are not monotone: pd must rise from AAA to D")
    for field in ("safety", "max_terms_days"):
        values = [getattr(row, field) for row in grades]
        if any(worse > better for better, worse in pairwise(values)):
            raise ValueError(f"grades are not monotone: {field} must not rise from AAA to D")
    if any(row.review_months < 1 for row in grades):
        raise ValueError("grades: review_months starts at 1")
