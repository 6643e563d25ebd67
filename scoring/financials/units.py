"""The unit guard: statements in 千元 or 万元 that were entered as 元 (credit-management 1.3).

A customer cannot sell less than it bought from us, nor have paid in many times its registered
capital. Both comparisons need our own records; without them nothing is flagged.
"""

from datetime import date

import polars as pl

from scoring.book import Book
from scoring.keys import day_key
from scoring.known import priced, told
from scoring.once import once
from scoring.policy import FinancialsPolicy

__all__ = ["guarded"]

#: Kinds of credit records that tell a capital, and the column it goes to.
_CAPITALS = {"registry": "registered", "paid_in": "paid_in"}


def guarded(rows: pl.DataFrame, book: Book, rules: FinancialsPolicy, as_of: date) -> pl.DataFrame:
    """Set ``mistake`` to ``wrong_unit`` where a statement contradicts what we know of the entity.

    ``rows`` has e, period_end, months, currency, the lines and ``mistake``; an earlier mistake
    stays.
    """
    if not rules.unit_guard or not rows.height:
        return rows
    stated = rows.select(
        *("e", "currency", "period_end", "months"),
        pl.when(pl.col("revenue") >= 0).then("revenue").alias("revenue"),
        pl.when(pl.col("paid_in_capital") >= 0).then("paid_in_capital").alias("capital"),
    )
    facts = _with_sales(priced(book, stated, ["revenue", "capital"]), book, as_of)
    facts = _with_capital(facts, book, as_of)
    wrong = facts.select(_contradicted(rules).fill_null(value=False))
    flag = pl.when(pl.col("mistake").is_null() & wrong.to_series()).then(pl.lit("wrong_unit"))
    return rows.with_columns(flag.otherwise("mistake").alias("mistake"))


@once
def _contradicted(rules: FinancialsPolicy) -> pl.Expr:
    revenue, capital = (pl.col(name).cast(pl.Int128) for name in ("revenue", "capital"))
    in_period = pl.col("sold_in_period")
    # Nothing sold in the period of the statement: a year of it against our last twelve months.
    by_sales = (
        pl.when(in_period > 0)
        .then(revenue < in_period)
        .otherwise(revenue * 12 < pl.col("sold_lately").cast(pl.Int128) * pl.col("months"))
    )
    most = rules.unit_factor
    too_much = pl.max_horizontal("registered", "paid_in").cast(pl.Int128) * most < capital
    too_little = (capital > 0) & (capital * most < pl.col("paid_in").cast(pl.Int128))
    return (
        by_sales.fill_null(value=False)
        | too_much.fill_null(value=False)
        | too_little.fill_null(value=False)
    )


def _with_sales(rows: pl.DataFrame, book: Book, as_of: date) -> pl.DataFrame:
    """Add what we invoiced in the period of each statement, and in the year before ``as_of``."""
    claims = book.ledger.claims.select(
        day_key(pl.col("e"), pl.col("issued")).alias("key"), pl.col("amount").cum_sum()
    )
    # The running sum over all entities: the difference of two is an entity's part between.
    sums = pl.concat([pl.Series("sum", [0], pl.Int64), claims["amount"].alias("sum")])

    def upto(frame: pl.DataFrame, day: pl.Expr) -> pl.Series:
        keys = frame.select(day_key(pl.col("e"), day).alias("key")).to_series()
        return sums[claims["key"].search_sorted(keys, side="right")]

    start = pl.col("period_end").dt.offset_by(pl.format("-{}mo", "months"))
    today = pl.lit(as_of)
    sold = (upto(rows, pl.col("period_end")) - upto(rows, start)).alias("sold_in_period")
    entities = rows.select(pl.col("e").unique(maintain_order=True))
    lately = upto(entities, today) - upto(entities, today.dt.offset_by("-12mo"))
    return rows.with_columns(sold).join(
        entities.with_columns(lately.alias("sold_lately")),
        on="e",
        how="left",
        maintain_order="left",
    )


def _with_capital(rows: pl.DataFrame, book: Book, as_of: date) -> pl.DataFrame:
    """Add the newest registered and paid-in capital we know."""
    for kind, column in _CAPITALS.items():
        stated = told(book, as_of, kind).filter(pl.col("amount") > 0)
        if not stated.height:
            rows = rows.with_columns(pl.lit(None, pl.Int64).alias(column))
            continue
        newest = (
            priced(book, stated, ["amount"])
            .sort("e", "known_on", "record")
            .unique("e", keep="last", maintain_order=True)
        )
        amounts = newest.select("e", pl.col("amount").alias(column))
        rows = rows.join(amounts, on="e", how="left", maintain_order="left")
    return rows
