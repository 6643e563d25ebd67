"""The order check (订单信用检查, credit-management 7.2 and 7.3): pure, from facts to a decision.

``ordered`` says of all accounts at once who is on hold; ``check_order`` decides one order and says
what would let it pass; ``cases`` keep what people decided about blocked ones.
"""

from scoring.ordercheck.cases import (
    Action,
    Case,
    CaseError,
    CaseEvent,
    decide,
    needs_recheck,
    open_case,
    recheck,
)
from scoring.ordercheck.checking import OrderDecision, check_order
from scoring.ordercheck.facts import AccountFacts, OrderRequest, facts_of
from scoring.ordercheck.holding import fired_rules, ordered, rules_fired
from scoring.ordercheck.offers import CounterOffer, after_paying_overdue
from scoring.ordercheck.rules import REACTIONS, RULES, FiredRule, Reaction

__all__ = [
    "REACTIONS",
    "RULES",
    "AccountFacts",
    "Action",
    "Case",
    "CaseError",
    "CaseEvent",
    "CounterOffer",
    "FiredRule",
    "OrderDecision",
    "OrderRequest",
    "Reaction",
    "after_paying_overdue",
    "check_order",
    "decide",
    "facts_of",
    "fired_rules",
    "needs_recheck",
    "open_case",
    "ordered",
    "recheck",
    "rules_fired",
]
