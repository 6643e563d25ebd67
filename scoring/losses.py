"""What undoes or ends a claim: returned payments, write-offs, records that are a default.

Rules: credit-management 2.1 (returned payment, write-off) and 0 (default event).
"""

import polars as pl

from scoring.rates import Conversion, split_known

__all__ = ["SETBACKS", "default_records", "reversed_payments", "worlds_of", "written_elsewhere"]

#: Codes of records that are a default event of their own (0).
SETBACKS = ("insolvency", "liquidation", "dishonest_our_claim", "distressed_extension")
_ORDER = ("i", "world", "on", "written", "cash", "p")


def reversed_payments(returns: pl.DataFrame) -> pl.DataFrame:
    """Name the payments that bounced: payment, back (the day, the first if told twice)."""
    return returns.group_by("payment").agg(pl.col("returned_on").min().alias("back"))


def worlds_of(laid: pl.DataFrame, returned: pl.DataFrame) -> pl.DataFrame:
    """Lay the parts of a claim anew from the day one of its payments was returned.

    Until that day the payment stood; from then on the claim looks as if it had never come. Adds
    ``world`` (0 before any return), ``since`` and ``until``, the days between which a row counts,
    and ``back``, the day its own payment was returned.
    """
    plain = laid.with_columns(
        pl.lit(0, pl.UInt32).alias("world"),
        pl.lit(None, pl.Date).alias("since"),
        pl.lit(None, pl.Date).alias("until"),
        pl.lit(None, pl.Date).alias("back"),
    )
    if not returned.height:
        return plain
    marked = laid.join(returned, on="payment", how="left", maintain_order="left")
    bounced = marked.filter(pl.col("back").is_not_null()).select("i", "back").unique()
    if not bounced.height:
        return plain
    touched = (
        marked.join(_spans(bounced), on="i", how="inner")
        .filter((pl.col("back") > pl.col("since")).fill_null(value=True))
        .select(plain.columns)
    )
    rest = plain.join(bounced, on="i", how="anti")
    return pl.concat([rest, touched]).sort(_ORDER)


def _spans(bounced: pl.DataFrame) -> pl.DataFrame:
    """Number the times between returns on a claim: i, world, since, until."""
    claims = bounced.select("i", pl.lit(None, pl.Date).alias("since")).unique()
    starts = pl.concat([claims, bounced.select("i", pl.col("back").alias("since"))])
    return starts.sort("i", "since", nulls_last=False).select(
        "i",
        pl.int_range(pl.len(), dtype=pl.UInt32).over("i").alias("world"),
        "since",
        pl.col("since").shift(-1).over("i").alias("until"),
    )


def written_elsewhere(
    write_offs: pl.DataFrame, claims: pl.DataFrame, convert: Conversion
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """List write-offs that name no claim of the Book: e, on, amount; and those without a rate."""
    loose = write_offs.join(claims.select("item"), on="item", how="anti").select(
        "e", pl.col("written_off_on").alias("on"), "currency", "target", "amount"
    )
    known, lost = split_known(convert(loose, {"amount": "value"}, "currency", "target"), "on")
    return known.select("e", "on", pl.col("value").alias("amount")), lost


def default_records(records: pl.DataFrame) -> pl.DataFrame:
    """List public records that are a default event: e, code, on, until (null: still so).

    A registry extract that says liquidation or bankruptcy holds until an extract says otherwise.
    A distressed extension is an event of one day.
    """
    kind, status = pl.col("kind"), pl.col("status")
    code = (
        pl.when((kind == "dishonest") & (status == "our_claim"))
        .then(pl.lit("dishonest_our_claim"))
        .when(kind.is_in(["insolvency", "distressed_extension"]))
        .then(kind)
    )
    day = pl.col("known_on")
    until = pl.when(kind == "distressed_extension").then(day).otherwise("ended_on")
    listed = records.select("e", code.alias("code"), day.alias("on"), until.alias("until"))
    return pl.concat([listed.filter(pl.col("code").is_not_null()), _by_registry(records)])


def _by_registry(records: pl.DataFrame) -> pl.DataFrame:
    codes = {"liquidation": "liquidation", "bankruptcy": "insolvency"}
    extracts = records.filter(pl.col("kind") == "registry").sort("e", "known_on", "record")
    ends = pl.coalesce("ended_on", pl.col("known_on").shift(-1).over("e"))
    return extracts.select(
        "e",
        pl.col("status").replace_strict(codes, default=None, return_dtype=pl.String).alias("code"),
        pl.col("known_on").alias("on"),
        ends.alias("until"),
    ).filter(pl.col("code").is_not_null())
