"""Counter-offers pass, a larger order never fares better, more overdue never frees anybody."""

import msgspec
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from scoring.money import Money
from scoring.ordercheck import (
    REACTIONS,
    AccountFacts,
    OrderRequest,
    after_paying_overdue,
    check_order,
)
from scoring.policy import Policy
from tests.scoring.ordercheck.accounts import (
    RATES,
    TODAY,
    an_account,
    an_ask,
    check,
    cny,
    facts,
    orders,
)

POLICY = Policy()


@given(facts(), orders())
@settings(max_examples=300, deadline=None)  # halving takes many checks
def test_every_counter_offer_passes(account: AccountFacts, order: OrderRequest) -> None:
    decision = check_order(account, order, POLICY, TODAY)

    for offer in decision.offers:
        paid = account if offer.pay_first is None else after_paying_overdue(account)
        assert check_order(paid, offer.order, POLICY, TODAY).passes
    assert not (decision.passes and decision.offers)


@given(facts(), orders(), st.integers(1, 2_000_000))
@settings(deadline=None)
def test_larger_order_never_fares_better(
    account: AccountFacts, order: OrderRequest, more: int
) -> None:
    larger = msgspec.structs.replace(
        order, amount=Money(order.amount.minor + more, order.amount.currency)
    )
    before, after = (check_order(account, asked, POLICY, TODAY) for asked in (order, larger))

    assert REACTIONS.index(after.result) >= REACTIONS.index(before.result)


@given(facts(), orders(), st.integers(1, 1_000_000), st.integers(0, 60))
@settings(deadline=None)
def test_more_overdue_never_frees_an_order(
    account: AccountFacts, order: OrderRequest, more: int, days: int
) -> None:
    worse = msgspec.structs.replace(
        account,
        overdue=account.overdue + more,
        ar=account.ar + more,
        exposure=account.exposure + more,
        oldest_days=(account.oldest_days or 0) + days + 1,
    )
    before, after = (check_order(each, order, POLICY, TODAY) for each in (account, worse))

    assert REACTIONS.index(after.result) >= REACTIONS.index(before.result)


@given(facts(), orders(), st.integers(1, 3_000_000), st.integers(0, 1_000_000))
@settings(deadline=None)
def test_the_smaller_order_offered_is_the_largest_that_passes(
    account: AccountFacts, order: OrderRequest, room: int, used: int
) -> None:
    account = msgspec.structs.replace(
        account, limit=used + room, exposure=used, manual_hold=None, frozen=False
    )
    order = msgspec.structs.replace(order, prepaid=False)
    found = [
        one for one in check_order(account, order, POLICY, TODAY).offers if one.kind == "smaller"
    ]
    assume(found)
    offer = found[0]
    paid = account if offer.pay_first is None else after_paying_overdue(account)
    one_more = Money(offer.order.amount.minor + 1, offer.order.amount.currency)

    assert offer.order.amount.minor < order.amount.minor
    assert not check_order(
        paid, msgspec.structs.replace(offer.order, amount=one_more), POLICY, TODAY
    ).passes


def test_order_over_the_limit_is_offered_smaller_or_with_a_deposit() -> None:
    offers = check(an_account(), an_ask(9_000)).offers

    assert [offer.kind for offer in offers] == ["smaller", "deposit"]
    assert offers[0].order.amount == cny(8_000)
    assert offers[1].order.deposit == cny(1_000)
    assert offers[0].pay_first is None


def test_an_order_in_dollars_is_offered_in_dollars() -> None:
    facts_ = an_account(rates=RATES, exposure=0)
    offer = check(facts_, OrderRequest(amount=Money(200_000, "USD"))).offers[0]

    assert offer.order.amount == Money(140_252, "USD")  # 10,000 yuan at 7.13, the last half cent up


def test_too_long_terms_are_offered_as_granted() -> None:
    (offer,) = check(an_account(), an_ask(terms_days=90)).offers

    assert (offer.kind, offer.order.terms_days, offer.order.amount) == ("terms", 45, cny(1_000))


def test_without_granted_terms_none_are_offered() -> None:
    (offer,) = check(an_account(terms_days=None), an_ask(terms_days=30)).offers

    assert (offer.kind, offer.order.terms_days) == ("terms", 0)


def test_the_smallest_part_of_an_order_may_be_offered_but_nothing_smaller() -> None:
    one_left = an_account(exposure=10_000_00 - 1)

    def smaller(minor: int) -> list[Money]:
        offers = check(one_left, OrderRequest(amount=Money(minor, "CNY"))).offers
        return [offer.order.amount for offer in offers if offer.kind == "smaller"]

    assert smaller(2) == smaller(3) == [Money(1, "CNY")]
    assert smaller(1) == []


def test_paying_the_overdue_ends_it_and_all_that_hangs_on_it() -> None:
    owing = an_account(overdue=3_000_00, ar=9_000_00, exposure=8_000_00, oldest_days=40)
    paid = after_paying_overdue(owing)

    assert (paid.overdue, paid.oldest_days) == (0, None)
    assert (paid.ar, paid.exposure) == (6_000_00, 5_000_00)


def test_weak_customer_is_asked_to_prepay() -> None:
    (offer,) = check(an_account(grade="CCC", limit=0), an_ask()).offers

    assert (offer.kind, offer.order.prepaid) == ("prepay", True)


def test_who_is_overdue_pays_first() -> None:
    overdue = an_account(overdue=3_000_00, ar=9_000_00, exposure=9_000_00, oldest_days=40)
    (offer,) = check(overdue, an_ask(2_000)).offers

    assert (offer.kind, offer.pay_first) == ("terms", cny(3_000))


def test_nothing_helps_against_a_manual_hold() -> None:
    assert check(an_account(manual_hold="fraud")).offers == ()


def test_a_deposit_already_offered_counts() -> None:
    offers = check(an_account(), an_ask(10_000, deposit=cny(500))).offers

    assert [offer.order.deposit for offer in offers] == [cny(500), cny(2_000)]
    assert offers[0].order.amount == cny(8_500)
