"""Credit decision cases: a frozen snapshot, who released what, and when it is looked at again."""

from datetime import timedelta
from typing import Any

import msgspec
import pytest

from scoring.money import Money
from scoring.ordercheck import (
    Case,
    CaseError,
    OrderRequest,
    decide,
    needs_recheck,
    open_case,
    recheck,
)
from scoring.policy import Policy
from tests.scoring.ordercheck.accounts import TODAY, an_account, an_ask, check, cny

POLICY = Policy()


def a_case(**changes: Any) -> Case:
    """Open a case for an order of 9,000 where 8,000 are left."""
    facts = an_account(**changes)
    return open_case("E1", facts, check(facts, an_ask(9_000)))


def decided(
    case: Case, action: Any = "release", order: OrderRequest | None = None, **changes: Any
) -> Case:
    """Decide as the credit manager."""
    who: dict[str, Any] = {
        "by": "li",
        "role": "credit_manager",
        "reason": "long-standing customer",
        "on": TODAY,
    }
    return decide(case, action, policy=POLICY, order=order, **(who | changes))


def test_an_order_that_passes_needs_no_case() -> None:
    with pytest.raises(CaseError, match=r"^passes"):
        open_case("E1", an_account(), check(an_account()))


def test_a_case_keeps_the_facts_it_was_opened_on() -> None:
    case = a_case()
    later = recheck(case, an_account(limit=20_000_00), POLICY, TODAY + timedelta(days=1))

    assert later.facts == case.facts
    assert later.decision == case.decision
    assert (later.latest.result, later.state) == ("pass", "may_pass")
    assert [event.action for event in later.history] == ["recheck"]


def test_release_tells_who_and_why() -> None:
    case = decided(a_case())

    assert (case.state, case.released, case.released_on) == ("released", case.order, TODAY)
    assert (case.history[0].by, case.history[0].reason) == ("li", "long-standing customer")


def test_part_of_an_order_may_be_released() -> None:
    case = decided(a_case(), "release_partly", an_ask(5_000))

    assert case.released == an_ask(5_000)
    assert case.state == "released"


def test_the_smallest_part_is_one_fen() -> None:
    least = OrderRequest(amount=Money(1, "CNY"))

    assert decided(a_case(), "release_partly", least).released == least


@pytest.mark.parametrize("yuan", [0, 9_000, 9_001])
def test_a_part_is_more_than_nothing_and_less_than_all(yuan: int) -> None:
    with pytest.raises(CaseError, match=r"^part"):
        decided(a_case(), "release_partly", an_ask(yuan))


def test_a_condition_is_a_deposit_or_shorter_terms() -> None:
    released = an_ask(9_000, deposit=cny(1_000))

    assert decided(a_case(), "release_with_condition", released).released == released
    assert decided(a_case(), "release_with_condition", an_ask(8_000)).state == "released"
    with pytest.raises(CaseError, match=r"^condition"):
        decided(a_case(), "release_with_condition", an_ask(9_000))
    with pytest.raises(CaseError, match=r"^more"):
        decided(a_case(), "release_with_condition", an_ask(9_001))
    with pytest.raises(CaseError, match=r"^order"):
        decided(a_case(), "release_with_condition")


def test_rejected_stays_rejected() -> None:
    case = decided(a_case(), "reject")

    assert (case.state, case.released) == ("rejected", None)
    assert recheck(case, an_account(limit=20_000_00), POLICY, TODAY) == case
    with pytest.raises(CaseError, match=r"^as_"):
        decided(case)


def test_a_decision_needs_a_reason_and_is_no_recheck() -> None:
    with pytest.raises(CaseError, match=r"^reason"):
        decided(a_case(), reason=" ")
    with pytest.raises(CaseError, match=r"^recheck"):
        decided(a_case(), "recheck")


def test_a_stopped_order_is_released_by_few() -> None:
    stopped = a_case(manual_hold="fraud")

    with pytest.raises(CaseError, match="finance_director"):
        decided(stopped)
    assert decided(stopped, role="finance_director").state == "released"
    assert decided(stopped, "reject").state == "rejected"


@pytest.mark.parametrize(
    ("yuan", "days", "again"),
    [(9_450, 0, False), (9_451, 0, True), (9_000, 29, False), (9_000, 30, True), (1, 29, False)],
)
def test_a_release_stands_until_the_order_grows_or_a_month_has_passed(
    yuan: int, days: int, *, again: bool
) -> None:
    case = decided(a_case())
    day = TODAY + timedelta(days=days)

    assert needs_recheck(case, cny(yuan), POLICY, day) == again
    assert needs_recheck(a_case(), cny(yuan), POLICY, day)


def test_a_release_that_ran_out_is_checked_on_the_facts_of_then() -> None:
    case = decided(a_case())
    later = TODAY + timedelta(days=30)
    better = recheck(case, an_account(limit=20_000_00), POLICY, later)
    worse = recheck(case, case.facts, POLICY, later)

    assert (better.state, better.released_on) == ("released", later)
    assert (worse.state, worse.released, worse.released_on) == ("open", None, None)
    assert recheck(case, case.facts, POLICY, TODAY + timedelta(days=29)) == case


def test_an_order_that_grew_is_checked_as_it_stands_now() -> None:
    case = decided(a_case())
    grown = recheck(case, case.facts, POLICY, TODAY, order=an_ask(9_500))

    assert (grown.state, grown.order) == ("open", an_ask(9_500))
    assert grown.history[-1].result == "hold"


def test_another_currency_is_another_order() -> None:
    case = decided(a_case())
    dollars = msgspec.structs.replace(cny(1), currency="USD")

    assert needs_recheck(case, dollars, POLICY, TODAY)
