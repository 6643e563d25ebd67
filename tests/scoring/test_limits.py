"""The credit limit: its methods one by one, and how the waterfall joins them."""

from decimal import Decimal

import polars as pl
import pytest

from scoring.limits import loss_cap, rounded_down
from scoring.limits.amounts import policy_amounts
from scoring.limits.need import average_need
from scoring.policy import Policy, load_policy
from tests.builders import (
    a_paid_invoice,
    a_rate,
    a_steady_payer,
    an_entity,
    an_invoice,
    days_ago,
)
from tests.scoring.limit_rows import figures


def test_average_need() -> None:
    """Vector 10: 600,000 a year, terms 60, 12 days late, safety 1.2 → 144,000."""
    frame = pl.DataFrame(
        {"sales": 60_000_000, "months": 12, "need_days": 72, "peak": 0, "safety_up": 6}
    ).with_columns(safety_down=5)

    assert frame.select(average_need(Policy())).item() == 14_400_000


def test_the_policys_amounts_stand_in_each_currency_and_components_only_where_limited() -> None:
    currencies, rates = pl.Series(["USD", "CNY", "EUR", "CNY"]), {"USD": a_rate("8")}
    policy = load_policy("[exposure]\nnotes_limit = 900")
    found = policy_amounts(currencies, policy, rates)

    assert found["currency"].to_list() == ["CNY", "EUR", "USD"]
    assert found["notes_limit"].to_list() == [90_000, None, 11_250]
    assert found["starter"].to_list() == [5_000_000, None, 625_000]
    assert {"receivable_limit", "delivered_limit", "orders_limit"}.isdisjoint(found.columns)
    assert "notes_limit" not in policy_amounts(currencies, Policy(), rates).columns


def test_lateness_does_not_count_in_the_need_of_weak_grades() -> None:
    found = figures(an_entity(terms_days=60), a_steady_payer(late=12))

    assert (found["rating"], found["need_days"]) == ("BB", 60)


def test_average_need_decides_when_the_policy_says_so() -> None:
    policy = load_policy("[limits]\nseasonal_need = false")
    found = figures(a_steady_payer(), policy=policy)

    assert found["need"] == found["need_average"] == 1_100_000 * 30 * 13 // (12 * 30 * 10)


@pytest.mark.parametrize(("late", "days"), [(2, 62), (0, 60)])
def test_lateness_counts_in_the_need_of_good_grades(late: int, days: int) -> None:
    found = figures(an_entity(terms_days=60), a_steady_payer(late=late))

    assert (found["rating"], found["need_days"]) == ("A", days)


def test_loss_cap() -> None:
    """Vector 11: budget 1,000, PD 2.6%, LGD 60% → 64,102.56."""
    cap = loss_cap(Decimal(1000), Decimal("0.026"), Decimal("0.6"))

    assert cap.quantize(Decimal("0.01")) == Decimal("64102.56")


def test_a_loss_budget_caps_the_limit() -> None:
    policy = load_policy("[limits]\nloss_budget = 100")
    found = figures(a_steady_payer(amount=50_000_000), policy=policy)

    assert found["bound_by"] == "cap_loss"
    assert found["limit"] == 1_800_000, "100 / (0.92% x 60%) = 18,115.94, rounded down"


def test_a_concentration_cap_binds_new_customers_too() -> None:
    policy = load_policy("[limits]\nconcentration_base = 100000")
    found = figures(an_entity(), policy=policy)

    assert (found["rating"], found["limit"]) == ("NR", 1_000_000)


def test_a_customer_without_history_gets_the_starter_limit() -> None:
    found = figures(an_entity())

    assert (found["rating"], found["limit"], found["bound_by"]) == ("NR", 5_000_000, "starter")


def test_the_starter_limit_is_converted() -> None:
    found = figures(an_entity(currency="USD"))

    assert (found["currency"], found["limit"]) == ("USD", 620_000)


def test_a_proven_peak_lifts_the_limit_above_the_starter() -> None:
    found = figures(
        a_steady_payer(amount=50_000_000),
        an_invoice("x", amount=50_000_000, issued_on=days_ago(35)),
    )

    assert found["high_credit"] == 100_000_000
    assert found["history"] == 125_000_000
    assert (found["limit"], found["bound_by"]) == (found["need"], "need")


def test_a_grade_without_unsecured_credit_gets_no_limit() -> None:
    found = figures(a_steady_payer(), an_invoice("x", amount=1_000_000, issued_on=days_ago(140)))

    assert (found["rating"], found["limit"], found["bound_by"]) == ("D", 0, "grade")


def test_a_customer_that_buys_nothing_any_more_gets_the_starter_at_most() -> None:
    rows = a_paid_invoice("old", late=340, due_on=days_ago(345), amount=50_000_000)
    found = figures(rows, a_steady_payer(months=0))

    assert found["need"] is None
    assert found["limit"] <= found["starter"]


def test_a_limit_is_never_more_than_the_need() -> None:
    found = figures(a_steady_payer(amount=123_456))

    assert (found["need"], found["limit"]) == (123_456, 120_000)


@pytest.mark.parametrize(
    ("amount", "nice"),
    [(0, 0), (7, 7), (99, 99), (100, 100), (109, 100), (14_432_755, 14_000_000)],
)
def test_limits_keep_two_digits(amount: int, nice: int) -> None:
    frame = pl.DataFrame({"amount": [amount]})

    assert frame.select(rounded_down(pl.col("amount"), 2)).item() == nice
