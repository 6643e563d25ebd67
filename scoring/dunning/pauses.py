"""What keeps us from asking: promises, repayment plans, blocks (credit-management 2.3, 9.2 rule 4).

Which promises are open and still hold back the next step is known to ``scoring.promises``.
"""

from collections.abc import Collection, Sequence
from datetime import date, datetime, timedelta
from typing import Literal

import msgspec

from scoring.calendar import WorkCalendar
from scoring.dunning.ladder import DunningPolicy

__all__ = ["Block", "Pause", "Pauses", "Plan", "contact_day", "pause_of"]

Pause = Literal["promise", "plan", "block"]


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """An approved repayment plan; ``broken`` counts its promises that were not kept."""

    from_on: date
    to_on: date | None
    broken: int = 0


class Block(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody decided not to ask; ``scope`` is an item or an account, ``None`` the whole company."""

    from_on: date
    to_on: date | None
    scope: str | None = None


class Pauses(msgspec.Struct, frozen=True, kw_only=True):
    """All that may pause one account's items. ``promised`` names items, or the account itself."""

    promised: Collection[str] = frozenset()
    plans: Sequence[Plan] = ()
    blocks: Sequence[Block] = ()


def pause_of(
    item: str, account: str, pauses: Pauses, policy: DunningPolicy, as_of: date
) -> Pause | None:
    """Say what pauses an item; a block before a plan before a promise."""
    if any(_blocked(block, {item, account}, policy, as_of) for block in pauses.blocks):
        return "block"
    if any(_on_track(plan, as_of) for plan in pauses.plans):
        return "plan"
    return "promise" if item in pauses.promised or account in pauses.promised else None


def _on_track(plan: Plan, as_of: date) -> bool:
    """Tell whether a repayment plan is in force and was kept so far."""
    over = plan.to_on is not None and as_of > plan.to_on
    return plan.from_on <= as_of and not over and not plan.broken


def _blocked(block: Block, names: set[str], policy: DunningPolicy, as_of: date) -> bool:
    """Tell whether a block stands; one without an end ends after the longest time."""
    longest = block.from_on + timedelta(days=policy.block_max_days)
    end = longest if block.to_on is None else block.to_on
    return block.from_on <= as_of <= end and (block.scope is None or block.scope in names)


def contact_day(moment: datetime, policy: DunningPolicy, calendar: WorkCalendar) -> date:
    """Return the first working day on which a customer may be contacted after a local moment.

    After the last hour of contact it is the next working day (9.2 rule 10, 9.3).
    """
    day = moment.date()
    if moment.hour >= policy.contact_to_hour:
        day += timedelta(days=1)
    return calendar.next_workday(day)
