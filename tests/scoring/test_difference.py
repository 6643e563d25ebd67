"""The difference between two assessments names its causes, and they add up."""

from datetime import timedelta
from decimal import Decimal

import msgspec
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from scoring.assess import assess
from scoring.difference import Difference, difference
from scoring.explain import Explanation, explain
from scoring.policy import GRADES, GroupName, Policy, load_policy
from tests.builders import (
    AS_OF,
    Row,
    a_book,
    a_paid_invoice,
    a_steady_payer,
    an_entity,
    an_invoice,
    days_ago,
)
from tests.credit_files import a_full_file, a_statement
from tests.oracle.books import RATES, books
from tests.scoring.limit_rows import a_decision
from tests.scoring.test_fitted_card import a_card

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


def test_the_first_payments_move_the_weights() -> None:
    groups: tuple[GroupName, ...] = ("payment", "financial", "history", "qualitative")
    policy = msgspec.structs.replace(POLICY, groups=groups)
    rows = [an_entity(), *a_full_file(), *a_paid_invoice("first", due_on=days_ago(3), late=1)]

    found = difference(_explained(rows, 4, policy=policy), _explained(rows, 0, policy=policy))

    assert "weights" in {cause.code for cause in found.causes}
    assert _total(found) == Decimal(found.score_change or 0)


def test_what_a_fitted_card_moved_is_a_cause_of_its_own() -> None:
    rows = [an_entity(), *a_steady_payer(late=1)]
    card = msgspec.structs.replace(POLICY.scorecard, fitted=a_card("wadl", n_bad=50))
    blended = msgspec.structs.replace(POLICY, scorecard=card)

    found = difference(_explained(rows, 0), _explained(rows, 0, policy=blended))

    assert [cause.code for cause in found.causes] == ["fitted"]
    assert _total(found) == Decimal(found.score_change or 0)


def test_a_weaker_statement_is_a_cause() -> None:
    policy = msgspec.structs.replace(POLICY, groups=("payment", "financial"))
    before = [an_entity(), *a_steady_payer(), a_statement()]
    after = [an_entity(), *a_steady_payer(), a_statement(basis="self_declared")]

    found = difference(_explained(before, 0, policy=policy), _explained(after, 0, policy=policy))

    (cause,) = [cause for cause in found.causes if cause.code != "rounding"]
    assert (cause.code, cause.group) == ("basis", "financial")
    assert (cause.before, cause.after, cause.unit) == ("1", "0.8", "share")


def test_the_grade_falls_step_by_step() -> None:
    old = an_invoice("old", amount=9_000_000, issued_on=days_ago(150), due_on=days_ago(95))
    rows = [an_entity(), *a_steady_payer(), old]

    found = difference(_explained(rows, 150), _explained(rows, 0))

    places = GRADES.index(found.rating_after) - GRADES.index(found.rating_before)
    assert found.rating_after == "D"
    assert sum(cause.grades for cause in found.grade_causes) == places
    gates = next(cause for cause in found.grade_causes if cause.step == "gates")
    assert gates.why[0] == "default_event"


def test_holds_warnings_and_decisions_that_came_and_went_are_named() -> None:
    late = an_invoice("late", amount=9_000_000, issued_on=days_ago(80), due_on=days_ago(50))
    ended = a_decision("hold", from_on=days_ago(60), to_on=days_ago(20))
    made = a_decision("exemption", from_on=days_ago(5), to_on=days_ago(-5), scope="R12")
    rows = [an_entity(), *a_steady_payer(), late, ended, made]

    found = difference(_explained(rows, 52), _explained(rows, 0))

    assert (found.hold_before, found.rules_cleared) == ("stop", ("R11",))
    assert {"R3", "R5"} <= set(found.rules_fired)
    assert found.signals_raised
    assert (found.decisions_new, found.decisions_ended) == (("exemption",), ("hold",))


def _total(found: Difference) -> Decimal:
    return sum((Decimal(cause.points) for cause in found.causes), Decimal(0))


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.too_slow])
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
