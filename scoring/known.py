"""What is known of the credit file (资信档案) at a date, keyed and priced as the engine needs it."""

from collections.abc import Sequence
from datetime import date
from weakref import WeakKeyDictionary

import polars as pl

from scoring.book import Book
from scoring.rates import Conversion

__all__ = ["KNOWN_FROM", "known", "priced"]

#: Frame → the column that says from which day a row may count.
KNOWN_FROM = {
    "items": "issued_on",
    "payments": "paid_on",
    "allocations": "paid_on",
    "orders": "ordered_on",
    "write_offs": "written_off_on",
    "returns": "returned_on",
    "notes": "received_on",
    "promises": "made_on",
    "statements": "received_on",
    "credit_records": "known_on",
    "collateral": "valid_from",
    "decisions": "from_on",
    "previous": "as_of",
    "signals": "first_on",
}


def known(book: Book, name: str, as_of: date) -> pl.DataFrame:
    """Return a frame's rows that exist at ``as_of``, with the entity's row number ``e`` in front.

    Dates inside a row that lie after ``as_of`` (an end, a return) are for the caller to judge.
    """
    frame: pl.DataFrame = getattr(book, name)
    rows = frame.select(_row_numbers(book, name), pl.all())
    return rows.filter(pl.col(KNOWN_FROM[name]) <= as_of)


#: Row numbers of a Book's frames, found once: several stages read the same long frame.
_FOUND: WeakKeyDictionary[Book, dict[str, pl.Series]] = WeakKeyDictionary()


def _row_numbers(book: Book, name: str) -> pl.Series:
    """Give the row number ``e`` of each row's entity."""
    found = _FOUND.setdefault(book, {})
    if name not in found:
        keys = book.ledger.entities.select("entity", "e")
        frame: pl.DataFrame = getattr(book, name)
        owners = frame.select("entity")
        found[name] = owners.join(keys, on="entity", how="left", maintain_order="left")["e"]
    return found[name]


def priced(book: Book, frame: pl.DataFrame, columns: Sequence[str]) -> pl.DataFrame:
    """Convert amount columns from ``currency`` into the entity's currency (``target``).

    ``frame`` has ``e``. An amount is null where it was null and where there is no exchange rate.
    Amounts must not be negative; convert a negative one by its sign and size.
    """
    targets = book.ledger.entities.select("e", pl.col("currency").alias("target"))
    joined = frame.join(targets, on="e", how="left", maintain_order="left")
    convert = Conversion(book.rates, book.policy_currency)
    stated = joined.with_columns(pl.coalesce("currency", "target").alias("currency"))
    return convert(stated, {column: column for column in columns}, "currency", "target")
