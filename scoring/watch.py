"""Watch level and outlook: how closely a customer is looked at, and where it is heading (10).

The level is the sum of the signals' levels; a critical signal makes it high at once. A customer
leaves the list only when all signals have been clear for long and a reviewer said so.
"""

from datetime import date

import polars as pl

from scoring.beside import beside, without
from scoring.book import Book
from scoring.known import known
from scoring.once import once
from scoring.policy import WatchPolicy

__all__ = ["watched"]


def watched(frame: pl.DataFrame, book: Book, policy: WatchPolicy, as_of: date) -> pl.DataFrame:
    """Add ``outlook``, ``watch_level`` and ``kept_on_list``.

    Needs the columns of ``warned`` and ``recalled``. ``kept_on_list``: the signals alone would not
    put the customer there any more, but it has not been released.
    """
    points = pl.col("warning_points")
    level = (
        pl.when(pl.col("critical") | (points >= policy.high_from))
        .then(pl.lit("high"))
        .when(points >= policy.watch_from)
        .then(pl.lit("watch"))
        .when(points >= policy.attention_from)
        .then(pl.lit("attention"))
        .otherwise(pl.lit("normal"))
    )
    frame = _with_notes(frame, book, as_of).with_columns(
        _outlook(policy).alias("outlook"), level.alias("watch_level")
    )
    kept = (pl.col("watch_level") == "normal") & _stays(policy, as_of)
    level = pl.when("kept_on_list").then(pl.lit("attention")).otherwise("watch_level")
    frame = frame.with_columns(kept.alias("kept_on_list"))
    return without(frame.with_columns(level.alias("watch_level")), "watch_note_on")


def _with_notes(frame: pl.DataFrame, book: Book, as_of: date) -> pl.DataFrame:
    """Add ``watch_note_on``, the day of the newest note on the watch list."""
    notes = known(book, "decisions", as_of).filter(pl.col("kind") == "watch_note")
    if not notes.height:
        return frame.with_columns(pl.lit(None, pl.Date).alias("watch_note_on"))
    newest = notes.group_by("e").agg(pl.col("from_on").max().alias("watch_note_on"))
    return beside(frame, newest)


@once
def _stays(policy: WatchPolicy, as_of: date) -> pl.Expr:
    """Tell who was on the list and is not released: clear for long enough, and noted after that."""
    listed = (pl.col("previous_watch_level") != "normal").fill_null(value=False)
    clear_on = pl.col("last_signal_on").dt.offset_by(f"{policy.clear_days}d")
    clear = (clear_on <= as_of).fill_null(value=True)
    noted = pl.col("watch_note_on").is_not_null() & (
        (pl.col("watch_note_on") >= clear_on).fill_null(value=True)
    )
    released = clear & noted if policy.note_to_leave else clear
    return listed & ~released


@once
def _outlook(policy: WatchPolicy) -> pl.Expr:
    """Down or up by the delay trend or by the score since the earlier assessment; down wins."""
    trend = pl.col("delay_trend").fill_null(0.0)
    change = (pl.col("score") - pl.col("previous_score")).fill_null(0.0)
    step = float(policy.outlook_score) - 1e-9
    return (
        pl.when((trend >= policy.outlook_days) | (change <= -step))
        .then(pl.lit("down"))
        .when((trend <= -policy.outlook_days) | (change >= step))
        .then(pl.lit("up"))
        .otherwise(pl.lit("stable"))
    )
