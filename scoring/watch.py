"""Watch level and outlook: what is going on with a customer now (10).

Signals, each with a level that adds up: days late rising, overdue share, items over 60 and over 90
days, default, a hold. The sum makes the watch level.
"""

import polars as pl

from scoring.policy import WatchPolicy

__all__ = ["watched"]


def watched(frame: pl.DataFrame, policy: WatchPolicy) -> pl.DataFrame:
    """Add ``outlook`` and ``watch_level``; the frame has ``hold``."""
    return frame.with_columns(
        _outlook(policy).alias("outlook"), _watch_level(policy).alias("watch_level")
    )


def _outlook(policy: WatchPolicy) -> pl.Expr:
    trend = pl.col("delay_trend")
    return (
        pl.when(trend >= policy.outlook_days)
        .then(pl.lit("down"))
        .when(trend <= -policy.outlook_days)
        .then(pl.lit("up"))
        .otherwise(pl.lit("stable"))
    )


def _watch_level(policy: WatchPolicy) -> pl.Expr:
    trend, overdue = pl.col("delay_trend"), pl.col("overdue_scored_percent")
    severe = pl.col("gate_default_event") | pl.col("gate_over_90_days")
    points = pl.sum_horizontal(
        _level(trend, policy.trend_attention_days, policy.trend_high_days),
        _level(overdue, policy.overdue_attention * 100, policy.overdue_high * 100),
        pl.col("gate_over_60_days") * 4,
        severe * 8,
        (pl.col("hold") != "none") * 4,
    )
    return (
        pl.when(points >= policy.high_from)
        .then(pl.lit("high"))
        .when(points >= policy.watch_from)
        .then(pl.lit("watch"))
        .when(points >= policy.attention_from)
        .then(pl.lit("attention"))
        .otherwise(pl.lit("normal"))
    )


def _level(signal: pl.Expr, attention: object, high: object) -> pl.Expr:
    """2 from ``attention``, 4 from ``high``."""
    reached = signal >= float(str(attention))
    return pl.when(signal >= float(str(high))).then(4).when(reached).then(2).otherwise(0)
