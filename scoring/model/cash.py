"""When open invoices will be paid: Kaplan–Meier curves a customer, cash forecast, expected lateness.

Definitions: credit-management 10 (portfolio views), warning E24. Days count from the due date; an
invoice enters on its posting day and leaves when settled, open ones are censored at ``as_of``. A
customer's hazard of each day is shrunk to the portfolio's: with n at risk and k = ``SHRINKAGE``,
(paid + k · portfolio) / (n + k), so that few invoices, and the thin end of every curve, lean on
everybody's experience.

Works with the run-time libraries alone. Money goes in and comes out as integer minor units; what
a forecast spreads over the weeks and "later" adds up to what is open, item by item.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import polars as pl

__all__ = [
    "INVOICE_COLUMNS",
    "LATER",
    "OPEN_COLUMNS",
    "Curves",
    "delay_curves",
    "expected_late",
    "forecast",
    "kaplan_meier",
    "weekly",
]

#: What curves are drawn from; ``settled`` is null while the invoice is open.
INVOICE_COLUMNS = ("customer", "posted", "due", "settled")
#: What is forecast; ``open`` in minor units of ``currency``.
OPEN_COLUMNS = ("item", "customer", "due", "currency", "open")
#: The week of what is not expected within the weeks asked for.
LATER = 0

SHRINKAGE = 5
EARLIEST, LATEST = -180, 540  # days from due; what lies beyond counts as there
_CUSTOMERS_AT_ONCE = 4000
_NORMAL_80 = 1.2815515655446004  # 10 % above and 10 % below
_SURE = 1e-12  # the least share that a day leaves unpaid, so that it has a logarithm


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class Curves:
    """Shares still unpaid at the end of a day: ``table`` has customer, day, log_unpaid.

    Every customer asked for has every day from the first to the last that anybody's curve has. Only
    the ratio of two days means something: long before the due date few are at risk, and when all of
    those few paid, the curve itself would be zero for everybody from there on. The logarithm keeps
    what comes after.
    """

    table: pl.DataFrame
    first: int
    last: int


def kaplan_meier(lives: pl.DataFrame) -> pl.DataFrame:
    """Estimate one survival curve: day, at_risk, ended, hazard, survival.

    ``lives`` has entry (null: always there), exit and ended (false: censored at the exit). Somebody
    is at risk on a day when entered by it and not gone before it.
    """
    return _chained(_hazards(_counts(lives.with_columns(pl.lit("").alias("customer")))))


def delay_curves(
    invoices: pl.DataFrame,
    as_of: date,
    *,
    customers: Sequence[str] | None = None,
    shrinkage: float = SHRINKAGE,
) -> Curves:
    """Draw each customer's curve of days from due to payment, as known at ``as_of``.

    Settlements after ``as_of`` count as open, invoices posted after it do not exist.
    ``customers``: whose curves; by default all that occur. One without history has the portfolio's.
    """
    lives = _lives(invoices, as_of)
    wanted = invoices["customer"].unique().sort() if customers is None else pl.Series(customers)
    whole = _hazards(_counts(lives.with_columns(pl.lit("").alias("customer"))))
    portfolio = whole.select("day", pl.col("hazard").alias("common"))
    parts = [
        _shrunk(lives, wanted.slice(start, _CUSTOMERS_AT_ONCE), portfolio, shrinkage)
        for start in range(0, len(wanted), _CUSTOMERS_AT_ONCE)
    ]
    days = portfolio["day"]
    table = pl.concat(parts) if parts else _no_curves()
    first, last = (int(days[0]), int(days[-1])) if len(days) else (0, 0)
    return Curves(table=table, first=first, last=last)


def _no_curves() -> pl.DataFrame:
    return pl.DataFrame(schema={"customer": pl.String, "day": pl.Int64, "log_unpaid": pl.Float64})


def _lives(invoices: pl.DataFrame, as_of: date) -> pl.DataFrame:
    """Turn invoices into lives on the axis of days from due: customer, entry, exit, ended."""
    ended = (pl.col("settled") <= as_of).fill_null(value=False)
    until = pl.when(ended).then("settled").otherwise(pl.lit(as_of))

    def from_due(day: pl.Expr) -> pl.Expr:
        return (day - pl.col("due")).dt.total_days().clip(EARLIEST, LATEST)

    return (
        invoices.filter(pl.col("posted") <= as_of)
        .select("customer", entry=from_due(pl.col("posted")), exit=from_due(until), ended=ended)
        .with_columns(pl.min_horizontal("entry", "exit").alias("entry"))
    )


def _counts(lives: pl.DataFrame) -> pl.DataFrame:
    """Count an entity and day who came, left, and ended: customer, day, came, left, ended."""
    entry = pl.col("entry") if "entry" in lives.columns else pl.lit(None, pl.Int64)
    entry = entry.fill_null(pl.col("exit").min())
    came = lives.select("customer", entry.alias("day"), came=1, left=0, ended=0)
    left = lives.select(
        "customer",
        pl.col("exit").alias("day"),
        came=0,
        left=1,
        ended=pl.col("ended").cast(pl.Int32),
    )
    return (
        pl.concat([came, left], how="vertical_relaxed")
        .group_by("customer", "day")
        .agg(pl.col("came", "left", "ended").cast(pl.Int64).sum())
        .sort("customer", "day")
    )


def _hazards(counts: pl.DataFrame) -> pl.DataFrame:
    """Add how many are at risk on each day, and the share of them that ends then."""
    before = pl.col("left").cum_sum().over("customer") - pl.col("left")
    return counts.with_columns(
        (pl.col("came").cum_sum().over("customer") - before).alias("at_risk")
    ).with_columns((pl.col("ended") / pl.col("at_risk")).fill_nan(0.0).alias("hazard"))


def _chained(hazards: pl.DataFrame) -> pl.DataFrame:
    survival = (1 - pl.col("hazard")).cum_prod().over("customer").alias("survival")
    return hazards.with_columns(survival).select("day", "at_risk", "ended", "hazard", "survival")


def _shrunk(
    lives: pl.DataFrame, customers: pl.Series, portfolio: pl.DataFrame, shrinkage: float
) -> pl.DataFrame:
    """Lay the customers' counts on the portfolio's days and chain the shrunk hazards."""
    names = pl.DataFrame({"customer": customers})
    counts = _counts(lives.join(names, on="customer", how="semi"))
    grid = (
        names.join(portfolio, how="cross")
        .join(counts, on=["customer", "day"], how="left", maintain_order="left")
        .with_columns(pl.col("came", "left", "ended").fill_null(0))
    )
    at_risk = pl.col("at_risk")
    shrunk = (pl.col("ended") + shrinkage * pl.col("common")) / (at_risk + shrinkage)
    own = pl.when(at_risk + shrinkage > 0).then(shrunk).otherwise(0.0)
    return _hazards(grid).select(
        "customer",
        "day",
        (1 - own).clip(lower_bound=_SURE).log().cum_sum().over("customer").alias("log_unpaid"),
    )


def forecast(items: pl.DataFrame, curves: Curves, as_of: date, *, weeks: int = 13) -> pl.DataFrame:
    """Spread every open item over the coming weeks: item, customer, currency, week, chance, expected.

    Week w holds the days as_of + 7(w − 1) + 1 to as_of + 7w; ``LATER`` what comes after them or
    never. P(paid in week w | unpaid so far) × open, rounded half up so that an item's weeks add up
    to what is open. An item older than anybody's experience is expected later.
    """
    dpd = (pl.lit(as_of) - pl.col("due")).dt.total_days()
    ends = pl.DataFrame({"week": range(weeks + 1)}, schema={"week": pl.Int64})
    spread = (
        items.select(*OPEN_COLUMNS)
        .with_columns(dpd.alias("dpd"))
        .join(ends, how="cross")
        .with_columns((pl.col("dpd") + 7 * pl.col("week")).alias("day"))
    )
    first = pl.col("week") == 0
    unpaid = _unpaid(spread, curves)
    now = pl.col("log_unpaid").first().over("item")
    stays = (pl.col("log_unpaid") - now).exp()
    left = (pl.col("open").cast(pl.Float64) * stays + 0.5).floor().cast(pl.Int64)
    laid = (
        unpaid.sort("item", "week")
        .with_columns(stays.alias("stays"))
        .with_columns(pl.when(first).then("open").otherwise(left).alias("left"))
        .with_columns(
            (pl.col("stays").shift().over("item") - pl.col("stays")).alias("chance"),
            (pl.col("left").shift().over("item") - pl.col("left")).alias("expected"),
        )
    )
    later = laid.filter(pl.col("week") == weeks).with_columns(
        pl.lit(LATER, pl.Int64).alias("week"),
        pl.col("stays").alias("chance"),
        pl.col("left").alias("expected"),
    )
    return pl.concat([laid.filter(~first), later]).select(
        "item", "customer", "currency", "week", "open", "chance", "expected"
    )


def _unpaid(spread: pl.DataFrame, curves: Curves) -> pl.DataFrame:
    """Look up the log share unpaid at the end of ``day``; before anybody was at risk it is all."""
    day = pl.col("day").clip(upper_bound=curves.last)
    met = (
        spread.with_columns(day.alias("day"))
        .sort("day")
        .join_asof(curves.table.sort("day"), on="day", by="customer", check_sortedness=False)
    )
    return met.with_columns(pl.col("log_unpaid").fill_null(0.0))


def weekly(spread: pl.DataFrame) -> pl.DataFrame:
    """Add a forecast up by currency and week: expected, low and high (80 %).

    The band treats customers as independent and a customer's items as paid together, which is the
    careful side: it never leaves 0 … everything open.
    """
    amount, chance = pl.col("open").cast(pl.Float64), pl.col("chance").clip(0.0, 1.0)
    own = spread.group_by("customer", "currency", "week").agg(
        pl.col("expected", "open").sum(),
        (amount * (chance * (1 - chance)).sqrt()).sum().alias("deviation"),
    )
    band = _NORMAL_80 * pl.col("variance").sqrt()
    total = own.group_by("currency", "week").agg(
        pl.col("expected", "open").sum(), (pl.col("deviation") ** 2).sum().alias("variance")
    )
    low, high = pl.col("expected") - band, pl.col("expected") + band
    return total.select(
        "currency",
        "week",
        "expected",
        _half_up(low.clip(lower_bound=0)).alias("low"),
        _half_up(pl.min_horizontal(high, pl.col("open").cast(pl.Float64))).alias("high"),
    ).sort("currency", pl.col("week") == LATER, "week")


def _half_up(value: pl.Expr) -> pl.Expr:
    return (value + 0.5).floor().cast(pl.Int64)


def expected_late(
    items: pl.DataFrame, curves: Curves, as_of: date, *, days: int = 30
) -> pl.DataFrame:
    """Expect what becomes late in the next days, a customer and currency (warning E24).

    Columns customer, currency, expected_late: Σ open × P(unpaid at the end of the due date | unpaid
    so far) over items due from ``as_of`` to ``as_of + days − 1``, which so pass their due date
    within the days. What is past due already is a fact and not in it.
    """
    dpd = (pl.lit(as_of) - pl.col("due")).dt.total_days()
    coming = items.select(*OPEN_COLUMNS).filter(dpd.is_between(-(days - 1), 0))
    if coming.is_empty():
        return coming.select("customer", "currency", pl.col("open").alias("expected_late"))
    now = _unpaid(coming.with_columns(dpd.alias("day")), curves).select("item", now="log_unpaid")
    due = _unpaid(coming.with_columns(pl.lit(0, pl.Int64).alias("day")), curves)
    late = (pl.col("log_unpaid") - pl.col("now")).exp()
    expected = _half_up(pl.col("open").cast(pl.Float64) * late)
    return (
        due.join(now, on="item", how="left")
        .group_by("customer", "currency")
        .agg(expected.sum().alias("expected_late"))
        .sort("customer", "currency")
    )
