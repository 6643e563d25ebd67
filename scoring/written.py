"""Write-offs (核销坏账) at a date: what was given up, and what it says of the customer.

A write-off ends its item with the delay it had on that day, and is a default event
(credit-management 2.1, 0). Rounding residues that were written off are no loss.
"""

import polars as pl

from scoring.ledger import Ledger
from scoring.policy import BehaviourPolicy
from scoring.windows import Windows

__all__ = ["loss_sums", "written_off"]


def written_off(
    ledger: Ledger, parts: pl.DataFrame, rules: BehaviourPolicy, windows: Windows
) -> pl.DataFrame:
    """List what was written off by ``as_of``: e, i (null: of no known claim), on, amount, delay, loss.

    ``loss`` is false for a residue within the settlement tolerance. A write-off of no known claim
    has no delay.
    """
    up, down = rules.settled_tolerance_share.as_integer_ratio()
    units, of = rules.settled_tolerance.as_integer_ratio()
    own = parts.filter("written").select("e", "i", "on", "amount", "delay", "claim")
    tolerance = pl.max_horizontal(pl.col("unit") * units // of, pl.col("claim") * up // down)
    laid = own.join(
        ledger.entities.select("e", "unit"), on="e", how="left", maintain_order="left"
    ).select("e", "i", "on", "amount", "delay", (pl.col("amount") > tolerance).alias("loss"))
    loose = ledger.written.filter(pl.col("on") <= windows.as_of).select(
        "e",
        pl.lit(None, pl.UInt32).alias("i"),
        "on",
        "amount",
        pl.lit(None, pl.Int64).alias("delay"),
        (pl.col("amount") > 0).alias("loss"),
    )
    return pl.concat([laid, loose])


def loss_sums(losses: pl.DataFrame, rules: BehaviourPolicy, windows: Windows) -> pl.DataFrame:
    """Sum write-offs an entity.

    Columns e, written_off and written_off_on (real losses of any time, the newest day);
    loss_amount, loss_days and loss_late (of the window, as if paid on that day).
    """
    amount, delay = pl.col("amount"), pl.col("delay")
    judged = (pl.col("on") > windows.year) & delay.is_not_null()
    return losses.group_by("e").agg(
        amount.filter("loss").sum().alias("written_off"),
        pl.col("on").filter("loss").max().alias("written_off_on"),
        amount.filter(judged).sum().alias("loss_amount"),
        (amount.cast(pl.Int128) * delay.clip(lower_bound=0))
        .filter(judged)
        .sum()
        .alias("loss_days"),
        amount.filter(judged & (delay > rules.grace_days)).sum().alias("loss_late"),
    )
