"""The default event (违约, credit-management 0): who is in default at a date.

In default now: an undisputed item far past due, and overdue beyond the materiality. And still, once
it happened, until there has been no badly late item for some months (the cure).
"""

import polars as pl

from scoring.keys import NOTHING, day_key, of_day_key
from scoring.ledger import Ledger
from scoring.policy import DefaultEventPolicy, Policy
from scoring.windows import Windows

__all__ = ["default_events"]


def default_events(
    ledger: Ledger,
    parts: pl.DataFrame,
    settled: pl.DataFrame,
    standing: pl.DataFrame,
    losses: pl.DataFrame,
    policy: Policy,
    windows: Windows,
) -> pl.DataFrame:
    """Tell which entities had a default event that is not cured: e, in_default.

    An item counts as an event when, on the day it passed the limit, it alone reached the
    materiality then; so does every write-off, and the public records the policy names.
    """
    rules = policy.default_event
    events = _events(ledger, parts, standing, rules)
    outright = _outright(ledger, losses, rules, windows)
    entities = pl.concat([events.select("e"), outright.select("e")])
    spells = _spells(settled, standing, rules, windows).join(entities, on="e", how="semi")
    marked = spells.join(events.select("i", "event"), on="i", how="left")
    return _uncured(pl.concat([marked, outright]), rules, windows)


def _outright(
    ledger: Ledger, losses: pl.DataFrame, rules: DefaultEventPolicy, windows: Windows
) -> pl.DataFrame:
    """List events that need no item past due: e, i, start, end, event.

    A write-off is of its day; a record lasts until it is removed.
    """
    happened = losses.filter("loss").select("e", "i", "on", pl.col("on").alias("end"))
    known = (pl.col("on") <= windows.as_of) & pl.col("code").is_in(list(rules.records))
    end = pl.min_horizontal("until", pl.lit(windows.as_of)).fill_null(windows.as_of)
    recorded = ledger.setbacks.filter(known).select(
        "e", pl.lit(None, pl.UInt32).alias("i"), "on", pl.max_horizontal("on", end).alias("end")
    )
    both = pl.concat([happened if rules.write_off else happened.clear(), recorded])
    return both.select(
        "e", "i", pl.col("on").alias("start"), "end", pl.lit(value=True).alias("event")
    )


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
    """List the items that were a default event: e, i, event."""
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
    materiality = ledger.entities["materiality"][owed["e"]].alias("least")
    return (
        owed.with_columns(ledger.balance["ar"][at].alias("ar"), materiality)
        .filter(
            pl.col("amount") * down >= pl.max_horizontal(pl.col("ar") * up, pl.col("least") * down)
        )
        .select("e", "i", pl.lit(value=True).alias("event"))
    )


def _uncured(spells: pl.DataFrame, rules: DefaultEventPolicy, windows: Windows) -> pl.DataFrame:
    """Chain an entity's spells; a gap as long as the cure starts a new chain.

    The latest end so far is tracked as entity and day in one number, which a new entity always
    exceeds: one running maximum serves all entities.
    """
    cure, (entity, latest) = f"{rules.cure_months}mo", of_day_key(pl.col("latest"))
    goes_on = (entity == pl.col("e")) & (pl.col("start") < latest.dt.offset_by(cure))
    chains = (
        spells.lazy()
        .sort("e", "start", "end")
        .with_columns(day_key(pl.col("e"), pl.col("end")).cum_max().shift().alias("latest"))
        .with_columns(goes_on.fill_null(value=False).alias("goes_on"))
        .with_columns((~pl.col("goes_on")).cum_sum().alias("chain"))
        .group_by("chain")
        .agg(pl.col("e").first(), pl.col("end").max(), pl.col("event").any())
        .sort("chain")
        .filter(pl.col("e") != pl.col("e").shift(-1).fill_null(NOTHING))
    )
    cured = pl.col("end").dt.offset_by(cure) <= pl.lit(windows.as_of)
    return chains.select("e", (pl.col("event") & ~cured).alias("in_default")).collect()
