"""The same seed, the same plan; over many seeds every fault gets its turn."""

from collections import Counter

from sandbox.fault_plan import PLANNED, fault_plan
from sandbox.faults import FaultKind


def test_a_seed_is_a_plan_and_never_an_empty_one() -> None:
    assert fault_plan(7) == fault_plan(7)
    assert fault_plan(7) != fault_plan(8)
    assert all(fault_plan(seed, activation=0.0) for seed in range(50))


def test_every_fault_gets_its_turn_about_as_often_as_asked() -> None:
    seen = Counter(rule.kind for seed in range(1_000) for rule in fault_plan(seed))

    assert set(seen) == set(PLANNED)
    assert all(180 < count < 330 for count in seen.values())


def test_a_token_dies_once_and_what_lasts_for_a_day_is_not_planned() -> None:
    rules = [rule for seed in range(200) for rule in fault_plan(seed, match="POST /x")]

    assert {rule.times for rule in rules if rule.kind is FaultKind.STALE_TOKEN} == {1}
    assert {rule.times for rule in rules if rule.kind is not FaultKind.STALE_TOKEN} == {None}
    assert {rule.match for rule in rules} == {"POST /x"}
    assert FaultKind.QUOTA not in {rule.kind for rule in rules}


def test_a_plan_can_be_bounded() -> None:
    rules = [rule for seed in range(50) for rule in fault_plan(seed, times=3)]

    assert {rule.times for rule in rules if rule.kind is not FaultKind.STALE_TOKEN} == {3}
