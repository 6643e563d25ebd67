"""What is known of the credit file (资信档案) at a date, keyed and priced as the engine needs it.

Many stages of an assessment read the same long frames: what was found for a Book's newest date is
kept beside the Book.
"""

from collections.abc import Callable, Hashable, Sequence
from datetime import date
from weakref import WeakKeyDictionary

import polars as pl

from scoring.book import Book
from scoring.rates import Conversion

__all__ = ["KNOWN_FROM", "known", "priced", "remembered", "told"]

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
_LEDGER = ("items", "payments", "allocations")  # long, and seldom read here: not kept

#: What is known at a date: name of a frame, ("records", kind), or a key of ``remembered`` → rows.
Kept = dict[Hashable, pl.DataFrame]
_KEPT: WeakKeyDictionary[Book, tuple[date, Kept]] = WeakKeyDictionary()


def known(book: Book, name: str, as_of: date) -> pl.DataFrame:
    """Return a frame's rows that exist at ``as_of``, with the entity's row number ``e`` in front.

    Dates inside a row that lie after ``as_of`` (an end, a return) are for the caller to judge.
    """
    kept = _kept(book, as_of)
    if name in kept:
        return kept[name]
    rows = _until(book.ledger.file[name], KNOWN_FROM[name], as_of)
    if name not in _LEDGER:
        kept[name] = rows
    return rows


def told(book: Book, as_of: date, *kinds: str) -> pl.DataFrame:
    """Return the known credit records of these kinds, kind by kind."""
    kept, records = _kept(book, as_of), book.ledger.records
    for kind in kinds:
        if kind in records and ("records", kind) not in kept:
            kept["records", kind] = _until(records[kind], KNOWN_FROM["credit_records"], as_of)
    parts = [kept["records", kind] for kind in kinds if kind in records]
    if len(parts) == 1:
        return parts[0]
    return pl.concat(parts) if parts else book.ledger.file["credit_records"].clear()


def remembered(
    book: Book, as_of: date, key: Hashable, find: Callable[[], pl.DataFrame]
) -> pl.DataFrame:
    """Return what several stages ask of the Book at ``as_of``; found by the first that asks.

    ``key`` says what was asked and by which rules.
    """
    kept = _kept(book, as_of)
    if key not in kept:
        kept[key] = find()
    return kept[key]


def _kept(book: Book, as_of: date) -> Kept:
    found = _KEPT.get(book)
    if found is None or found[0] != as_of:
        found = _KEPT[book] = (as_of, {})
    return found[1]


def _until(frame: pl.DataFrame, column: str, as_of: date) -> pl.DataFrame:
    newest = frame[column].max()
    if isinstance(newest, date) and newest > as_of:
        return frame.filter(pl.col(column) <= as_of)
    return frame


def priced(book: Book, frame: pl.DataFrame, columns: Sequence[str]) -> pl.DataFrame:
    """Convert amount columns from ``currency`` into the entity's currency (``target``).

    ``frame`` has ``e``. An amount is null where it was null and where there is no exchange rate.
    Amounts must not be negative; convert a negative one by its sign and size.
    """
    target = book.ledger.entities["currency"][frame["e"]].alias("target")
    currency = frame["currency"]
    if currency.null_count():
        currency = currency.zip_with(currency.is_not_null(), target)
        frame = frame.with_columns(currency)
    stated = frame.hstack([target])
    if currency.equals(target):
        return stated
    convert = Conversion(book.rates, book.policy_currency)
    return convert(stated, {column: column for column in columns}, "currency", "target")
