"""The grades: from which score, at what risk, and what each allows."""

from decimal import Decimal
from itertools import pairwise

from scoring.policy.part import GRADES, Part

__all__ = ["DEFAULT_GRADES", "GradePolicy", "check_grades"]


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
    for field in ("safety", "max_terms_days", "net_worth_share", "revenue_share"):
        values = [getattr(row, field) for row in grades]
        if any(worse > better for better, worse in pairwise(values)):
            raise ValueError(f"grades are not monotone: {field} must not rise from AAA to D")
    _check_methods(grades)
    if any(row.review_months < 1 for row in grades):
        raise ValueError("grades: review_months starts at 1")


def _check_methods(grades: tuple[GradePolicy, ...]) -> None:
    """Refuse floors, caps and steps that would give a worse grade more than a better one."""
    caps = [row.unsecured_cap for row in grades if row.unsecured and row.unsecured_cap is not None]
    floors = [row.unsecured_floor or Decimal(0) for row in grades]
    steps = [row.max_step_up for row in grades if row.unsecured and row.max_step_up is not None]
    for field, values in (("unsecured_cap", caps), ("unsecured_floor", floors)):
        if any(worse > better for better, worse in pairwise(values)):
            raise ValueError(f"grades are not monotone: {field} must not rise from AAA to D")
    if any(worse > better for better, worse in pairwise(steps)) or min(steps, default=0) < 0:
        raise ValueError("grades are not monotone: max_step_up must not rise from AAA to D")
    if any(row.net_worth_share < 0 or row.revenue_share < 0 for row in grades):
        raise ValueError("grades: net_worth_share and revenue_share start at 0")
