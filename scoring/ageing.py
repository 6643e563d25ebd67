"""The ageing of all customers (账龄表, credit-management 2.2): each in its currency, with totals."""

from collections.abc import Mapping
from datetime import date

import msgspec
import polars as pl

from scoring.holdings import AGEING, LeftOut, in_policy_currency
from scoring.rates import Conversion, Rate

__all__ = ["Aged", "AgeingReport", "TrendPoint", "ageing_report", "trend_point"]

_SUMS = (*AGEING, "ar", "overdue")


class Aged(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One customer, or some together, in minor units of ``currency``; the buckets sum to ``ar``.

    ``overdue`` leaves out what is under a valid dispute. Unapplied money is not deducted.
    """

    currency: str
    age_current: int
    age_1_30: int
    age_31_60: int
    age_61_90: int
    age_over_90: int
    ar: int
    overdue: int
    entity: str = ""
    name: str = ""
    rating: str = ""


class AgeingReport(msgspec.Struct, frozen=True, kw_only=True):
    """Who owes what at ``as_of``, the most overdue first.

    ``totals`` are by currency, ``total`` is all in the policy's currency without ``left_out``: for
    those there is no rate. A customer whose own figures cannot be known is in no line at all.
    """

    as_of: date
    currency: str
    customers: tuple[Aged, ...]
    totals: tuple[Aged, ...]
    total: Aged
    left_out: tuple[LeftOut, ...]


def ageing_report(
    rows: pl.DataFrame, rates: Mapping[str, Rate], base: str, as_of: date
) -> AgeingReport:
    """Lay out the holdings of a day; who owes nothing is left out."""
    converted, left_out = in_policy_currency(rows, rates, base)
    owing = rows.filter(pl.col("unknown").is_null() & (pl.col("ar") > 0))
    weight = converted.select("entity", pl.col("overdue").alias("_late"), pl.col("ar").alias("_ar"))
    ordered = owing.join(weight, on="entity", how="left").sort(
        "_late", "_ar", "entity", descending=[True, True, False], nulls_last=True
    )
    columns = ("entity", "name", "rating", "currency", *_SUMS)
    sums = [pl.col(name).sum() for name in _SUMS]
    totals = owing.group_by("currency").agg(sums).sort("currency")
    return AgeingReport(
        as_of=as_of,
        currency=base,
        customers=tuple(Aged(**row) for row in ordered.select(columns).to_dicts()),
        totals=tuple(Aged(**row) for row in totals.to_dicts()),
        total=Aged(currency=base, **converted.select(sums).row(0, named=True)),
        left_out=left_out,
    )


class TrendPoint(msgspec.Struct, frozen=True, kw_only=True):
    """All customers' ageing as it was seen on a day, in the policy's currency.

    ``left_out`` counts who could not be known or converted.
    """

    on: date
    customers: int
    ar: int
    overdue: int
    over_90: int
    left_out: int


def trend_point(seen: pl.DataFrame, rates: Mapping[str, Rate], base: str, on: date) -> TrendPoint:
    """Sum a day's snapshots: currency, the buckets current to over_90, and overdue."""
    buckets = ("current", "days_1_30", "days_31_60", "days_61_90", "over_90")
    columns = {name: name for name in (*buckets, "overdue")}
    rows = seen.with_columns(pl.lit(base).alias("_base"))
    known = Conversion(rates, base)(rows, columns, "currency", "_base").drop_nulls(list(columns))
    return TrendPoint(
        on=on,
        customers=known.height,
        ar=int(sum(known[name].sum() for name in buckets)),
        overdue=int(known["overdue"].sum()),
        over_90=int(known["over_90"].sum()),
        left_out=seen.height - known.height,
    )
