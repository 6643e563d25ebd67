"""Accounts and orders for tests: boring by default, in fen."""

from datetime import date
from typing import Any

from hypothesis import strategies as st

from scoring.money import Money
from scoring.ordercheck import AccountFacts, OrderDecision, OrderRequest, check_order
from scoring.policy import GRADES, OrderCheckPolicy, Policy
from scoring.rates import Rate
from tests.builders import a_rate

__all__ = [
    "RATES",
    "TODAY",
    "an_account",
    "an_ask",
    "check",
    "cny",
    "codes",
    "facts",
    "orders",
    "with_rules",
]

TODAY = date(2026, 6, 30)
RATES: dict[str, Rate] = {"USD": a_rate("7.13")}
_MINOR = st.integers(0, 3_000_000)
_MAYBE = st.none() | _MINOR


def cny(yuan: int) -> Money:
    """Make an amount in yuan."""
    return Money(yuan * 100, "CNY")


def an_account(**changes: Any) -> AccountFacts:
    """Make a good customer: limit 10,000 yuan, 2,000 used, nothing overdue."""
    facts: dict[str, Any] = {
        "currency": "CNY",
        "limit": 10_000_00,
        "exposure": 2_000_00,
        "ar": 2_000_00,
        "min_overdue": 500_00,
        "grade": "BBB",
        "terms_days": 45,
        "starter": 5_000_00,
        "broken_promises": 0,
        "group_headroom": 50_000_00,
        "data_age_hours": 1,
    }
    return AccountFacts(**facts | changes)


def an_ask(yuan: int = 1_000, **changes: Any) -> OrderRequest:
    """Make an order."""
    return OrderRequest(amount=cny(yuan), **changes)


def with_rules(**changes: Any) -> Policy:
    """Make a policy with another order check."""
    return Policy(order_check=OrderCheckPolicy(**changes))


def check(
    facts: AccountFacts, order: OrderRequest | None = None, policy: Policy | None = None
) -> OrderDecision:
    """Check an order today."""
    return check_order(facts, order or an_ask(), policy or Policy(), TODAY)


def codes(decision: OrderDecision) -> dict[str, str]:
    """Name the rules that fired with their reactions."""
    return {rule.code: rule.reaction for rule in decision.fired}


@st.composite
def facts(draw: st.DrawFn) -> AccountFacts:
    """Draw an account of any kind."""
    overdue = draw(st.sampled_from([0, 0, 1]) | _MINOR)
    return AccountFacts(
        currency="CNY",
        limit=draw(_MAYBE),
        exposure=draw(st.integers(-500_000, 3_000_000)),
        ar=overdue + draw(_MINOR),
        overdue=overdue,
        oldest_days=draw(st.integers(1, 130)) if overdue else None,
        min_overdue=50_000,
        grade=draw(st.none() | st.sampled_from(GRADES)),
        terms_days=draw(st.none() | st.integers(0, 90)),
        starter=500_000,
        broken_promises=draw(st.none() | st.integers(0, 3)),
        group_headroom=draw(st.none() | st.integers(-100, 3_000_000)),
        manual_hold=draw(st.sampled_from([None, None, None, "fraud"])),
        frozen=draw(st.sampled_from([False, False, False, True])),
        data_age_hours=draw(st.none() | st.integers(0, 48)),
        rates=RATES,
    )


@st.composite
def orders(draw: st.DrawFn) -> OrderRequest:
    """Draw an order in yuan or dollars."""
    currency = draw(st.sampled_from(["CNY", "USD"]))
    amount = draw(st.integers(1, 3_000_000))
    part = st.none() | st.integers(0, amount).map(lambda minor: Money(minor, currency))
    return OrderRequest(
        amount=Money(amount, currency),
        terms_days=draw(st.none() | st.integers(0, 120)),
        discount_percent=draw(st.none() | st.decimals(0, 5, places=1)),
        prepaid=draw(st.booleans()),
        deposit=draw(part),
        secured=draw(part),
        first_order=draw(st.booleans()),
        average_order=draw(st.none() | _MINOR.map(lambda minor: Money(minor, "CNY"))),
    )
