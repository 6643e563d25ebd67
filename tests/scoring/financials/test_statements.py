"""Which statements count: choice, refusal with a reason, the unit guard, predecessors."""

from datetime import date, timedelta
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scoring.financials import analysed, statement_mistakes
from scoring.policy import FinancialsPolicy, Policy, load_policy
from tests.builders import AS_OF, Row, a_book, a_rate, an_entity, an_invoice
from tests.scoring.financials.statement_rows import (
    YEAR_END,
    a_firm,
    a_record,
    a_statement,
    analysis_of,
)

EARLIER = date(2024, 12, 31)


def _refusal(*rows: Row | list[Row]) -> tuple[str | None, str | None]:
    found = analysis_of(*rows)
    return found["statement"], found["statement_refused"]


@pytest.mark.parametrize(
    ("changes", "code", "lines"),
    [
        ({"equity": 43_000}, "not_balanced", ("total_assets", "total_liabilities", "equity")),
        ({"revenue": -1}, "negative_revenue", ("revenue",)),
        ({"inventory": 62_001}, "inventory_too_large", ("inventory", "current_assets")),
        ({"cash": 62_001}, "cash_too_large", ("cash", "current_assets")),
    ],
)
def test_statement_with_a_mistake_is_refused_and_names_its_lines(
    changes: dict[str, int | None], code: str, lines: tuple[str, ...]
) -> None:
    row = a_statement(lines=a_firm(**changes))

    assert _refusal(row) == (None, code)
    assert statement_mistakes(row.values) == [(code, lines)]


@pytest.mark.parametrize("off", [500, -500])
def test_balance_may_be_off_by_half_a_percent(off: int) -> None:
    assert statement_mistakes(a_firm(equity=44_000 + off) | _dates()) == []


def test_balance_off_by_a_little_more_is_a_mistake() -> None:
    found = statement_mistakes(a_firm(equity=44_501) | _dates())

    assert [one.code for one in found] == ["not_balanced"]


def test_tolerance_of_the_balance_is_the_policys() -> None:
    rules = load_policy("[financials]\nbalance_tolerance = 0.05").financials

    assert statement_mistakes(a_firm(equity=43_000) | _dates(), rules) == []


def test_balance_without_one_side_is_not_judged() -> None:
    assert statement_mistakes(a_firm(equity=None) | _dates()) == []


def test_every_mistake_of_a_statement_is_listed() -> None:
    found = statement_mistakes(a_firm(equity=1, revenue=-1) | _dates() | {"months": 0})

    assert [one.code for one in found] == ["wrong_months", "not_balanced", "negative_revenue"]


def _dates() -> dict[str, Any]:
    return {"period_end": YEAR_END, "months": 12, "received_on": AS_OF}


def test_statement_without_lines_is_refused() -> None:
    assert _refusal(a_statement(lines={})) == (None, "empty_statement")


def test_statement_of_a_future_period_is_refused() -> None:
    future = a_statement(period_end=date(2026, 12, 31))

    assert _refusal(future) == (None, "future_period")


def test_refused_statement_leaves_the_others() -> None:
    bad = a_statement("bad", lines=a_firm(equity=1))
    good = a_statement("good", period_end=EARLIER)
    found = analysis_of(bad, good)

    assert (found["statement"], found["statement_refused_id"]) == ("good", "bad")
    assert found["has_statements"]


def test_old_mistake_replaced_by_a_good_statement_is_forgotten() -> None:
    bad = a_statement("bad", lines=a_firm(equity=1), received_on=date(2026, 3, 1))

    assert _refusal(bad, a_statement("good")) == ("good", None)


def test_bad_copy_received_later_is_told_beside_the_good_one() -> None:
    bad = a_statement("bad", lines=a_firm(equity=1), received_on=date(2026, 5, 1))

    assert _refusal(bad, a_statement("good")) == ("good", "not_balanced")


def test_of_two_for_one_period_the_newest_counts_and_is_flagged() -> None:
    first = a_statement("first", lines=a_firm(revenue=1), received_on=date(2026, 3, 1))
    found = analysis_of(first, a_statement("second"))

    assert (found["statement"], found["statement_repeated"]) == ("second", True)
    assert found["annual_revenue"] == 130_000


def test_revenue_below_our_sales_to_them_is_a_wrong_unit() -> None:
    """A statement in 万元 entered as 元 sells less than it bought from us alone."""
    sold = an_invoice(amount=500_000, issued_on=date(2025, 5, 5))

    assert _refusal(sold, a_statement()) == (None, "wrong_unit")


def test_revenue_above_our_sales_in_its_period_is_well() -> None:
    sold = an_invoice("i1", amount=120_000, issued_on=date(2025, 5, 5))
    later = an_invoice("i2", amount=900_000, issued_on=date(2026, 5, 5))
    others = an_invoice("i3", amount=900_000, issued_on=date(2025, 5, 5), entity="E0")

    assert _refusal(sold, later, others, a_statement()) == ("s1", None)


def test_without_sales_in_its_period_the_last_year_guards_the_unit() -> None:
    sold = an_invoice(amount=500_000, issued_on=date(2026, 5, 5))

    assert _refusal(sold, a_statement()) == (None, "wrong_unit")


def test_sales_after_the_date_do_not_guard_the_unit() -> None:
    sold = an_invoice(amount=500_000, issued_on=date(2026, 7, 5))

    assert _refusal(sold, a_statement()) == ("s1", None)


def test_unit_guard_compares_in_one_currency() -> None:
    sold = an_invoice(amount=500_000, issued_on=date(2025, 5, 5))
    book = a_book(sold, a_statement(currency="USD"), rates={"USD": a_rate("7")})

    assert analysis_of(book=book)["statement"] == "s1"


@pytest.mark.parametrize(
    ("kind", "known", "stated"),
    [
        ("registry", 1_000_000, 200_000_000),
        ("paid_in", 100_000_000, 10_000),
        ("paid_in", 10_000, 100_000_000),
    ],
)
def test_paid_in_capital_far_from_the_registered_is_a_wrong_unit(
    kind: str, known: int, stated: int
) -> None:
    statement = a_statement(lines=a_firm(paid_in_capital=stated))

    assert _refusal(a_record(kind, amount=known), statement) == (None, "wrong_unit")


def test_capital_not_yet_paid_in_is_no_wrong_unit() -> None:
    statement = a_statement(lines=a_firm(paid_in_capital=10_000))

    assert _refusal(a_record("registry", amount=100_000_000), statement) == ("s1", None)


def test_unit_guard_can_be_switched_off() -> None:
    sold = an_invoice(amount=500_000, issued_on=date(2025, 5, 5))
    policy = load_policy("[financials]\nunit_guard = false")

    assert analysis_of(sold, a_statement(), policy=policy)["statement"] == "s1"


def test_statement_too_old_is_not_used() -> None:
    assert _refusal(a_statement(period_end=date(2023, 12, 29))) == (None, "stale_statement")


def test_old_statement_beside_a_fresh_one_needs_no_word() -> None:
    old = a_statement("old", period_end=date(2020, 12, 31))

    assert _refusal(old, a_statement()) == ("s1", None)


@pytest.mark.parametrize(
    ("end", "taken"),
    [
        (date(2024, 12, 31), True),
        (date(2024, 11, 20), True),
        (date(2024, 11, 10), False),
        (date(2023, 12, 31), False),
    ],
)
def test_predecessor_ends_about_a_year_before(end: date, *, taken: bool) -> None:
    found = analysis_of(a_statement("old", period_end=end), a_statement())

    assert (found["debt_to_assets_change"] is not None) == taken


def test_predecessor_in_another_currency_is_none() -> None:
    old = a_statement("old", period_end=EARLIER, currency="USD")
    book = a_book(old, a_statement(), rates={"USD": a_rate("7")})

    assert analysis_of(book=book)["growth"] is None


def _interim(months: int = 3) -> Row:
    return a_statement(
        "q1", period_end=date(2026, 3, 31), months=months, received_on=date(2026, 5, 1)
    )


def test_annual_statement_goes_before_a_newer_interim_one() -> None:
    found = analysis_of(a_statement(), _interim())

    assert found["statement"] == "s1"


def test_newer_interim_statement_is_annualised_when_the_policy_says() -> None:
    policy = load_policy('[financials]\ninterim = "annualise"')
    found = analysis_of(a_statement(), _interim(), policy=policy)

    assert (found["statement"], found["annual_revenue"]) == ("q1", 520_000)
    assert found["asset_turnover"] == pytest.approx(5.2)


def test_interim_statement_is_better_than_none() -> None:
    assert analysis_of(_interim())["statement"] == "q1"


def test_interim_statement_of_a_month_is_too_short() -> None:
    found = analysis_of(_interim(months=1))

    assert not found["has_statements"]


@settings(max_examples=20, deadline=None)
@given(
    st.integers(min_value=1, max_value=900),
    st.integers(min_value=0, max_value=1_000),
    st.sampled_from([3, 6, 12]),
    st.sampled_from([YEAR_END, EARLIER, date(2026, 3, 31)]),
)
def test_no_statement_received_later_changes_anything(
    days: int, revenue: int, months: int, end: date
) -> None:
    later = a_statement(
        "later",
        period_end=end,
        months=months,
        lines=a_firm(revenue=revenue),
        received_on=AS_OF + timedelta(days=days),
    )
    rows = [a_statement(), a_statement("old", period_end=EARLIER)]

    assert analysis_of(*rows, later) == analysis_of(*rows)


def test_entity_without_statements_has_nulls_among_others() -> None:
    book = a_book(an_entity("E0"), an_entity("E1"), a_statement())
    frame = analysed(book.ledger.entities.select("e"), book, Policy(), AS_OF)

    assert frame["has_statements"].to_list() == [False, True]
    assert frame["quick_ratio"].to_list() == [None, pytest.approx(1.05)]


def test_book_without_statements_has_the_same_columns() -> None:
    none, some = a_book(an_entity()), a_book(an_entity(), a_statement())
    frames = [
        analysed(book.ledger.entities.select("e"), book, Policy(), AS_OF) for book in (none, some)
    ]

    assert frames[0].schema == frames[1].schema
    assert frames[0].select(pl.exclude("e", "has_statements").is_null().all()).row(0) == (True,) * (
        frames[0].width - 2
    )


@pytest.mark.parametrize(
    "text",
    [
        "balance_tolerance = 1",
        "interim_min_months = 0",
        "year_tolerance_days = 200",
        "peers_needed = 0",
        "no_interest_loss_share = 101",
        "shifts = [{ industries = ['F'] }, { industries = ['F'] }]",
        "basis = { audited = 1.1 }",
        "z = { safe = 1, distress = 2 }",
    ],
)
def test_nonsense_in_the_policy_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="financials"):
        load_policy(f"[financials]\n{text}")


def test_default_rules_are_those_of_the_method() -> None:
    assert FinancialsPolicy().balance_tolerance.as_integer_ratio() == (1, 200)
