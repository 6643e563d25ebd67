"""Each rule of the policy, broken: it is told by its code, with its numbers, at its place."""

from collections.abc import Mapping
from decimal import Decimal

import pytest

from scoring.document import Mistake
from scoring.policy import GRADES
from tests.scoring.broken_rules import (
    GRADE_KEYS,
    LIES_ABOVE,
    LIES_ABOVE_TO,
    LIES_BETWEEN,
    ORDERS,
    OTHERS,
    ROWS,
    STARTS_AT,
)
from tests.scoring.test_policy import example, mistakes_of

_FINE = Decimal("0.0001")


def told(text: str, path: str, code: str) -> Mistake:
    """Find the one mistake of this code at this place."""
    (one,) = [each for each in mistakes_of(text) if (each.path, each.code) == (path, code)]
    return one


def a_value(key: str, value: Decimal | int) -> str:
    """Write a policy of one value."""
    return f"{key} = {value}\n"


def step(key: str) -> Decimal:
    """Tell how fine the values of a key are: whole numbers go by one."""
    halves = mistakes_of(a_value(key, Decimal("0.5")))
    return Decimal(1) if (key, "must_be") in {(m.path, m.code) for m in halves} else _FINE


@pytest.mark.parametrize("key", STARTS_AT)
def test_a_number_below_its_start_is_told(key: str) -> None:
    least = STARTS_AT[key]

    assert told(a_value(key, least - step(key)), key, "starts_at").params == {"least": least}
    assert key not in {each.path for each in mistakes_of(a_value(key, least))}


@pytest.mark.parametrize("key", LIES_ABOVE)
def test_a_number_at_its_lower_end_is_told_where_it_must_lie_above(key: str) -> None:
    above = LIES_ABOVE[key]

    assert told(a_value(key, above), key, "lies_above").params == {"above": above}
    assert mistakes_of(a_value(key, above + _FINE)) == []


@pytest.mark.parametrize("key", LIES_ABOVE_TO)
def test_a_share_of_nothing_or_of_more_than_all_is_told(key: str) -> None:
    above, most = LIES_ABOVE_TO[key]

    for value in (Decimal(above), most + _FINE):
        assert told(a_value(key, value), key, "lies_above_to").params == {
            "above": above,
            "most": most,
        }
    assert mistakes_of(a_value(key, most)) == []


@pytest.mark.parametrize("key", LIES_BETWEEN)
def test_a_number_outside_its_ends_is_told(key: str) -> None:
    least, most = LIES_BETWEEN[key]

    for value in (least - step(key), most + step(key)):
        assert told(a_value(key, value), key, "lies_between").params == {
            "least": least,
            "most": most,
        }
    for end in (least, most):
        assert key not in {each.path for each in mistakes_of(a_value(key, end))}


@pytest.mark.parametrize(("place", "rule", "broken", "kept"), ORDERS)
def test_values_out_of_order_are_told_with_the_inequality(
    place: str, rule: str, broken: tuple[str, ...], kept: tuple[str, ...]
) -> None:
    table, _, key = place.rpartition(".")
    if key not in rule.split():
        table = place

    for text in broken:
        assert told(f"[{table}]\n{text}", place, "order").params == {"rule": rule}
    for text in kept:
        assert mistakes_of(f"[{table}]\n{text}") == []


@pytest.mark.parametrize("key", GRADE_KEYS)
def test_a_word_that_is_no_grade_is_told(key: str) -> None:
    assert told(f"{key} = 'AB'", key, "no_grade").params == {
        "given": "'AB'",
        "grades": ", ".join(GRADES),
    }


@pytest.mark.parametrize(("text", "place", "code", "params"), OTHERS)
def test_another_broken_rule_is_told(
    text: str, place: str, code: str, params: Mapping[str, object]
) -> None:
    assert params.items() <= told(text, place, code).params.items()


@pytest.mark.parametrize(("old", "new", "place", "code", "params"), ROWS)
def test_a_broken_rule_of_the_grades_is_told(
    old: str, new: str, place: str, code: str, params: Mapping[str, object]
) -> None:
    assert params.items() <= told(example((old, new)), place, code).params.items()


def test_ten_rows_in_another_order_are_told() -> None:
    changes = ('grade = "AAA"', 'grade = "?"'), ('grade = "AA"', 'grade = "AAA"')
    swapped = example(*changes, ('grade = "?"', 'grade = "AA"'))

    assert told(swapped, "grades", "grades_order").params == {"grades": ", ".join(GRADES)}
