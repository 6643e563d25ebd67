"""The chain before and after an invoice: what is on order, delivered, or paid by a note.

Rules: credit-management 7.1, one transaction counts once.
"""

import polars as pl

from scoring.rates import Conversion, split_known

__all__ = ["notes_receivable", "open_orders"]


def open_orders(orders: pl.DataFrame, convert: Conversion) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Split what an order still takes up along the chain, each part once (7.1).

    Where nobody tells what was delivered, all that is not invoiced counts as still on order. A
    deposit covers what is delivered first.
    """
    out = pl.col("delivered").fill_null(0)
    deposit = pl.col("deposit").fill_null(0)
    shipped = (out - pl.col("invoiced")).clip(lower_bound=0)
    rest = (pl.col("amount") - pl.max_horizontal("invoiced", out)).clip(lower_bound=0)
    standing = (
        orders.filter((pl.col("status") == "open") & ~pl.col("prepaid"))
        .with_columns(shipped.alias("shipped"), rest.alias("rest"), deposit.alias("deposit"))
        .with_columns(
            (pl.col("shipped") - pl.col("deposit")).clip(lower_bound=0).alias("raw_delivered"),
            (pl.col("rest") - (pl.col("deposit") - pl.col("shipped")).clip(lower_bound=0))
            .clip(lower_bound=0)
            .alias("raw"),
        )
        .filter((pl.col("raw") > 0) | (pl.col("raw_delivered") > 0))
        .drop("amount", "delivered")
    )
    columns = {"raw": "amount", "raw_delivered": "delivered"}
    known = convert(standing, columns, "currency", "target")
    kept, lost = split_known(known, "ordered_on")
    return kept.select("e", "ordered_on", "deliver_on", "amount", "delivered"), lost


def notes_receivable(
    notes: pl.DataFrame, returns: pl.DataFrame, convert: Conversion
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Convert notes receivable; a returned bill that names a note dishonours it."""
    dishonoured = (
        returns.filter(pl.col("kind") == "dishonoured_bill")
        .group_by(pl.col("payment").alias("note"))
        .agg(pl.col("returned_on").min().alias("dishonoured_on"))
    )
    joined = notes.rename({"amount": "raw"}).join(dishonoured, on="note", how="left")
    kept, lost = split_known(
        convert(joined, {"raw": "amount"}, "currency", "target"), "received_on"
    )
    columns = ("e", "kind", "received_on", "due_on", "ended_on", "dishonoured_on", "amount")
    return kept.select(columns), lost
