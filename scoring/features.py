"""Features: the ratios and day counts that are read off an entity's sums.

Definitions: credit-management 2.2. A ratio without a denominator is null; missing is not zero.
"""

import polars as pl

from scoring.beside import without
from scoring.curves import interpolated
from scoring.once import once
from scoring.policy import Policy
from scoring.windows import Windows

__all__ = ["completed"]

_COUNTS = (
    *("n_claims", "n_open", "n_settled", "n_late", "n_in_parts", "n_recent", "n_prior"),
    *("sales", "recent_sales", "terms_sum", "ar", "age_current", "age_1_30", "age_31_60"),
    *("age_61_90", "age_over_90", "disputed", "overdue", "oldest_days", "overdue_scored"),
    *("overdue_unpaid", "serious", "late_over_60", "late_over_90", "late_default", "late_sum"),
    *("late_days", "late_oldest", "paid", "recent_paid", "paid_late", "paid_days", "recent_days"),
    *("paid_signed", "paid_since", "unapplied_cash", "unapplied_credit", "high_credit"),
    *("n_settled_recent", "n_in_parts_recent", "written_off", "loss_amount", "loss_days"),
    *("loss_late", "returned_payments", "age_91_180", "age_181_365", "age_over_365"),
)
#: Signed days beyond terms → index; familiar from bureau data (2.2).
_PAYDEX = (
    (-15, 90),
    (0, 80),
    (15, 70),
    (22, 60),
    (30, 50),
    (60, 40),
    (90, 30),
    (120, 20),
    (180, 0),
)


def completed(frame: pl.DataFrame, policy: Policy, windows: Windows) -> pl.DataFrame:
    """Fill sums of nothing with 0 and add the features."""
    filled = frame.with_columns(
        pl.col(_COUNTS).fill_null(0),
        pl.col("in_default").fill_null(value=False),
        pl.col("age_months").fill_null(0),
        pl.col("months").fill_null(1),
        pl.max_horizontal("last_issued", "last_fact").alias("data_as_of"),
        (pl.col("first_on") <= windows.as_of).fill_null(value=False).alias("known"),
    )
    made = filled.with_columns(
        *_delays(policy), *_ratios(), *_turnover(policy, windows)
    ).with_columns(_paydex().alias("paydex"), *_judged(policy))
    return without(made, "last_fact", "last_issued")


def _over(number: str | pl.Expr, by: str | pl.Expr, *, times: int = 1) -> pl.Expr:
    above = (pl.col(number) if isinstance(number, str) else number).cast(pl.Float64) * times
    below = (pl.col(by) if isinstance(by, str) else by).cast(pl.Float64)
    return pl.when(below > 0).then(above / below)


@once
def _delays(policy: Policy) -> list[pl.Expr]:
    rules = policy.behaviour
    prior_days = pl.col("paid_days") - pl.col("recent_days")
    prior_paid = pl.col("paid") - pl.col("recent_paid")
    enough = (pl.min_horizontal("n_recent", "n_prior")) >= rules.trend_min_items
    trend = _over("recent_days", "recent_paid") - _over(prior_days, prior_paid)
    delays = (pl.col("settled_max"), pl.col("late_max"))
    # What was written off stays in the average: giving up must not make a customer look better.
    days = pl.col("paid_days") + pl.col("loss_days") + pl.col("late_days")
    amount = pl.col("paid") + pl.col("loss_amount") + pl.col("late_sum")
    return [
        days.alias("wadl_days"),
        amount.alias("wadl_amount"),
        _over("paid_days", "paid").alias("wadl_paid"),
        _over(days, amount).alias("wadl"),
        _over("paid_signed", "paid").alias("days_beyond_terms"),
        _over("paid_since", "paid").alias("days_to_pay"),
        _over("terms_sum", "sales").alias("weighted_terms"),
        pl.max_horizontal(*(delay.clip(lower_bound=0) for delay in delays)).alias("max_delay"),
        pl.when(enough).then(trend).alias("delay_trend"),
    ]


@once
def _ratios() -> list[pl.Expr]:
    """Percents. The scored overdue ratio compares with a month's sales when little is open."""
    months = pl.col("months")
    base = pl.max_horizontal(pl.col("ar") * months, pl.col("sales"))
    return [
        _over("n_late", "n_settled", times=100).alias("late_count_percent"),
        _over(
            pl.col("paid_late") + pl.col("loss_late"),
            pl.col("paid") + pl.col("loss_amount"),
            times=100,
        ).alias("late_amount_percent"),
        _over("n_in_parts", "n_settled", times=100).alias("in_parts_percent"),
        _over("overdue", "ar", times=100).fill_null(0.0).alias("overdue_percent"),
        _over("serious", "ar", times=100).fill_null(0.0).alias("serious_percent"),
        _over(pl.col("overdue_scored") * months, base, times=100)
        .fill_null(0.0)
        .alias("overdue_scored_percent"),
    ]


@once
def _turnover(policy: Policy, windows: Windows) -> list[pl.Expr]:
    """DSO (simple), best possible DSO and ADD over the window; the turnover's trend."""
    sales, days = pl.col("sales"), windows.days
    past_due = pl.col("ar") - pl.col("age_current")
    monthly = _over("sales", "months")
    trend = pl.col("recent_sales").cast(pl.Float64) / policy.behaviour.trend_months / monthly - 1
    return [
        _over("ar", sales, times=days).alias("dso"),
        _over("age_current", sales, times=days).alias("best_dso"),
        _over(past_due, sales, times=days).alias("days_delinquent"),
        ((sales == 0) & (pl.col("ar") > 0)).alias("stopped_buying"),
        pl.when((sales > 0) & (pl.col("age_months") >= 6)).then(trend).alias("turnover_trend"),
    ]


@once
def _paydex() -> pl.Expr:
    """Lateness paid and open; a customer without any is placed by how early it pays."""
    days = (
        pl.when(pl.col("wadl") > 0)
        .then("wadl")
        .otherwise(pl.col("days_beyond_terms").clip(upper_bound=0.0))
    )
    return interpolated(days, _PAYDEX)


@once
def _judged(policy: Policy) -> list[pl.Expr]:
    rules = policy.behaviour
    few = pl.col("n_settled") < rules.thin_settled
    worst = pl.max_horizontal("handled_max", "late_oldest").fill_null(0)
    return [
        (pl.col("in_default") | _in_default_now(policy)).alias("in_default"),
        (few | (pl.col("age_months") < rules.thin_months)).alias("thin"),
        (worst <= rules.well_handled_days).alias("well_handled"),
    ]


def _in_default_now(policy: Policy) -> pl.Expr:
    up, down = policy.default_event.ar_share.as_integer_ratio()
    beyond = pl.max_horizontal(pl.col("ar") * up, pl.col("materiality") * down)
    return (pl.col("late_default") > 0) & (pl.col("overdue_unpaid") * down >= beyond)
