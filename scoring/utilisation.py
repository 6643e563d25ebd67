"""Utilisation over time (额度使用率): how much of the limit was taken up, day by day (credit-management 2.2).

The limit is that of the newest earlier assessment, or what today's figures allow where that is
more, taken as constant over the window: what it was before is not in the Book. (A limit that only
waits for its next review is no sign of danger: were it one, the watch list would forbid the raise
that takes the customer off it.) What was taken up is the receivable less unapplied money; orders and
bills of the past leave no trace of when they ended.
"""

from datetime import timedelta

import polars as pl

from scoring.ledger import Ledger
from scoring.policy import Policy
from scoring.windows import Windows, months_before

__all__ = ["MEASURES", "drawn", "used"]

#: Figures for the explanation: unit, the count they rest on, window.
MEASURES: dict[str, tuple[str, str | None, None]] = {
    "peak_utilisation_percent": ("percent", None, None),
    "mean_utilisation_percent": ("percent", None, None),
    "over_limit_days": ("days", None, None),
    "tight_days": ("days", None, None),
}
_HALF_YEAR = 6


def used(frame: pl.DataFrame, ledger: Ledger, policy: Policy, windows: Windows) -> pl.DataFrame:
    """Add how the limit was used; needs ``previous_limit`` and ``computed_limit``.

    Columns limit_in_use (null without an earlier limit) and, null without one above 0, peak_utilisation_percent and mean_utilisation_percent (of the window),
    over_limit_days (of six months), tight_days (days in a row, up to today, above the share that
    the warning E7 names).
    """
    larger = pl.max_horizontal("previous_limit", "computed_limit")
    known = pl.col("previous_limit").is_not_null()
    frame = frame.with_columns(pl.when(known).then(larger).alias("limit_in_use"))
    limits = frame.filter(pl.col("limit_in_use") > 0).select("e", "limit_in_use")
    if not limits.height:
        return frame.with_columns(
            pl.lit(None, pl.Float64).alias("peak_utilisation_percent"),
            pl.lit(None, pl.Float64).alias("mean_utilisation_percent"),
            pl.lit(None, pl.Int64).alias("over_limit_days"),
            pl.lit(None, pl.Int64).alias("tight_days"),
        )
    steps = _steps(drawn(ledger, windows).join(limits, on="e", how="inner"), windows)
    return frame.join(_measured(steps, policy, windows), on="e", how="left", maintain_order="left")


def drawn(ledger: Ledger, windows: Windows) -> pl.DataFrame:
    """List the levels of receivable less unapplied money: e, on, net, sorted by both."""
    spare = ledger.spare.filter(pl.col("on") <= windows.as_of)
    ended = spare.filter(pl.col("until") <= windows.as_of)
    first = (pl.col("e") != pl.col("e").shift()).fill_null(value=True)
    before = pl.when(first).then(0).otherwise(pl.col("ar").shift())
    changes = pl.concat(
        [
            ledger.balance.select("e", "on", (pl.col("ar") - before).alias("net")),
            spare.select("e", "on", -pl.col("amount").alias("net")),
            ended.select("e", pl.col("until").alias("on"), pl.col("amount").alias("net")),
        ]
    )
    days = (
        changes.filter(pl.col("on") <= windows.as_of)
        .group_by("e", "on")
        .agg(pl.col("net").sum())
        .sort("e", "on")
    )
    return days.with_columns(pl.col("net").cum_sum().over("e"))


def _steps(levels: pl.DataFrame, windows: Windows) -> pl.DataFrame:
    """Add ``end``, the day a level ended; the last one ends after ``as_of``."""
    tomorrow = windows.as_of + timedelta(days=1)
    return levels.with_columns(pl.col("on").shift(-1).over("e").fill_null(tomorrow).alias("end"))


def _measured(steps: pl.DataFrame, policy: Policy, windows: Windows) -> pl.DataFrame:
    net, limit, tomorrow = pl.col("net"), pl.col("limit_in_use"), pl.col("end").max()
    half = months_before(windows.as_of, _HALF_YEAR)
    up, down = policy.warning.utilisation.as_integer_ratio()
    tight = net.cast(pl.Int128) * down > limit.cast(pl.Int128) * up
    share = pl.max_horizontal(net, 0) * 100.0 / limit

    def days_after(day: object) -> pl.Expr:
        start = pl.max_horizontal("on", pl.lit(day) + pl.duration(days=1))
        return (pl.col("end") - start).dt.total_days().clip(lower_bound=0)

    inside = days_after(windows.year)
    loose_until = pl.col("end").filter(~tight).max().fill_null(pl.col("on").min())
    taken = (pl.max_horizontal(net, 0).cast(pl.Int128) * inside).sum().cast(pl.Float64)
    whole = windows.days * limit.first().cast(pl.Float64)
    return steps.group_by("e").agg(
        share.filter(inside > 0).max().alias("peak_utilisation_percent"),
        (taken * 100 / whole).alias("mean_utilisation_percent"),
        (days_after(half) * (net > limit)).sum().alias("over_limit_days"),
        (tomorrow - loose_until).dt.total_days().alias("tight_days"),
    )
