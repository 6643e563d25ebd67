"""Segment limits (信用段): what of the limit each product line or selling unit may use (6.4)."""

from datetime import date

import polars as pl

from scoring.book import Book
from scoring.calendar import WorkCalendar
from scoring.claims import open_items
from scoring.known import known, priced
from scoring.policy import Policy

__all__ = ["segments"]


def segments(
    book: Book, policy: Policy, as_of: date, *, calendar: WorkCalendar | None = None
) -> pl.DataFrame:
    """List the segments that somebody gave a limit: entity, segment, limit, exposure, available.

    Exposure is what is open of the segment's invoices and not invoiced of its orders, in the
    entity's currency; null where a rate is missing. Sorted by entity and segment.
    """
    limits = _limits(book, as_of)
    used = pl.concat([_open(book, policy, as_of, calendar), _ordered(book, policy, as_of)])
    sums = used.group_by("e", "segment").agg(
        pl.when(pl.col("amount").null_count() == 0).then(pl.col("amount").sum()).alias("exposure")
    )
    entities = book.ledger.entities.select("e", "entity", "currency")
    return (
        limits.join(sums, on=["e", "segment"], how="left")
        .with_columns(
            # A segment nobody bought in uses nothing; one with an unknown rate stays unknown.
            pl.when(
                pl.struct("e", "segment").is_in(
                    sums.select(pl.struct("e", "segment")).to_series().implode()
                )
            )
            .then("exposure")
            .otherwise(0)
            .alias("exposure")
        )
        .with_columns((pl.col("limit") - pl.col("exposure")).alias("available"))
        .join(entities, on="e")
        .select("entity", "segment", "currency", "limit", "exposure", "available")
        .sort("entity", "segment")
    )


def _limits(book: Book, as_of: date) -> pl.DataFrame:
    rows = known(book, "decisions", as_of).filter(
        (pl.col("kind") == "segment_limit")
        & pl.col("scope").is_not_null()
        & (pl.col("to_on") >= as_of).fill_null(value=True)
    )
    amounts = priced(book, rows, ("amount",)).drop_nulls("amount")
    return (
        amounts.sort("from_on", "decision")
        .unique(["e", "scope"], keep="last", maintain_order=True)
        .select("e", pl.col("scope").alias("segment"), pl.col("amount").alias("limit"))
    )


def _open(book: Book, policy: Policy, as_of: date, calendar: WorkCalendar | None) -> pl.DataFrame:
    items = open_items(book, policy, as_of, calendar=calendar)
    named = items.join(book.items.select("item", "segment"), on="item").drop_nulls("segment")
    keys = book.ledger.entities.select("entity", "e")
    rows = named.join(keys, on="entity").select("e", "segment", "currency", amount="open")
    return priced(book, rows, ("amount",)).select("e", "segment", "amount")


def _ordered(book: Book, policy: Policy, as_of: date) -> pl.DataFrame:
    rows = known(book, "orders", as_of).filter(
        (pl.col("status") == "open") & ~pl.col("prepaid") & pl.col("segment").is_not_null()
    )
    deposit = pl.col("deposit").fill_null(0)
    left = (pl.max_horizontal("amount", "delivered") - pl.col("invoiced") - deposit).clip(
        lower_bound=0
    )
    kept = rows.with_columns(left.alias("amount")).filter(
        (pl.col("amount") > 0) & pl.lit(policy.exposure.include_orders)
    )
    return priced(book, kept, ("amount",)).select("e", "segment", "amount")
