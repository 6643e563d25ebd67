"""Unapplied money: cash and credit notes that stand on no claim, with the dates it is so.

Three ways lead here: never applied, applied in excess of the claim, and paid before the claim was
issued (until it is).
"""

from collections.abc import Mapping

import polars as pl

from scoring.rates import Conversion, split_known

__all__ = ["unapplied_money", "within_payments"]


def unapplied_money(
    keyed: Mapping[str, pl.DataFrame],
    allocations: pl.DataFrame,
    claims: pl.DataFrame,
    laid: pl.DataFrame,
    convert: Conversion,
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """List money that stands on no claim: never applied, applied in excess, or not yet applied."""
    parts = [
        _payments_left(keyed["payments"], allocations, claims, convert),
        _credit_notes_left(keyed["items"], claims),
        _excess(laid),
        _ahead_of_their_claim(laid),
    ]
    both = pl.concat(parts).filter(pl.col("raw") > 0)
    targets = pl.concat(
        [keyed[name].select("e", "target") for name in ("payments", "items")]
    ).unique()
    spare = convert(both.join(targets, on="e", how="left"), {"raw": "amount"}, "currency", "target")
    return split_known(spare.drop("target"), "on")


def within_payments(allocations: pl.DataFrame, payments: pl.DataFrame) -> pl.DataFrame:
    """Cut what was laid out beyond a payment, the last first: more was never received.

    Compared where both are in one currency; in two, the difference may be one of exchange.
    """
    key = ["payment", "currency"]
    own = payments.select(*key, pl.col("amount").alias("whole"))
    sums = (
        allocations.lazy()
        .select(*key, "amount")
        .join(own.lazy().select(*key).with_row_index("row"), on="payment", suffix="_received")
        .filter(pl.col("currency") == pl.col("currency_received"))
        .group_by("row")  # by number: groups of texts would take much memory
        .agg(pl.col("amount").sum())
        .collect()
    )
    beyond = own[sums.filter(pl.col("amount") > own["whole"][sums["row"]])["row"]]
    if not beyond.height:
        return allocations
    order = allocations.sort("paid_on", "allocation")
    marked = order.join(beyond, on=key, how="left", maintain_order="left")
    amount = pl.col("amount")
    left = pl.col("whole") - (amount.cum_sum().over(key) - amount)
    fits = pl.min_horizontal(amount, left.clip(lower_bound=0).fill_null(amount))
    kept = marked.with_columns(fits.alias("amount")).filter(
        amount.gt(0) | pl.col("whole").is_null()
    )
    return kept.drop("whole")


def _payments_left(
    payments: pl.DataFrame, allocations: pl.DataFrame, claims: pl.DataFrame, convert: Conversion
) -> pl.DataFrame:
    known = allocations.join(claims.select("item"), on="item", how="semi").select(
        "payment", pl.col("currency").alias("claim_currency"), pl.col("amount").alias("laid")
    )
    own = payments.select("payment", "currency")
    used = (
        convert(
            known.join(own, on="payment", how="inner"),
            {"laid": "used"},
            "claim_currency",
            "currency",
        )
        .group_by("payment")
        .agg(pl.col("used").sum())
    )
    return payments.join(used, on="payment", how="left").select(
        "e",
        "account",
        pl.col("paid_on").alias("on"),
        # A returned payment was there until it came back.
        pl.col("back").alias("until"),
        pl.lit(value=True).alias("cash"),
        (pl.col("amount") - pl.col("used").fill_null(0)).alias("raw"),
        "currency",
    )


def _credit_notes_left(items: pl.DataFrame, claims: pl.DataFrame) -> pl.DataFrame:
    applied_to = pl.col("applies_to")
    known = claims.select(pl.col("item").alias("applies_to"), pl.lit(value=True).alias("known"))
    return (
        items.filter(pl.col("kind") == "credit_note")
        .join(known, on="applies_to", how="left")
        .filter(applied_to.is_null() | pl.col("known").is_null())
        .select(
            "e",
            "account",
            pl.col("issued_on").alias("on"),
            pl.lit(None, pl.Date).alias("until"),
            pl.lit(value=False).alias("cash"),
            pl.col("amount").alias("raw"),
            "currency",
        )
    )


def _excess(laid: pl.DataFrame) -> pl.DataFrame:
    over = pl.col("laid") - (pl.col("filled") - pl.col("filled_before"))
    stands = laid.filter(pl.col("until").is_null() | (pl.col("at") < pl.col("until")))
    return _off_claim(stands, pl.col("at"), pl.col("until"), over, pl.col("claim_currency"))


def _ahead_of_their_claim(laid: pl.DataFrame) -> pl.DataFrame:
    early = laid.filter((pl.col("issued") > pl.col("on")) & (pl.col("world") == 0))
    end = pl.min_horizontal("issued", "back")
    return _off_claim(early, pl.col("on"), end, pl.col("own"), pl.col("currency"))


def _off_claim(
    laid: pl.DataFrame, on: pl.Expr, until: pl.Expr, raw: pl.Expr, currency: pl.Expr
) -> pl.DataFrame:
    """Shape rows as unapplied money of who paid; a payment that is not in the Book has no payer."""
    return laid.filter(pl.col("account").is_not_null()).select(
        pl.col("payer").alias("e"),
        "account",
        on.alias("on"),
        until.alias("until"),
        "cash",
        raw.alias("raw"),
        currency.alias("currency"),
    )
