"""What the sample company's credit files promise: dated, balanced, and telling the story."""

from collections import Counter, defaultdict
from collections.abc import Iterator
from datetime import date, timedelta
from decimal import Decimal
from functools import cache

import pytest

from sandbox.company.credit_files import add_credit_files
from sandbox.company.generate import generate
from sandbox.company.model import Company, SampleStatement
from sandbox.company.stories import StoryName

AS_OF = date(2026, 11, 24)
KINDS = ("statements", "credit_records", "promises", "collateral", "write_offs", "returns", "notes")
DAY_OF = {
    "statements": "received_on",
    "credit_records": "known_on",
    "promises": "made_on",
    "collateral": "valid_from",
    "write_offs": "written_off_on",
    "returns": "returned_on",
    "notes": "received_on",
}


@cache
def _filled(seed: int = 1, accounts: int = 300) -> Company:
    company = generate(accounts, seed=seed, as_of=AS_OF)
    add_credit_files(company, seed=seed)
    return company


def _of_story(company: Company, story: StoryName) -> set[str]:
    return {customer.key for customer in company.customers if customer.story == story}


def _latest_annual(company: Company) -> dict[str, SampleStatement]:
    annual = sorted((s for s in company.statements if s.months == 12), key=lambda s: s.period_end)
    return {statement.customer: statement for statement in annual}


@pytest.mark.parametrize("kind", KINDS)
def test_nothing_in_a_file_is_dated_after_the_books(kind: str) -> None:
    rows = getattr(_filled(), kind)

    assert rows
    assert all(getattr(row, DAY_OF[kind]) <= AS_OF for row in rows)


@pytest.mark.parametrize("kind", KINDS)
def test_keys_are_unique_and_files_stand_where_the_customer_stands(kind: str) -> None:
    company = _filled()
    crms = {customer.key: customer.crms for customer in company.customers}
    rows = getattr(company, kind)

    assert len({row.key for row in rows}) == len(rows)
    assert all(row.crm in crms[row.customer] for row in rows)


def test_the_same_seed_makes_the_same_files() -> None:
    again = generate(40, seed=3, as_of=AS_OF)
    add_credit_files(again, seed=3)
    other = generate(40, seed=3, as_of=AS_OF)
    add_credit_files(other, seed=4)

    assert again == _filled(3, 40)
    assert other != again


def test_trade_does_not_hang_on_the_files() -> None:
    bare = generate(seed=1, as_of=AS_OF)

    assert bare.invoices == _filled().invoices
    assert bare.payments == _filled().payments


def test_every_statement_balances_and_comes_months_after_its_period() -> None:
    for statement in _filled().statements:
        lines = statement.lines

        assert lines["total_assets"] == lines["total_liabilities"] + lines["equity"]
        assert lines["inventory"] <= lines["current_assets"] < lines["total_assets"]
        assert statement.received_on >= statement.period_end + timedelta(days=40)


def test_customers_with_statements_have_two_years_or_more() -> None:
    ends = defaultdict(set)
    for statement in _filled().statements:
        if statement.months == 12:
            ends[statement.customer].add(statement.period_end.year)

    assert all(len(years) >= 2 for years in ends.values())


def test_a_firm_sells_more_than_it_buys_from_us() -> None:
    company = _filled()
    bought: defaultdict[tuple[str, int], Decimal] = defaultdict(Decimal)
    for invoice in company.invoices:
        bought[invoice.customer, invoice.issued_on.year] += invoice.amount
    unit = {"元": 1, "万元": 10_000}

    for statement in company.statements:
        if statement.months == 12:
            revenue = statement.lines["revenue"] * unit[statement.unit]
            assert revenue > bought[statement.customer, statement.period_end.year]


def test_who_defaults_has_lost_its_equity_and_stops_handing_in() -> None:
    company = _filled()
    latest = _latest_annual(company)
    gone = [latest[key] for key in _of_story(company, StoryName.IN_DEFAULT)]

    assert any(statement.lines["equity"] < 0 for statement in gone)
    assert all(statement.received_on < AS_OF - timedelta(days=120) for statement in gone)


def test_the_courts_know_of_some_who_defaulted_and_of_no_punctual_one() -> None:
    company = _filled()
    listed = {record.customer for record in company.credit_records if record.kind == "dishonest"}

    assert listed
    assert listed <= _of_story(company, StoryName.IN_DEFAULT)


def test_statements_of_the_deteriorating_get_worse_and_of_the_punctual_do_not() -> None:
    company = _filled()

    assert _debt_change(company, StoryName.DETERIORATING) > 0.03
    assert abs(_debt_change(company, StoryName.PUNCTUAL)) < 0.01


def _debt_change(company: Company, story: StoryName) -> float:
    """Give the mean change of debt to assets between the first and the newest statement."""
    ratios: defaultdict[str, list[tuple[date, float]]] = defaultdict(list)
    for statement in company.statements:
        debts = float(statement.lines["total_liabilities"] / statement.lines["total_assets"])
        ratios[statement.customer].append((statement.period_end, debts))
    changes = [
        max(ratios[key])[1] - min(ratios[key])[1]
        for key in _of_story(company, story)
        if len(ratios[key]) > 1
    ]
    return sum(changes) / len(changes)


def test_files_are_kept_well_and_badly() -> None:
    """Full ones, ones without statements, ones nobody has renewed, and ones with an extract alone."""
    company = _filled()
    with_statements = {statement.customer for statement in company.statements}
    newest: dict[str, date] = {}
    kinds: defaultdict[str, set[str]] = defaultdict(set)
    for record in company.credit_records:
        newest[record.customer] = max(record.known_on, newest.get(record.customer, date.min))
        kinds[record.customer].add(record.kind)
    old = AS_OF - timedelta(days=400)
    everybody = [customer.key for customer in company.customers]

    assert sum(key in with_statements and newest[key] > old for key in everybody) > 150
    assert sum(key not in with_statements and "bureau" in kinds[key] for key in everybody) > 15
    assert sum(newest[key] < old and "bureau" in kinds[key] for key in everybody) > 10
    assert sum(kinds[key] <= {"registry"} for key in everybody) > 10


def test_nothing_is_written_off_beyond_what_is_open() -> None:
    company = _filled()
    left = {invoice.key: invoice.amount for invoice in company.invoices}
    for allocation in company.allocations:
        left[allocation.invoice] -= allocation.amount

    assert company.write_offs
    assert all(Decimal(0) < loss.amount <= left[loss.invoice or ""] for loss in company.write_offs)


def test_subsidiaries_have_their_parents_guarantee() -> None:
    company = _filled()
    guaranteed = {each.customer for each in company.collateral if each.kind == "parent_guarantee"}

    assert guaranteed == {customer.key for customer in company.customers if customer.parent}


def test_promises_are_made_while_something_is_owed() -> None:
    company = _filled()
    invoices = {invoice.key: invoice for invoice in company.invoices}

    for promise in company.promises:
        assert promise.made_on > invoices[promise.invoice or ""].due_on
        assert promise.promised_on > promise.made_on
        assert Decimal(0) < promise.amount <= invoices[promise.invoice or ""].amount


def test_a_story_shows_in_the_bureaus_scores() -> None:
    scores = Counter(dict(_mean_scores(_filled())))

    assert scores[StoryName.PUNCTUAL] > scores[StoryName.HABITUALLY_LATE] > 0
    assert scores[StoryName.IN_DEFAULT] < 35


def _mean_scores(company: Company) -> Iterator[tuple[StoryName, float]]:
    newest = {
        record.customer: float(record.value or 0)
        for record in company.credit_records
        if record.kind == "bureau"
    }
    for story in StoryName:
        found = [newest[key] for key in _of_story(company, story) if key in newest]
        yield story, sum(found) / len(found)
