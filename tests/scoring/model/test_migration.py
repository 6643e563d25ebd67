"""Moves of grades from month to month."""

import polars as pl
import pytest

from scoring.model.migration import migration

SCALE = ("A", "B", "C", "D")


def a_history(**grades: str) -> pl.DataFrame:
    """Give each entity one grade a month, a letter each; a dot is a month without a rating."""
    rows = [
        (entity, month, grade)
        for entity, letters in grades.items()
        for month, grade in enumerate(letters)
    ]
    return pl.DataFrame(rows, schema=["entity", "month", "grade"], orient="row")


def test_moves_are_counted_from_row_to_column() -> None:
    found = migration(a_history(x="AAB", y="BB"), SCALE)

    assert found.counts[0] == (1, 1, 0, 0)
    assert found.counts[1] == (0, 1, 0, 0)
    assert (found.pairs, found.moves) == (3, 1)


def test_share_of_moves_over_two_notches() -> None:
    assert migration(a_history(x="ACB"), SCALE).jumps == 0.5


@pytest.mark.parametrize(
    ("grades", "reversals"),
    [("ABBA", 0.5), ("ABBBBA", 0.0), ("ABC", 0.0), ("AABA", 0.5)],
)
def test_reversal_is_a_move_back_within_three_months(grades: str, reversals: float) -> None:
    assert migration(a_history(x=grades), SCALE).reversals == reversals


def test_months_without_a_rating_take_no_part() -> None:
    found = migration(a_history(x="A.B"), SCALE)

    assert (found.pairs, found.jumps, found.reversals) == (0, None, None)


def test_order_of_rows_does_not_matter() -> None:
    history = a_history(x="ABCA", y="DDAB")

    assert migration(history.reverse(), SCALE) == migration(history, SCALE)
