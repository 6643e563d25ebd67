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
    today = as_of.year * 12 + as_of.month - 1
    month = pl.col("_month")
    passed = (month < today) | (pl.col("_day") <= as_of.day)
    valid = pl.col("next_review_on") + pl.duration(days=policy.limits.valid_days_after_review)
    return (
        frame.with_columns(
            every.alias("_every"),
            pl.when("known").then("first_on").otherwise(pl.lit(_NO_FACTS)).alias("_first"),
        )
        .with_columns(
            (
                pl.col("_first").dt.year().cast(pl.Int64) * 12 + pl.col("_first").dt.month() - 1
            ).alias("_month"),
            # A short month would lose the day for good; the 28th exists in all.
            pl.col("_first").dt.day().clip(upper_bound=28).alias("_day"),
        )
        .with_columns(month + (today - month) // pl.col("_every") * pl.col("_every"))
        .with_columns(month + passed * pl.col("_every"))
        .with_columns(pl.date(month // 12, month % 12 + 1, "_day").alias("next_review_on"))
        .with_columns(pl.when(pl.col("limit").is_not_null()).then(valid).alias("limit_valid_to"))
        .drop("_every", "_first", "_month", "_day")
    )
