"""Points of group F: the vector, edge rules, the audit factor, better is never worse."""

from typing import Any

import msgspec
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scoring.financials import analysed, financial_group, financial_shares
from scoring.financials.group import EDGE_COLUMNS, RATIO_COLUMNS
from scoring.policy import Policy, PolicyError, load_policy
from scoring.scorecard import scored
from tests.builders import AS_OF, Row, a_book, an_entity
from tests.scoring.financials.statement_rows import a_firm, a_statement, analysis_of

_STEPS = load_policy('[scorecard.financial]\nshares = "steps"')
_VECTOR = {
    "debt_to_assets": 60.0,
    "quick_ratio": 0.5,
    "ocf_to_cl": 0.05,
    "interest_cover": 6.5,
    "net_margin": -2.5,
    "debt_to_assets_change": None,
    "retained_to_assets": -30.0,
}
_LOWER = ("debt_to_assets", "debt_to_assets_change")


def _judged(policy: Policy | None = None, **changes: Any) -> dict[str, Any]:
    values = _VECTOR | changes
    types = {name: pl.Boolean if name in EDGE_COLUMNS else pl.Float64 for name in values}
    frame = pl.DataFrame({name: [value] for name, value in values.items()}, schema=types)
    return financial_shares(frame, policy or Policy()).row(0, named=True)


@pytest.mark.parametrize(("policy", "points"), [(Policy(), 15.4444), (_STEPS, 12.4444)])
def test_points_of_the_vector(policy: Policy, points: float) -> None:
    """Vector 16, on lines and on steps."""
    assert _judged(policy)["share_financial"] * 30 == pytest.approx(points, abs=5e-5)


@pytest.mark.parametrize(
    ("code", "percent"),
    [
        *(("debt_to_assets", 70), ("interest_cover", 90), ("quick_ratio", 30)),
        *(("net_margin", 30), ("ocf_to_cl", 50), ("retained_to_assets", 10)),
    ],
)
def test_share_of_each_characteristic_of_the_vector(code: str, percent: float) -> None:
    assert _judged()[f"share_{code}"] == pytest.approx(percent)


_MARKS = {
    "debt_to_assets": (40, 55, 65, 75, 85),
    "quick_ratio": (1.2, 1.0, 0.8, 0.6, 0.4),
    "ocf_to_cl": (0.4, 0.25, 0.1, 0, -0.1),
    "interest_cover": (8, 5, 3, 1.5, 1.0),
    "net_margin": (10, 6, 3, 0, -5),
    "debt_to_assets_change": (-5, 0, 3, 7, 15),
    "retained_to_assets": (30, 15, 5, 0, -20),
}


@pytest.mark.parametrize("policy", [Policy(), _STEPS])
@pytest.mark.parametrize("code", RATIO_COLUMNS)
def test_marks_of_the_table_give_their_share(code: str, policy: Policy) -> None:
    marks = _MARKS[code]
    shares = [_judged(policy, **{code: float(mark)})[f"share_{code}"] for mark in marks]

    assert shares == pytest.approx([100, 80, 60, 40, 20])


@pytest.mark.parametrize("code", RATIO_COLUMNS)
def test_beyond_the_last_mark_the_share_falls_over_one_more_step(code: str) -> None:
    *_, at_40, at_20 = (float(mark) for mark in _MARKS[code])
    step = at_20 - at_40
    halfway, end = at_20 + step / 2, at_20 + step

    assert _judged(Policy(), **{code: halfway})[f"share_{code}"] == pytest.approx(10)
    assert _judged(Policy(), **{code: end})[f"share_{code}"] == pytest.approx(0, abs=1e-9)
    assert _judged(_STEPS, **{code: halfway})[f"share_{code}"] == 0


@pytest.mark.parametrize(("profit", "percent"), [(True, 100), (False, 40), (None, None)])
def test_no_interest_scores_by_profit(*, profit: bool | None, percent: float | None) -> None:
    found = _judged(interest_cover=None, no_interest_profit=profit)

    assert found["share_interest_cover"] == percent


def test_loss_without_sales_has_no_points_for_margin_and_a_profit_is_missing() -> None:
    loss = _judged(net_margin=None, loss_without_sales=True)
    profit = _judged(net_margin=None, loss_without_sales=False)

    assert (loss["share_net_margin"], profit["share_net_margin"]) == (0, None)


def test_idle_liquidity_with_falling_sales_is_capped() -> None:
    assert _judged(quick_ratio=5.1, falling_sales=True)["share_quick_ratio"] == 80
    assert _judged(quick_ratio=5.1, falling_sales=False)["share_quick_ratio"] == 100
    assert _judged(quick_ratio=5.0, falling_sales=True)["share_quick_ratio"] == 100


def test_debt_of_all_assets_has_no_points_whatever_the_curve() -> None:
    policy = load_policy(
        "[scorecard.financial.debt_to_assets]\npoints = 7\ncurve = [[0, 100], [300, 50]]"
    )

    assert _judged(policy, debt_to_assets=99.0)["share_debt_to_assets"] > 80
    assert _judged(policy, debt_to_assets=100.0)["share_debt_to_assets"] == 0


def test_group_with_less_than_half_of_its_points_scores_the_prior() -> None:
    few = dict.fromkeys(("quick_ratio", "ocf_to_cl", "interest_cover", "net_margin"))

    assert _judged(**few)["share_financial"] == pytest.approx(0.4)


def test_current_ratio_scores_when_the_policy_gives_it_points() -> None:
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

    assert analysis_of(a_statement(), policy=policy)["financial_current_ratio"] == pytest.approx(
        100 * 0.95 / 1.4
    )
    assert [part.code for part in financial_group(policy).characteristics][-1] == "current_ratio"


def test_z_score_scores_when_the_policy_gives_it_points() -> None:
    policy = load_policy(
        """
        [scorecard.financial.quick_ratio]
        points = 3
        curve = [[0.2, 0], [1.2, 100]]
        [scorecard.financial.z_double]
        points = 2
        curve = [[1.1, 20], [4.0, 100]]
        """
    )

    assert analysis_of(a_statement(), policy=policy)["financial_z_double"] == pytest.approx(
        20 + 80 * (3.4598 - 1.1) / 2.9
    )


@pytest.mark.parametrize(
    ("basis", "factor"),
    [("audited", 1), ("tax_filing", 0.95), ("unaudited", 0.9), ("self_declared", 0.8)],
)
def test_points_are_worth_what_the_statement_rests_on(basis: str, factor: float) -> None:
    row = _scored(an_entity(), a_statement(basis=basis, lines=a_firm(net_profit=5_000)))

    assert row["share_financial"] == pytest.approx(row["raw_financial"] * factor)
    assert row["raw_financial"] > 0.5


def test_customer_without_statements_gets_the_prior_of_the_group() -> None:
    row = _scored(an_entity())

    assert row["share_financial"] == pytest.approx(0.4)
    assert row["low_financial"]


def _scored(*rows: Row) -> dict[str, Any]:
    policy, book = msgspec.structs.replace(Policy(), groups=("financial",)), a_book(*rows)
    frame = analysed(book.ledger.entities.select("e"), book, policy, AS_OF)
    return scored(frame, policy).row(0, named=True)


@pytest.mark.parametrize(
    "text",
    [
        "points = 31",
        "shares = 'curves'",
        "[scorecard.financial.net_margin]\npoints = 4\ncurve = [[0, 100], [10, 0]]",
        "[scorecard.financial.debt_to_assets]\npoints = 7\ncurve = [[0, 0], [10, 100]]",
    ],
)
def test_group_that_does_not_add_up_or_runs_the_wrong_way_is_refused(text: str) -> None:
    with pytest.raises(PolicyError, match=r"scorecard\.financial"):
        load_policy(f"[scorecard.financial]\n{text}")


_RATIO = st.floats(min_value=-300, max_value=300)


@settings(max_examples=60, deadline=None)
@given(st.sampled_from(RATIO_COLUMNS), _RATIO, _RATIO, st.sampled_from([Policy(), _STEPS]))
def test_better_ratio_never_has_fewer_points(
    code: str, one: float, other: float, policy: Policy
) -> None:
    low, high = sorted((one, other))
    worse, better = (high, low) if code in _LOWER else (low, high)
    shares = [_judged(policy, **{code: value})["share_financial"] for value in (worse, better)]

    assert shares[0] <= shares[1] + 1e-12
