"""Credit decision cases (7.3): a blocked order, the facts it was blocked on, and what was decided.

Pure values: every action gives a new case with one more entry in its history.
"""

from datetime import date, timedelta
from typing import Literal

import msgspec

from scoring.money import Money
from scoring.ordercheck.checking import OrderDecision, check_order
from scoring.ordercheck.facts import AccountFacts, OrderRequest
from scoring.policy import Policy
from scoring.refusal import Refusal

__all__ = [
    "Action",
    "Case",
    "CaseError",
    "CaseEvent",
    "CaseState",
    "decide",
    "needs_recheck",
    "open_case",
    "recheck",
]

Action = Literal["release", "release_partly", "release_with_condition", "reject", "recheck"]
CaseState = Literal["open", "may_pass", "released", "rejected"]


class CaseError(Refusal):
    """The action is not possible in this state, or not for this person."""

    subject = "case.refused_"


class CaseEvent(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that was done: by whom, when, why. ``order`` is the order it lets pass."""

    action: Action
    on: date
    by: str
    reason: str
    order: OrderRequest | None = None
    result: str | None = None


class Case(msgspec.Struct, frozen=True, kw_only=True):
    """A blocked order. ``facts`` and ``decision`` are frozen as they were when it was blocked.

    ``latest`` is the newest check; ``may_pass`` means that it would let the order pass now.
    ``released`` is the order as it was let through.
    """

    entity: str
    opened_on: date
    order: OrderRequest
    facts: AccountFacts
    decision: OrderDecision
    latest: OrderDecision
    state: CaseState = "open"
    released: OrderRequest | None = None
    released_on: date | None = None
    history: tuple[CaseEvent, ...] = ()


def open_case(entity: str, facts: AccountFacts, decision: OrderDecision) -> Case:
    """Open a case for a blocked order. Raises ``CaseError``: it passes, there is nothing to decide."""
    if decision.passes:
        raise CaseError("passes")
    return Case(
        entity=entity,
        opened_on=decision.as_of,
        order=decision.order,
        facts=facts,
        decision=decision,
        latest=decision,
    )


def decide(
    case: Case,
    action: Action,
    *,
    policy: Policy,
    by: str,
    role: str,
    reason: str,
    on: date,
    order: OrderRequest | None = None,
) -> Case:
    """Release or reject. ``order`` is what is released, where it is not the whole order as asked.

    Raises:
        CaseError: The case is decided, the order was stopped and ``role`` may not release it, the
            reason is missing, or what is released is more than was asked for.
    """
    if case.state in {"released", "rejected"}:
        raise CaseError(f"as_{case.state}")
    if action == "recheck":
        raise CaseError("recheck")
    if not reason.strip():
        raise CaseError("reason")
    released = None
    if action != "reject":
        if case.latest.result == "stop" and role not in policy.order_check.stop_roles:
            raise CaseError("stopped", roles=policy.order_check.stop_roles)
        released = _released(case, action, order)
    event = CaseEvent(action=action, on=on, by=by, reason=reason, order=released)
    return msgspec.structs.replace(
        case,
        state="rejected" if released is None else "released",
        released=released,
        released_on=None if released is None else on,
        history=(*case.history, event),
    )


def _released(case: Case, action: Action, order: OrderRequest | None) -> OrderRequest:
    """Tell what is let through, and refuse what does not fit the action."""
    if action == "release":
        return case.order
    if order is None or order.amount.currency != case.order.amount.currency:
        raise CaseError("order", currency=case.order.amount.currency)
    asked = case.order.amount.minor
    if action == "release_partly" and not 0 < order.amount.minor < asked:
        raise CaseError("part", amount=case.order.amount)
    if action == "release_with_condition" and order.amount.minor > asked:
        raise CaseError("more", amount=case.order.amount)
    if action == "release_with_condition" and order == case.order:
        raise CaseError("condition")
    return order


def recheck(
    case: Case,
    facts: AccountFacts,
    policy: Policy,
    as_of: date,
    *,
    order: OrderRequest | None = None,
) -> Case:
    """Check a case again on today's facts; ``order`` as it stands now, if it changed.

    An open case learns whether its order would pass now. A released one stays released unless its
    release has run out (``needs_recheck``) and the check blocks it: then it is open again.
    """
    now = case.order if order is None else order
    if case.state == "rejected" or not needs_recheck(case, now.amount, policy, as_of):
        return case
    latest = check_order(facts, now, policy, as_of)
    event = CaseEvent(
        action="recheck", on=as_of, by="rules", reason="facts changed", result=latest.result
    )
    stands = case.state == "released" and latest.passes
    state: CaseState = "may_pass" if latest.passes else "open"
    return msgspec.structs.replace(
        case,
        order=now,
        latest=latest,
        state="released" if stands else state,
        released=now if stands else None,
        released_on=as_of if stands else None,
        history=(*case.history, event),
    )


def needs_recheck(case: Case, amount: Money, policy: Policy, as_of: date) -> bool:
    """Tell whether a case has to be checked again.

    An undecided one always; a released one when its order grew too much, changed its currency, or
    the release is too old (7.3).
    """
    if case.released is None or case.released_on is None:
        return True
    rules, released = policy.order_check, case.released.amount
    if as_of >= case.released_on + timedelta(days=rules.release_days):
        return True
    if amount.currency != released.currency:
        return True
    return amount.minor > (1 + rules.release_growth) * released.minor
