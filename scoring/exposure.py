"""Exposure (信用占用): what a customer holds of our money, part by part (credit-management 7.1).

Along the chain one transaction counts once: what is ordered and not delivered, what is delivered
and not invoiced, open invoices (disputed ones too), notes receivable until they are paid; less
unapplied cash and credit notes. An order's deposit is deducted from the order, so its cash must
not stand as unapplied as well. More paid than owed is a negative exposure: it adds to what is
available.
"""

from datetime import date, timedelta
from decimal import Decimal

import polars as pl

from scoring.beside import beside
from scoring.ledger import Ledger
from scoring.policy import ExposurePolicy

__all__ = ["EXPOSURE_PARTS", "exposed"]

#: The parts as the explanation shows them, in the order of the chain.
EXPOSURE_PARTS = (
    *("ar", "notes_receivable", "delivered_open", "orders_open"),
    *("unapplied", "free_deposits", "exposure"),
)
_NO_DEPOSITS = pl.DataFrame(schema={"e": pl.UInt32, "deposits": pl.Int64})
_COMPONENTS = {
    "ar": "receivable_limit",
    "notes_receivable": "notes_limit",
    "delivered_open": "delivered_limit",
    "orders_open": "orders_limit",
}


def exposed(
    frame: pl.DataFrame,
    ledger: Ledger,
    policy: ExposurePolicy,
    as_of: date,
    deposits: pl.DataFrame | None = None,
) -> pl.DataFrame:
    """Add the parts (each with its weight), ``exposure`` and ``component_over``.

    ``notes_receivable``, ``delivered_open``, ``orders_open``, ``unapplied``, ``free_deposits``;
    ``component_over`` names the first part above its own limit. ``deposits`` (e, deposits) are cash
    deposits; they count here only when the policy deducts them.
    """
    free = deposits if deposits is not None and policy.deposits_reduce_exposure else _NO_DEPOSITS
    frame = beside(
        frame,
        _orders(ledger, policy, as_of),
        _notes(ledger, policy, as_of),
        free.rename({"deposits": "free_deposits"}),
    )
    names = ("notes_receivable", "delivered_open", "orders_open", "free_deposits")
    unapplied = (pl.col("unapplied_cash") + pl.col("unapplied_credit")) * policy.include_unapplied
    frame = frame.with_columns(
        pl.col(names).fill_null(0), unapplied.cast(pl.Int64).alias("unapplied")
    )
    return frame.with_columns(_exposure(), _over(frame, policy).alias("component_over"))


def _exposure() -> pl.Expr:
    held = pl.sum_horizontal("ar", "notes_receivable", "delivered_open", "orders_open")
    return (held - pl.col("unapplied") - pl.col("free_deposits")).alias("exposure")


def _over(frame: pl.DataFrame, policy: ExposurePolicy) -> pl.Expr:
    """Name the first part above its own limit; the limits stand beside the figures."""
    found = pl.lit(None, pl.String)
    for part, field in reversed(_COMPONENTS.items()):
        if getattr(policy, field) is not None and field in frame.columns:
            found = pl.when(pl.col(part) > pl.col(field)).then(pl.lit(part)).otherwise(found)
    return found


def _weighted(amount: pl.Expr, weight: Decimal) -> pl.Expr:
    """Weigh a sum, halves rounded up."""
    up, down = weight.as_integer_ratio()
    return (amount.sum() * up * 2 + down) // (2 * down)


def _orders(ledger: Ledger, policy: ExposurePolicy, as_of: date) -> pl.DataFrame:
    """Sum orders; one without a delivery date may be due any day and counts.

    What is delivered counts whenever the rest is due.
    """
    horizon = as_of + timedelta(days=policy.order_horizon_days)
    soon = pl.col("deliver_on").is_null() | (pl.col("deliver_on") <= horizon)
    rest = pl.col("amount") * (soon & pl.lit(policy.include_orders))
    shipped = pl.col("delivered") * pl.lit(policy.include_delivered)
    return (
        ledger.orders.filter(pl.col("ordered_on") <= as_of)
        .group_by("e")
        .agg(
            _weighted(rest, policy.order_weight).alias("orders_open"),
            _weighted(shipped, policy.delivered_weight).alias("delivered_open"),
        )
    )


def _notes(ledger: Ledger, policy: ExposurePolicy, as_of: date) -> pl.DataFrame:
    """Sum notes that are not ended; past due or dishonoured they count in full."""
    if not policy.include_notes:
        return pl.DataFrame(schema={"e": pl.UInt32, "notes_receivable": pl.Int64})
    day = pl.lit(as_of)
    ended = (pl.col("ended_on") <= day).fill_null(value=False)
    failed = (pl.col("due_on") < day) | (pl.col("dishonoured_on") <= day).fill_null(value=False)
    amount, bank = pl.col("amount"), pl.col("kind") == "bank_acceptance"
    standing = ledger.notes.filter((pl.col("received_on") <= day) & ~ended)
    return (
        standing.with_columns(failed.alias("failed"))
        .group_by("e")
        .agg(
            pl.sum_horizontal(
                (amount * pl.col("failed")).sum(),
                _weighted(amount * (bank & ~pl.col("failed")), policy.bank_acceptance_weight),
                _weighted(
                    amount * (~bank & ~pl.col("failed")), policy.commercial_acceptance_weight
                ),
            ).alias("notes_receivable")
        )
    )
