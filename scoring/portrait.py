"""Figures that draw an entity's picture: high credit, count-back DSO, delay volatility.

Definitions: credit-management 2.2.
"""

import polars as pl

from scoring.keys import NOTHING
from scoring.ledger import Ledger
from scoring.policy import BehaviourPolicy
from scoring.windows import Windows

__all__ = ["counted_back_dso", "herfindahl", "high_credit", "monthly_volatility"]

_MONTHS_BASE = 2**20  # more months than dates have


def monthly_volatility(
    parts: pl.DataFrame, rules: BehaviourPolicy, windows: Windows
) -> pl.LazyFrame:
    """Standard deviation of the monthly weighted days late, over months with payments.

    Columns e, volatility, n_months; null with fewer months than the policy asks for.
    """
    amount = pl.col("amount").cast(pl.Int128)
    month = pl.col("on").dt.year().cast(pl.Int64) * 12 + pl.col("on").dt.month()
    key = pl.col("e").cast(pl.Int64) * _MONTHS_BASE + month
    months = (
        parts.lazy()
        .filter(pl.col("cash") & (pl.col("on") > windows.year))
        .group_by(key.alias("key"))
        .agg(
            (amount * pl.col("delay").clip(lower_bound=0)).sum().alias("days"),
            pl.col("amount").sum().alias("paid"),
        )
        .filter(pl.col("paid") > 0)
        .sort("key")
        .with_columns((pl.col("key") // _MONTHS_BASE).cast(pl.UInt32).alias("e"))
        .with_columns((pl.col("days").cast(pl.Float64) / pl.col("paid")).alias("wadl"))
    )
    enough = pl.col("n_months") >= rules.volatility_min_months
    return (
        months.group_by("e", maintain_order=True)
        .agg(pl.col("wadl").std().alias("volatility"), pl.len().alias("n_months"))
        .with_columns(pl.when(enough).then("volatility").alias("volatility"))
    )


def counted_back_dso(ledger: Ledger, frame: pl.DataFrame, windows: Windows) -> pl.DataFrame:
    """Count back over calendar months' gross sales until the receivable is used up (倒推法).

    The month of ``as_of`` has as many days as have passed. Columns e, count_back_dso; an entity
    that owes more than it ever bought has none.
    """
    months = _months_sold(ledger, windows).join(
        frame.lazy().filter(pl.col("ar") > 0).select("e", "ar"), on="e", how="inner"
    )
    last_day = pl.min_horizontal(pl.col("month").dt.month_end(), pl.lit(windows.as_of))
    whole = (pl.lit(windows.as_of) - last_day).dt.total_days()
    length = (last_day - pl.col("month")).dt.total_days() + 1
    remains = pl.col("ar") - pl.col("newer")
    share = remains.cast(pl.Float64) / pl.col("sales")
    return (
        months.filter((remains <= pl.col("sales")) & (remains > 0))
        .select("e", (whole + length * share).alias("count_back_dso"))
        .collect()
    )


def _months_sold(ledger: Ledger, windows: Windows) -> pl.LazyFrame:
    """Sum sales by month: e, month (its first day), sales, newer (sales of later months).

    Claims are sorted by entity and date, so both are differences of one running total.
    """
    ends_month = (pl.col("month") != pl.col("month").shift(-1)).fill_null(value=True)
    ends_entity = pl.col("e") != pl.col("e").shift(-1).fill_null(NOTHING)
    total = pl.col("total")
    return (
        ledger.claims.lazy()
        .filter(pl.col("issued") <= windows.as_of)
        .select(
            "e",
            pl.col("issued").dt.month_start().alias("month"),
            pl.col("amount").cum_sum().alias("total"),
        )
        .filter(ends_month | ends_entity)
        .select(
            "e",
            "month",
            (total - total.shift().fill_null(0)).alias("sales"),
            (pl.when(ends_entity).then(total).backward_fill() - total).alias("newer"),
        )
    )


def high_credit(ledger: Ledger, windows: Windows) -> pl.DataFrame:
    """Find the highest receivable at the end of a day of the window, the opening one included.

    Columns e, high_credit, high_credit_on (the first such day; the opening counts as the window's
    start).
    """
    inside = pl.col("on") > windows.year
    known = ledger.balance.lazy().filter(pl.col("on") <= windows.as_of)
    highest = (
        known.group_by("e", maintain_order=True)
        .agg(
            pl.col("ar").filter(inside).max().alias("highest"),
            pl.col("ar").filter(~inside).last().alias("opening"),
        )
        .with_columns(pl.max_horizontal("highest", "opening").alias("high_credit"))
        .collect()
    )
    opened = (pl.col("opening") == pl.col("high_credit")).fill_null(value=False)
    later = highest.filter(~opened).select("e", "high_credit")
    days = (
        known.filter(inside)
        .join(later.lazy(), left_on=["e", "ar"], right_on=["e", "high_credit"], how="semi")
        .group_by("e")
        .agg(pl.col("on").min().alias("day"))
        .collect()
    )
    return highest.join(days, on="e", how="left", maintain_order="left").select(
        "e", "high_credit", pl.col("day").fill_null(windows.year).alias("high_credit_on")
    )


def herfindahl(receivables: pl.Series) -> float | None:
    """Work out how concentrated a portfolio is: the sum of squared shares, 0 to 1 (2.2).

    ``receivables`` are in one currency; ``None`` when nothing is owed.
    """
    owed = receivables.clip(lower_bound=0).cast(pl.Float64).sort()
    total = owed.sum()
    return float(((owed / total) ** 2).sum()) if total > 0 else None
