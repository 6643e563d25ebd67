"""Steadiness (评级稳定): when a grade by score changes, and when it may rise.

Rules: credit-management 5.2 (hysteresis, modifiers) and 11 (upgrades, downgrade triggers). Gates
come afterwards and hold at once, in both directions: what a gate capped, it releases.
"""

from datetime import date, timedelta

import polars as pl

from scoring.beside import beside
from scoring.book import Book
from scoring.known import known
from scoring.policy import Policy
from scoring.review import cycle_day_after
from scoring.windows import months_before

__all__ = ["steadied", "triggered"]

_MODIFIED = 3


def steadied(frame: pl.DataFrame, book: Book, policy: Policy, as_of: date) -> pl.DataFrame:
    """Replace ``score_grade`` by the grade that is held, and keep the other as ``band_grade``.

    Adds ``upgraded_on`` and ``modifier`` (+, -, or null). Needs the columns of ``recalled``.
    Without an earlier rating there is nothing to hold.
    """
    frame = frame.with_columns(pl.col("score_grade").alias("band_grade"))
    frame = beside(frame, _last_review(book, as_of))
    held = _held(policy) if policy.review.hysteresis else pl.col("band_grade")
    frame = frame.with_columns(held.alias("score_grade"))
    frame = frame.with_columns(_risen(policy, as_of).alias("score_grade"))
    up = (pl.col("score_grade") < pl.col("previous_score_grade")).fill_null(value=False)
    day = pl.when(up).then(pl.lit(as_of)).otherwise("previous_upgraded_on")
    return frame.with_columns(day.alias("upgraded_on"), _modifier(policy).alias("modifier")).drop(
        "_reviewed_on"
    )


def _last_review(book: Book, as_of: date) -> pl.DataFrame:
    rows = known(book, "decisions", as_of).filter(pl.col("kind") == "review")
    return rows.group_by("e").agg(pl.col("from_on").max().alias("_reviewed_on"))


def _lowest(policy: Policy, grade: pl.Expr) -> pl.Expr:
    scores = {
        index: float(row.score) for index, row in enumerate(policy.grades) if row.score is not None
    }
    return grade.replace_strict(scores, default=None, return_dtype=pl.Float64)


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
    due = cycle_day_after(pl.col("previous_on"), every) <= as_of
    decided = pl.col("_reviewed_on") > pl.col("previous_on")
    return pl.when(pl.col("_reviewed_on").is_not_null()).then(decided).otherwise(due)


def _modifier(policy: Policy) -> pl.Expr:
    """Tell the third of its band a score lies in: the upper +, the lower -, the middle nothing."""
    if not policy.review.modifiers:
        return pl.lit(None, pl.String)
    grade = pl.col("score_grade")
    bottom = _lowest(policy, grade)
    width = _lowest(policy, grade - 1).fill_null(100.0) - bottom
    thirds = (pl.col("score") - bottom) * _MODIFIED / width
    return pl.when(thirds >= 2).then(pl.lit("+")).when(thirds < 1).then(pl.lit("-"))


def triggered(frame: pl.DataFrame, book: Book, policy: Policy, as_of: date) -> pl.DataFrame:
    """Add ``review_due``: what calls for a review now, codes parted by spaces, or null (11).

    ``score_drop``, ``long_delay``, ``watch_entries`` and ``statements_expired``. A review a person
    made since lets the first three rest.
    """
    rules = policy.review
    recent = pl.col("previous_on") >= as_of - timedelta(days=rules.drop_days)
    drop = pl.col("previous_score") - pl.col("score") >= float(rules.drop_points)
    conditions = {
        "score_drop": recent & drop,
        "long_delay": pl.col("late_oldest") > rules.delay_days,
        "watch_entries": pl.col("_entries") >= rules.watch_entries,
    }
    if "statements_expired" in frame.columns:
        conditions["statements_expired"] = pl.col("statements_expired")
    frame = beside(frame, _entries(book, policy, as_of))
    said = [pl.when(condition).then(pl.lit(code)) for code, condition in conditions.items()]
    codes = pl.concat_str(said, separator=" ", ignore_nulls=True)
    return frame.with_columns(pl.when(codes != "").then(codes).alias("review_due")).drop("_entries")


def _entries(book: Book, policy: Policy, as_of: date) -> pl.DataFrame:
    """Count entries to the watch list: days on which signals began, after a time without any."""
    since = months_before(as_of, policy.review.watch_entries_months)
    rows = known(book, "signals", as_of).sort("e", "first_on", "last_on")
    last = pl.col("last_on").cum_max().shift().over("e")
    starts = rows.filter((pl.col("first_on") > last).fill_null(value=True))
    recent = starts.filter(pl.col("first_on") > since)
    return recent.group_by("e").agg(pl.len().cast(pl.Int64).alias("_entries"))
