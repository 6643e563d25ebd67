"""The oracle's order check: the rules R1 to R14 of credit-management 7.2, one sentence each."""

from datetime import date, timedelta
from fractions import Fraction

from scoring.ordercheck import AccountFacts, OrderRequest
from scoring.policy import GRADES, Policy
from tests.oracle.plain_ledger import half_up

__all__ = ["ladder_level", "reactions"]

_DEFAULTS = {
    **dict.fromkeys(("R1", "R3", "R5", "R6", "R8", "R9", "R10", "R12", "R13"), "hold"),
    **dict.fromkeys(("R4", "R7", "R11"), "stop"),
    **dict.fromkeys(("R2", "R14"), "warn"),
}


def reactions(
    facts: AccountFacts, order: OrderRequest, policy: Policy, as_of: date
) -> dict[str, str]:
    """Say which rules fire and how each reacts."""
    covered = sum(part.minor for part in (order.deposit, order.secured) if part is not None)
    free = order.prepaid or 0 < covered >= order.amount.minor
    asked = Fraction(0 if free else order.amount.minor - covered)
    price = _price(facts, order.amount.currency)
    credit = None if price is None else half_up(asked * price)
    fired = _by_amount(facts, order, credit, policy) | _by_account(facts, order, policy, as_of)
    if facts.frozen and not free:
        fired |= {"R1"}
    if free:
        fired -= {"R6", "R7", "R12"}
    fired -= set(policy.order_check.off) | set(facts.exempt)
    told = {code: policy.order_check.reactions.get(code, _DEFAULTS[code]) for code in fired}
    if "R1" in told and credit is not None and _a_little_over(facts, order, credit, policy):
        told["R1"] = "warn"
    return told


def _price(facts: AccountFacts, currency: str) -> Fraction | None:
    """Units of the account's currency for one of the order's, in minor units of two digits."""
    if currency == facts.currency:
        return Fraction(1)
    known = {"CNY": Fraction(1)} | {
        name: Fraction(rate.price) for name, rate in facts.rates.items()
    }
    if currency not in known or facts.currency not in known:
        return None
    return known[currency] / known[facts.currency]


def _by_amount(
    facts: AccountFacts, order: OrderRequest, credit: int | None, policy: Policy
) -> set[str]:
    """The rules that look at the part of the order that takes credit."""
    rules, found = policy.order_check, set[str]()
    if credit is None:
        return {"R1"}
    if not credit:
        return found
    if facts.limit is None:
        found.add("R1")
    else:
        used = facts.exposure + credit
        if used > facts.limit or _beyond_segment(facts, order, credit):
            found.add("R1")
        if facts.limit and used > Fraction(rules.utilisation_warn) * facts.limit:
            found.add("R2")
    if facts.group_headroom is not None and credit > facts.group_headroom:
        found.add("R10")
    if order.first_order and facts.starter is not None and credit > facts.starter:
        found.add("R9")
    if order.average_order is not None:
        price = _price(facts, order.average_order.currency)
        usual = 0 if price is None else half_up(order.average_order.minor * price)
        if usual and credit > Fraction(rules.average_order_multiple) * usual:
            found.add("R9")
    return found


def _beyond_segment(facts: AccountFacts, order: OrderRequest, credit: int) -> bool:
    left = facts.segment_headroom
    return order.segment is not None and left is not None and credit > left


def _a_little_over(facts: AccountFacts, order: OrderRequest, credit: int, policy: Policy) -> bool:
    """A tenth over the limit is a warning for good grades."""
    rules = policy.order_check
    if facts.limit is None or facts.grade is None or _beyond_segment(facts, order, credit):
        return False
    if facts.frozen:
        return False
    good = GRADES.index(facts.grade) <= GRADES.index(rules.over_limit_warn_grade)
    short = facts.exposure + credit - facts.limit
    return good and short <= Fraction(rules.over_limit_warn_share) * facts.limit


def _by_account(facts: AccountFacts, order: OrderRequest, policy: Policy, as_of: date) -> set[str]:
    """The rules that look at the account whatever is ordered."""
    rules = policy.order_check
    found = _by_overdue(facts, policy)
    ends = (
        (facts.limit_valid_to, rules.limit_grace_days),
        (facts.dossier_valid_to, rules.dossier_grace_days),
    )
    if any(day is not None and as_of > day + timedelta(days=grace) for day, grace in ends):
        found.add("R6")
    weak = facts.grade is not None and GRADES.index(facts.grade) >= GRADES.index(rules.stop_grade)
    if weak or set(facts.gates) & set(rules.stop_gates):
        found.add("R7")
    covered = sum(part.minor for part in (order.deposit, order.secured) if part is not None)
    free = order.prepaid or 0 < covered >= order.amount.minor
    if order.terms_days is not None and order.terms_days > (facts.terms_days or 0) and not free:
        found.add("R8")
    if order.discount_percent is not None and order.discount_percent > rules.discount_percent:
        found.add("R8")
    if facts.manual_hold is not None:
        found.add("R11")
    if facts.broken_promises is not None and facts.broken_promises >= rules.broken_promises:
        found.add("R12")
    if facts.data_age_hours is not None and facts.data_age_hours > rules.stale_hours:
        found.add("R14")
    return found


def _by_overdue(facts: AccountFacts, policy: Policy) -> set[str]:
    """R3, R4, R5 and R13; a small amount never blocks."""
    rules, days, overdue = policy.order_check, facts.oldest_days, facts.overdue
    least = facts.min_overdue or 0
    if days is None or overdue <= 0 or overdue < least:
        return set()
    found = set()
    trifle = max(Fraction(rules.hold_limit_share) * (facts.limit or 0), Fraction(least))
    if days > rules.hold_days and overdue > trifle:
        found.add("R3")
    if days > rules.stop_days:
        found.add("R4")
    if days > rules.overdue_share_after_days and overdue > Fraction(rules.overdue_share) * facts.ar:
        found.add("R5")
    if ladder_level(facts.grade or "NR", days, policy) >= rules.dunning_level:
        found.add("R13")
    return found


def ladder_level(grade: str, days: int, policy: Policy) -> int:
    """Climb the dunning ladder rung by rung (9.1)."""
    ladder = policy.dunning
    shift = ladder.grade_shift_days.get(grade, 0)
    level, before = 0, 0
    for rung in ladder.levels:
        before = max(before + 1, rung.day + (shift if rung.shifts_with_grade else 0))
        if days >= before:
            level = rung.level
    return level
