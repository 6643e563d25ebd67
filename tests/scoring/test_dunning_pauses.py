"""What keeps the ladder from climbing, what comes before it, and what is urgent."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from scoring.calendar import WorkCalendar
from scoring.dunning import (
    Block,
    Delinquency,
    DunningPolicy,
    DunningStep,
    LadderLevel,
    OverdueItem,
    Pause,
    Pauses,
    Plan,
    contact_day,
    first_day_of_level,
    next_step,
    pause_of,
    reached_level,
    urgency,
)
from scoring.policy import GRADES
from tests.scoring.test_dunning import TODAY, overdue_item, step

POLICY = DunningPolicy()


def paused(days: int, why: Pause, name: str = "a", value: int = 1_000_000) -> OverdueItem:
    """Owe something that waits."""
    return msgspec.structs.replace(overdue_item(days, value, name), paused=why)


def paused_by(as_of: date = TODAY, **pauses: Any) -> Pause | None:
    """Say what pauses item ``i`` of account ``s:1``."""
    return pause_of("i", "s:1", Pauses(**pauses), POLICY, as_of)


def test_a_promise_pauses_its_item_or_its_account() -> None:
    assert paused_by(promised={"i"}) == "promise"
    assert paused_by(promised={"s:1"}) == "promise"
    assert paused_by(promised={"j"}) is None


@pytest.mark.parametrize(
    ("plan", "stands"),
    [
        (Plan(from_on=TODAY, to_on=TODAY), True),
        (Plan(from_on=TODAY, to_on=None), True),
        (Plan(from_on=TODAY + timedelta(days=1), to_on=None), False),
        (Plan(from_on=date(2026, 1, 1), to_on=TODAY - timedelta(days=1)), False),
        (Plan(from_on=TODAY, to_on=None, broken=1), False),
    ],
)
def test_a_plan_pauses_while_it_is_kept(plan: Plan, *, stands: bool) -> None:
    assert paused_by(plans=[plan]) == ("plan" if stands else None)


@pytest.mark.parametrize(
    ("block", "stands"),
    [
        (Block(from_on=TODAY, to_on=TODAY), True),
        (Block(from_on=TODAY, to_on=None, scope="i"), True),
        (Block(from_on=TODAY, to_on=None, scope="s:1"), True),
        (Block(from_on=TODAY, to_on=None, scope="j"), False),
        (Block(from_on=TODAY - timedelta(days=90), to_on=None), True),
        (Block(from_on=TODAY - timedelta(days=91), to_on=None), False),
        (Block(from_on=TODAY + timedelta(days=1), to_on=None), False),
    ],
)
def test_a_block_holds_for_its_scope_until_its_end(block: Block, *, stands: bool) -> None:
    plan = Plan(from_on=TODAY, to_on=None)

    assert paused_by(blocks=[block]) == ("block" if stands else None)
    assert paused_by(blocks=[block], plans=[plan]) == ("block" if stands else "plan")


def test_the_next_item_leads_while_the_oldest_waits() -> None:
    found = step(paused(40, "promise"), overdue_item(8, name="b"))

    assert found is not None
    assert (found.leading_item, found.level) == ("b", 2)
    assert [item.item for item in found.items] == ["b"]


@pytest.mark.parametrize("why", ["promise", "plan"])
def test_a_standing_task_waits_without_climbing(why: Pause) -> None:
    history: dict[str, Any] = {"last_levels": {"a": 2}, "last_step_on": TODAY - timedelta(days=30)}
    waiting = step(paused(40, why), standing=("a", 2), **history)

    assert waiting is not None
    assert (waiting.leading_item, waiting.level, waiting.action) == ("a", 2, "call")
    assert step(paused(40, why), **history) is None
    assert step(paused(40, why), standing=("gone", 2), **history) is None


def test_a_block_ends_the_standing_task() -> None:
    assert step(paused(40, "block"), standing=("a", 2), last_levels={"a": 2}) is None


def test_a_broken_promise_lets_the_ladder_climb_on_from_where_it_stood() -> None:
    history: dict[str, Any] = {"last_levels": {"a": 2}, "last_step_on": TODAY - timedelta(days=30)}
    found = step(overdue_item(40), standing=("a", 2), **history)

    assert found is not None
    assert found.level == 4


def upcoming(days: int, value: int = 10_000_000, name: str = "u") -> OverdueItem:
    """Owe something due in ``days`` days."""
    return overdue_item(-days, value, name)


def courteous(*items: OverdueItem, **given_: Any) -> DunningStep | None:
    """Ask a ladder that begins before the due date."""
    policy = DunningPolicy(courtesy=True)
    return next_step(Delinquency(items=(), upcoming=items, grade="BB", **given_), policy, TODAY)


def test_a_large_item_is_confirmed_before_it_is_due() -> None:
    found = courteous(upcoming(7), upcoming(8, name="later"))

    assert found is not None
    assert (found.level, found.action, found.leading_item) == (0, "confirm", "u")
    assert len(found.items) == 1


def test_courtesy_is_for_large_items_in_time_and_only_when_wished_for() -> None:
    assert courteous(upcoming(8)) is None
    assert courteous(upcoming(7, value=4_999_999)) is None
    assert courteous(msgspec.structs.replace(upcoming(7), paused="block")) is None
    plain = Delinquency(items=(), upcoming=(upcoming(7),), grade="BB")
    assert next_step(plain, POLICY, TODAY) is None


def test_courtesy_comes_once_for_a_leading_item() -> None:
    again = courteous(upcoming(3), last_levels={"u": 0})
    standing = courteous(upcoming(3), last_levels={"u": 0}, standing=("u", 0))
    soon = courteous(upcoming(3), last_step_on=TODAY - timedelta(days=4))

    assert again is None
    assert soon is None
    assert standing is not None


def test_who_is_overdue_gets_no_courtesy() -> None:
    late = Delinquency(items=(paused(5, "promise"),), upcoming=(upcoming(3),), grade="BB")

    assert next_step(late, DunningPolicy(courtesy=True), TODAY) is None


def test_urgency_is_the_product_of_its_factors() -> None:
    found = step(overdue_item(40), policy=DunningPolicy(levels_at_once=8))
    assert found is not None
    by_grade = urgency(found, "B", POLICY)
    predicted = urgency(found, "B", POLICY, late_share=Decimal("0.1"))

    assert (by_grade.amount, by_grade.late_share) == (10_000, Decimal("0.56"))
    assert (by_grade.severity, by_grade.grade_factor) == (Decimal(2), Decimal("1.2"))
    assert by_grade.score == 13_440
    assert predicted.score == 2_400
    assert urgency(found, "NR", POLICY).late_share == Decimal("0.5")


def test_cash_to_be_applied_is_less_urgent_than_any_level() -> None:
    held = step(overdue_item(40), unapplied=10_000_000)

    assert held is not None
    assert urgency(held, "BBB", POLICY).severity == Decimal("0.5")


@given(st.sampled_from([*GRADES, "NR"]), st.integers(0, 200), st.integers(1, 9))
def test_first_day_and_level_reached_agree(grade: str, days: int, level: int) -> None:
    first = first_day_of_level(POLICY, grade, level)

    assert (reached_level(POLICY, grade, days) >= level) == (first is not None and days >= first)


@pytest.mark.parametrize(
    ("moment", "day"),
    [
        (datetime(2026, 10, 9, 20, 59, tzinfo=UTC), date(2026, 10, 9)),
        (
            datetime(2026, 10, 9, 21, 0, tzinfo=UTC),
            date(2026, 10, 10),
        ),  # a Saturday that is worked (调休)
        (datetime(2026, 10, 1, 9, 0, tzinfo=UTC), date(2026, 10, 8)),
        (datetime(2026, 10, 10, 21, 0, tzinfo=UTC), date(2026, 10, 12)),
    ],
)
def test_contacts_are_made_in_hours_on_working_days(moment: datetime, day: date) -> None:
    holidays = {date(2026, 10, number): False for number in range(1, 8)}
    calendar = WorkCalendar(holidays | {date(2026, 10, 10): True}, frozenset({2026}))

    assert contact_day(moment, POLICY, calendar) == day


@pytest.mark.parametrize(
    "changes",
    [
        {"contact_from_hour": 22},
        {"levels_at_once": 0},
        {
            "levels": (
                LadderLevel(level=2, day=3, action="a"),
                LadderLevel(level=1, day=5, action="b"),
            )
        },
        {
            "levels": (
                LadderLevel(level=1, day=3, action="a"),
                LadderLevel(level=2, day=3, action="b"),
            )
        },
    ],
)
def test_nonsense_in_the_ladder_is_refused(changes: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"\w+"):
        DunningPolicy(**changes)
