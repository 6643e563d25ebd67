"""What people and the watch list did before: the last review, and when warnings began (10, 11)."""

from datetime import date

import polars as pl

from scoring.beside import beside
from scoring.book import Book
from scoring.known import known
from scoring.policy import Policy
from scoring.windows import months_before

__all__ = ["looked_back"]


def looked_back(frame: pl.DataFrame, book: Book, policy: Policy, as_of: date) -> pl.DataFrame:
    """Add ``last_review_on`` (a person's), ``watched_from`` and ``watch_entries``.

    ``watched_from`` is the day the newest unbroken run of signals began, ``watch_entries`` how many
    such runs began in the policy's months; null where there was none.
    """
    since = months_before(as_of, policy.review.watch_entries_months)
    reviews = known(book, "decisions", as_of).filter(pl.col("kind") == "review")
    runs = _runs(known(book, "signals", as_of))
    return beside(
        frame,
        reviews.group_by("e").agg(pl.col("from_on").max().alias("last_review_on")),
        runs.group_by("e").agg(
            pl.col("first_on").max().alias("watched_from"),
            (pl.col("first_on") > since).sum().cast(pl.Int64).alias("watch_entries"),
        ),
    )


def _runs(signals: pl.DataFrame) -> pl.DataFrame:
    """Keep the signals that began after a time without any."""
    rows = signals.sort("e", "first_on", "last_on")
    last = pl.col("last_on").cum_max().shift().over("e")
    return rows.filter((pl.col("first_on") > last).fill_null(value=True))
