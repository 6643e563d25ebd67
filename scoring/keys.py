"""Row numbers and day keys: how frames of the Ledger point at each other, and running totals.

One running total over all rows serves every entity or claim: what stood before the first row of
each is taken away.
"""

import polars as pl

__all__ = ["DAYS_BASE", "NOTHING", "at_first", "day_key", "of_day_key"]

DAYS_BASE = 2**24  # holds every day a date can name, before and after 1970
NOTHING = 2**32 - 1  # no row number


def day_key(entity: pl.Expr, day: pl.Expr) -> pl.Expr:
    """Pack an entity and a day into one number that sorts like the pair."""
    return entity.cast(pl.Int64) * DAYS_BASE + (day.cast(pl.Int32) + DAYS_BASE // 2)


def of_day_key(key: pl.Expr) -> tuple[pl.Expr, pl.Expr]:
    """Unpack what ``day_key`` packed: the entity and the day."""
    return (
        (key // DAYS_BASE).cast(pl.UInt32),
        (key % DAYS_BASE - DAYS_BASE // 2).cast(pl.Int32).cast(pl.Date),
    )


def at_first(first: pl.Expr, value: pl.Expr) -> pl.Expr:
    """Take a value where ``first`` holds and carry it on until it holds again."""
    return pl.when(first).then(value).forward_fill()
