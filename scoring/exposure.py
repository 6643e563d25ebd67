"""Exposure (信用占用): what a customer holds of our money, part by part (credit-management 7.1).

Open invoices (disputed ones too), plus open orders due within the horizon, less unapplied cash and
credit notes. More paid than owed is a negative exposure: it adds to what is available.
"""

from datetime import date, timedelta

import polars as pl

from scoring.ledger import Ledger
from scoring.policy import ExposurePolicy

__all__ = ["exposed"]


def exposed(
    frame: pl.DataFrame, ledger: Ledger, policy: ExposurePolicy, as_of: date
) -> pl.DataFrame:
    """Add ``orders_open`` (weighted, not yet invoiced), ``unapplied`` and ``exposure``."""
    orders = _orders(ledger, policy, as_of)
    unapplied = pl.col("unapplied_cash") + pl.col("unapplied_credit")
    return (
        frame.join(orders, on="e", how="left", maintain_order="left")
        .with_columns(
            pl.col("orders_open").fill_null(0),
            (unapplied * int(policy.include_unapplied)).alias("unapplied"),
        )
        .with_columns(
            (pl.col("ar") + pl.col("orders_open") - pl.col("unapplied")).alias("exposure")
        )
    )


def _orders(ledger: Ledger, policy: ExposurePolicy, as_of: date) -> pl.DataFrame:
    """Sum orders; one without a delivery date may be due any day and counts."""
    horizon = as_of + timedelta(days=policy.order_horizon_days)
    up, down = policy.order_weight.as_integer_ratio()
    weighted = (pl.col("amount").sum() * up * 2 + down) // (2 * down)
    standing = ledger.orders.filter(
        (pl.col("ordered_on") <= as_of)
        & (pl.col("deliver_on").is_null() | (pl.col("deliver_on") <= horizon))
        & pl.lit(policy.include_orders)
    )
    return standing.group_by("e").agg(weighted.alias("orders_open"))
