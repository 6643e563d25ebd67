"""Overrides (人工调整): a person's grade in place of the model's, for a while (credit-management 11).

Only approved decisions reach the Book: four eyes have looked before.
"""

from datetime import date, timedelta

import polars as pl

from scoring.beside import beside, without
from scoring.book import Book
from scoring.gates import GATES
from scoring.known import known
from scoring.policy import GRADES, Policy

__all__ = ["overridden", "override_share"]


def overridden(frame: pl.DataFrame, book: Book, policy: Policy, as_of: date) -> pl.DataFrame:
    """Put overrides in force into ``grade``; they end by date, without anybody's doing.

    Upward at most so many grades, downward freely; the grave gates (G0 to G2) hold whatever a
    person says, and an entity without a rating stays without. Adds ``rating_before_override``,
    ``override_from`` (its first day), ``override_ends_on``, ``override_reason`` and
    ``override_ends_soon``; null, or false, without one.
    """
    rows = _in_force(book, policy, as_of)
    frame = beside(frame, rows)
    grade, wanted = pl.col("grade"), pl.col("_wanted")
    reached = pl.max_horizontal(wanted, grade - policy.review.override_max_up)
    effective = pl.when(_grave(frame)).then(pl.max_horizontal(reached, grade)).otherwise(reached)
    counts = wanted.is_not_null() & grade.is_not_null()
    names = dict(enumerate(GRADES))
    before = grade.replace_strict(names, default=None, return_dtype=pl.String)
    notice = timedelta(days=policy.review.override_notice_days)
    soon = (pl.col("override_ends_on") - pl.lit(as_of)) <= notice
    facts = ("override_from", "override_ends_on", "override_reason")
    frame = frame.with_columns(
        pl.when(counts).then(effective).otherwise(grade).alias("grade"),
        pl.when(counts).then(before).alias("rating_before_override"),
        *(pl.when(counts).then(name).alias(name) for name in facts),
        (counts & soon).fill_null(value=False).alias("override_ends_soon"),
    )
    return without(frame, "_wanted")


def _in_force(book: Book, policy: Policy, as_of: date) -> pl.DataFrame:
    """Find the newest override of each entity that has not ended."""
    longest = pl.col("from_on") + pl.duration(days=policy.review.override_max_days)
    grades = {name: index for index, name in enumerate(GRADES)}
    rows = known(book, "decisions", as_of).filter(
        (pl.col("kind") == "override") & pl.col("grade").is_in(GRADES)
    )
    ended = rows.with_columns(pl.min_horizontal("to_on", longest).alias("override_ends_on"))
    return (
        ended.filter(pl.col("override_ends_on") >= as_of)
        .sort("from_on", "decision")
        .unique("e", keep="last", maintain_order=True)
        .select(
            "e",
            pl.col("grade").replace_strict(grades, return_dtype=pl.Int32).alias("_wanted"),
            pl.col("from_on").alias("override_from"),
            "override_ends_on",
            pl.col("reason").alias("override_reason"),
        )
    )


def _grave(frame: pl.DataFrame) -> pl.Expr:
    names = [f"gate_{gate.code}" for gate in GATES if gate.grave]
    return pl.any_horizontal(name for name in names if name in frame.columns)


def override_share(frame: pl.DataFrame) -> float | None:
    """Tell the share of ratings that a person set; the policy alarms above its own mark."""
    rated = frame.filter(pl.col("grade").is_not_null()) if "grade" in frame.columns else frame
    if not rated.height:
        return None
    return int(rated["rating_before_override"].is_not_null().sum()) / rated.height
