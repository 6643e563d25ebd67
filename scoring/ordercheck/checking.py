"""One order, checked: the gravest reaction, every rule that fired, and what would let it pass."""

from datetime import date

import msgspec

from scoring.ordercheck.facts import AccountFacts, Ask, OrderRequest
from scoring.ordercheck.offers import CounterOffer, counter_offers
from scoring.ordercheck.rules import REACTIONS, FiredRule, Reaction, fired
from scoring.policy import Policy

__all__ = ["OrderDecision", "check_order", "gravest"]


class OrderDecision(msgspec.Struct, frozen=True, kw_only=True):
    """What the check says of an order (7.2).

    ``fired`` are all rules that fired, in the order of their codes. ``unchecked`` are rules whose
    facts are unknown. ``offers`` are changes with which the order would pass, the nearest to what
    was asked for first; empty when it passes as it is, and when nothing would help.
    """

    result: Reaction
    as_of: date
    order: OrderRequest
    fired: tuple[FiredRule, ...]
    unchecked: tuple[str, ...] = ()
    offers: tuple[CounterOffer, ...] = ()

    @property
    def passes(self) -> bool:
        """Tell whether the order may go on."""
        return self.result in {"pass", "warn"}


def check_order(
    facts: AccountFacts, order: OrderRequest, policy: Policy, as_of: date
) -> OrderDecision:
    """Check one order. The same facts, policy and date give the same decision."""
    found = fired(Ask.of(facts, order, policy, as_of))
    result = gravest(found)
    blocked = result in {"hold", "stop"}
    return OrderDecision(
        result=result,
        as_of=as_of,
        order=order,
        fired=found,
        unchecked=_unchecked(facts, policy),
        offers=counter_offers(facts, order, policy, as_of) if blocked else (),
    )


def gravest(rules: tuple[FiredRule, ...]) -> Reaction:
    """Return the gravest reaction; ``pass`` when nothing fired."""
    return max((rule.reaction for rule in rules), key=REACTIONS.index, default="pass")


def _unchecked(facts: AccountFacts, policy: Policy) -> tuple[str, ...]:
    known = {
        "R10": facts.group_headroom,
        "R12": facts.broken_promises,
        "R14": facts.data_age_hours,
    }
    off = policy.order_check.off
    return tuple(code for code, fact in known.items() if fact is None and code not in off)
