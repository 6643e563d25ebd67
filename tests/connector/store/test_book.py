from datetime import date
from decimal import Decimal
from typing import Any

import polars as pl
import pytest
import sqlalchemy as sa

from connector.flow.entities import group_entities
from connector.store.book import entity_chunks, load_book, portions
from connector.store.engine import reading
from scoring.book import SCHEMAS, Book
from scoring.rates import Rate
from scoring.records import Kind
from tests.connector.store.saving import NOW, save
from tests.crm_records import (
    a_credit_note,
    a_payment,
    an_account,
    an_allocation,
    an_invoice,
    an_order,
)

USCC = "91350100M000100Y43"
RATES = {"USD": Rate(Decimal(7), date(2026, 11, 1))}


@pytest.fixture
def filled(engine: sa.Engine) -> sa.Engine:
    """Two companies; the second paid one invoice of the first."""
    save(engine, Kind.ACCOUNTS, an_account("a1", uscc=USCC), an_account("a2", parent_id="a1"))
    save(engine, Kind.ACCOUNTS, an_account("b1", uscc=USCC, terms_days=60), system="fx")
    save(
        engine,
        Kind.INVOICES,
        an_invoice("i1", "a1", disputed=500),
        an_invoice("i2", "a2", amount=3_000_00),
    )
    save(engine, Kind.INVOICES, an_invoice("i1", "b1", currency="USD"), system="fx")
    save(engine, Kind.CREDIT_NOTES, a_credit_note("n1", "a1", applies_to="i1"))
    save(engine, Kind.PAYMENTS, a_payment("p1", "a1"), a_payment("p2", "a2", amount=7_000_00))
    save(
        engine,
        Kind.ALLOCATIONS,
        an_allocation("l1", "p1", "i1", amount=1_000_00),
        an_allocation("l2", "p2", "i2", amount=3_000_00),
        an_allocation("l3", "p2", "i1", amount=2_500_00),
    )
    save(engine, Kind.ORDERS, an_order("o1", "a1"))
    group_entities(engine, now=NOW)
    return engine


def book_of(engine: sa.Engine, *entities: str) -> Book:
    with reading(engine) as conn:
        return load_book(conn, list(entities) or None, RATES)


def test_everything_of_a_company_is_in_its_book(filled: sa.Engine) -> None:
    book = book_of(filled, f"uscc:{USCC}")

    assert book.entities.rows() == [
        (f"uscc:{USCC}", "公司b1", USCC, "ok", "CNY", 30, date(2024, 1, 1), None, None, None)
    ]
    assert book.accounts["account"].to_list() == ["fx:b1", "zoho:a1"]
    assert book.items["item"].to_list() == ["fx:i1", "zoho:i1", "zoho:n1"]
    assert book.items["disputed"].to_list() == [0, 500, 0]
    assert book.items["applies_to"].to_list() == [None, None, "zoho:i1"]
    assert book.orders["order"].to_list() == ["zoho:o1"]
    assert book.items["due_on"].dtype == pl.Date


def test_a_subsidiary_names_its_parent(filled: sa.Engine) -> None:
    assert book_of(filled, "zoho:a2").entities["parent"].to_list() == [f"uscc:{USCC}"]


def test_money_paid_for_another_company_leaves_the_payment_and_reaches_the_invoice(
    filled: sa.Engine,
) -> None:
    payer, owing = book_of(filled, "zoho:a2"), book_of(filled, f"uscc:{USCC}")

    assert payer.payments.select("payment", "amount").rows() == [("zoho:p2", 4_500_00)]
    assert payer.allocations.select("payment", "amount").rows() == [("zoho:p2", 3_000_00)]
    assert owing.allocations.select("payment", "amount").rows() == [
        ("zoho:p1", 1_000_00),
        ("other:zoho:p2", 2_500_00),
    ]


def test_a_company_looks_the_same_alone_and_among_others(filled: sa.Engine) -> None:
    whole = book_of(filled)

    for entity in whole.entities["entity"]:
        alone = book_of(filled, entity)
        for name in SCHEMAS:
            part = getattr(whole, name).filter(pl.col("entity") == entity)
            assert part.equals(getattr(alone, name)), name


def test_what_is_gone_is_not_in_the_book(filled: sa.Engine) -> None:
    save(filled, Kind.ALLOCATIONS, gone=["l1"])
    save(filled, Kind.INVOICES, gone=["i2"])

    book = book_of(filled)

    assert "zoho:l1" not in book.allocations["allocation"].to_list()
    assert "zoho:l2" not in book.allocations["allocation"].to_list()
    assert "zoho:i2" not in book.items["item"].to_list()


def test_a_book_of_nobody_is_empty(engine: sa.Engine) -> None:
    assert book_of(engine, "zoho:unknown").entities.height == 0
    assert book_of(engine).entities.height == 0


def test_chunks_name_every_company_once(engine: sa.Engine) -> None:
    save(engine, Kind.ACCOUNTS, *[an_account(f"a{number}") for number in range(7)])
    group_entities(engine, now=NOW)

    with reading(engine) as conn:
        chunks = list(entity_chunks(conn, 3))

    assert [len(chunk) for chunk in chunks] == [3, 3, 1]
    assert sorted({entity for chunk in chunks for entity in chunk}) == [
        f"zoho:a{number}" for number in range(7)
    ]


def test_no_statement_reads_a_whole_connection_to_find_one_company(
    filled: sa.Engine,
) -> None:
    """SQLite without statistics once read all allocations for each account."""
    if filled.dialect.name != "sqlite":
        pytest.skip("looks at SQLite's plans")
    seen: list[tuple[str, Any]] = []

    def note(_conn: Any, _cursor: Any, statement: str, values: Any, *_rest: Any) -> None:
        seen.append((statement, values))

    sa.event.listen(filled, "before_cursor_execute", note)
    book_of(filled, "zoho:a2")
    sa.event.remove(filled, "before_cursor_execute", note)

    with reading(filled) as conn:
        steps = [
            row[3]
            for statement, values in seen
            if statement.lstrip().startswith("SELECT")
            and "SELECT EXISTS" not in statement  # ends at the first row, whatever the plan
            for row in conn.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", values)
        ]
    assert len(steps) > 10
    assert [step for step in steps if step.startswith("SCAN") or "(system=?)" in step] == []


@pytest.mark.parametrize(
    ("most", "items", "sizes"),
    [(5, 100, [5, 1]), (2, 100, [2, 2, 2]), (6, 5, [5, 1]), (6, 6, [5, 1]), (6, 4, [1, 4, 1])],
)
def test_portions_are_bounded_by_companies_and_by_invoices(
    most: int, items: int, sizes: list[int], engine: sa.Engine
) -> None:
    """The last company has five invoices, the others have one each; nobody is left out."""
    names = [f"a{number}" for number in range(6)]
    save(engine, Kind.ACCOUNTS, *(an_account(name) for name in names))
    owed = [an_invoice(f"i{number}", "a0") for number in range(5)]
    save(engine, Kind.INVOICES, *owed, *(an_invoice(f"i-{name}", name) for name in names[1:]))
    group_entities(engine, now=NOW)
    with reading(engine) as conn:
        (entities,) = entity_chunks(conn, 10)
        entities.sort(key=lambda entity: len(book_of(engine, entity).items))
        found = list(portions(conn, entities, most=most, items=items))

    assert [len(each) for each in found] == sizes
    alone = [entities[-1]] if items < 5 else []
    assert [name for each in found for name in each] == alone + entities[: 6 - len(alone)]
