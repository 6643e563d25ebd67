"""What keeps us from asking: promises, repayment plans, blocks (credit-management 2.3, 9.2 rule 4)."""

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Literal

import msgspec

from scoring.calendar import WorkCalendar
from scoring.dunning.ladder import DunningPolicy

__all__ = [
    "Block",
    "Pause",
    "Plan",
    "Promise",
    "blocked",
    "contact_day",
    "on_track",
    "pause_of",
    "promise_judged_on",
    "promised_until",
]

Pause = Literal["promise", "plan", "block"]


class Promise(msgspec.Struct, frozen=True, kw_only=True):
    """A promise to pay; ``item`` ``None`` covers the whole account."""

    made_on: date
    promised_on: date
    amount: int
    item: str | None = None
    cancelled_on: date | None = None
    superseded_on: date | None = None


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """An approved repayment plan: what it says should have come by now, and what came.

    Both are in the same minor units.
    """

    from_on: date
    to_on: date | None
    expected: int = 0
    received: int = 0


class Block(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody decided not to ask; ``scope`` ``None`` is the whole company, else an item."""

    from_on: date
    to_on: date | None
    scope: str | None = None


def pause_of(
    item: str,
    due_on: date,
    *,
    promises: Sequence[Promise],
    plans: Sequence[Plan],
    blocks: Sequence[Block],
    policy: DunningPolicy,
    calendar: WorkCalendar,
    as_of: date,
) -> Pause | None:
    """Say what pauses an item due on a day; a block before a plan before a promise.

    A promise without an item covers what was due when it was made.
    """
    if any(blocked(block, item, policy, as_of) for block in blocks):
        return "block"
    if any(on_track(plan, policy, as_of) for plan in plans):
        return "plan"
    covering = [
        promise
        for promise in promises
        if promise.item == item or (promise.item is None and promise.made_on >= due_on)
    ]
    until = promised_until(covering, policy, calendar, as_of)
    return "promise" if until is not None else None


def promised_until(
    promises: Sequence[Promise], policy: DunningPolicy, calendar: WorkCalendar, as_of: date
) -> date | None:
    """Return the last day on which an open promise pauses its items; ``None``: none does.

    At most ``promise_pause_days`` from the day it was made, and not after so many promises for
    the same debt that it is another one in a row. A promise we cancelled was no promise.
    """
    made = sorted(
        (
            promise
            for promise in promises
            if promise.made_on <= as_of and not _by(promise.cancelled_on, as_of)
        ),
        key=lambda promise: (promise.made_on, promise.promised_on),
    )
    if not made or len(made) > policy.promise_pauses_in_a_row:
        return None
    latest = made[-1]
    longest = latest.made_on + timedelta(days=policy.promise_pause_days)
    until = min(promise_judged_on(latest, policy, calendar), longest)
    return until if as_of <= until and not _by(latest.superseded_on, as_of) else None


def promise_judged_on(promise: Promise, policy: DunningPolicy, calendar: WorkCalendar) -> date:
    """Return the last day on which the promised money may still arrive in time (2.3)."""
    return calendar.add_workdays(promise.promised_on, policy.promise_grace_workdays)


def on_track(plan: Plan, policy: DunningPolicy, as_of: date) -> bool:
    """Tell whether a repayment plan holds: in force, and what was due of it has come."""
    if not plan.from_on <= as_of or (plan.to_on is not None and as_of > plan.to_on):
        return False
    return plan.received >= policy.promise_kept_share * plan.expected


def blocked(block: Block, item: str, policy: DunningPolicy, as_of: date) -> bool:
    """Tell whether a block stands for an item; one without an end ends after the longest time."""
    longest = block.from_on + timedelta(days=policy.block_max_days)
    end = longest if block.to_on is None else block.to_on
    return block.from_on <= as_of <= end and block.scope in {None, item}


def _by(day: date | None, as_of: date) -> bool:
    return day is not None and day <= as_of


def contact_day(moment: datetime, policy: DunningPolicy, calendar: WorkCalendar) -> date:
    """Return the first working day on which a customer may be contacted after a local moment.

    After the last hour of contact it is the next working day (9.2 rule 10, 9.3).
    """
    day = moment.date()
    if moment.hour >= policy.contact_to_hour:
        day += timedelta(days=1)
    return calendar.next_workday(day)
