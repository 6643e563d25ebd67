"""How others' columns become our figures, and that no row is judged by a fit that saw it."""

import numpy as np
import polars as pl
import pytest

from connector.flow.validation.bankruptcy import STUDIES, unseen
from connector.flow.validation.figures import BLANK_TELLS, american_figures, polish_figures
from connector.flow.validation.unfitted import (
    american_ratios,
    american_z,
    financial_risk,
    polish_ratios,
    polish_z,
)
from scoring.model.metrics import Flags, Floats
from scoring.policy import Policy

ITEMS = {
    "current_assets": 620.0,
    "cost_of_goods": 900.0,
    "depreciation": 30.0,
    "ebitda": 120.0,
    "inventory": 200.0,
    "net_income": 50.0,
    "receivables": 250.0,
    "sales": 1300.0,
    "total_assets": 1000.0,
    "long_term_debt": 160.0,
    "ebit": 90.0,
    "gross_profit": 400.0,
    "current_liabilities": 400.0,
    "retained": 180.0,
    "total_liabilities": 560.0,
    "operating_expenses": 1180.0,
}


def firm_years(*years: dict[str, float]) -> pl.DataFrame:
    """Make one firm with consecutive years; the firm of vector 2 with what is said to differ."""
    rows = [
        {"firm": "F", "year": 2000 + number, "bad": False, **ITEMS, **year}
        for number, year in enumerate(years)
    ]
    return pl.DataFrame(rows).with_columns(pl.col("year").cast(pl.Int32))


def a_polish_row(**attributes: float | None) -> pl.DataFrame:
    row: dict[str, float | bool | None] = {f"Attr{number}": 1.0 for number in range(1, 65)}
    return pl.DataFrame([{"bad": False, **row, **attributes}])


def test_altman_of_an_american_firm_is_vector_2() -> None:
    assert american_z(firm_years({}))[0] == pytest.approx(-3.45980, abs=5e-6)


def test_altman_of_a_polish_firm_is_vector_2() -> None:
    row = a_polish_row(Attr3=0.22, Attr6=0.18, Attr7=0.09, Attr8=440 / 560)

    assert polish_z(row)[0] == pytest.approx(-3.45980, abs=5e-6)


def test_american_ratios_are_percents_and_plain_ratios() -> None:
    row = american_ratios(firm_years({"total_liabilities": 500.0}, {})).row(1, named=True)

    assert row["debt_to_assets"] == pytest.approx(56)
    assert row["debt_to_assets_change"] == pytest.approx(6)
    assert row["quick_ratio"] == pytest.approx(1.05)
    assert row["ocf_to_cl"] == pytest.approx(0.2)
    assert row["net_margin"] == pytest.approx(100 * 50 / 1300)
    assert row["retained_to_assets"] == pytest.approx(18)
    assert row["interest_cover"] is None


def test_first_year_has_no_change_and_a_gap_is_no_year() -> None:
    years = firm_years({}, {}, {}).filter(pl.col("year") != 2001)

    assert american_ratios(years)["debt_to_assets_change"].to_list() == [None, None]


def test_firm_without_current_liabilities_has_no_quick_ratio() -> None:
    row = american_ratios(firm_years({"current_liabilities": 0.0})).row(0, named=True)

    assert (row["quick_ratio"], row["ocf_to_cl"]) == (None, None)


@pytest.mark.parametrize(("profit", "well"), [(0.1, True), (-0.1, False)])
def test_polish_interest_of_nothing_goes_by_the_profit(profit: float, *, well: bool) -> None:
    row = polish_ratios(a_polish_row(Attr11=profit, Attr18=profit)).row(0, named=True)

    assert row["interest_cover"] is None
    assert row["no_interest_profit"] is well


def test_polish_interest_cover_comes_from_its_own_two_lines() -> None:
    row = polish_ratios(a_polish_row(Attr11=0.12, Attr18=0.08, Attr27=99.0)).row(0, named=True)

    assert row["interest_cover"] == pytest.approx(3.0)
    assert row["no_interest_profit"] is None


def test_blanks_of_the_published_cover_do_not_move_the_unfitted_group() -> None:
    policy = Policy()
    risks = [
        financial_risk(polish_ratios(a_polish_row(Attr27=cover)), policy)[0]
        for cover in (5.0, None)
    ]

    assert risks[0] == risks[1]


def test_column_whose_blanks_tell_can_be_left_out() -> None:
    row = a_polish_row()

    assert BLANK_TELLS in polish_figures(row, blanks=True).columns
    assert BLANK_TELLS not in polish_figures(row, blanks=False).columns


def test_figures_of_a_year_do_not_know_the_next_year_or_the_label() -> None:
    alone = firm_years({}, {"net_income": -10.0})
    later = firm_years({}, {"net_income": -10.0}, {"net_income": -500.0})
    failed = later.with_columns(pl.lit(value=True).alias("bad"))

    assert american_figures(later).head(2).equals(american_figures(alone))
    assert american_figures(failed).equals(american_figures(later))


def test_no_row_is_judged_by_a_fit_that_saw_it() -> None:
    rows = pl.DataFrame({"row": np.arange(200)})
    seen: list[set[int]] = []

    def fit(train: pl.DataFrame, _bad: Flags, test: pl.DataFrame) -> Floats:
        seen.append(set(train["row"]) & set(test["row"]))
        return test["row"].to_numpy() / 200

    found = unseen(fit, rows, np.arange(200) % 5 == 0)

    assert seen == [set()] * 10
    assert found.tolist() == [row / 200 for row in range(200)]


def test_every_study_has_its_own_name() -> None:
    names = [study.name for study in STUDIES]

    assert len(set(names)) == len(names) == 5
