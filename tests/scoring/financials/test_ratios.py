"""Every ratio of a firm, and every edge rule: what is missing, not applicable, thin, a proxy."""

from datetime import date
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scoring.financials.ratios import RATIOS
from tests.builders import Row, a_book, a_rate, an_entity
from tests.scoring.financials.statement_rows import a_firm, a_statement, analysis_of

EARLIER = date(2024, 12, 31)
_MORE = {
    "cash": 10_000,
    "trading_securities": 2_000,
    "receivables": 26_000,
    "prepayments": 0,
    "payables": 13_000,
    "intangibles": 1_000,
    "goodwill": 500,
    "deferred_items": 300,
    "owner_loans": 200,
    "cost_of_sales": 100_000,
    "net_profit": 5_200,
    "depreciation": 2_800,
    "operating_cash_flow": 8_000,
}


def _whole_firm(**changes: int | None) -> dict[str, int | None]:
    return a_firm(**(_MORE | changes))


def _before(**changes: int | None) -> Row:
    return a_statement("before", period_end=EARLIER, lines=_whole_firm(**changes))


def _found(**changes: int | None) -> dict[str, Any]:
    return analysis_of(a_statement(lines=_whole_firm(**changes)))


_EXPECTED = {
    "current_ratio": 1.55,
    "quick_ratio": 1.05,
    "cash_ratio": 0.3,
    "debt_to_assets": 56,
    "debt_to_equity": 56 / 44,
    "current_liabilities_to_net_worth": 40 / 44,
    "total_liabilities_to_net_worth": 56 / 44,
    "retained_to_assets": 18,
    "interest_cover": 4.5,
    "net_margin": 4,
    "gross_margin": 100 * 30 / 130,
    "roe": 100 * 5.2 / 42,
    "roa": 10,
    "asset_turnover": 130 / 90,
    "growth": 30,
    "ocf_to_cl": 0.2,
    "ocf_to_debt": 8 / 56,
    "earnings_quality": 8 / 5.2,
    "receivables_turnover": 130 / 23,
    "customer_dso": 365 * 23 / 130,
    "inventory_days": 365 * 18 / 100,
    "dpo": 365 * 12 / 100,
    "cash_cycle": 365 * 18 / 100 + 365 * 23 / 130 - 365 * 12 / 100,
    "debt_to_assets_change": 6,
}


@pytest.fixture(name="both_years", scope="module")
def _both_years() -> dict[str, Any]:
    before = _before(
        total_assets=80_000,
        total_liabilities=40_000,
        equity=40_000,
        receivables=20_000,
        inventory=16_000,
        payables=11_000,
        revenue=100_000,
    )
    return analysis_of(before, a_statement(lines=_whole_firm()))


def test_every_ratio_is_expected_here() -> None:
    assert set(_EXPECTED) == set(RATIOS)


@pytest.mark.parametrize("code", RATIOS)
def test_ratio_by_its_formula(code: str, both_years: dict[str, Any]) -> None:
    expected = _EXPECTED[code]
    if code == "roa":  # EBIT 90 over the average of 800 and 1000
        assert both_years[code] == pytest.approx(100 * 9 / 90)
    else:
        assert both_years[code] == pytest.approx(expected)
    assert both_years[f"{code}_status"] == "ok"


def test_amounts_are_exact_minor_units() -> None:
    found = _found()
    amounts = ("tangible_net_worth", "net_working_capital", "net_worth", "annual_revenue")

    assert [found[code] for code in amounts] == [42_000, 22_000, 44_000, 130_000]


def test_amounts_are_in_the_entitys_currency() -> None:
    lines = _whole_firm(equity=-1_001, total_liabilities=101_001)
    statement = a_statement(currency="USD", lines=lines)
    found = analysis_of(book=a_book(statement, rates={"USD": a_rate("7.25")}))

    # 72.5725 yuan and 942.5 yuan, halves away from zero
    assert (found["net_worth"], found["annual_revenue"]) == (-7_257, 942_500)
    assert found["debt_to_assets"] == pytest.approx(101.001)


def test_amounts_without_a_rate_are_unknown_and_ratios_are_not() -> None:
    found = analysis_of(an_entity(), a_statement(currency="USD"))

    assert (found["net_worth"], found["current_ratio"]) == (None, pytest.approx(1.55))


@pytest.mark.parametrize(
    "code", ["roe", "roa", "asset_turnover", "customer_dso", "inventory_days", "dpo", "cash_cycle"]
)
def test_without_a_predecessor_the_closing_balance_is_thin(code: str) -> None:
    found = _found()

    assert found[code] is not None
    assert found[f"{code}_status"] == "thin"


@pytest.mark.parametrize("code", ["growth", "debt_to_assets_change"])
def test_change_without_a_predecessor_is_missing(code: str) -> None:
    found = _found()

    assert (found[code], found[f"{code}_status"]) == (None, "missing")


@pytest.mark.parametrize(
    ("line", "value", "code", "status"),
    [
        ("current_liabilities", 0, "current_ratio", "not_applicable"),
        ("current_liabilities", -5, "quick_ratio", "not_applicable"),
        ("current_liabilities", 0, "ocf_to_cl", "not_applicable"),
        ("current_liabilities", None, "cash_ratio", "missing"),
        ("inventory", None, "quick_ratio", "missing"),
        ("prepayments", None, "quick_ratio", "thin"),
        ("revenue", 0, "net_margin", "not_applicable"),
        ("revenue", 0, "customer_dso", "not_applicable"),
        ("revenue", 0, "receivables_turnover", "not_applicable"),
        ("interest_expense", 0, "interest_cover", "not_applicable"),
        ("interest_expense", None, "interest_cover", "missing"),
        ("interest_expense", None, "roa", "proxy"),
        ("operating_cash_flow", None, "ocf_to_cl", "proxy"),
        ("operating_cash_flow", None, "earnings_quality", "missing"),
        ("net_profit", -1, "earnings_quality", "not_applicable"),
        ("receivables", 0, "receivables_turnover", "not_applicable"),
        ("surplus_reserve", None, "retained_to_assets", "thin"),
        ("goodwill", None, "tangible_net_worth", "thin"),
    ],
)
def test_edge_of_a_ratio_has_its_status(
    line: str, value: int | None, code: str, status: str
) -> None:
    found = _found(**{line: value})

    assert found[f"{code}_status"] == status
    assert (found[code] is None) == (status in {"missing", "not_applicable"})


def test_cash_flow_without_its_statement_is_profit_and_depreciation() -> None:
    assert _found(operating_cash_flow=None)["ocf_to_cl"] == pytest.approx(0.2)
    assert _found(operating_cash_flow=None, depreciation=None)["ocf_to_cl"] is None


def test_negative_equity_shows_more_debt_than_assets_and_no_debt_to_equity() -> None:
    found = _found(equity=-10_000, total_liabilities=110_000)

    assert found["negative_equity"]
    assert found["debt_to_assets"] == pytest.approx(110)
    assert (found["debt_to_equity"], found["debt_to_equity_status"]) == (None, "not_applicable")
    assert found["tangible_net_worth"] == -12_000


def test_liabilities_not_stated_are_assets_less_equity() -> None:
    assert _found(total_liabilities=None)["debt_to_assets"] == pytest.approx(56)


def test_credit_sales_and_purchases_go_before_sales_and_costs() -> None:
    found = _found(credit_sales=65_000, purchases=50_000)

    assert found["customer_dso"] == pytest.approx(365 * 26 / 65)
    assert found["dpo"] == pytest.approx(365 * 13 / 50)


@pytest.mark.parametrize(
    ("interest", "profit", "told"), [(0, 7, True), (0, 0, True), (0, -7, False), (None, 7, None)]
)
def test_no_interest_counts_only_where_a_line_says_so(
    interest: int | None, profit: int, *, told: bool | None
) -> None:
    found = _found(interest_expense=interest, profit_before_tax=profit)

    assert found["no_interest_profit"] is told


@pytest.mark.parametrize(("revenue", "growth"), [(160_001, True), (159_999, False)])
def test_growth_beyond_the_mark_is_over_trading(revenue: int, *, growth: bool) -> None:
    lines = _whole_firm(revenue=revenue)
    found = analysis_of(_before(revenue=100_000), a_statement(lines=lines))

    assert found["over_trading"] is growth
    assert found["falling_sales"] is False


def test_sales_below_the_year_before_are_falling() -> None:
    found = analysis_of(_before(revenue=130_001), a_statement(lines=_whole_firm()))

    assert found["falling_sales"]


def test_growth_from_nothing_is_not_applicable() -> None:
    found = analysis_of(_before(revenue=0), a_statement(lines=_whole_firm()))

    assert (found["growth"], found["growth_status"]) == (None, "not_applicable")


def test_first_long_year_is_scaled_to_twelve_months() -> None:
    found = analysis_of(a_statement(months=15, lines=_whole_firm()))

    assert found["annual_revenue"] == 104_000
    assert found["net_margin"] == pytest.approx(4)


_SLOWLY = settings(max_examples=20, deadline=None)


@_SLOWLY
@given(st.integers(min_value=2, max_value=1_000))
def test_scaling_every_line_changes_no_ratio(times: int) -> None:
    lines = _whole_firm()
    larger = {name: None if value is None else value * times for name, value in lines.items()}
    both = [
        analysis_of(a_statement("b", period_end=EARLIER, lines=one), a_statement(lines=one))
        for one in (lines, larger)
    ]

    for code in (*RATIOS, "z_private", "z_double", "bathory"):
        assert both[1][code] == pytest.approx(both[0][code]), code


@_SLOWLY
@given(st.permutations(range(4)))
def test_order_of_statements_is_irrelevant(order: list[int]) -> None:
    rows = [
        _before(),
        a_statement("s1", lines=_whole_firm()),
        a_statement("s2", lines=_whole_firm(revenue=140_000)),
        a_statement("s3", lines=_whole_firm(equity=1)),
    ]

    assert analysis_of([rows[position] for position in order]) == analysis_of(rows)
