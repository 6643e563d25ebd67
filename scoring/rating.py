"""The rating (信用评级): ten grades by score (credit-management 5.2)."""

import polars as pl

from scoring.policy import Policy

__all__ = ["graded"]


def graded(frame: pl.DataFrame, policy: Policy) -> pl.DataFrame:
    """Add ``score_grade``: 0 = AAA … 8 = C by score; null without a score. D comes by event only."""
    grade = pl.lit(None, pl.Int32)
    for index, row in reversed(list(enumerate(policy.grades))):
        if row.score is not None:
            reached = pl.col("score") >= float(row.score)
            grade = pl.when(reached).then(pl.lit(index, pl.Int32)).otherwise(grade)
    return frame.with_columns(grade.alias("score_grade"))
