"""The difference between two assessments names its causes, and they add up."""

from datetime import timedelta
from decimal import Decimal

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from scoring.assess import assess
from scoring.difference import difference
from scoring.explain import Explanation, explain
from scoring.policy import Policy, load_policy
from tests.builders import (
    AS_OF,
    Row,
    a_book,
    a_steady_payer,
    an_entity,
    an_invoice,
    days_ago,
)
from tests.oracle.books import RATES, books

POLICY = Policy()


def _explained(rows: list[Row], ago: int, *, policy: Policy = POLICY) -> Explanation:
    assessed = assess(a_book(rows, rates=RATES), policy, AS_OF - timedelta(days=ago))
    return explain(assessed, "E1")


def test_nothing_changed_gives_no_cause() -> None:
    rows = [an_entity(), *a_steady_payer()]

    found = difference(_explained(rows, 0), _explained(rows, 0))

    assert found.score_change == "+0.0"
    assert found.causes == ()
    assert found.limit == ()
    assert not found.policy_changed
    assert not found.inputs_changed


def test_an_invoice_falling_overdue_is_named_first() -> None:
    rows = [
        an_entity(),
        *a_steady_payer(),
        an_invoice("late", amount=9_000_000, issued_on=days_ago(80), due_on=days_ago(50)),
    ]

    found = difference(_explained(rows, 52), _explained(rows, 0))

    assert found.score_change is not None
    assert Decimal(found.score_change) < 0
    assert found.causes[0].group == "payment"
    assert found.causes[0].code in {"days_late", "overdue_ratio", "max_delay"}
    assert Decimal(found.causes[0].points) < 0


def test_a_gate_that_fires_is_named() -> None:
    rows = [
        an_entity(),
        *a_steady_payer(),
        an_invoice("old", amount=9_000_000, issued_on=days_ago(150), due_on=days_ago(95)),
    ]

    found = difference(_explained(rows, 60), _explained(rows, 0))

    assert "over_90_days" in found.gates_fired
    assert found.gates_cleared == () or "thin_history" in found.gates_cleared


def test_another_policy_is_told_and_its_limit_lines() -> None:
    rows = [an_entity(), *a_steady_payer()]
    generous = load_policy('version = "generous"\n[limits]\nhigh_credit_growth = 1.0')

    found = difference(_explained(rows, 0), _explained(rows, 0, policy=generous))

    assert found.policy_changed
    assert "history" in [line.method for line in found.limit]


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(rows=books(entities=1), ago=st.sampled_from((7, 30, 90, 200)))
def test_the_causes_sum_to_the_change(rows: list[Row], ago: int) -> None:
    before, after = _explained(rows, ago), _explained(rows, 0)

    found = difference(before, after)

    if before.score is None or after.score is None:
        assert found.score_change is None
        assert found.causes == ()
    else:
        total = sum((Decimal(cause.points) for cause in found.causes), Decimal(0))
        assert found.score_change is not None
        assert total == Decimal(found.score_change)
        rounding = [cause for cause in found.causes if cause.code == "rounding"]
        assert all(abs(Decimal(cause.points)) <= Decimal("0.6") for cause in rounding)
