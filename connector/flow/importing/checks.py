"""Checks of imported statements: their own figures, what we know of the customer, and twins."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date

import msgspec
import polars as pl
import sqlalchemy as sa

from connector.flow.importing.cells import ImportMistake
from connector.flow.importing.rows import Read
from connector.store.book import load_book
from connector.store.engine import is_one_of
from connector.store.file_tables import statements
from connector.store.tables import accounts
from scoring.financials.statements import statement_mistakes
from scoring.financials.units import guarded
from scoring.policy import Policy
from scoring.rates import Rate
from scoring.records import Statement
from scoring.schemas import SCHEMAS

__all__ = ["check_statements", "without_twins"]

_Period = tuple[str, date, int]


def without_twins(rows: Sequence[Read]) -> tuple[list[Read], list[ImportMistake]]:
    """Refuse a row that says what an earlier row of the file says."""
    first: dict[str, int] = {}
    good, mistakes = [], []
    for read in rows:
        earlier = first.setdefault(read.record.record_id, read.row)
        if earlier == read.row:
            good.append(read)
        else:
            mistakes.append(_mistake(read.row, "", "import.repeated_row", earlier=str(earlier)))
    return good, mistakes


def check_statements(
    conn: sa.Connection,
    rows: Sequence[Read],
    headers: Mapping[str, str],
    policy: Policy,
    rates: Mapping[str, Rate],
    today: date,
) -> list[ImportMistake]:
    """Find every mistake in statements that each row for itself does not show."""
    mistakes = [mistake for read in rows for mistake in _own(read, headers, policy, today)]
    bad = {mistake.row for mistake in mistakes}
    # A row that is refused for itself does not stand in the way of its correction.
    mistakes += _periods_twice([read for read in rows if read.row not in bad], headers)
    mistakes += _other_figures(conn, rows, headers)
    mistakes += _wrong_units(conn, rows, headers, policy, rates, today)
    return mistakes


def _statement(read: Read) -> Statement:
    if not isinstance(read.record, Statement):
        raise TypeError(read.record)
    return read.record


def _own(
    read: Read, headers: Mapping[str, str], policy: Policy, today: date
) -> Iterable[ImportMistake]:
    statement = _statement(read)
    row: dict[str, object] = dict(statement.lines)
    row |= {"months": statement.months, "period_end": statement.period_end}
    row |= {"received_on": min(statement.received_on, today)}
    for found in statement_mistakes(row, policy.financials):
        columns = ", ".join(headers[line] for line in found.lines if line in headers)
        yield _mistake(read.row, columns, f"statement.{found.code}")
    if statement.received_on > today:
        yield _mistake(read.row, headers.get("received_on", ""), "import.future_date")


def _period(read: Read) -> _Period:
    statement = _statement(read)
    return (read.company.entity, statement.period_end, statement.months)


def _periods_twice(rows: Sequence[Read], headers: Mapping[str, str]) -> Iterable[ImportMistake]:
    first: dict[_Period, int] = {}
    for read in rows:
        earlier = first.setdefault(_period(read), read.row)
        if earlier != read.row:
            column = headers.get("period_end", "")
            yield _mistake(read.row, column, "import.repeated_period", earlier=str(earlier))


def _other_figures(
    conn: sa.Connection, rows: Sequence[Read], headers: Mapping[str, str]
) -> Iterable[ImportMistake]:
    """Refuse figures that differ from those received on the same day for the same period."""
    entities = sorted({read.company.entity for read in rows})
    same = sa.and_(
        statements.c.account_system == accounts.c.system,
        statements.c.account_id == accounts.c.record_id,
    )
    statement = (
        sa.select(accounts.c.entity, statements)
        .join(accounts, same)
        .where(is_one_of(conn, accounts.c.entity, entities), statements.c.gone_at.is_(None))
    )
    stored = {
        (row.entity, row.period_end, row.months, row.received_on): row.record_id
        for row in conn.execute(statement)
    }
    for read in rows:
        there = stored.get((*_period(read), _statement(read).received_on))
        if there is not None and there != read.record.record_id:
            yield _mistake(read.row, headers.get("period_end", ""), "import.other_figures")


def _wrong_units(
    conn: sa.Connection,
    rows: Sequence[Read],
    headers: Mapping[str, str],
    policy: Policy,
    rates: Mapping[str, Rate],
    today: date,
) -> Iterable[ImportMistake]:
    if not rows:
        return
    entities = sorted({read.company.entity for read in rows})
    book = load_book(conn, entities, rates, policy_currency=policy.currency)
    schema = dict(SCHEMAS["statements"]) | {"row": pl.Int64()}
    frame = pl.DataFrame([_frame_row(read) for read in rows], schema=schema)
    keys = book.ledger.entities.select("entity", "e")
    known = frame.join(keys, on="entity", how="inner", maintain_order="left")
    judged = guarded(
        known.with_columns(pl.lit(None, pl.String).alias("mistake")), book, policy.financials, today
    )
    for row in judged.filter(pl.col("mistake").is_not_null())["row"]:
        yield _mistake(row, headers.get("unit", ""), "statement.wrong_unit")


def _frame_row(read: Read) -> dict[str, object]:
    statement = _statement(read)
    fields = msgspec.structs.asdict(statement)
    names = ("period_end", "months", "basis", "received_on", "source", "currency")
    keys = {"statement": statement.record_id, "entity": read.company.entity, "row": read.row}
    return {name: fields[name] for name in names} | keys | statement.lines


def _mistake(row: int, column: str, code: str, /, **params: str) -> ImportMistake:
    return ImportMistake(row=row, column=column, code=code, params=params)
