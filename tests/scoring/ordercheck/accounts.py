"""Accounts and orders for tests: boring by default, in fen."""

from datetime import date
from typing import Any

from scoring.money import Money
from scoring.ordercheck import AccountFacts, OrderDecision, OrderRequest, check_order
from scoring.policy import OrderCheckPolicy, Policy

__all__ = ["TODAY", "an_account", "an_ask", "check", "cny", "codes", "with_rules"]

TODAY = date(2026, 6, 30)


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
