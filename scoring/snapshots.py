"""Ageing over time (账龄快照): the buckets of every entity day by day (credit-management 2.2).

Rebuilt from the facts, so the past can be drawn at any step. What was under dispute or unapplied
on a day counts as of that day, with what is known now of returned payments and disputes.
"""

from datetime import date

import polars as pl

from scoring.book import Book
from scoring.calendar import WorkCalendar
from scoring.claims import effective
from scoring.ledger import Ledger
from scoring.policy import BehaviourPolicy, Policy

__all__ = ["BUCKETS", "ageing_snapshots", "collection_effectiveness"]

#: Bucket → first and last day past due.
BUCKETS: dict[str, tuple[int | None, int | None]] = {
    "current": (None, 0),
    "days_1_30": (1, 30),
    "days_31_60": (31, 60),
    "days_61_90": (61, 90),
    "over_90": (91, None),
}
_FIGURES = (*BUCKETS, "contested", "unapplied")


def ageing_snapshots(
    book: Book,
    policy: Policy,
    start: date,
    end: date,
    every_days: int = 1,
    *,
    calendar: WorkCalendar | None = None,
) -> pl.DataFrame:
    """Draw the ageing on ``start`` and every so many days up to ``end``.

    Columns e, on, the five buckets, ar (their sum), overdue (past due and not under a valid
    dispute), exposure (receivable less unapplied money: orders of the past leave no trace), sorted
    by e and on, for entities that ever owed or paid anything. Amounts are in the entity's currency.

    Raises:
        ValueError: ``end`` lies before ``start``, or the step is not at least a day.
    """
    if end < start or every_days < 1:
        raise ValueError("needs start <= end and every_days >= 1")
    ledger = effective(book.ledger, policy.behaviour, calendar or WorkCalendar())
    days = (end - start).days // every_days + 1
    spans = pl.concat([*_aged(ledger), _contested(ledger, policy.behaviour), _unapplied(ledger)])
    changes = _changes(spans.filter(pl.col("amount") != 0), start, every_days, days)
    grid = (
        changes.select("e")
        .unique()
        .join(pl.select(pl.int_range(days, dtype=pl.Int64).alias("step")), how="cross")
    )
    rows = grid.join(changes, on=["e", "step"], how="left").sort("e", "step")
    levels = rows.with_columns(pl.col(_FIGURES).fill_null(0).cum_sum().over("e"))
    ar = pl.sum_horizontal(list(BUCKETS))
    return levels.select(
        "e",
        (pl.lit(start) + pl.duration(days=pl.col("step") * every_days)).alias("on"),
        *BUCKETS,
        ar.alias("ar"),
        (ar - pl.col("current") - pl.col("contested")).alias("overdue"),
        (ar - pl.col("unapplied")).alias("exposure"),
    )


def collection_effectiveness(begin: int, sales: int, end: int, current: int) -> float | None:
    """Work out the CEI in percent: how much of what could be collected was (2.2).

    ``begin`` and ``end`` are the receivable before and after, ``current`` the part of ``end`` that
    is not overdue. A figure of a portfolio or a collector; ``None`` when nothing could be collected.
    """
    collectable = begin + sales - current
    return (begin + sales - end) * 100 / collectable if collectable > 0 else None


def _levels(ledger: Ledger) -> pl.DataFrame:
    """List for how long a claim had what open: i, e, due, note, from, to (null: still), open."""
    first = ledger.claims.with_row_index("i").select(
        "i",
        "e",
        "due",
        pl.col("issued").alias("from"),
        pl.col("amount").alias("change"),
        pl.lit(0, pl.Int64).alias("note"),
    )
    parts = ledger.applied
    note = pl.when(pl.col("cash") | pl.col("written")).then(0).otherwise("amount")
    laid = parts.select(
        "i",
        "e",
        "due",
        pl.col("at").alias("from"),
        -pl.col("amount").alias("change"),
        note.alias("note"),
    )
    undone = parts.filter(pl.col("until").is_not_null()).select(
        "i",
        "e",
        "due",
        pl.col("until").alias("from"),
        pl.col("amount").alias("change"),
        -note.alias("note"),
    )
    steps = (
        pl.concat([first, laid, undone])
        .group_by("i", "e", "due", "from")
        .agg(pl.col("change", "note").sum())
        .sort("i", "from")
    )
    return steps.with_columns(
        pl.col("change").cum_sum().over("i").alias("open"),
        pl.col("from").shift(-1).over("i").alias("to"),
    )


def _aged(ledger: Ledger) -> list[pl.DataFrame]:
    """Cut the levels at the buckets' days: e, figure, from, to, amount."""
    levels = _levels(ledger).filter(pl.col("open") > 0)
    spans = []
    for name, (low, high) in BUCKETS.items():
        start, end = pl.col("from"), pl.col("to")
        if low is not None:
            start = pl.max_horizontal(start, pl.col("due").dt.offset_by(f"{low}d"))
        if high is not None:
            end = pl.min_horizontal(end, pl.col("due").dt.offset_by(f"{high + 1}d"))
        spans.append(_span(levels, name, start, end, pl.col("open")))
    return spans


def _contested(ledger: Ledger, rules: BehaviourPolicy) -> pl.DataFrame:
    """List what of the past-due amounts was under a valid dispute, or conceded, and when."""
    disputes = ledger.claims.with_row_index("i").filter(pl.col("disputed") > 0)
    late = pl.col("due").dt.offset_by("1d")
    in_time = pl.col("disputed_on") <= pl.col("due").dt.offset_by(
        f"{rules.dispute_opened_within_days}d"
    )
    aged = pl.col("disputed_on").dt.offset_by(f"{rules.dispute_max_days}d")
    named = disputes.select("i", "disputed", "disputed_on", "closed_on", "conceded")
    levels = _levels(ledger).join(named, on="i", how="inner").sort("i", "from")
    levels = levels.with_columns(
        (pl.col("note") * (pl.col("from") >= pl.col("disputed_on")))
        .cum_sum()
        .over("i")
        .alias("noted")
    )
    start = pl.max_horizontal("from", late, "disputed_on")
    end = pl.min_horizontal("to", "closed_on", aged)
    while_open = _span(
        levels.filter(in_time), "contested", start, end, pl.min_horizontal("disputed", "open")
    )
    left = pl.min_horizontal(pl.max_horizontal(pl.col("disputed") - pl.col("noted"), 0), "open")
    given_up = _span(
        levels.filter(pl.col("conceded") & pl.col("closed_on").is_not_null()),
        "contested",
        pl.max_horizontal("from", late, "closed_on"),
        pl.col("to"),
        left,
    )
    return pl.concat([while_open, given_up])


def _unapplied(ledger: Ledger) -> pl.DataFrame:
    spare = ledger.spare.rename({"on": "from", "until": "to"})
    return _span(spare, "unapplied", pl.col("from"), pl.col("to"), pl.col("amount"))


def _span(
    frame: pl.DataFrame, figure: str, start: pl.Expr, end: pl.Expr, amount: pl.Expr
) -> pl.DataFrame:
    spans = frame.select(
        "e",
        pl.lit(figure).alias("figure"),
        start.alias("from"),
        end.alias("to"),
        amount.cast(pl.Int64).alias("amount"),
    )
    return spans.filter(pl.col("to").is_null() | (pl.col("from") < pl.col("to")))


def _changes(spans: pl.DataFrame, start: date, every: int, days: int) -> pl.DataFrame:
    """Sum what each figure changes by at each step: e, step, one column a figure."""

    def step(column: str) -> pl.Expr:
        gone = (pl.col(column) - pl.lit(start)).dt.total_days()
        return ((gone + every - 1) // every).clip(lower_bound=0)

    begun = spans.select("e", "figure", step("from").alias("step"), "amount")
    ended = spans.filter(pl.col("to").is_not_null()).select(
        "e", "figure", step("to").alias("step"), -pl.col("amount")
    )
    both = pl.concat([begun, ended]).filter(pl.col("step") < days)
    amount = pl.col("amount")
    return both.group_by("e", "step").agg(
        amount.filter(pl.col("figure") == name).sum().alias(name) for name in _FIGURES
    )
