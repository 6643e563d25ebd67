"""Ratios against their industry: standard values, peers, shifts, and which of them counts."""

from decimal import Decimal

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scoring.assess import assess
from scoring.financials import Standards, peers_of, standards_of
from scoring.financials.industry import IndustryStandard, standard_share
from scoring.policy import Policy, load_policy
from tests.builders import AS_OF, a_book, a_steady_payer
from tests.scoring.financials.statement_rows import (
    a_firm,
    a_statement,
    analysis_of,
    of_industry,
)

_Tiers = tuple[Decimal, Decimal, Decimal, Decimal, Decimal]


def _tiers(text: str) -> _Tiers:
    excellent, good, average, lower, poor = (Decimal(one) for one in text.split())
    return excellent, good, average, lower, poor


def _a_standard(
    industry: str = "F51",
    indicator: str = "quick_ratio",
    values: str = "1.6 1.3 1.0 0.8 0.6",
    *,
    parent: str | None = None,
    size: str | None = None,
    year: int = 2025,
) -> IndustryStandard:
    return IndustryStandard(
        year=year,
        industry=industry,
        parent=parent,
        size=size,
        indicator=indicator,
        values=_tiers(values),
    )


def _share(value: float | None, values: str) -> float | None:
    tiers = tuple(pl.lit(float(one)) for one in _tiers(values))
    frame = pl.DataFrame({"x": [value]}, schema={"x": pl.Float64})
    found = frame.select(standard_share(pl.col("x"), tiers)).to_series()[0]
    return None if found is None else float(found)


def test_standard_value_of_the_vector() -> None:
    """Vector 8: weight 10, poor to excellent 60/80/100/130/160 %, actual 112 → 6.8."""
    share = _share(112, "160 130 100 80 60")

    assert share is not None
    assert share * 10 / 100 == pytest.approx(6.8)


@pytest.mark.parametrize(
    ("value", "share"),
    [(160, 100), (200, 100), (130, 80), (70, 30), (60, 20), (59.9, 0), (None, None)],
)
def test_share_by_standard_values_where_more_is_better(
    value: float | None, share: float | None
) -> None:
    assert _share(value, "160 130 100 80 60") == share


@pytest.mark.parametrize(("value", "share"), [(40, 100), (30, 100), (50, 90), (90, 20), (91, 0)])
def test_share_by_standard_values_where_less_is_better(value: float, share: float) -> None:
    assert _share(value, "40 60 70 80 90") == pytest.approx(share)


def test_equal_tiers_do_not_divide_by_nothing() -> None:
    assert _share(1.0, "2 1 1 1 0.5") == pytest.approx(80)


@settings(max_examples=60, deadline=None)
@given(st.floats(-500, 500), st.floats(-500, 500))
def test_better_value_never_has_a_smaller_share_of_its_standard(one: float, other: float) -> None:
    low, high = (_share(value, "160 130 100 80 60") or 0 for value in sorted((one, other)))

    assert low <= high + 1e-9


def _used(*standards: IndustryStandard, size: str | None = None) -> tuple[str, float]:
    found = analysis_of(
        of_industry("F51", size_class=size),
        a_statement(),
        standards=Standards(values=standards),
    )
    return found["industry_method"], found["financial_quick_ratio"]


def test_standard_of_the_own_industry_goes_before_its_parents() -> None:
    parent = _a_standard("F", values="3 2.5 2 1.5 1.05")

    method, share = _used(_a_standard(parent="F"), parent)

    assert method == "standard"
    assert share == pytest.approx(60 + 20 / 6)


def test_standard_of_the_parent_industry_is_next() -> None:
    other = _a_standard(parent="F", indicator="net_margin", values="10 8 6 4 2")
    parent = _a_standard("F", values="3 2.5 2 1.5 1.05")

    method, share = _used(other, parent)

    assert method == "standard_parent"
    assert share == pytest.approx(20)


def test_standard_of_the_own_size_goes_before_that_for_all() -> None:
    sized = _a_standard(size="sme", values="3 2.5 2 1.5 1.05")

    assert _used(sized, _a_standard(), size="sme")[1] == pytest.approx(20)
    assert _used(sized, _a_standard(), size="large")[1] == pytest.approx(60 + 20 / 6)


def test_newest_year_counts_and_a_later_one_does_not_exist_yet() -> None:
    years = [
        _a_standard(year=2024, values="9 8 7 6 5"),
        _a_standard(year=2025),
        _a_standard(year=2027, values="9 8 7 6 5"),
    ]

    assert _used(*years)[1] == pytest.approx(60 + 20 / 6)


def test_edge_rules_hold_under_standards_too() -> None:
    standard = _a_standard(indicator="debt_to_assets", values="120 130 140 150 160")
    lines = a_firm(total_liabilities=110_000, equity=-10_000)
    found = analysis_of(
        of_industry("F51"), a_statement(lines=lines), standards=Standards(values=(standard,))
    )

    assert found["financial_debt_to_assets"] == 0


def test_parents_that_name_each_other_end() -> None:
    one = _a_standard("F51", "net_margin", "10 8 6 4 2", parent="F")
    other = _a_standard("F", "net_margin", "10 8 6 4 2", parent="F51")

    assert _used(one, other)[0] == "shifts"


def _peers(firms: int = 100, industry: str = "F51") -> pl.DataFrame:
    frame = pl.DataFrame(
        {
            "industry": [industry] * firms,
            "quick_ratio": [number * 2 / (firms - 1) for number in range(firms)],
            "debt_to_assets": [100 * number / (firms - 1) for number in range(firms)],
        }
    )
    return peers_of(frame, ("quick_ratio", "debt_to_assets"))


def test_percentile_among_peers_where_no_standard_is() -> None:
    found = analysis_of(of_industry("F51"), a_statement(), standards=Standards(peers=_peers()))

    assert found["industry_method"] == "peers"
    assert found["financial_quick_ratio"] == pytest.approx(52.5)
    assert found["financial_debt_to_assets"] == pytest.approx(44)


@pytest.mark.parametrize(("cash", "percentile"), [(200_000, 95), (-61_000, 5)])
def test_percentiles_are_winsorised(cash: int, percentile: float) -> None:
    lines = a_firm(
        current_assets=62_000 + cash, total_assets=100_000 + cash, equity=44_000 + cash, inventory=0
    )
    found = analysis_of(
        of_industry("F51"), a_statement(lines=lines), standards=Standards(peers=_peers())
    )

    assert found["financial_quick_ratio"] == percentile


def test_percentile_among_equal_peers_is_the_middle() -> None:
    frame = pl.DataFrame({"industry": ["F51"] * 30, "quick_ratio": [1.05] * 30})
    peers = peers_of(frame, ("quick_ratio",))
    found = analysis_of(of_industry("F51"), a_statement(), standards=Standards(peers=peers))

    assert found["financial_quick_ratio"] == pytest.approx(50)


@pytest.mark.parametrize(("firms", "method"), [(30, "peers"), (29, "shifts")])
def test_too_few_peers_are_none(firms: int, method: str) -> None:
    found = analysis_of(of_industry("F51"), a_statement(), standards=Standards(peers=_peers(firms)))

    assert found["industry_method"] == method


def test_dso_is_seen_against_the_industrys() -> None:
    lines = a_firm(receivables=13_000)
    standard = _a_standard(indicator="customer_dso", values="10 20 40 60 80")
    found = analysis_of(
        of_industry("F51"), a_statement(lines=lines), standards=Standards(values=(standard,))
    )

    assert found["dso_to_industry"] == pytest.approx(36.5 / 40)


@pytest.mark.parametrize(
    ("industry", "debt", "quick", "method"),
    [
        ("F51 批发业", 100 - 20 * 11 / 15, 100, "shifts"),
        ("Retail", 100 - 20 * 11 / 15, 100, "shifts"),
        ("E47", 100 - 20 * 6 / 15, 85, "shifts"),
        ("房地产业", 100 - 20 * 6 / 15, 85, "shifts"),
        ("Food", 78, 85, "bands"),
        ("C13", 78, 85, "bands"),
    ],
)
def test_cut_offs_move_with_the_industry(
    industry: str, debt: float, quick: float, method: str
) -> None:
    found = analysis_of(of_industry(industry), a_statement())

    assert found["financial_debt_to_assets"] == pytest.approx(debt)
    assert found["financial_quick_ratio"] == pytest.approx(quick)
    assert found["industry_method"] == method


def test_without_stock_only_one_liquidity_ratio_is_scored() -> None:
    policy = load_policy(
        """
        [scorecard.financial.quick_ratio]
        points = 3
        curve = [[0.2, 0], [1.2, 100]]
        [scorecard.financial.current_ratio]
        points = 2
        curve = [[0.6, 0], [2.0, 100]]
        """
    )
    found = analysis_of(of_industry("I65"), a_statement(), policy=policy)

    assert found["financial_current_ratio"] is None
    assert found["financial_quick_ratio"] is not None


def test_the_hash_of_inputs_covers_what_statements_are_compared_with() -> None:
    """The industry's own values and those above it, of years begun; nothing of other industries."""
    book = a_book(of_industry("F51"), a_statement())
    own, parent = _a_standard(parent="F"), _a_standard(industry="F", indicator="net_margin")
    later, other = _a_standard(year=AS_OF.year + 1), _a_standard(industry="C")

    def hash_with(*values: IndustryStandard) -> str:
        made = assess(book, Policy(), AS_OF, standards=Standards(values=values))
        return made.input_hashes["E1"]

    bare = assess(book, Policy(), AS_OF).input_hashes["E1"]
    assert hash_with() == hash_with(other) == hash_with(later) == bare
    assert len({bare, hash_with(own), hash_with(own, parent)}) == 3
    assert hash_with(own, other, later) == hash_with(own)


def test_standards_reach_an_assessment() -> None:
    large = {name: None if line is None else line * 1000 for name, line in a_firm().items()}
    book = a_book(of_industry("F51"), a_steady_payer(), a_statement(lines=large))
    standards = Standards(values=(_a_standard(),))
    made = assess(book, Policy(), AS_OF, standards=standards)

    assert made.figures("E1")["industry_method"] == "standard"


_ROW = {
    "year": "2025",
    "industry": "F51",
    "parent": "F",
    "size": "sme",
    "indicator": "quick_ratio",
    "excellent": "1.6",
    "good": "1.3",
    "average": "1.0",
    "lower": "0.8",
    "poor": "0.6",
}


def test_table_of_standard_values_is_read() -> None:
    found, mistakes = standards_of([_ROW, _ROW | {"size": "", "parent": ""}])

    assert mistakes == ()
    assert found == (_a_standard(parent="F", size="sme"), _a_standard())


@pytest.mark.parametrize(
    ("change", "column", "code"),
    [
        ({"industry": " "}, "industry", "missing"),
        ({"year": "25"}, "year", "not_a_year"),
        ({"size": "huge"}, "size", "unknown_size"),
        ({"indicator": "luck"}, "indicator", "unknown_indicator"),
        ({"good": "n/a"}, "good", "not_a_number"),
        ({"poor": "nan"}, "poor", "not_a_number"),
        ({"good": "1.7"}, "excellent", "not_monotone"),
        ({"indicator": "debt_to_assets"}, "excellent", "not_monotone"),
    ],
)
def test_mistake_in_the_table_is_told_with_row_and_column(
    change: dict[str, str], column: str, code: str
) -> None:
    found, mistakes = standards_of([_ROW | {"indicator": "net_margin"}, _ROW | change])

    assert len(found) == 1
    assert [(one.row, one.column, one.code) for one in mistakes] == [(2, column, code)]


def test_repeated_standard_is_told_and_the_first_counts() -> None:
    found, mistakes = standards_of([_ROW, _ROW | {"excellent": "1.7"}])

    assert found == (_a_standard(parent="F", size="sme"),)
    assert [(one.row, one.code) for one in mistakes] == [(2, "repeated")]
