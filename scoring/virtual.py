"""Virtual allocation: cash we left unapplied too long is not blamed on the customer.

For behaviour only: unapplied cash older than the policy's working days pays the undisputed open
items in order of due date, at its own date (credit-management 2.1). Balances and ageing stay.
"""

import polars as pl

from scoring.claims import unapplied_at
from scoring.laying import timeline
from scoring.ledger import Ledger
from scoring.windows import Windows

__all__ = ["paid_virtually"]

_FIRST_VIRTUAL_PAYMENT = 2**31  # beyond the row numbers of payments


def paid_virtually(
    ledger: Ledger, applied: pl.DataFrame, standing: pl.DataFrame, windows: Windows
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Return ``applied`` with the virtual parts, and ``standing`` with ``unpaid``.

    ``unpaid`` is what remains of the undisputed open amount.
    """
    undisputed = standing.with_columns(
        (pl.col("open") - pl.col("disputed_open")).alias("unpaid"),
    )
    cash = ledger.spare.filter(
        pl.col("cash") & (pl.col("on") < windows.stale_cash) & unapplied_at(windows.as_of)
    )
    parts = _first_in_first_out(cash, undisputed.filter(pl.col("unpaid") > 0))
    if not parts.height:
        return applied, undisputed
    paid = parts.group_by("i").agg(pl.col("amount").sum().alias("paid"))
    remaining = undisputed.join(paid, on="i", how="left", maintain_order="left").with_columns(
        pl.col("unpaid") - pl.col("paid").fill_null(0)
    )
    return _with_parts(applied, parts, undisputed), remaining.drop("paid")


def _first_in_first_out(cash: pl.DataFrame, items: pl.DataFrame) -> pl.DataFrame:
    """Lay the cash (oldest first) along the items (first due first): i, p, on, amount.

    Cash and items of an entity are two rulers side by side; each stretch between two marks belongs
    to one payment and one item.
    """
    money = cash.sort("e", "on", "amount").select(
        "e",
        pl.col("amount").cum_sum().over("e").alias("mark"),
        (pl.int_range(pl.len(), dtype=pl.UInt32) + _FIRST_VIRTUAL_PAYMENT).alias("p"),
        "on",
    )
    owed = (
        items.join(money.select("e").unique(), on="e", how="semi")
        .sort("e", "due", "issued", "item")
        .select("e", pl.col("unpaid").cum_sum().over("e").alias("mark"), "i")
    )
    marks = pl.concat([money, owed], how="diagonal").sort("e", "mark")
    before = pl.col("mark").shift().over("e").fill_null(0)
    return (
        marks.with_columns(
            pl.col("p", "on", "i").backward_fill().over("e"),
            (pl.col("mark") - before).alias("amount"),
        )
        .filter((pl.col("amount") > 0) & pl.col("p").is_not_null() & pl.col("i").is_not_null())
        .select("i", "p", "on", "amount")
    )


def _with_parts(applied: pl.DataFrame, parts: pl.DataFrame, standing: pl.DataFrame) -> pl.DataFrame:
    """Lay out anew the claims that were touched; the others stay as they are."""
    claims = standing.select("i", "e", "issued", "due", pl.col("amount").alias("claim"))
    touched = parts.select("i").unique()
    virtual = parts.join(claims, on="i", how="inner").select(
        *("i", "e", "p", "on"),
        pl.max_horizontal("on", "issued").alias("at"),
        pl.lit(None, pl.Date).alias("until"),
        pl.lit(0, pl.UInt32).alias("world"),
        pl.lit(value=True).alias("cash"),
        pl.lit(value=False).alias("written"),
        "amount",
        pl.lit(0, pl.Int64).alias("raw"),
        *("issued", "due", "claim"),
    )
    # Only one world of a claim is left here; the virtual parts belong to it.
    real = applied.join(touched, on="i", how="semi").select(virtual.columns)
    one = real.with_columns(pl.lit(0, pl.UInt32).alias("world"))
    laid = timeline(pl.concat([one, virtual]).sort("i", "on", "written", "cash", "p"))
    return pl.concat([applied.join(touched, on="i", how="anti"), laid.select(applied.columns)])
