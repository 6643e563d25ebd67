"""Bankruptcy scores: the vectors of the method, zones, the change in a year."""

from datetime import date
from math import log

import pytest

from scoring.policy import load_policy
from tests.scoring.financials.statement_rows import a_firm, a_statement, analysis_of

EARLIER = date(2024, 12, 31)


def test_altman_scores_of_the_vector() -> None:
    """Vector 2; Z with the book equity as market value."""
    found = analysis_of(a_statement(lines=a_firm(market_value=44_000)))

    assert found["z"] == pytest.approx(2.58443, abs=5e-6)
    assert found["z_private"] == pytest.approx(2.21723)
    assert found["z_double"] == pytest.approx(3.45980)
    assert found["em"] == pytest.approx(6.70980)


def test_parts_of_the_working_asset_model() -> None:
    """Vector 3: working assets 330, E = 0.418182."""
    found = analysis_of(a_statement())
    evaluated = (
        found["current_ratio"]
        + found["quick_ratio"]
        - found["current_liabilities_to_net_worth"]
        - found["total_liabilities_to_net_worth"]
    )

    assert (found["net_working_capital"] + found["net_worth"]) / 2 == 33_000
    assert evaluated == pytest.approx(0.418182, abs=5e-7)


def test_listed_score_needs_a_market_value() -> None:
    found = analysis_of(a_statement())

    assert found["z"] is None
    assert found["z_double"] is not None


def test_score_with_an_unknown_part_is_unknown() -> None:
    found = analysis_of(a_statement(lines=a_firm(surplus_reserve=None, undistributed_profit=None)))

    assert (found["z_double"], found["distress_zone"]) == (None, None)


def test_ohlson_by_its_formula() -> None:
    more = {"net_profit": 5_000, "depreciation": 3_000}
    before = a_statement("old", period_end=EARLIER, lines=a_firm(**more, revenue=120_000))
    found = analysis_of(before, a_statement(lines=a_firm(**(more | {"net_profit": 3_000}))))
    expected = (
        -1.32
        - 0.407 * log(1000 / 100)
        + 6.03 * 0.56
        - 1.43 * 0.22
        + 0.0757 * 40 / 62
        - 2.37 * 0.03
        - 1.83 * 6 / 56
        - 0.521 * -2 / 8
    )

    assert found["ohlson"] == pytest.approx(expected)


def test_ohlson_counts_two_years_of_loss_and_debt_above_assets() -> None:
    poor = {"net_profit": -5_000, "depreciation": 0, "equity": -1_000, "total_liabilities": 101_000}
    rows = [
        a_statement("old", period_end=EARLIER, lines=a_firm(**poor)),
        a_statement(lines=a_firm(**poor)),
    ]
    expected = (
        -1.32
        - 0.407 * log(1000 / 100)
        + 6.03 * 1.01
        - 1.43 * 0.22
        + 0.0757 * 40 / 62
        - 1.72
        - 2.37 * -0.05
        - 1.83 * -5 / 101
        + 0.285
    )

    assert analysis_of(rows)["ohlson"] == pytest.approx(expected)


def test_bathory_by_its_formula() -> None:
    found = analysis_of(a_statement(lines=a_firm(depreciation=3_000, intangibles=4_000)))
    expected = 10 / 40 + 7 / 22 + 44 / 40 + 40 / 56 + 0.22

    assert found["bathory"] == pytest.approx(expected)


@pytest.mark.parametrize(
    ("model", "zone"), [("z", "grey"), ("z_private", "grey"), ("z_double", "safe"), ("em", "safe")]
)
def test_zone_is_that_of_the_policys_model(model: str, zone: str) -> None:
    policy = load_policy(f'[financials]\ndistress_model = "{model}"')
    statement = a_statement(lines=a_firm(market_value=44_000))

    assert analysis_of(statement, policy=policy)["distress_zone"] == zone


def test_fall_into_distress_is_seen_beside_the_year_before() -> None:
    poor = a_firm(
        current_liabilities=60_000,
        total_liabilities=90_000,
        equity=10_000,
        surplus_reserve=0,
        undistributed_profit=-10_000,
        profit_before_tax=-3_000,
    )
    found = analysis_of(a_statement("old", period_end=EARLIER), a_statement(lines=poor))

    assert (found["distress_zone_before"], found["distress_zone"]) == ("safe", "distress")
    assert found["z_double_change"] == pytest.approx(found["z_double"] - 3.4598)
    assert found["z_double_change"] < -1


def test_without_a_predecessor_there_is_no_change() -> None:
    found = analysis_of(a_statement())

    assert (found["z_double_change"], found["distress_zone_before"]) == (None, None)
