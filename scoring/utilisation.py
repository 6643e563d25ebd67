"""Utilisation over time (额度使用率): how much of the limit was taken up, day by day (credit-management 2.2).

The limit is that of the newest earlier assessment, or what today's figures allow where that is
more, taken as constant over the window: what it was before is not in the Book. (A limit that only
waits for its next review is no sign of danger: were it one, the watch list would forbid the raise
that takes the customer off it.) What was taken up is the receivable less unapplied money; orders and
bills of the past leave no trace of when they ended.
"""

from datetime import date, timedelta

import polars as pl

from scoring.beside import beside
from scoring.keys import NOTHING, at_first, day_key
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

    Columns limit_in_use (null without an earlier limit) and, null without one above 0,
    peak_utilisation_percent and mean_utilisation_percent (of the window), over_limit_days (of six
    months), tight_days (days in a row, up to today and not further back than the window, above the
    share that the warning E7 names).
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
    levels = _steps(drawn(ledger, windows), windows).filter(pl.col("end") > windows.year)
    steps = levels.join(limits, on="e", how="inner", maintain_order="left")
    return beside(frame, _measured(steps, policy, windows))


def drawn(ledger: Ledger, windows: Windows) -> pl.DataFrame:
    """List the levels of receivable less unapplied money: e, on, net.

    Those of an entity stand together, in order of day.
    """
    known = pl.col("on") <= windows.as_of
    few = pl.col("e").is_in(ledger.spare["e"].unique().implode())  # who has unapplied money
    first = pl.col("e") != pl.col("e").shift().fill_null(NOTHING)
    before = pl.when(first).then(0).otherwise(pl.col("ar").shift())
    changes = pl.concat(
        [
            _changes(ledger.balance.filter(few), "on", pl.col("ar") - before),
            _changes(ledger.spare, "on", -pl.col("amount")),
            _changes(ledger.spare.drop_nulls("until"), "until", pl.col("amount")),
        ]
    )
    whole = ledger.balance.filter(known & ~few).select("e", "on", pl.col("ar").alias("net"))
    return pl.concat([whole, _running(changes.filter(known).sort("key"))])


def _changes(frame: pl.DataFrame, on: str, net: pl.Expr) -> pl.LazyFrame:
    key = day_key(pl.col("e"), pl.col(on)).alias("key")
    return frame.lazy().select("e", pl.col(on).alias("on"), key, net.alias("net"))


def _running(changes: pl.LazyFrame) -> pl.DataFrame:
    """Add changes up to levels at the end of each day; one running total serves all entities."""
    first = pl.col("e") != pl.col("e").shift().fill_null(NOTHING)
    total = pl.col("net").cum_sum()
    ends_day = pl.col("key") != pl.col("key").shift(-1).fill_null(-1)
    return (
        changes.with_columns((total - at_first(first, total - pl.col("net"))).alias("net"))
        .filter(ends_day)
        .select("e", "on", "net")
        .collect()
    )


def _steps(levels: pl.DataFrame, windows: Windows) -> pl.DataFrame:
    """Add ``end``, the day a level ended; the last one ends after ``as_of``."""
    tomorrow = windows.as_of + timedelta(days=1)
    goes_on = pl.col("e") == pl.col("e").shift(-1)
    end = pl.when(goes_on).then(pl.col("on").shift(-1)).otherwise(pl.lit(tomorrow))
    return levels.with_columns(end.alias("end"))


def _measured(steps: pl.DataFrame, policy: Policy, windows: Windows) -> pl.DataFrame:
    net, limit = pl.max_horizontal("net", 0), pl.col("limit_in_use")
    up, down = policy.warning.utilisation.as_integer_ratio()
    tight = net.cast(pl.Int128) * down > limit.cast(pl.Int128) * up

    def days_after(day: date) -> pl.Expr:
        start = pl.col("on").clip(lower_bound=day + timedelta(days=1))
        return (pl.col("end") - start).dt.total_days().clip(lower_bound=0)

    inside = days_after(windows.year)
    measured = steps.lazy().select(
        "e",
        limit,
        pl.when(inside > 0).then(net * 100.0 / limit).alias("share"),
        (net.cast(pl.Int128) * inside).alias("taken"),
        (days_after(months_before(windows.as_of, _HALF_YEAR)) * (net > limit)).alias("over"),
        pl.when(~tight).then("end").alias("loose_until"),
        "on",
    )
    tomorrow = pl.lit(windows.as_of + timedelta(days=1))
    whole = windows.days * pl.col("limit_in_use").first().cast(pl.Float64)
    loose_until = pl.coalesce(pl.col("loose_until").max(), pl.col("on").min())
    return (
        measured.group_by("e")
        .agg(
            pl.col("share").max().alias("peak_utilisation_percent"),
            (pl.col("taken").sum().cast(pl.Float64) * 100 / whole).alias(
                "mean_utilisation_percent"
            ),
            pl.col("over").sum().alias("over_limit_days"),
            (tomorrow - loose_until).dt.total_days().alias("tight_days"),
        )
        .collect()
    )
