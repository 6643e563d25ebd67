"""What the newest earlier assessment said: grades, score, limit, watch level (前次评估)."""

from datetime import date

import polars as pl

from scoring.beside import beside
from scoring.book import Book
from scoring.known import known, priced
from scoring.policy import GRADES

__all__ = ["PREVIOUS", "recalled"]

#: Columns added to the frame, and their types.
PREVIOUS: dict[str, type[pl.DataType]] = {
    "previous_on": pl.Date,
    "previous_grade": pl.Int32,
    "previous_score_grade": pl.Int32,
    "previous_score": pl.Float64,
    "previous_limit": pl.Int64,
    "previous_watch_level": pl.String,
    "previous_upgraded_on": pl.Date,
    "previous_raised_on": pl.Date,
}


def recalled(frame: pl.DataFrame, book: Book, as_of: date) -> pl.DataFrame:
    """Add ``PREVIOUS``; null for an entity that was not assessed on an earlier day.

    Grades are row numbers of the scale, null for NR. The limit is in the entity's currency; where
    its rate is gone it is null.
    """
    rows = known(book, "previous", as_of).filter(pl.col("as_of") < as_of)
    if not rows.height:
        return frame.with_columns(pl.lit(None, kind).alias(name) for name, kind in PREVIOUS.items())
    rows = priced(book, rows, ("limit",))
    grades = {name: index for index, name in enumerate(GRADES)}
    picked = rows.select(
        "e",
        pl.col("as_of").alias("previous_on"),
        *(
            pl.col(name)
            .replace_strict(grades, default=None, return_dtype=pl.Int32)
            .alias(f"previous_{name}")
            for name in ("grade", "score_grade")
        ),
        pl.col("score").alias("previous_score"),
        pl.col("limit").alias("previous_limit"),
        pl.col("watch_level").alias("previous_watch_level"),
        pl.col("upgraded_on").alias("previous_upgraded_on"),
        pl.col("limit_raised_on").alias("previous_raised_on"),
    )
    return beside(frame, picked)
