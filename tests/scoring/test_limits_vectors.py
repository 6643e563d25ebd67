"""The vectors and made-up firms of credit-management 15 and 17.5; amounts in fen."""

from decimal import Decimal
from typing import Any

import pytest

from scoring.limits.amounts import break_even, cycle_pd, kelly_cap
from scoring.policy import Policy, load_policy
from tests.scoring.limit_rows import waterfall

_ALL = load_policy("[limits]\nuse_working_assets = true\nseasonal_need = false")
_WITHOUT_M4 = load_policy("[limits]\nseasonal_need = false")
_MILLION = 100_000_000


def _cents(value: Decimal | None) -> Decimal:
    assert value is not None
    return value.quantize(Decimal("0.01"))


def test_working_asset_model() -> None:
    """Vector 3: working assets 330, E 0.418182 → 20 % → 66.0."""
    found = waterfall(
        _ALL,
        "A",
        net_worth=44_000,
        net_working_capital=22_000,
        current_ratio=1.55,
        quick_ratio=1.05,
        current_liabilities_to_net_worth=400 / 440,
        total_liabilities_to_net_worth=560 / 440,
    )

    assert found["working_assets"] == 6_600


@pytest.mark.parametrize(
    ("score", "share"),
    [
        *((-4.6, 0), (-4.59, 25), (-3.9, 25), (-0.4, 150), (-0.39, 175)),
        *((0.3, 175), (0.31, 200), (0.99, 200), (1.0, 250), (7.0, 250)),
    ],
)
def test_steps_of_the_working_asset_model_have_no_gaps(score: float, share: int) -> None:
    found = waterfall(
        _ALL,
        "A",
        net_worth=1_000_000,
        net_working_capital=1_000_000,
        current_ratio=score,
        quick_ratio=0.0,
        current_liabilities_to_net_worth=0.0,
        total_liabilities_to_net_worth=0.0,
    )

    assert found["working_assets"] == share * 1_000


def test_loss_per_cycle_break_even_and_kelly() -> None:
    """Vector 11."""
    limits = load_policy("[limits]\nrisk_capital = 2000000").limits

    assert round(float(cycle_pd(Decimal("0.026"), 75)), 8) == 0.00539852
    assert break_even(Decimal("0.18"), Decimal("0.6")) == Decimal("0.3")
    assert break_even(Decimal("0.18"), Decimal("0.6"), financing=Decimal("0.1")) == Decimal("0.3")
    assert break_even(Decimal("0.18"), Decimal("0.6"), days=73) == Decimal("0.3")
    financed = break_even(Decimal("0.18"), Decimal("0.6"), financing=Decimal("0.15"), days=73)
    assert financed == Decimal("0.25")
    assert _cents(kelly_cap(Decimal("0.026"), limits)) == Decimal("1169053.49")


def test_kelly_is_off_without_capital_and_undefined_at_large_margins() -> None:
    wide = load_policy("[limits]\nrisk_capital = 1\nmargin = 0.7").limits
    equal = load_policy("[limits]\nrisk_capital = 1\nmargin = 0.6\nlgd = 0.6").limits

    assert kelly_cap(Decimal("0.026"), Policy().limits) is None
    assert kelly_cap(Decimal("0.026"), wide) is None
    assert kelly_cap(Decimal("0.026"), equal) is None


def _in_the_red(**more: Any) -> dict[str, Any]:
    """Vector 18: net worth -1.5m, E would be 16.44."""
    return {
        "sales": 240 * _MILLION // 100,
        "need_days": 30,
        "net_worth": -150 * _MILLION // 100,
        "tangible_net_worth": -150 * _MILLION // 100,
        "net_working_capital": -100 * _MILLION // 100,
        "annual_revenue": 40 * _MILLION,
        "current_ratio": 8 / 9,
        "quick_ratio": 5 / 9,
        "current_liabilities_to_net_worth": -6.0,
        "total_liabilities_to_net_worth": -9.0,
    } | more


def test_negative_net_worth_gives_nothing_unsecured() -> None:
    found = waterfall(_ALL, "B", **_in_the_red())

    assert (found["working_assets"], found["net_worth_share"], found["unsecured"]) == (0, 0, 0)
    assert (found["need"], found["computed_limit"]) == (16_000_000, 0)
    assert found["bound_by"] == "net_worth_share"


def test_collateral_carries_a_firm_with_negative_net_worth_up_to_its_need() -> None:
    found = waterfall(_ALL, "B", **_in_the_red(secured=30_000_000))

    assert (found["computed_limit"], found["bound_by"]) == (16_000_000, "need")


def test_large_manufacturer() -> None:
    """Section 17.5: need 1.47m binds; M1 84m, M5 45m, M8 10.9m."""
    policy = load_policy("[limits]\nseasonal_need = false\nloss_budget = 30000")
    found = waterfall(
        policy,
        "AA",
        sales=6 * _MILLION,
        need_days=63,
        tangible_net_worth=420 * _MILLION,
        annual_revenue=900 * _MILLION,
    )

    assert found["need"] == 147_000_000
    assert (found["net_worth_share"], found["revenue_share"]) == (84 * _MILLION, 45 * _MILLION)
    assert round(found["cap_loss"] / _MILLION, 1) == 10.9
    assert (found["computed_limit"], found["bound_by"]) == (140_000_000, "need")


@pytest.mark.parametrize(
    ("policy", "limit", "bound"),
    [(_ALL, 49_000_000, "working_assets"), (_WITHOUT_M4, 70_000_000, "net_worth_share")],
)
def test_leveraged_trader(policy: Policy, limit: int, bound: str) -> None:
    """Section 17.5: .49m with the working-asset model, .70m without."""
    found = waterfall(
        policy,
        "BBB",
        sales=480_000_000,
        need_days=57,
        tangible_net_worth=7 * _MILLION,
        net_worth=7 * _MILLION,
        net_working_capital=280_000_000,
        current_ratio=1.0,
        quick_ratio=0.6,
        current_liabilities_to_net_worth=2.0,
        total_liabilities_to_net_worth=2.0,
        annual_revenue=90 * _MILLION,
    )

    assert found["revenue_share"] == 270_000_000
    assert found["need"] == 91_200_000
    assert (found["computed_limit"], found["bound_by"]) == (limit, bound)


def test_well_handled_credit_may_lift_a_small_service_firm() -> None:
    """The known hard case of 6.3: TNW 1.2m at BBB gives 120k; 80 % of 500k when switched on."""
    figures = {"peak": 50_000_000, "tangible_net_worth": 120_000_000, "high_credit": 50_000_000}
    lifted = load_policy("[limits]\nhistory_floor = true")

    plain = waterfall(Policy(), "BBB", well_handled=True, **figures)
    floor = waterfall(lifted, "BBB", well_handled=True, **figures)
    young = waterfall(lifted, "BBB", well_handled=True, age_months=11, **figures)
    weak = waterfall(lifted, "BB", well_handled=True, **figures)
    assert (plain["computed_limit"], plain["bound_by"]) == (12_000_000, "net_worth_share")
    assert (floor["computed_limit"], floor["bound_by"]) == (40_000_000, "history_floor")
    assert young["computed_limit"] == 12_000_000
    assert weak["computed_limit"] == 8_400_000
