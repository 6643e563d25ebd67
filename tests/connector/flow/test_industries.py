"""Customers are compared with imported standards, else with all own customers of their industry."""

from datetime import date, timedelta
from typing import Any

import msgspec
import pytest
import sqlalchemy as sa

from connector.flow.entities import group_entities
from connector.flow.importing.standards import import_standards
from connector.flow.importing.tables import Table, TableRow
from connector.flow.industries import IndustryMeasures
from connector.store.book import load_book
from connector.store.engine import reading
from scoring.assess import assess
from scoring.financials.industry import COLUMNS
from scoring.policy import Policy, load_policy
from scoring.records import Account, Kind, Statement
from tests.connector.store.saving import NOW, save
from tests.crm_records import an_account
from tests.file_records import a_statement

AS_OF = date(2026, 11, 24)
POLICY = load_policy(
    'groups = ["payment", "financial"]\n[financials]\npeers_needed = 3\nshifts = []'
)
WHOLESALE, BUILDING = "批发业", "建筑业"


def of_industry(record_id: str, industry: str = WHOLESALE) -> Account:
    return msgspec.structs.replace(an_account(record_id), industry=industry)


def owing(account_id: str, debts: int, *, received_on: date = date(2026, 4, 30)) -> Statement:
    """Make a balance sheet with these debts, in thousandths of the assets."""
    lines = {
        "total_assets": 1_000_00,
        "total_liabilities": debts * 100,
        "equity": (1_000 - debts) * 100,
    }
    return a_statement(f"s-{account_id}-{debts}", account_id, lines=lines, received_on=received_on)


@pytest.fixture
def trade(engine: sa.Engine) -> sa.Engine:
    """Four wholesalers with debts of 20 to 80 percent, and a builder."""
    names = ("a", "b", "c", "d")
    save(engine, Kind.ACCOUNTS, *(of_industry(name) for name in names), of_industry("z", BUILDING))
    debts = zip(names, (200, 400, 600, 800), strict=True)
    save(engine, Kind.STATEMENTS, *(owing(name, share) for name, share in debts), owing("z", 400))
    group_entities(engine, now=NOW)
    return engine


def judged(
    engine: sa.Engine,
    entities: list[str] | None = None,
    *,
    policy: Policy = POLICY,
    as_of: date = AS_OF,
    measures: IndustryMeasures | None = None,
) -> dict[str, dict[str, Any]]:
    measures = measures or IndustryMeasures(engine)
    with reading(engine) as conn:
        book = load_book(conn, entities, {})
    made = assess(book, policy, as_of, standards=measures.of(book, policy, as_of))
    return {row["entity"]: row for row in made.frame.iter_rows(named=True)}


def import_debts(engine: sa.Engine, year: str, *values: int, industry: str = WHOLESALE) -> None:
    cells = (year, industry, "", "", "debt_to_assets", *map(str, values))
    row = TableRow(2, dict(zip(COLUMNS, cells, strict=True)))
    table = Table(COLUMNS, (row,))
    headers = dict(zip(COLUMNS, COLUMNS, strict=True))
    import_standards(engine, table, headers, why="test", now=NOW, keep=lambda _bad: True)


def test_own_customers_of_the_industry_are_the_measure(trade: sa.Engine) -> None:
    found = judged(trade)

    assert [found[f"zoho:{name}"]["industry_method"] for name in "abcd"] == ["peers"] * 4
    shares = [found[f"zoho:{name}"]["financial_debt_to_assets"] for name in "abcd"]
    assert shares == sorted(shares, reverse=True)
    assert shares[0] > 90
    assert found["zoho:z"]["industry_method"] == "bands"


def test_one_company_alone_is_compared_with_the_same_peers(trade: sa.Engine) -> None:
    together = judged(trade)

    for name in together:
        assert judged(trade, [name]) == {name: together[name]}


def test_too_few_firms_are_no_peers(trade: sa.Engine) -> None:
    found = judged(trade, policy=Policy(groups=("payment", "financial")))

    assert found["zoho:a"]["industry_method"] != "peers"


def test_standards_go_before_peers(trade: sa.Engine) -> None:
    import_debts(trade, "2025", 45, 55, 65, 75, 85)

    found = judged(trade)

    assert found["zoho:b"]["industry_method"] == "standard"
    assert found["zoho:b"]["financial_debt_to_assets"] == 100
    assert found["zoho:d"]["financial_debt_to_assets"] == pytest.approx(30)
    assert found["zoho:z"]["industry_method"] == "bands"


def test_standards_of_a_later_year_are_not_known_yet(trade: sa.Engine) -> None:
    import_debts(trade, "2026", 45, 55, 65, 75, 85)
    before = date(2025, 12, 31)

    assert judged(trade)["zoho:b"]["industry_method"] == "standard"
    assert judged(trade, as_of=before)["zoho:b"]["industry_method"] != "standard"


def test_peers_are_those_known_on_the_day(trade: sa.Engine) -> None:
    before = judged(trade)
    tomorrow = AS_OF + timedelta(days=1)
    save(trade, Kind.ACCOUNTS, of_industry("late"))
    save(trade, Kind.STATEMENTS, owing("late", 100, received_on=tomorrow))
    group_entities(trade, now=NOW)

    assert judged(trade)["zoho:a"] == before["zoho:a"]
    then = judged(trade, as_of=tomorrow)["zoho:a"]
    assert then["financial_debt_to_assets"] < before["zoho:a"]["financial_debt_to_assets"]


def test_what_is_imported_meanwhile_counts_at_once(trade: sa.Engine) -> None:
    measures = IndustryMeasures(trade)
    before = judged(trade, measures=measures)["zoho:b"]
    save(trade, Kind.ACCOUNTS, of_industry("new"))
    save(trade, Kind.STATEMENTS, owing("new", 100))
    group_entities(trade, now=NOW)
    with_peer = judged(trade, measures=measures)["zoho:b"]
    import_debts(trade, "2025", 45, 55, 65, 75, 85)
    with_standard = judged(trade, measures=measures)["zoho:b"]

    shares = [row["financial_debt_to_assets"] for row in (before, with_peer, with_standard)]
    assert shares[1] < shares[0] < shares[2] == 100


def test_a_book_without_statements_needs_no_measure(engine: sa.Engine) -> None:
    save(engine, Kind.ACCOUNTS, of_industry("a"))
    group_entities(engine, now=NOW)
    with reading(engine) as conn:
        book = load_book(conn, None, {})

    assert IndustryMeasures(engine).of(book, POLICY, AS_OF) is None
