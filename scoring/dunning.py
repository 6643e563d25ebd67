"""The dunning ladder (催收): which step an account has reached, from its leading item.

Says what should be asked for today; it does not know tasks, tongues or CRMs.
Source: credit-management 9.1 (ladder) and 9.2 (rules).
"""

from collections.abc import Mapping, Sequence
from datetime import date, timedelta

import msgspec

__all__ = [
    "DEFAULT_LADDER",
    "Delinquency",
    "DunningPolicy",
    "DunningStep",
    "LadderLevel",
    "OverdueItem",
    "next_step",
]


class LadderLevel(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One rung: from ``day`` days past due somebody does ``action``."""

    level: int
    day: int
    action: str  # a code; the texts say it in words
    shifts_with_grade: bool = False


DEFAULT_LADDER = (
    LadderLevel(level=1, day=3, action="remind"),
    LadderLevel(level=2, day=7, action="call", shifts_with_grade=True),
    LadderLevel(level=3, day=15, action="first_letter", shifts_with_grade=True),
    LadderLevel(level=4, day=30, action="second_letter", shifts_with_grade=True),
    LadderLevel(level=5, day=45, action="stop_shipment", shifts_with_grade=True),
    LadderLevel(level=6, day=60, action="final_demand"),
    LadderLevel(level=7, day=90, action="lawyers_letter"),
    LadderLevel(level=8, day=120, action="legal_action"),
)


class DunningPolicy(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The ladder and its brakes. Amounts are in major units of the policy currency.

    ``grade_shift_days``: how much later (or, negative, earlier) the shifting levels come for a
    grade. ``levels_at_once``: how far one step may climb; the flood guard for old data.
    """

    levels: tuple[LadderLevel, ...] = DEFAULT_LADDER
    grade_shift_days: dict[str, int] = msgspec.field(
        default_factory=lambda: (
            dict.fromkeys(("AAA", "AA", "A"), 5) | dict.fromkeys(("B", "CCC", "CC", "C", "D"), -5)
        )
    )
    levels_at_once: int = 2
    quiet_days: int = 5
    tasks_per_owner_per_day: int = 20
    min_item: int = 100
    min_overdue: int = 500


class OverdueItem(msgspec.Struct, frozen=True, kw_only=True):
    """What is still owed and not disputed of one item past its due date.

    ``open`` is in minor units of the item's own ``currency``; ``value`` is the same in minor units
    of the account's credit currency; ``policy_value`` in major units of the policy currency
    (whole, rounded down), for comparing with the policy's minimum amounts.
    """

    item: str
    number: str
    due_on: date
    currency: str
    open: int
    value: int
    policy_value: int


class Delinquency(msgspec.Struct, frozen=True, kw_only=True):
    """One account's overdue items, oldest first, and what else the ladder looks at.

    ``unapplied`` is cash and credit notes not yet applied, in the units of ``value``.
    ``last_levels`` maps a leading item to the highest level already asked for because of it;
    ``last_step_on`` is the day of the account's newest task, ``None`` when there was none.
    """

    items: tuple[OverdueItem, ...]
    grade: str
    unapplied: int = 0
    last_levels: Mapping[str, int] = {}
    last_step_on: date | None = None


class DunningStep(msgspec.Struct, frozen=True, kw_only=True):
    """What should stand as the account's one open task.

    ``level`` 0 means: apply the cash we hold before asking for more (9.2 rule 7).
    """

    level: int
    action: str
    leading_item: str
    items: tuple[OverdueItem, ...]
    overdue: int
    oldest_days: int


def next_step(account: Delinquency, policy: DunningPolicy, as_of: date) -> DunningStep | None:
    """Decide the one step an account should be on, or ``None`` when nobody needs to act.

    The leading item is the oldest overdue one above the minimum. Levels never fall while it stays
    unpaid, climb at most ``levels_at_once`` at a time and not within ``quiet_days`` of the last
    step. Running it twice on one day gives the same answer.
    """
    items = _worth_asking_for(account.items, policy)
    if not items:
        return None
    overdue = sum(item.value for item in items)
    if account.unapplied >= overdue:
        return _step(0, "apply_cash", items, overdue, as_of)
    reached = _reached(policy, account.grade, (as_of - items[0].due_on).days)
    level = _climb(account, policy, items[0].item, reached, as_of)
    return _step(level.level, level.action, items, overdue, as_of) if level else None


def _worth_asking_for(
    items: Sequence[OverdueItem], policy: DunningPolicy
) -> tuple[OverdueItem, ...]:
    """Drop residues (9.2 rule 5): small items, and everything when the sum is small."""
    worth = tuple(item for item in items if item.policy_value >= policy.min_item)
    total = sum(item.policy_value for item in worth)
    return worth if total >= policy.min_overdue else ()


def _reached(policy: DunningPolicy, grade: str, days: int) -> tuple[LadderLevel, ...]:
    """List the levels whose day has come; one that a grade hastens still follows the one before."""
    shift = policy.grade_shift_days.get(grade, 0)
    reached, earliest = [], 0
    for level in policy.levels:
        earliest = max(earliest + 1, level.day + (shift if level.shifts_with_grade else 0))
        if days >= earliest:
            reached.append(level)
    return tuple(reached)


def _climb(
    account: Delinquency,
    policy: DunningPolicy,
    leading_item: str,
    reached: Sequence[LadderLevel],
    as_of: date,
) -> LadderLevel | None:
    """Limit how far a step climbs (9.2 rule 2) and how soon (rule 4)."""
    quiet = account.last_step_on is not None and as_of < account.last_step_on + timedelta(
        days=policy.quiet_days
    )
    last = account.last_levels.get(leading_item, 0)
    ceiling = last + (0 if quiet else policy.levels_at_once)
    # A task already given is never taken back a level while its item is unpaid: grades may move.
    allowed = [level for level in policy.levels if level.level <= ceiling]
    candidates = [level for level in allowed if level in reached or level.level == last]
    return candidates[-1] if candidates else None


def _step(
    level: int,
    action: str,
    items: tuple[OverdueItem, ...],
    overdue: int,
    as_of: date,
) -> DunningStep:
    return DunningStep(
        level=level,
        action=action,
        leading_item=items[0].item,
        items=items,
        overdue=overdue,
        oldest_days=(as_of - items[0].due_on).days,
    )
