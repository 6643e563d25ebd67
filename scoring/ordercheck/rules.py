"""The rules R1 to R14 of the order check (credit-management 7.2), each as data.

A rule judges one ask and answers with its reaction and numbers, or with nothing. The rules about
an amount look at the part of the order that takes credit.

Codes of the reasons and their parameters:

* ``order_frozen``: exposure. ``order_over_limit``: short, limit, exposure. ``order_no_rate``: currency.
* ``order_no_limit``: none; in its place why there is no rating, where that must be settled first.
* ``order_nearly_used``: percent, threshold. ``overdue_days``: days, threshold, amount.
* ``order_overdue_share``: percent, threshold, amount.
* ``order_limit_expired``, ``order_dossier_expired``: day.
* ``order_grade``: grade, threshold. ``order_gate``: gate (a code).
* ``order_terms``: days, threshold. ``order_discount``: percent, threshold.
* ``order_unusual``: multiple, average. ``order_first``: threshold.
* ``order_group``, ``order_segment``: headroom. ``order_manual_hold``: why.
  ``order_broken_promises``: count, threshold.
* ``order_dunning_level``: level, days. ``order_stale``: hours, threshold.
"""

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from typing import Literal

import msgspec

from scoring.assessment import Reason
from scoring.dunning import reached_level
from scoring.gates import Params, one_digit
from scoring.ordercheck.facts import Ask
from scoring.policy import GRADES, Policy

__all__ = ["REACTIONS", "RULES", "FiredRule", "Reaction", "Rule", "fired", "reaction_of"]

Reaction = Literal["pass", "warn", "hold", "stop"]
#: From the mildest to the gravest.
REACTIONS: tuple[Reaction, ...] = ("pass", "warn", "hold", "stop")


class FiredRule(msgspec.Struct, frozen=True):
    """A rule that fired: what it asks for and why, as a reason code with its numbers."""

    code: str
    reaction: Reaction
    reason: str
    params: Params


class Verdict(msgspec.Struct, frozen=True):
    """A rule's answer; ``milder`` replaces the rule's reaction where only a warning is due."""

    reason: str
    params: Params = {}
    milder: bool = False


class Rule(msgspec.Struct, frozen=True):
    """A rule of section 7.2 with its default reaction."""

    code: str
    reaction: Reaction
    judge: Callable[[Ask], Verdict | None]


def reaction_of(code: str, policy: Policy) -> Reaction:
    """Tell how a rule reacts under this policy."""
    default = next(rule.reaction for rule in RULES if rule.code == code)
    return policy.order_check.reactions.get(code, default)


def fired(ask: Ask) -> tuple[FiredRule, ...]:
    """List every rule that fires, in the order of their codes."""
    rules = ask.policy.order_check
    lifted = rules.prepaid_lifts if ask.order.asks_no_credit else ()
    silent = {*rules.off, *ask.facts.exempt, *lifted}
    found = []
    for rule in RULES:
        verdict = None if rule.code in silent else rule.judge(ask)
        if verdict is not None:
            reaction: Reaction = (
                "warn" if verdict.milder else rules.reactions.get(rule.code, rule.reaction)
            )
            found.append(FiredRule(rule.code, reaction, verdict.reason, verdict.params))
    return tuple(found)


def _over_limit(ask: Ask) -> Verdict | None:
    """R1; an order whose worth or limit nobody knows cannot be let through.

    A limit that a high watch level froze has no room for any order, so it holds them all (10).
    """
    facts = ask.facts
    if ask.credit is None:
        return Verdict("order_no_rate", {"currency": ask.order.amount.currency})
    if facts.frozen and not ask.order.asks_no_credit:
        return Verdict("order_frozen", {"exposure": facts.money(facts.exposure)})
    if ask.credit == 0:
        return None
    if facts.limit is None:
        why = facts.undecided or Reason("order_no_limit", {})
        return Verdict(why.code, why.params)
    return _short(ask, ask.credit)


def _short(ask: Ask, credit: int) -> Verdict | None:
    """Compare with the limit; a little over it, a good grade is only warned."""
    facts, rules = ask.facts, ask.policy.order_check
    left = None if ask.order.segment is None else facts.segment_headroom
    if left is not None and credit > left:
        return Verdict("order_segment", {"headroom": facts.money(left)})
    limit = facts.limit or 0
    short = facts.exposure + credit - limit
    if short <= 0:
        return None
    rank, share = facts.rank(), rules.over_limit_warn_share
    good = rank is not None and rank <= GRADES.index(rules.over_limit_warn_grade)
    numbers = {"short": short, "limit": limit, "exposure": facts.exposure}
    return Verdict(
        "order_over_limit",
        {name: facts.money(minor) for name, minor in numbers.items()},
        milder=good and short <= share * limit,
    )


def _nearly_used(ask: Ask) -> Verdict | None:
    """R2: little headroom is left after the order."""
    limit, threshold = ask.facts.limit, ask.policy.order_check.utilisation_warn
    if not ask.credit or not limit:
        return None
    used = ask.facts.exposure + ask.credit
    if used <= threshold * limit:
        return None
    percent = one_digit(Decimal(used) * 100 / Decimal(limit))
    return Verdict(
        "order_nearly_used", {"percent": percent, "threshold": one_digit(threshold * 100)}
    )


def _overdue_params(ask: Ask, threshold: int) -> Params:
    facts = ask.facts
    return {
        "days": facts.oldest_days or 0,
        "threshold": threshold,
        "amount": facts.money(facts.overdue),
    }


def _worth(ask: Ask) -> bool:
    """Tell whether enough is overdue to block anything (7.2, small-amount rule)."""
    return ask.facts.overdue > 0 and ask.facts.overdue >= (ask.facts.min_overdue or 0)


def _overdue_hold(ask: Ask) -> Verdict | None:
    """R3: an item is late for long, and not for a trifle."""
    facts, rules = ask.facts, ask.policy.order_check
    trifle = rules.hold_limit_share * (facts.limit or 0)
    late = facts.oldest_days is not None and facts.oldest_days > rules.hold_days
    much = facts.overdue > trifle and facts.overdue > (facts.min_overdue or 0)
    if not (late and much and _worth(ask)):
        return None
    return Verdict("overdue_days", _overdue_params(ask, rules.hold_days))


def _overdue_stop(ask: Ask) -> Verdict | None:
    """R4: the oldest item is late for too long."""
    rules = ask.policy.order_check
    oldest = ask.facts.oldest_days
    if oldest is None or oldest <= rules.stop_days or not _worth(ask):
        return None
    return Verdict("overdue_days", _overdue_params(ask, rules.stop_days))


def _overdue_share(ask: Ask) -> Verdict | None:
    """R5: too much of what is open is overdue, beyond the days of grace."""
    facts, rules = ask.facts, ask.policy.order_check
    oldest = facts.oldest_days
    if oldest is None or oldest <= rules.overdue_share_after_days or not _worth(ask):
        return None
    if facts.overdue <= rules.overdue_share * facts.ar:
        return None
    percent = Decimal(facts.overdue) * 100 / Decimal(facts.ar) if facts.ar else Decimal(100)
    return Verdict(
        "order_overdue_share",
        {
            "percent": one_digit(percent),
            "threshold": one_digit(rules.overdue_share * 100),
            "amount": facts.money(facts.overdue),
        },
    )


def _expired(ask: Ask) -> Verdict | None:
    """R6: the limit, or the credit file, ran out longer ago than the grace."""
    facts, rules = ask.facts, ask.policy.order_check
    papers = (
        ("order_limit_expired", facts.limit_valid_to, rules.limit_grace_days),
        ("order_dossier_expired", facts.dossier_valid_to, rules.dossier_grace_days),
    )
    for reason, valid_to, grace in papers:
        if valid_to is not None and valid_to + timedelta(days=grace) < ask.as_of:
            return Verdict(reason, {"day": valid_to.isoformat()})
    return None


def _weak(ask: Ask) -> Verdict | None:
    """R7: no credit at all for this grade, or after such an event."""
    rules, grade = ask.policy.order_check, ask.facts.grade
    for gate in rules.stop_gates:
        if gate in ask.facts.gates:
            return Verdict("order_gate", {"gate": gate})
    rank = ask.facts.rank()
    if grade is None or rank is None or rank < GRADES.index(rules.stop_grade):
        return None
    return Verdict("order_grade", {"grade": grade, "threshold": rules.stop_grade})


def _terms(ask: Ask) -> Verdict | None:
    """R8: longer terms, or a higher discount, than granted."""
    order, granted = ask.order, ask.facts.terms_days
    days, most = order.terms_days, ask.policy.order_check.discount_percent
    if days is not None and not order.asks_no_credit and days > (granted or 0):
        return Verdict("order_terms", {"days": days, "threshold": granted or 0})
    if order.discount_percent is not None and order.discount_percent > most:
        percent, threshold = one_digit(order.discount_percent), one_digit(most)
        return Verdict("order_discount", {"percent": percent, "threshold": threshold})
    return None


def _unusual(ask: Ask) -> Verdict | None:
    """R9: far larger than usual, or a first order beyond the starter amount."""
    if ask.credit is None:
        return None
    facts, order = ask.facts, ask.order
    if order.first_order and facts.starter is not None and ask.credit > facts.starter:
        return Verdict("order_first", {"threshold": facts.money(facts.starter)})
    average = None if order.average_order is None else ask.in_account(order.average_order)
    multiple = ask.policy.order_check.average_order_multiple
    if not average or ask.credit <= multiple * average:
        return None
    times = one_digit(Decimal(ask.credit) / Decimal(average))
    return Verdict("order_unusual", {"multiple": times, "average": facts.money(average)})


def _group(ask: Ask) -> Verdict | None:
    """R10: the company's group has less left than the order takes."""
    headroom = ask.facts.group_headroom
    if headroom is None or not ask.credit or ask.credit <= headroom:
        return None
    return Verdict("order_group", {"headroom": ask.facts.money(headroom)})


def _manual(ask: Ask) -> Verdict | None:
    """R11: somebody decided it."""
    why, until = ask.facts.manual_hold, ask.facts.manual_hold_to
    if why is None:
        return None
    return Verdict("order_manual_hold", {"why": why, "day": until.isoformat() if until else "–"})


def _broken(ask: Ask) -> Verdict | None:
    """R12: promises to pay were broken lately."""
    count, threshold = ask.facts.broken_promises, ask.policy.order_check.broken_promises
    if count is None or count < threshold:
        return None
    return Verdict("order_broken_promises", {"count": count, "threshold": threshold})


def _dunned(ask: Ask) -> Verdict | None:
    """R13: the ladder stands at a letter or beyond."""
    facts = ask.facts
    if facts.oldest_days is None or not _worth(ask):
        return None
    level = reached_level(ask.policy.dunning, facts.grade or "NR", facts.oldest_days)
    if level < ask.policy.order_check.dunning_level:
        return None
    return Verdict("order_dunning_level", {"level": level, "days": facts.oldest_days})


def _stale(ask: Ask) -> Verdict | None:
    """R14: nobody has looked into the books for a while."""
    hours, threshold = ask.facts.data_age_hours, ask.policy.order_check.stale_hours
    if hours is None or hours <= threshold:
        return None
    return Verdict("order_stale", {"hours": hours, "threshold": threshold})


RULES = (
    Rule("R1", "hold", _over_limit),
    Rule("R2", "warn", _nearly_used),
    Rule("R3", "hold", _overdue_hold),
    Rule("R4", "stop", _overdue_stop),
    Rule("R5", "hold", _overdue_share),
    Rule("R6", "hold", _expired),
    Rule("R7", "stop", _weak),
    Rule("R8", "hold", _terms),
    Rule("R9", "hold", _unusual),
    Rule("R10", "hold", _group),
    Rule("R11", "stop", _manual),
    Rule("R12", "hold", _broken),
    Rule("R13", "hold", _dunned),
    Rule("R14", "warn", _stale),
)
