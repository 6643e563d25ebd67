"""The fingerprint of what an assessment looked at: one hash an entity (credit-management 13).

It covers the entity's own facts up to the date, its master data, the exchange rates of its
currencies and what its statements are compared with; not the policy and not the date. Facts in another order give the same hash.
"""

from datetime import date
from hashlib import sha256

import polars as pl

from scoring.book import SCHEMAS, Book
from scoring.financials.industry import Standards
from scoring.known import KNOWN_FROM
from scoring.rates import Rate

__all__ = ["input_hashes"]

_SEPARATOR = "\x1f"
#: What ends or changes a fact after the day it counts from: column → the columns it brings along.
_LATER: dict[str, dict[str, tuple[str, ...]]] = {
    "items": {"disputed_on": ("disputed",), "dispute_closed_on": ("dispute_outcome",)},
    "notes": {"ended_on": ()},
    "promises": {"cancelled_on": (), "superseded_on": ()},
    "credit_records": {"ended_on": ()},
}


def input_hashes(book: Book, as_of: date, standards: Standards | None = None) -> dict[str, str]:
    """Hash the inputs of every entity of the book: entity → 64 hexadecimal digits."""
    frames = ("entities", *KNOWN_FROM)
    filled = [name for name in frames if name == "entities" or getattr(book, name).height]
    lines = pl.concat([_lines(book, name, as_of) for name in filled])
    texts = lines.sort("entity", "line").group_by("entity").agg(pl.col("line").str.join("\n"))
    rates = _rate_lines(book)
    measures = {} if standards is None else _measure_lines(book, as_of, standards)
    return {
        entity: sha256(
            f"{text}\n{rates.get(entity, '')}{measures.get(entity, '')}".encode()
        ).hexdigest()
        for entity, text in texts.iter_rows()
    }


def _lines(book: Book, name: str, as_of: date) -> pl.DataFrame:
    frame: pl.DataFrame = getattr(book, name)
    if name in KNOWN_FROM:
        frame = frame.filter(pl.col(KNOWN_FROM[name]) <= as_of)
    frame = _as_known(frame, name, as_of)
    values = [pl.col(column).cast(pl.String).fill_null("") for column in SCHEMAS[name]]
    line = pl.concat_str(pl.lit(name), *values, separator=_SEPARATOR)
    return frame.select("entity", line.alias("line"))


def _as_known(frame: pl.DataFrame, name: str, as_of: date) -> pl.DataFrame:
    """Take away what happened to known facts after the day: nobody knew of it then."""
    for day, others in _LATER.get(name, {}).items():
        happened = (pl.col(day) <= as_of).fill_null(value=True)
        if frame.filter(~happened).height:
            nothing = {column: 0 for column in others if frame.schema[column].is_integer()}
            frame = frame.with_columns(
                pl.when(happened).then(column).otherwise(nothing.get(column)).alias(column)
                for column in (day, *others)
            )
    return frame


def _rate_lines(book: Book) -> dict[str, str]:
    """Write the rates an entity's currencies were converted at; none where one currency rules."""
    named = ("entities", *KNOWN_FROM)
    frames = [getattr(book, name) for name in named if "currency" in SCHEMAS[name]]
    used = pl.concat([frame.select("entity", "currency").unique() for frame in frames]).unique()
    foreign = used.filter(pl.col("currency") != book.policy_currency).sort("entity", "currency")
    lines: dict[str, str] = {}
    for entity, currency in foreign.iter_rows():
        lines[entity] = f"{lines.get(entity, '')}{_rate_text(currency, book.rates.get(currency))}"
    return lines


def _measure_lines(book: Book, as_of: date, standards: Standards) -> dict[str, str]:
    """Write what the statements of an entity are compared with."""
    known = book.statements.filter(pl.col(KNOWN_FROM["statements"]) <= as_of)
    reporting = book.entities.join(known, on="entity", how="semi").drop_nulls("industry")
    texts = {name: standards.of_industry(name, as_of) for name in reporting["industry"].unique()}
    return {
        entity: texts[industry]
        for entity, industry in reporting.select("entity", "industry").iter_rows()
    }


def _rate_text(currency: str, rate: Rate | None) -> str:
    return f"{currency}=none;" if rate is None else f"{currency}={rate.price}@{rate.on};"
