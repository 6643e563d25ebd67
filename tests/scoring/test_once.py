"""What follows from a policy is worked out once for it, and never for another."""

from collections.abc import Callable

import msgspec
import pytest

from scoring.once import once


class _Part(msgspec.Struct, frozen=True):
    days: int


@pytest.fixture
def made() -> list[object]:
    """What the function was called with."""
    return []


@pytest.fixture
def said(made: list[object]) -> Callable[..., tuple[object, ...]]:
    """Make something new at each real call."""

    @once
    def say(*args: object, **kwargs: object) -> tuple[object, ...]:
        made.append(args)
        return (*args, *kwargs.values())

    return say


def test_the_same_part_of_a_policy_is_worked_out_once(
    said: Callable[..., tuple[object, ...]], made: list[object]
) -> None:
    part = _Part(30)

    assert said(part, "A") is said(part, "A")
    assert len(made) == 1


def test_an_equal_part_of_another_policy_is_another(
    said: Callable[..., tuple[object, ...]], made: list[object]
) -> None:
    said(_Part(30))
    said(_Part(30))

    assert len(made) == 2


def test_other_values_make_another_result(said: Callable[..., tuple[object, ...]]) -> None:
    part = _Part(30)

    assert said(part, "A") == (part, "A")
    assert said(part, "B") == (part, "B")
    assert said(part, days=1) == (part, 1)
    assert said(part, days=2) == (part, 2)


def test_it_forgets_rather_than_grows_and_stays_right(
    said: Callable[..., tuple[object, ...]],
) -> None:
    for days in range(200):
        part = _Part(days)  # gone at once: the next may stand where it stood
        assert said(part) == (part,)
