"""What a portfolio is summed from: a few figures of each assessed customer, in its own currency.

Narrow on purpose: a company's whole book is assessed in portions, and only this much of each is
kept until the sums are made.
"""

from collections.abc import Mapping

import msgspec
import polars as pl

from scoring.assess import Assessments
from scoring.calendar import WorkCalendar
from scoring.rates import Conversion, Rate
from scoring.windows import windows_of

__all__ = ["AGEING", "HOLDING_COLUMNS", "LeftOut", "holdings", "in_policy_currency"]

#: The buckets of the ageing (2.2), youngest first; they sum to ``ar``.
AGEING = ("age_current", "age_1_30", "age_31_60", "age_61_90", "age_over_90")
_AMOUNTS = (
    *AGEING,
    *("ar", "overdue", "exposure", "limit", "secured", "expected_loss", "provision"),
    *("sales", "recent_sales", "ar_before"),
)
_WORDS = ("entity", "name", "segment", "rating", "currency", "unknown", "hold", "watch_level")
_COUNTS = ("n_promises", "n_broken")
HOLDING_COLUMNS: dict[str, type[pl.DataType]] = {
    **dict.fromkeys(_WORDS, pl.String),
    "overridden": pl.Boolean,
    **dict.fromkeys((*_COUNTS, *_AMOUNTS), pl.Int64),
}


class LeftOut(msgspec.Struct, frozen=True, kw_only=True):
    """A customer that is in no sum, because there is no exchange rate for ``currency``."""

    entity: str
    name: str
    currency: str


def holdings(decided: Assessments) -> pl.DataFrame:
    """Take the figures of a portfolio off an assessment: ``HOLDING_COLUMNS``, in the book's order.

    ``segment`` is the customer's industry, null where nobody said it; ``unknown`` names a currency
    without a rate that its own figures leave out. ``exposure`` is at least 0: money we hold of one
    customer pays nobody else's debts. ``limit`` is the one in force. ``ar_before`` is the
    receivable when the policy's recent months began, ``recent_sales`` what was sold since.
    """
    limit = pl.col("effective_limit").fill_null(pl.col("limit"))
    industry = decided.book.entities.select("entity", "name", pl.col("industry").alias("segment"))
    frame = decided.frame.join(industry, on="entity", how="left", maintain_order="left")
    frame = frame.join(_receivable_before(decided), on="entity", how="left", maintain_order="left")
    return frame.with_columns(
        limit.alias("limit"),
        pl.col("exposure").clip(lower_bound=0),
        pl.col("rating_before_override").is_not_null().alias("overridden"),
        pl.col("ar_before").fill_null(0),
    ).select(pl.col(name).cast(kind) for name, kind in HOLDING_COLUMNS.items())


def _receivable_before(decided: Assessments) -> pl.DataFrame:
    recent = windows_of(decided.as_of, decided.policy.behaviour, WorkCalendar()).recent
    names = decided.book.entities.select(
        pl.int_range(pl.len(), dtype=pl.UInt32).alias("e"), pl.col("entity")
    )
    return (
        decided.book.ledger.balance.filter(pl.col("on") <= recent)
        .group_by("e")
        .agg(pl.col("ar").last().alias("ar_before"))
        .join(names, on="e")
        .select("entity", "ar_before")
    )


def in_policy_currency(
    rows: pl.DataFrame, rates: Mapping[str, Rate], base: str
) -> tuple[pl.DataFrame, tuple[LeftOut, ...]]:
    """Convert holdings at the given rates, priced in ``base``, and name those that cannot be.

    Each amount is rounded once; the receivable is the sum of its buckets before and after.
    """
    convert = Conversion(rates, base)
    wanted = rows.with_columns(pl.lit(base).alias("_base"), pl.lit(1, pl.Int64).alias("_one"))
    amounts = {name: name for name in _AMOUNTS}
    converted = convert(wanted, {**amounts, "_one": "_known"}, "currency", "_base")
    lost = pl.col("unknown").is_not_null() | pl.col("_known").is_null()
    missing = converted.filter(lost).select(
        "entity", "name", pl.coalesce("unknown", "currency").alias("currency")
    )
    left_out = tuple(LeftOut(**row) for row in missing.to_dicts())
    summed = converted.with_columns(pl.sum_horizontal(AGEING).alias("ar"))
    return summed.filter(~lost).select(list(HOLDING_COLUMNS)), left_out
