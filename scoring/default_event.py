"""The default event (违约, credit-management 0): who is in default at a date.

In default now: an undisputed item far past due, and overdue beyond the materiality. And still, once
it happened, until there has been no badly late item for some months (the cure).
"""

import polars as pl

from scoring.ledger import Ledger, day_key
from scoring.policy import DefaultEventPolicy, Policy
from scoring.windows import Windows

__all__ = ["default_events"]


def default_events(
    ledger: Ledger,
    parts: pl.DataFrame,
    settled: pl.DataFrame,
    standing: pl.DataFrame,
    policy: Policy,
    windows: Windows,
) -> pl.DataFrame:
    """Tell which entities had a default event that is not cured: e, in_default.

    An item counts as an event when, on the day it passed the limit, it alone reached the
    materiality then.
    """
    rules = policy.default_event
    spells = _spells(settled, standing, rules, windows)
    events = _events(ledger, parts, standing, rules)
    return _uncured(spells.join(events, on="i", how="left"), rules, windows)


def _spells(
    settled: pl.DataFrame, standing: pl.DataFrame, rules: DefaultEventPolicy, windows: Windows
) -> pl.DataFrame:
    """List when each item was badly late: e, i, start, end."""
    past = settled.filter(pl.col("delay") > rules.cure_days)
    now = standing.filter(pl.col("late") & (pl.col("dpd") > rules.cure_days))
    start = pl.col("due").dt.offset_by(f"{rules.cure_days + 1}d").alias("start")
    return pl.concat(
        [
            past.select("e", "i", start, pl.col("on").alias("end")),
            now.select("e", "i", start, pl.lit(windows.as_of).alias("end")),
        ]
    )


def _events(
    ledger: Ledger, parts: pl.DataFrame, standing: pl.DataFrame, rules: DefaultEventPolicy
) -> pl.DataFrame:
    """List the items that were a default event: i, event."""
    paid = parts.filter(pl.col("cash") & (pl.col("delay") > rules.days))
    now = standing.filter(pl.col("late") & (pl.col("dpd") > rules.days))
    owed = (
        pl.concat(
            [
                paid.select("i", "e", "due", "amount"),
                now.select("i", "e", "due", pl.col("unpaid").alias("amount")),
            ]
        )
        .group_by("i")
        .agg(pl.col("e", "due").first(), pl.col("amount").sum())
    )
    day = pl.col("due").dt.offset_by(f"{rules.days + 1}d")
    keys = owed.select(day_key(pl.col("e"), day))["e"]
    at = ledger.balance["key"].search_sorted(keys, side="right").cast(pl.Int64) - 1
    up, down = rules.ar_share.as_integer_ratio()
    materiality = ledger.entities["materiality"].gather(owed["e"]).alias("least")
    return (
        owed.with_columns(ledger.balance["ar"].gather(at).alias("ar"), materiality)
        .filter(
            pl.col("amount") * down >= pl.max_horizontal(pl.col("ar") * up, pl.col("least") * down)
        )
        .select("i", pl.lit(value=True).alias("event"))
    )


def _uncured(spells: pl.DataFrame, rules: DefaultEventPolicy, windows: Windows) -> pl.DataFrame:
    """Chain an entity's spells; a gap as long as the cure starts a new chain."""
    cure = f"{rules.cure_months}mo"
    before = pl.col("end").cum_max().shift().over("e")
    starts = before.is_null() | (pl.col("start") >= before.dt.offset_by(cure))
    chained = (
        spells.sort("e", "start", "end")
        .with_columns(starts.alias("starts"))
        .with_columns(pl.col("starts").cum_sum().over("e").alias("chain"))
    )
    last = pl.col("chain") == pl.col("chain").max().over("e")
    cured_on = pl.col("end").max().dt.offset_by(cure)
    return (
        chained.filter(last)
        .group_by("e")
        .agg(
            (pl.col("event").any() & (cured_on > pl.lit(windows.as_of))).alias("in_default"),
        )
    )
