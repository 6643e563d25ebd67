"""What the order check reads off an assessment, and amounts in another currency than the account's."""

import pytest

from scoring.assess import assess
from scoring.assessment import Reason
from scoring.money import Money
from scoring.ordercheck import OrderRequest, facts_of
from scoring.policy import Policy
from tests.builders import AS_OF, a_book, a_steady_payer, an_entity
from tests.scoring.ordercheck.accounts import RATES, an_account, check, codes


@pytest.mark.parametrize(
    ("identity", "undecided"), [("ok", None), ("conflict", "identity_conflict")]
)
def test_who_must_not_be_rated_says_why(identity: str, undecided: str | None) -> None:
    book = a_book(an_entity(identity=identity), a_steady_payer())
    facts = facts_of(assess(book, Policy(), AS_OF).figures("E1"))

    assert facts.undecided == (undecided and Reason(undecided, {}))
    assert (facts.grade is None) == (undecided is not None)


def test_a_stranger_without_history_is_not_undecided() -> None:
    facts = facts_of(assess(a_book(an_entity()), Policy(), AS_OF).figures("E1"))

    assert (facts.grade, facts.undecided) == (None, None)


def test_an_account_owes_nothing_unless_told() -> None:
    facts = an_account()

    assert (facts.overdue, facts.oldest_days, facts.gates) == (0, None, ())


@pytest.mark.parametrize(("cents", "fires"), [(10_05, True), (10_06, False)])
def test_the_usual_order_is_compared_in_the_accounts_currency(cents: int, *, fires: bool) -> None:
    """Three times 10.05 dollars at 7.13 is 214.98 yuan, of 10.06 dollars 215.19."""
    order = OrderRequest(amount=Money(215_00, "CNY"), average_order=Money(cents, "USD"))

    assert ("R9" in codes(check(an_account(rates=RATES), order))) == fires
