"""Builders of statements for tests: the firm of vector 2, balanced, audited, a year long."""

from collections.abc import Mapping
from datetime import date
from typing import Any

import polars as pl

from scoring.book import Book
from scoring.financials import Standards, analysed
from scoring.policy import Policy
from scoring.schemas import STATEMENT_LINES
from tests.builders import AS_OF, Row, a_book, an_entity

__all__ = ["YEAR_END", "a_firm", "a_record", "a_statement", "analysis_of", "of_industry"]

YEAR_END = date(2025, 12, 31)
_RECEIVED = date(2026, 4, 1)
#: Vectors 2 and 3, in minor units of a thousand.
_FIRM = {
    "total_assets": 100_000,
    "current_assets": 62_000,
    "inventory": 20_000,
    "current_liabilities": 40_000,
    "total_liabilities": 56_000,
    "surplus_reserve": 8_000,
    "undistributed_profit": 10_000,
    "equity": 44_000,
    "revenue": 130_000,
    "profit_before_tax": 7_000,
    "interest_expense": 2_000,
}


def a_firm(**changes: int | None) -> dict[str, int | None]:
    """Give the lines of the firm of vectors 2 and 3, some of them changed."""
    return {**_FIRM, **changes}


def a_statement(
    statement: str = "s1",
    *,
    entity: str = "E1",
    period_end: date = YEAR_END,
    months: int = 12,
    basis: str = "audited",
    received_on: date = _RECEIVED,
    currency: str = "CNY",
    lines: Mapping[str, int | None] | None = None,
) -> Row:
    """Make an audited annual statement of the firm of vector 2, or of ``lines``."""
    values: dict[str, object] = {"statement": statement, "entity": entity, "months": months}
    values |= {"period_end": period_end, "basis": basis, "received_on": received_on}
    values |= {"source": "file", "currency": currency, **dict.fromkeys(STATEMENT_LINES)}
    return Row("statements", values | dict(a_firm() if lines is None else lines))


def a_record(kind: str, *, amount: int, record: str = "r1", currency: str = "CNY") -> Row:
    """Make a credit record with an amount, known for a year."""
    empty = dict.fromkeys(("event_on", "valid_to", "ended_on", "status", "value", "channel"))
    values: dict[str, object] = {"record": record, "entity": "E1", "kind": kind, "source": "file"}
    known = {"known_on": date(2025, 6, 30), "currency": currency, "amount": amount}
    return Row("credit_records", values | known | empty)


def of_industry(industry: str, *, size_class: str | None = None, entity: str = "E1") -> Row:
    """Make an entity of an industry."""
    row = an_entity(entity)
    return Row("entities", row.values | {"industry": industry, "size_class": size_class})


def analysis_of(
    *rows: Row | list[Row],
    book: Book | None = None,
    policy: Policy | None = None,
    as_of: date = AS_OF,
    standards: Standards | None = None,
) -> dict[str, Any]:
    """Analyse the book of some rows and give the figures of E1."""
    made = book or a_book(*rows)
    frame = made.ledger.entities.select("e", "entity")
    found = analysed(frame, made, policy or Policy(), as_of, standards)
    return found.filter(pl.col("entity") == "E1").row(0, named=True)
