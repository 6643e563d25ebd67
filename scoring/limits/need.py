"""Need (需求): what a customer can use, never more than that (credit-management 6.1, M3 and M3s)."""

import polars as pl

from scoring.keys import day_key
from scoring.ledger import Ledger
from scoring.once import once
from scoring.policy import Policy
from scoring.terms import agreed_terms
from scoring.windows import Windows

__all__ = ["average_need", "need", "need_days", "peak_purchases", "seasonal_need"]


@once
def need_days(policy: Policy) -> pl.Expr:
    """Terms plus lateness in whole days; lateness counts for good grades only, and little (M3)."""
    rules = policy.limits
    terms = agreed_terms().fill_null(pl.lit(policy.behaviour.default_terms_days, pl.Int32))
    late = pl.col("wadl").fill_null(0.0).clip(upper_bound=float(rules.late_days_in_need))
    counted = late.round(mode="half_away_from_zero").cast(pl.Int64) * pl.col("lateness").fill_null(
        value=False
    )
    return terms.cast(pl.Int64) + counted + rules.billing_lag_days


def peak_purchases(ledger: Ledger, frame: pl.DataFrame, windows: Windows) -> pl.DataFrame:
    """Find the most bought in any ``need_days`` of the window: e, peak.

    Each invoice ends a span; the spans' sums are differences of one running total.
    """
    issued = pl.col("issued")
    bought = ledger.claims.select("e", "issued", "amount").filter(
        (issued <= windows.as_of) & (issued > windows.year)
    )
    days = frame["need_days"][bought["e"]].alias("days")
    bought = bought.with_columns(
        days, day_key(pl.col("e"), issued).alias("key"), pl.col("amount").cum_sum().alias("total")
    )
    starts = bought.select(pl.col("key") - pl.col("days")).to_series()
    before = bought["key"].search_sorted(starts, side="right")
    totals = pl.concat([pl.Series([0], dtype=pl.Int64), bought["total"]])
    spans = bought.with_columns((pl.col("total") - totals[before]).alias("span"))
    return spans.group_by("e").agg(pl.col("span").max().clip(lower_bound=0).alias("peak"))


@once
def seasonal_need(policy: Policy) -> pl.Expr:
    """M3s: the peak of purchases and its expected growth; null where nothing was bought."""
    up, down = (1 + policy.limits.growth).as_integer_ratio()
    return pl.when(pl.col("sales") > 0).then(pl.col("peak") * up // down)


@once
def average_need(policy: Policy) -> pl.Expr:
    """M3: monthly purchases for the days, times safety, plus tax; null where nothing was bought."""
    up, down = (1 + policy.limits.value_added_tax).as_integer_ratio()
    bought = pl.col("sales").cast(pl.Int128) * pl.col("need_days") * pl.col("safety_up") * up
    average = bought // (pl.col("months") * 30 * pl.col("safety_down") * down)
    return pl.when(pl.col("sales") > 0).then(average).cast(pl.Int64)


@once
def need(policy: Policy) -> pl.Expr:
    """Take the method the policy prefers, else the other."""
    order = ("need_seasonal", "need_average")
    return pl.coalesce(*(order if policy.limits.seasonal_need else order[::-1]))
