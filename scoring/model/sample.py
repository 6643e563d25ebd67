"""Training samples from a Book, with nothing in them that was not known at the cut.

Invoices with the day they were settled (17.4), and customer-quarters (5.3) with what happened
afterwards. A target is null while its time is not over at ``as_of``. Splits are by time, and a
customer may be kept wholly on one side.
"""

from collections.abc import Callable, Sequence
from datetime import date, timedelta
from zlib import crc32

import polars as pl

from scoring.book import Book
from scoring.claims import applied_until, open_claims
from scoring.policy import BehaviourPolicy
from scoring.windows import months_before

__all__ = [
    "OUTCOME_DAYS",
    "OUTCOME_MONTHS",
    "TARGETS",
    "customer_quarters",
    "invoices_of",
    "known_at",
    "late_outcomes",
    "month_ends",
    "open_of",
    "quarter_ends",
    "time_split",
]

Assess = Callable[[date], pl.DataFrame]
"""Gives the engine's frame at a date: ``scoring.assess(book, policy, day).frame``."""

OUTCOME_DAYS = 90
OUTCOME_MONTHS = 12
TARGETS = ("default_12m", "late_5", "late_30_share")

_LATE_DAYS = 5
_VERY_LATE_DAYS = 30
_VERY_LATE_SHARE = 0.1
_BUCKETS = 1000


def invoices_of(book: Book, rules: BehaviourPolicy, as_of: date) -> pl.DataFrame:
    """List the invoices posted by ``as_of``: item, customer, segment, posted, due, settled, amount.

    Amounts are minor units of the entity's currency, which is also the segment. Settled as in
    credit-management 2.1: when cash brought the rest down to the tolerance; null while open, and
    for invoices that credit notes alone settled there is no row: they say nothing about paying.
    """
    ledger = book.ledger
    up, down = rules.settled_tolerance_share.as_integer_ratio()
    units, of = rules.settled_tolerance.as_integer_ratio()
    tolerance = pl.max_horizontal(pl.col("unit") * units // of, pl.col("claim") * up // down)
    done = (
        applied_until(ledger, as_of)
        .join(ledger.entities.select("e", "unit"), on="e", how="left", maintain_order="left")
        .filter(pl.col("rest") <= tolerance)
        .group_by("i")
        .agg(pl.col("on").min().alias("settled"), (pl.col("parts") > 0).any().alias("by_cash"))
    )
    names = ledger.entities.select("e", pl.col("entity").alias("customer"), "currency")
    return (
        ledger.claims.with_columns(pl.int_range(pl.len(), dtype=pl.UInt32).alias("i"))
        .filter(pl.col("issued") <= as_of)
        .join(done, on="i", how="left")
        .filter(pl.col("by_cash").fill_null(value=True))
        .join(names, on="e", how="left")
        .sort("i")
        .select(
            "item",
            "customer",
            pl.col("currency").alias("segment"),
            pl.col("issued").alias("posted"),
            "due",
            "settled",
            "amount",
        )
    )


def open_of(book: Book, rules: BehaviourPolicy, as_of: date) -> pl.DataFrame:
    """List what is open at ``as_of``: item, customer, due, currency, open (in that currency)."""
    ledger = book.ledger
    standing = open_claims(ledger, applied_until(ledger, as_of), rules, as_of)
    names = ledger.entities.select("e", pl.col("entity").alias("customer"), "currency")
    return (
        standing.join(names, on="e", how="left")
        .sort("i")
        .select("item", "customer", "due", "currency", "open")
    )


def known_at(invoices: pl.DataFrame, cut: date) -> pl.DataFrame:
    """Take away what happened after the cut: later invoices, and settlements of earlier ones."""
    settled = pl.when(pl.col("settled") <= cut).then("settled")
    return invoices.filter(pl.col("posted") <= cut).with_columns(settled.alias("settled"))


def time_split(
    rows: pl.DataFrame, cut: date, *, posted: str, known: str, whole: str | None = None
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Split in (training, test): training lies before the cut with labels known before it.

    ``posted`` names the date of a row, ``known`` the date its label is known (null: never). With
    ``whole`` (a column of customers) a customer is wholly on one side, three in ten on the test's,
    the same ones in every run. Rows before the cut without a known label belong to neither side.
    """
    before = pl.col(posted) < cut
    train = before & (pl.col(known) < cut).fill_null(value=False)
    test = ~before
    if whole is None:
        return rows.filter(train), rows.filter(test)
    names = rows[whole].unique()
    tested = [name for name in names if crc32(str(name).encode()) % _BUCKETS < 0.3 * _BUCKETS]
    on_test = pl.col(whole).is_in(tested)
    return rows.filter(train & ~on_test), rows.filter(test & on_test)


def month_ends(as_of: date, months: int) -> list[date]:
    """List the last ``months`` ends of months up to ``as_of``, oldest first."""
    ends = (_month_end(as_of, -back) for back in range(months, -1, -1))
    return [day for day in ends if day <= as_of][-months:]


def quarter_ends(first: date, last: date) -> list[date]:
    """List the quarters' last days in ``[first, last]``."""
    ends = []
    for year in range(first.year, last.year + 1):
        for month in (4, 7, 10, 13):
            day = date(year + month // 13, (month - 1) % 12 + 1, 1) - timedelta(days=1)
            if first <= day <= last:
                ends.append(day)
    return ends


def customer_quarters(
    invoices: pl.DataFrame, days: Sequence[date], as_of: date, assess: Assess
) -> pl.DataFrame:
    """Take every customer at every day with the engine's figures, and what came afterwards.

    Adds ``on``, ``customer`` and the ``TARGETS``: a default event in the next 12 months (those in
    default already are left out), and the two of ``late_outcomes``. Each is null while its time is
    not over at ``as_of``; ``known_<target>`` is the day it is. ``invoices`` as at ``as_of``.
    """
    defaults = _defaulted(days, as_of, assess)
    parts = []
    for day in days:
        frame = assess(day).filter(pl.col("known") & ~pl.col("in_default"))
        part = frame.rename({"entity": "customer"}).with_columns(pl.lit(day).alias("on"))
        part = part.join(late_outcomes(invoices, day, as_of), on="customer", how="left")
        parts.append(part.with_columns(_default_target(day, as_of, defaults)))
    return pl.concat(parts, how="diagonal_relaxed") if parts else pl.DataFrame()


def _default_target(day: date, as_of: date, defaults: dict[date, set[str]]) -> list[pl.Expr]:
    """A default event leaves its mark for months, so looking at month ends finds every one."""
    over = months_before(day, -OUTCOME_MONTHS)
    later = [names for end, names in defaults.items() if day < end <= over]
    hit = pl.col("customer").is_in(sorted(set().union(*later)))
    target = hit if over <= as_of else pl.lit(None, pl.Boolean)
    return [target.alias("default_12m"), pl.lit(over).alias("known_default_12m")]


def _defaulted(days: Sequence[date], as_of: date, assess: Assess) -> dict[date, set[str]]:
    """Tell who is in default at each month end after the first day, up to ``as_of``."""
    if not days:
        return {}
    found, day, months = {}, min(days), 0
    last = min(as_of, months_before(max(days), -OUTCOME_MONTHS))
    while (end := _month_end(day, months)) <= last:
        found[end] = set(assess(end).filter("in_default")["entity"])
        months += 1
    return found


def _month_end(day: date, months: int) -> date:
    return months_before(day.replace(day=1), -(months + 1)) - timedelta(days=1)


def late_outcomes(
    invoices: pl.DataFrame, day: date, as_of: date, *, days: int = OUTCOME_DAYS
) -> pl.DataFrame:
    """Tell how the invoices posted in the days after ``day`` were paid, a customer (17.2).

    Columns customer, late_5 (amount-weighted mean days late, early payment counting as negative,
    above 5), late_30_share (more than 10 % of the amount later than 30 days) and late_30_any, with
    the days they are known. An invoice still open counts as late as it is at ``as_of``. Empty while the days are
    not over. Who was posted nothing has no row.
    """
    over = day + timedelta(days=days)
    end = pl.coalesce("settled", pl.lit(as_of))
    late = (end - pl.col("due")).dt.total_days()
    amount = pl.col("amount").cast(pl.Float64)
    posted = pl.col("posted").is_between(day, over, closed="right") & (over <= as_of)
    very = (amount * (late > _VERY_LATE_DAYS)).sum() / amount.sum()
    return (
        invoices.filter(posted)
        .group_by("customer")
        .agg(
            ((amount * late).sum() / amount.sum() > _LATE_DAYS).alias("late_5"),
            (very > _VERY_LATE_SHARE).alias("late_30_share"),
            (late > _VERY_LATE_DAYS).any().alias("late_30_any"),
            pl.max_horizontal(end.max(), pl.lit(over)).alias("known_late_5"),
            pl.max_horizontal(end.max(), pl.lit(over)).alias("known_late_30_share"),
            pl.len().alias("n_posted"),
        )
        .sort("customer")
    )
