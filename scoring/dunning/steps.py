"""Which step an account has reached, from its leading item (credit-management 9.2).

Says what should be asked for today; it does not know tasks, tongues or CRMs.
"""

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal

import msgspec

from scoring.dunning.ladder import DunningPolicy, LadderLevel, reached
from scoring.dunning.pauses import Pause

__all__ = ["Delinquency", "DunningStep", "OverdueItem", "Urgency", "next_step", "urgency"]


class OverdueItem(msgspec.Struct, frozen=True, kw_only=True):
    """What is still owed and not disputed of one item.

    ``open`` is in minor units of the item's own ``currency``; ``value`` is the same in minor units
    of the account's credit currency; ``policy_value`` in major units of the policy currency
    (whole, rounded down), for comparing with the policy's minimum amounts. ``paused`` says what
    keeps us from asking for it now.
    """

    item: str
    number: str
    due_on: date
    currency: str
    open: int
    value: int
    policy_value: int
    paused: Pause | None = None


class Delinquency(msgspec.Struct, frozen=True, kw_only=True):
    """One account's overdue items, oldest first, and what else the ladder looks at.

    ``unapplied`` is cash and credit notes not yet applied, in the units of ``value``.
    ``last_levels`` maps a leading item to the highest level already asked for because of it;
    ``last_step_on`` is the day of the account's newest task, ``None`` when there was none;
    ``standing`` is the leading item and level of its open task. ``upcoming`` are items soon due,
    the soonest first.
    """

    items: tuple[OverdueItem, ...]
    grade: str
    unapplied: int = 0
    last_levels: Mapping[str, int] = {}
    last_step_on: date | None = None
    standing: tuple[str, int] | None = None
    upcoming: tuple[OverdueItem, ...] = ()


class DunningStep(msgspec.Struct, frozen=True, kw_only=True):
    """What should stand as the account's one open task.

    ``level`` 0 with ``apply_cash`` means: apply the cash we hold before asking for more (9.2 rule
    7); with ``confirm``: ask before the due date whether the invoice is right (L0).
    """

    level: int
    action: str
    leading_item: str
    items: tuple[OverdueItem, ...]
    overdue: int
    oldest_days: int


class Urgency(msgspec.Struct, frozen=True, kw_only=True):
    """How urgent a step is, and the factors that say why (9.2 rule 9).

    ``score`` is in major units of the policy's currency: amount times the three factors.
    """

    score: int
    amount: int
    late_share: Decimal
    severity: Decimal
    grade_factor: Decimal


def next_step(account: Delinquency, policy: DunningPolicy, as_of: date) -> DunningStep | None:
    """Decide the one step an account should be on, or ``None`` when nobody needs to act.

    The leading item is the oldest overdue one above the minimum that nothing pauses. Levels never
    fall while it stays unpaid, climb at most ``levels_at_once`` at a time and not within
    ``quiet_days`` of the last step. Where all is paused the step that stands goes on as it is.
    Running it twice on one day gives the same answer.
    """
    asked = tuple(item for item in account.items if item.paused is None)
    items = _worth_asking_for(asked, policy)
    if not items:
        return _waiting(account, policy, as_of) or _courtesy(account, policy, as_of)
    overdue = sum(item.value for item in items)
    if account.unapplied >= overdue:
        return _step(0, "apply_cash", items, as_of)
    levels = reached(policy, account.grade, (as_of - items[0].due_on).days)
    level = _climb(account, policy, items[0].item, levels, as_of)
    return _step(level.level, level.action, items, as_of) if level else None


def _worth_asking_for(
    items: Sequence[OverdueItem], policy: DunningPolicy
) -> tuple[OverdueItem, ...]:
    """Drop residues (9.2 rule 5): small items, and everything when the sum is small."""
    worth = tuple(item for item in items if item.policy_value >= policy.min_item)
    total = sum(item.policy_value for item in worth)
    return worth if total >= policy.min_overdue else ()


def _climb(
    account: Delinquency,
    policy: DunningPolicy,
    leading_item: str,
    levels: Sequence[LadderLevel],
    as_of: date,
) -> LadderLevel | None:
    """Limit how far a step climbs (9.2 rule 2) and how soon (rule 4)."""
    last = account.last_levels.get(leading_item, 0)
    ceiling = last + (0 if _quiet(account, policy, as_of) else policy.levels_at_once)
    # A task already given is never taken back a level while its item is unpaid: grades may move.
    allowed = [level for level in policy.levels if level.level <= ceiling]
    candidates = [level for level in allowed if level in levels or level.level == last]
    return candidates[-1] if candidates else None


def _quiet(account: Delinquency, policy: DunningPolicy, as_of: date) -> bool:
    last = account.last_step_on
    return last is not None and as_of < last + timedelta(days=policy.quiet_days)


def _waiting(account: Delinquency, policy: DunningPolicy, as_of: date) -> DunningStep | None:
    """Leave the standing task as it is while its item waits for a promise or a plan.

    A block ends it: nobody is to be asked at all.
    """
    if account.standing is None:
        return None
    leading, last = account.standing
    waiting = [item for item in account.items if item.paused in {"promise", "plan"}]
    rung = next((level for level in policy.levels if level.level == last), None)
    if rung is None or leading not in {item.item for item in waiting}:
        return None
    ordered = sorted(waiting, key=lambda item: item.item != leading)
    return _step(rung.level, rung.action, tuple(ordered), as_of)


def _courtesy(account: Delinquency, policy: DunningPolicy, as_of: date) -> DunningStep | None:
    """L0: ask before the due date whether a large invoice is right; once for each leading item."""
    soon = as_of + timedelta(days=policy.courtesy_days)
    items = tuple(
        item
        for item in account.upcoming
        if as_of <= item.due_on <= soon
        and item.paused is None
        and item.policy_value >= policy.courtesy_min_item
    )
    if not policy.courtesy or not items or account.items:
        return None
    leading = items[0].item
    told = leading in account.last_levels or _quiet(account, policy, as_of)
    if told and account.standing != (leading, 0):
        return None
    return _step(0, "confirm", items, as_of)


def _step(level: int, action: str, items: tuple[OverdueItem, ...], as_of: date) -> DunningStep:
    return DunningStep(
        level=level,
        action=action,
        leading_item=items[0].item,
        items=items,
        overdue=sum(item.value for item in items),
        oldest_days=(as_of - items[0].due_on).days,
    )


def urgency(
    step: DunningStep, grade: str, policy: DunningPolicy, *, late_share: Decimal | None = None
) -> Urgency:
    """Weigh a step for the order of work: overdue x P(late) x severity x grade (9.2 rule 9).

    ``late_share`` is a predicted probability; without one the policy's share of the grade counts.
    """
    amount = sum(item.policy_value for item in step.items)
    likely = policy.late_share.get(grade, policy.late_share_unrated)
    chance = likely if late_share is None else late_share
    severities = {level.level: level.severity for level in policy.levels}
    severity = severities.get(step.level, policy.severity_before_ladder)
    factor = policy.grade_factor.get(grade, Decimal(1))
    score = (amount * chance * severity * factor).quantize(Decimal(1), ROUND_HALF_UP)
    return Urgency(
        score=int(score), amount=amount, late_share=chance, severity=severity, grade_factor=factor
    )
