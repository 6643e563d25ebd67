"""Steadiness (评级稳定): when a grade by score changes, and when it may rise.

Rules: credit-management 5.2 (hysteresis, modifiers) and 11 (upgrades, downgrade triggers). Gates
come afterwards and hold at once, in both directions: what a gate capped, it releases.
"""

from datetime import date

import polars as pl

from scoring.once import once
from scoring.policy import Policy
from scoring.review import cycle_day
from scoring.windows import months_before

__all__ = ["steadied"]

_MODIFIED = 3


def steadied(frame: pl.DataFrame, policy: Policy, as_of: date) -> pl.DataFrame:
    """Replace ``score_grade`` by the grade that is held, and keep the other as ``band_grade``.

    Adds ``upgraded_on`` and ``modifier`` (+, -, or null). Needs the columns of ``recalled`` and
    ``looked_back``. Without an earlier rating there is nothing to hold.
    """
    frame = frame.with_columns(pl.col("score_grade").alias("band_grade"))
    held = _held(policy) if policy.review.hysteresis else pl.col("band_grade")
    frame = frame.with_columns(held.alias("score_grade"))
    frame = frame.with_columns(_risen(policy, as_of).alias("score_grade"))
    up = (pl.col("score_grade") < pl.col("previous_score_grade")).fill_null(value=False)
    day = pl.when(up).then(pl.lit(as_of)).otherwise("previous_upgraded_on")
    return frame.with_columns(day.alias("upgraded_on"), _modifier(policy).alias("modifier"))


def _lowest(policy: Policy, grade: pl.Expr) -> pl.Expr:
    scores = {
        index: float(row.score) for index, row in enumerate(policy.grades) if row.score is not None
    }
    return grade.replace_strict(scores, default=None, return_dtype=pl.Float64)


@once
def _held(policy: Policy) -> pl.Expr:
    """Keep the earlier grade until the score is clearly across the boundary, or across it twice."""
    band, before = pl.col("band_grade"), pl.col("previous_score_grade")
    score, earlier = pl.col("score"), pl.col("previous_score")
    margin = float(policy.review.cross_points)
    bottom, top = _lowest(policy, before), _lowest(policy, before - 1)
    down = (score <= bottom - margin) | (earlier < bottom)
    up = (score >= top + margin) | (earlier >= top)
    crossed = pl.when(band > before).then(down).otherwise(up).fill_null(value=False)
    holds = before.is_not_null() & (band != before) & ~crossed
    return pl.when(holds).then(before).otherwise(band)


@once
def _risen(policy: Policy, as_of: date) -> pl.Expr:
    """Let a grade rise at a review only, so many grades at once, and not too often (11)."""
    rules = policy.review
    held, before = pl.col("score_grade"), pl.col("previous_score_grade")
    rises = (held < before).fill_null(value=False)
    last = pl.col("previous_upgraded_on")
    rested = (last <= months_before(as_of, rules.upgrade_months)).fill_null(value=True)
    may = rested & _at_review(policy, as_of) if rules.upgrade_at_review_only else rested
    best = pl.max_horizontal(held, before - rules.upgrade_grades)
    return pl.when(rises & may).then(best).when(rises).then(before).otherwise(held)


def _at_review(policy: Policy, as_of: date) -> pl.Expr:
    """Tell whether a review lies between the earlier assessment and now.

    A review is a person's decision; where nobody ever reviewed, the day the interval sets.
    """
    months = {index: row.review_months for index, row in enumerate(policy.grades)}
    every = pl.col("previous_grade").replace_strict(
        months, default=policy.unrated_review_months, return_dtype=pl.Int64
    )
    due = cycle_day(as_of, every, coming=False) > pl.col("previous_on")
    decided = pl.col("last_review_on") > pl.col("previous_on")
    return pl.when(pl.col("last_review_on").is_not_null()).then(decided).otherwise(due)


@once
def _modifier(policy: Policy) -> pl.Expr:
    """Tell the third of its band a score lies in: the upper +, the lower -, the middle nothing."""
    if not policy.review.modifiers:
        return pl.lit(None, pl.String)
    grade = pl.col("score_grade")
    bottom = _lowest(policy, grade)
    width = _lowest(policy, grade - 1).fill_null(100.0) - bottom
    thirds = (pl.col("score") - bottom) * _MODIFIED / width
    return pl.when(thirds >= 2).then(pl.lit("+")).when(thirds < 1).then(pl.lit("-"))
