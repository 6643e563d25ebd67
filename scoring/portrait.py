"""Two figures that describe an entity and decide nothing: count-back DSO and delay volatility.

Definitions: credit-management 2.2.
"""

import polars as pl

from scoring.ledger import Ledger
from scoring.policy import BehaviourPolicy
from scoring.windows import Windows

__all__ = ["counted_back_dso", "monthly_volatility"]


def monthly_volatility(
    parts: pl.DataFrame, rules: BehaviourPolicy, windows: Windows
) -> pl.DataFrame:
    """Standard deviation of the monthly weighted days late, over months with payments.

    Columns e, volatility, n_months; null with fewer months than the policy asks for.
    """
    amount = pl.col("amount").cast(pl.Int128)
    month = pl.col("on").dt.year() * 12 + pl.col("on").dt.month()
    months = (
        parts.lazy()
        .filter(pl.col("cash") & (pl.col("on") > windows.year))
        .group_by("e", month.alias("month"))
        .agg(
            (amount * pl.col("delay").clip(lower_bound=0)).sum().alias("days"),
            pl.col("amount").sum().alias("paid"),
        )
        .sort("e", "month")
        .with_columns((pl.col("days").cast(pl.Float64) / pl.col("paid")).alias("wadl"))
    )
    enough = pl.col("n_months") >= rules.volatility_min_months
    return (
        months.group_by("e", maintain_order=True)
        .agg(pl.col("wadl").std().alias("volatility"), pl.len().alias("n_months"))
        .with_columns(pl.when(enough).then("volatility").alias("volatility"))
        .collect()
    )


def counted_back_dso(ledger: Ledger, frame: pl.DataFrame, windows: Windows) -> pl.DataFrame:
    """Count back over calendar months' gross sales until the receivable is used up (倒推法).

    The month of ``as_of`` has as many days as have passed. Columns e, count_back_dso; an entity
    that owes more than it ever bought has none.
    """
    owing = frame.filter(pl.col("ar") > 0).select("e", "ar")
    first_day = pl.col("issued").dt.month_start()
    months = (
        ledger.claims.lazy()
        .select("e", "issued", "amount")
        .filter(pl.col("issued") <= windows.as_of)
        .join(owing.lazy(), on="e", how="inner")
        .group_by("e", first_day.alias("month"))
        .agg(pl.col("amount").sum().alias("sales"), pl.col("ar").first())
        .sort(["e", "month"], descending=[False, True])
        .with_columns((pl.col("sales").cum_sum().over("e") - pl.col("sales")).alias("newer"))
        .with_columns((pl.col("ar") - pl.col("newer")).alias("remains"))
    )
    last_day = pl.min_horizontal(pl.col("month").dt.month_end(), pl.lit(windows.as_of))
    whole = (pl.lit(windows.as_of) - last_day).dt.total_days()
    length = (last_day - pl.col("month")).dt.total_days() + 1
    share = pl.col("remains").cast(pl.Float64) / pl.col("sales")
    return (
        months.filter((pl.col("remains") <= pl.col("sales")) & (pl.col("remains") > 0))
        .select("e", (whole + length * share).alias("count_back_dso"))
        .collect()
    )
