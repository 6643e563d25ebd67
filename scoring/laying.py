"""What was laid on claims (核销): cash, credit notes and write-offs, in order of date.

Rules (credit-management 2.1): an applied credit note reduces its invoice from its issue date; what
exceeds an invoice does not fit on it and stays unapplied.
"""

from collections.abc import Mapping

import polars as pl

from scoring.keys import NOTHING, at_first
from scoring.rates import Conversion, split_known

__all__ = ["applied_to_claims", "clipped", "laid_on_claims", "timeline"]


def laid_on_claims(
    keyed: Mapping[str, pl.DataFrame],
    allocations: pl.DataFrame,
    claims: pl.DataFrame,
    convert: Conversion,
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """List what was laid on each claim, in the claim's currency, sorted by claim and date.

    Beside it what has no exchange rate: e, on, currency.
    """
    parts = [
        _cash(allocations, keyed["payments"]),
        _without_payment(_credit_notes(keyed["items"]), written=False),
        _without_payment(_write_offs(keyed["write_offs"]), written=True),
    ]
    columns = parts[0].columns
    on_claims = pl.concat(part.select(columns) for part in parts).join(
        _targets(claims), on="item", how="inner"
    )
    laid = convert(
        on_claims.drop("item").rename({"amount": "own"}),
        {"own": "amount"},
        "currency",
        "claim_currency",
    )
    known, lost = split_known(laid, "on")
    # One date: credit notes before cash, so that the excess is cash; what is left is written off.
    return known.rename({"amount": "laid"}).sort("i", "on", "written", "cash", "p"), lost


def _targets(claims: pl.DataFrame) -> pl.DataFrame:
    return claims.select(
        "item",
        pl.int_range(pl.len(), dtype=pl.UInt32).alias("i"),
        "e",
        "issued",
        "due",
        "target",
        pl.col("currency").alias("claim_currency"),
        pl.col("raw").alias("claim_raw"),
        pl.col("amount").alias("claim"),
    )


def _cash(allocations: pl.DataFrame, payments: pl.DataFrame) -> pl.DataFrame:
    payers = payments.select(
        "payment",
        # By id, so that two payments on one day are laid in the same order whoever lists them.
        pl.col("payment").rank("ordinal").cast(pl.UInt32).alias("p"),
        pl.col("e").alias("payer"),
        "account",
    )
    laid = allocations.select(
        "payment", "item", "currency", "amount", pl.col("paid_on").alias("on")
    )
    return laid.join(payers, on="payment", how="left").with_columns(
        pl.col("p").fill_null(NOTHING),  # the payment is not in the Book
        pl.lit(value=True).alias("cash"),
        pl.lit(value=False).alias("written"),
    )


def _credit_notes(items: pl.DataFrame) -> pl.DataFrame:
    applied = items.filter((pl.col("kind") == "credit_note") & pl.col("applies_to").is_not_null())
    return applied.select(
        pl.col("applies_to").alias("item"),
        "currency",
        "amount",
        pl.col("issued_on").alias("on"),
        pl.col("e").alias("payer"),
        "account",
    )


def _write_offs(write_offs: pl.DataFrame) -> pl.DataFrame:
    return write_offs.select(
        "item",
        "currency",
        "amount",
        pl.col("written_off_on").alias("on"),
        pl.col("e").alias("payer"),
        pl.lit(None, pl.String).alias("account"),
    )


def _without_payment(laid: pl.DataFrame, *, written: bool) -> pl.DataFrame:
    return laid.with_columns(
        pl.lit(None, pl.String).alias("payment"),
        pl.lit(0, pl.UInt32).alias("p"),
        pl.lit(value=False).alias("cash"),
        pl.lit(value=written).alias("written"),
    )


def clipped(laid: pl.DataFrame) -> pl.DataFrame:
    """Add ``raw``, the part that still fits on its claim, and the running totals around it."""
    first = _starts_claim()
    total = pl.col("laid").cum_sum()
    before = at_first(first, total - pl.col("laid"))
    return laid.with_columns((total - before).alias("total")).with_columns(
        pl.min_horizontal("total", "claim_raw").alias("filled"),
        pl.min_horizontal(pl.col("total") - pl.col("laid"), "claim_raw").alias("filled_before"),
        pl.max_horizontal("on", "issued", "since").alias("at"),
    )


def applied_to_claims(laid: pl.DataFrame, convert: Conversion) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Convert what fits on the claims.

    The running total is converted, not each part: a claim that is settled in its own currency is
    settled to the last minor unit in the entity's.
    """
    stands = pl.col("until").is_null() | (pl.col("at") < pl.col("until"))
    fits = laid.filter(stands & (pl.col("filled") > pl.col("filled_before")))
    columns = {"filled": "now", "filled_before": "was"}
    known = convert(fits, columns, "claim_currency", "target").with_columns(
        (pl.col("now") - pl.col("was")).alias("amount"),
        (pl.col("filled") - pl.col("filled_before")).alias("raw"),
    )
    applied, lost = split_known(known, "at")
    return timeline(applied), lost


def timeline(parts: pl.DataFrame) -> pl.DataFrame:
    """Add to parts sorted by claim and date what is open after each, and how many payments so far.

    Needs i, e, p, on, at, until, world, cash, written, amount, raw, issued, due, claim.
    """
    first = _starts_claim()
    again = ~first & (pl.col("p") == pl.col("p").shift())
    payment = (pl.col("cash") & ~again).cast(pl.Int64)
    total, count = pl.col("amount").cum_sum(), payment.cum_sum()
    return parts.select(
        *("i", "e", "p", "on", "at", "until", "world", "cash", "written", "amount", "raw"),
        *("issued", "due", "claim"),
        (pl.col("claim") - total + at_first(first, total - pl.col("amount"))).alias("rest"),
        (count - at_first(first, count - payment)).alias("parts"),
    )


def _starts_claim() -> pl.Expr:
    """Tell where another claim begins, or the same one seen after a payment was returned."""
    another = pl.col("i") != pl.col("i").shift().fill_null(NOTHING)
    return another | (pl.col("world") != pl.col("world").shift())
