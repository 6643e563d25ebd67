"""Counter-offers: the changes with which a blocked order would pass.

A larger order, or a smaller deposit, never fares better, so the bounds are found by halving. Each
offer was checked: it passes, with warnings at most.
"""

from collections.abc import Callable
from datetime import date
from typing import Literal

import msgspec

from scoring.money import Money
from scoring.ordercheck.facts import AccountFacts, Ask, OrderRequest
from scoring.ordercheck.rules import fired
from scoring.policy import Policy

__all__ = ["CounterOffer", "OfferKind", "after_paying_overdue", "counter_offers"]

OfferKind = Literal["terms", "smaller", "deposit", "prepay"]
_Passes = Callable[[OrderRequest], bool]


class CounterOffer(msgspec.Struct, frozen=True, kw_only=True):
    """An order that would pass. ``pay_first``: once this much overdue has been paid.

    ``order`` holds the changed terms, amount or deposit. ``prepay`` asks for the whole amount.
    """

    kind: OfferKind
    order: OrderRequest
    pay_first: Money | None = None


def counter_offers(
    facts: AccountFacts, order: OrderRequest, policy: Policy, as_of: date
) -> tuple[CounterOffer, ...]:
    """List what would let a blocked order pass; first without, else with the overdue paid."""
    as_granted = _as_granted(facts, order, policy)
    found = _offers(facts, as_granted, policy, as_of, pay_first=None)
    if found or not facts.overdue:
        return found
    paid = after_paying_overdue(facts)
    return _offers(paid, as_granted, policy, as_of, pay_first=facts.money(facts.overdue))


def after_paying_overdue(facts: AccountFacts) -> AccountFacts:
    """Show the account as if all that is overdue had been paid."""
    return msgspec.structs.replace(
        facts,
        exposure=facts.exposure - facts.overdue,
        ar=facts.ar - facts.overdue,
        overdue=0,
        oldest_days=None,
    )


def _as_granted(facts: AccountFacts, order: OrderRequest, policy: Policy) -> OrderRequest:
    """Take terms and discount back to what is granted (R8)."""
    days, discount = order.terms_days, order.discount_percent
    return msgspec.structs.replace(
        order,
        terms_days=None if days is None else min(days, facts.terms_days or 0),
        discount_percent=(
            None if discount is None else min(discount, policy.order_check.discount_percent)
        ),
    )


def _offers(
    facts: AccountFacts, order: OrderRequest, policy: Policy, as_of: date, pay_first: Money | None
) -> tuple[CounterOffer, ...]:
    def passes(asked: OrderRequest) -> bool:
        rules = fired(Ask.of(facts, asked, policy, as_of))
        return all(rule.reaction == "warn" for rule in rules)

    if passes(order):
        return (CounterOffer(kind="terms", order=order, pay_first=pay_first),)
    found = []
    smaller = _smaller(order, passes)
    if smaller is not None:
        found.append(CounterOffer(kind="smaller", order=smaller, pay_first=pay_first))
    deposit = _with_deposit(order, passes)
    if deposit is not None:
        kind: OfferKind = "prepay" if deposit.prepaid else "deposit"
        found.append(CounterOffer(kind=kind, order=deposit, pay_first=pay_first))
    return tuple(found)


def _smaller(order: OrderRequest, passes: _Passes) -> OrderRequest | None:
    """Find the largest amount that passes."""

    def of(minor: int) -> OrderRequest:
        return msgspec.structs.replace(order, amount=Money(minor, order.amount.currency))

    if order.amount.minor <= 1 or not passes(of(1)):
        return None
    low, high = 1, order.amount.minor  # low passes, high does not
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if passes(of(middle)) else (low, middle)
    return of(low)


def _with_deposit(order: OrderRequest, passes: _Passes) -> OrderRequest | None:
    """Find the smallest deposit with which the whole order passes; all of it is prepayment."""
    prepaid = msgspec.structs.replace(order, prepaid=True, deposit=None)
    if order.prepaid or not order.amount.minor or not passes(prepaid):
        return None

    def of(minor: int) -> OrderRequest:
        return msgspec.structs.replace(order, deposit=Money(minor, order.amount.currency))

    already = 0 if order.deposit is None else order.deposit.minor
    low, high = already, order.amount.minor  # high passes, low does not
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if passes(of(middle)) else (middle, high)
    return prepaid if high == order.amount.minor else of(high)
