"""The ladder's steps and brakes, as a credit manager would check them."""

from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scoring.dunning import Delinquency, DunningPolicy, DunningStep, OverdueItem, next_step

POLICY = DunningPolicy()
TODAY = date(2026, 11, 24)


def overdue_item(days: int, value: int = 1_000_000, name: str = "a") -> OverdueItem:
    """Owe ``value`` fen since ``days`` days."""
    return OverdueItem(
        item=name,
        number=name.upper(),
        due_on=TODAY - timedelta(days=days),
        currency="CNY",
        open=value,
        value=value,
        policy_value=value // 100,
    )


def step(
    *items: OverdueItem, grade: str = "BB", policy: DunningPolicy = POLICY, **given_: Any
) -> DunningStep | None:
    """Ask the ladder about one account today."""
    return next_step(Delinquency(items=items, grade=grade, **given_), policy, TODAY)


@pytest.mark.parametrize(
    ("days", "level"),
    [(1, None), (2, None), (3, 1), (6, 1), (7, 2), (14, 2), (15, 3), (30, 4), (45, 5), (60, 6)],
)
def test_level_follows_days_past_due(days: int, level: int | None) -> None:
    found = step(overdue_item(days), policy=DunningPolicy(levels_at_once=8))

    assert (found.level if found else None) == level


def test_old_data_climbs_two_levels_at_a_time() -> None:
    first = step(overdue_item(200))
    later = step(overdue_item(200), last_levels={"a": 2}, last_step_on=TODAY - timedelta(days=5))

    assert first is not None
    assert first.level == 2
    assert later is not None
    assert later.level == 4


def test_no_new_level_within_the_quiet_days() -> None:
    found = step(overdue_item(16), last_levels={"a": 2}, last_step_on=TODAY - timedelta(days=4))

    assert found is not None
    assert found.level == 2


def test_good_grades_get_five_more_days_and_weak_ones_five_less() -> None:
    patient, strict = step(overdue_item(10), grade="AA"), step(overdue_item(10), grade="CCC")

    assert patient is not None
    assert patient.level == 1
    assert strict is not None
    assert strict.level == 2
    assert step(overdue_item(12), grade="AA") != patient


@pytest.mark.parametrize(("days", "level"), [(2, None), (3, 1), (4, 2), (9, 2), (10, 3)])
def test_hastened_level_still_follows_the_one_before(days: int, level: int | None) -> None:
    found = step(overdue_item(days), grade="CCC", policy=DunningPolicy(levels_at_once=8))

    assert (found.level if found else None) == level


def test_residues_bother_nobody() -> None:
    assert step(overdue_item(40, 9_900)) is None
    assert step(overdue_item(40, 20_000), overdue_item(20, 20_000, "b")) is None


def test_cash_we_hold_is_applied_before_we_ask() -> None:
    found = step(overdue_item(40), unapplied=1_000_000)

    assert found is not None
    assert (found.level, found.action) == (0, "apply_cash")


def test_paying_the_leading_item_lowers_the_level() -> None:
    old, young = overdue_item(40), overdue_item(8, name="b")
    before = step(old, young, policy=DunningPolicy(levels_at_once=8))
    after = step(young, last_levels={"a": 4}, last_step_on=TODAY - timedelta(days=6))

    assert before is not None
    assert (before.leading_item, before.level) == ("a", 4)
    assert after is not None
    assert (after.leading_item, after.level) == ("b", 2)


def test_better_grade_does_not_take_a_given_task_back() -> None:
    found = step(overdue_item(8), grade="AAA", last_levels={"a": 2}, last_step_on=TODAY)

    assert found is not None
    assert found.level == 2


@given(st.integers(0, 300), st.integers(0, 300), st.integers(0, 8))
def test_more_days_past_due_never_lower_the_level(days: int, more: int, last: int) -> None:
    before = step(overdue_item(days), last_levels={"a": last})
    after = step(overdue_item(days + more), last_levels={"a": last})

    assert (after.level if after else 0) >= (before.level if before else 0)
