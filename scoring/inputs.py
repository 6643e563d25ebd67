"""The fingerprint of what an assessment looked at: one hash an entity (credit-management 13).

It covers the entity's own facts up to the date, its master data and the exchange rates of its
currencies; not the policy and not the date. Facts in another order give the same hash.
"""

from datetime import date
from hashlib import sha256

import polars as pl

from scoring.book import SCHEMAS, Book
from scoring.rates import Rate

__all__ = ["input_hashes"]

_DATED = {
    "items": "issued_on",
    "payments": "paid_on",
    "allocations": "paid_on",
    "orders": "ordered_on",
}
_SEPARATOR = "\x1f"


def input_hashes(book: Book, as_of: date) -> dict[str, str]:
    """Hash the inputs of every entity of the book: entity → 64 hexadecimal digits."""
    lines = pl.concat([_lines(book, name, as_of) for name in ("entities", *_DATED)])
    texts = lines.sort("entity", "line").group_by("entity").agg(pl.col("line").str.join("\n"))
    rates = _rate_lines(book)
    return {
        entity: sha256(f"{text}\n{rates.get(entity, '')}".encode()).hexdigest()
        for entity, text in texts.iter_rows()
    }


def _lines(book: Book, name: str, as_of: date) -> pl.DataFrame:
    frame: pl.DataFrame = getattr(book, name)
    if name in _DATED:
        frame = frame.filter(pl.col(_DATED[name]) <= as_of)
    values = [pl.col(column).cast(pl.String).fill_null("") for column in SCHEMAS[name]]
    line = pl.concat_str(pl.lit(name), *values, separator=_SEPARATOR)
    return frame.select("entity", line.alias("line"))


def _rate_lines(book: Book) -> dict[str, str]:
    """Write the rates an entity's currencies were converted at; none where one currency rules."""
    frames = (book.entities, book.items, book.payments, book.allocations, book.orders)
    used = pl.concat([frame.select("entity", "currency").unique() for frame in frames]).unique()
    foreign = used.filter(pl.col("currency") != book.policy_currency).sort("entity", "currency")
    lines: dict[str, str] = {}
    for entity, currency in foreign.iter_rows():
        lines[entity] = f"{lines.get(entity, '')}{_rate_text(currency, book.rates.get(currency))}"
    return lines


def _rate_text(currency: str, rate: Rate | None) -> str:
    return f"{currency}=none;" if rate is None else f"{currency}={rate.price}@{rate.on};"
