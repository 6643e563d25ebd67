"""Books of any size for measurements: made in columns, the same for the same seed."""

from datetime import date, timedelta
from typing import Any

import polars as pl

from benchmarks.files import credit_file
from scoring.book import Book

__all__ = ["AS_OF", "a_full_book", "a_large_book"]

AS_OF = date(2026, 6, 30)
_DAYS = 730


def a_full_book(accounts: int, *, invoices: int = 10, seed: int = 7) -> Book:
    """Make a book as ``a_large_book`` does, with everybody's credit file (资信档案) beside it."""
    frames = _ledger(accounts, invoices, seed) | credit_file(accounts, AS_OF)
    return Book.of(**frames)


def a_large_book(accounts: int, *, invoices: int = 10, seed: int = 7) -> Book:
    """Make ``accounts`` customers over two years with ``invoices`` each.

    Of invoices due more than 60 days ago one in 100 is still unpaid, of later ones one in three; a
    tenth is paid in two parts, a tenth more than a month late. One customer in twenty has
    unapplied cash, one invoice in 200 a credit note, one in fifty a dispute.
    """
    return Book.of(**_ledger(accounts, invoices, seed))


def _ledger(accounts: int, invoices: int, seed: int) -> dict[str, Any]:
    items = _items(accounts, invoices, seed)
    payments, allocations = _paid(items, seed)
    return {
        "entities": _entities(accounts),
        "items": pl.concat([items, _credit_notes(items)]),
        "payments": pl.concat([payments, _unapplied(accounts)]),
        "allocations": allocations,
    }


def _name(prefix: str, number: pl.Expr) -> pl.Expr:
    return pl.concat_str(pl.lit(prefix), number)


def _random(length: int, seed: int) -> pl.Series:
    """Numbers from 0 to ``length`` - 1 in a seeded order."""
    return pl.Series(range(length), dtype=pl.Int64).sample(fraction=1, shuffle=True, seed=seed)


def _entities(accounts: int) -> pl.DataFrame:
    number = pl.int_range(accounts)
    return pl.select(
        _name("E", number).alias("entity"),
        _name("Customer ", number).alias("name"),
        pl.lit(None, pl.String).alias("uscc"),
        pl.lit("ok").alias("identity"),
        pl.lit("CNY").alias("currency"),
        pl.lit(30, pl.Int32).alias("terms_days"),
        pl.lit(None, pl.Date).alias("since"),
        pl.lit(None, pl.String).alias("parent"),
    )


def _items(accounts: int, invoices: int, seed: int) -> pl.DataFrame:
    length = accounts * invoices
    frame = pl.DataFrame({"n": pl.int_range(length, eager=True), "r": _random(length, seed)})
    owner, day = pl.col("n") % accounts, pl.col("r") % _DAYS
    issued = pl.lit(AS_OF - timedelta(days=_DAYS)) + pl.duration(days=day)
    amount = (pl.col("r") % 9973 + 27) * 1000
    disputed = pl.col("n") % 50 == 7
    return frame.select(
        _name("s:i", pl.col("n")).alias("item"),
        _name("E", owner).alias("entity"),
        _name("s:a", owner).alias("account"),
        pl.lit("invoice").alias("kind"),
        _name("INV-", pl.col("n")).alias("number"),
        issued.cast(pl.Date).alias("issued_on"),
        (issued + pl.duration(days=30)).cast(pl.Date).alias("due_on"),
        pl.lit("CNY").alias("currency"),
        amount.alias("amount"),
        pl.lit(None, pl.String).alias("applies_to"),
        (amount // 3 * disputed).alias("disputed"),
        pl.when(disputed).then((issued + pl.duration(days=40)).cast(pl.Date)).alias("disputed_on"),
    )


def _paid(items: pl.DataFrame, seed: int) -> tuple[pl.DataFrame, pl.DataFrame]:
    number = pl.int_range(pl.len())
    parts = pl.when(number % 10 == 3).then(2).otherwise(1)
    old = pl.col("due_on") < AS_OF - timedelta(days=60)
    paid = (
        items.with_columns(_random(items.height, seed + 1).alias("r"), parts.alias("parts"))
        .filter(pl.col("r") % pl.when(old).then(100).otherwise(3) != 0)
        .with_columns(pl.int_ranges(pl.col("parts")).alias("part"))
        .explode("part", empty_as_null=False)
        .with_row_index("k")
    )
    very_late = pl.when(pl.col("r") % 10 == 1).then(30).otherwise(0)
    delay = pl.col("r") % 23 - 10 + pl.col("part") * 15 + very_late
    amount = pl.when(pl.col("part") == 1).then(pl.col("amount") - pl.col("amount") // 2)
    split = pl.when(pl.col("parts") == 2).then(pl.col("amount") // 2).otherwise("amount")
    frame = paid.with_columns(
        (pl.col("due_on") + pl.duration(days=delay)).cast(pl.Date).alias("paid_on"),
        amount.otherwise(split).alias("amount"),
        _name("s:p", pl.col("k")).alias("payment"),
        _name("s:l", pl.col("k")).alias("allocation"),
    )
    return (
        frame.select("payment", "entity", "account", "paid_on", "currency", "amount"),
        frame.select("allocation", "payment", "item", "entity", "currency", "amount", "paid_on"),
    )


def _unapplied(accounts: int) -> pl.DataFrame:
    number = pl.int_range(0, accounts, 20)
    return pl.select(
        _name("s:u", number).alias("payment"),
        _name("E", number).alias("entity"),
        _name("s:a", number).alias("account"),
        pl.lit(AS_OF - timedelta(days=40)).alias("paid_on"),
        pl.lit("CNY").alias("currency"),
        pl.lit(2_500_000, pl.Int64).alias("amount"),
    )


def _credit_notes(items: pl.DataFrame) -> pl.DataFrame:
    chosen = items.filter(pl.int_range(pl.len()) % 200 == 11)
    return chosen.with_columns(
        pl.concat_str(pl.col("item"), pl.lit("c")).alias("item"),
        pl.lit("credit_note").alias("kind"),
        pl.col("item").alias("applies_to"),
        (pl.col("amount") // 4).alias("amount"),
        pl.lit(0, pl.Int64).alias("disputed"),
        pl.lit(None, pl.Date).alias("disputed_on"),
    )
