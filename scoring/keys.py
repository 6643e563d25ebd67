"""Keys of one number: how frames of the Ledger point at each other, and running totals.

One running total over all rows serves every entity or claim: what stood before the first row of
each is taken away.
"""

import polars as pl

__all__ = ["NOTHING", "at_first", "day_key", "of_day_key", "of_row_key", "row_key"]

_DAYS = 2**24  # holds every day a date can name, before and after 1970
_ROWS = 2**32  # more than there are rows of anything
NOTHING = 2**32 - 1  # no row number


def day_key(entity: pl.Expr, day: pl.Expr) -> pl.Expr:
    """Pack an entity and a day into one number that sorts like the pair."""
    return entity.cast(pl.Int64) * _DAYS + (day.cast(pl.Int32) + _DAYS // 2)


def of_day_key(key: pl.Expr) -> tuple[pl.Expr, pl.Expr]:
    """Unpack what ``day_key`` packed: the entity and the day."""
    return (
        (key // _DAYS).cast(pl.UInt32),
        (key % _DAYS - _DAYS // 2).cast(pl.Int32).cast(pl.Date),
    )


def row_key(group: pl.Expr, row: pl.Expr) -> pl.Expr:
    """Pack a small number and a row number into one that sorts like the pair."""
    return group.cast(pl.Int64) * _ROWS + row


def of_row_key(key: pl.Expr) -> tuple[pl.Expr, pl.Expr]:
    """Unpack what ``row_key`` packed: the small number and the row number."""
    return (key // _ROWS).cast(pl.UInt8), (key % _ROWS).cast(pl.UInt32)


def at_first(first: pl.Expr, value: pl.Expr) -> pl.Expr:
    """Take a value where ``first`` holds and carry it on until it holds again."""
    return pl.when(first).then(value).forward_fill()
