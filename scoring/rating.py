"""The rating (信用评级): ten grades by score, and what follows from a grade alone.

Sources: credit-management 5.2 (scale) and 11 (review intervals).
"""

from datetime import date

import polars as pl

from scoring.policy import Policy

__all__ = ["graded", "reviewed"]

_NO_FACTS = date(2000, 1, 1)


def graded(frame: pl.DataFrame, policy: Policy) -> pl.DataFrame:
    """Add ``score_grade``: 0 = AAA … 8 = C by score; null without a score. D comes by event only."""
    grade = pl.lit(None, pl.Int32)
    for index, row in reversed(list(enumerate(policy.grades))):
        if row.score is not None:
            reached = pl.col("score") >= float(row.score)
            grade = pl.when(reached).then(pl.lit(index, pl.Int32)).otherwise(grade)
    return frame.with_columns(grade.alias("score_grade"))


def reviewed(frame: pl.DataFrame, policy: Policy, as_of: date) -> pl.DataFrame:
    """Add ``next_review_on`` and ``limit_valid_to``.

    Reviews fall on whole intervals after the entity's first fact, so the date stands still from
    day to day until it is reached.
    """
    months = {index: row.review_months for index, row in enumerate(policy.grades)}
    every = pl.col("grade").replace_strict(
        months, default=policy.unrated_review_months, return_dtype=pl.Int64
    )
    first = pl.when(pl.col("known")).then("first_on").otherwise(pl.lit(_NO_FACTS))
    start = first.dt.year().cast(pl.Int64) * 12 + first.dt.month() - 1
    today = as_of.year * 12 + as_of.month - 1
    # A short month would lose the day for good; the 28th exists in all.
    day = first.dt.day().clip(upper_bound=28)
    at = start + (today - start) // every * every
    passed = (at < today) | (day <= as_of.day)
    due = at + passed * every
    next_review = pl.date(due // 12, due % 12 + 1, day)
    valid = next_review.dt.offset_by(f"{policy.limits.valid_days_after_review}d")
    return frame.with_columns(
        next_review.alias("next_review_on"),
        pl.when(pl.col("limit").is_not_null()).then(valid).alias("limit_valid_to"),
    )
