"""Rates by grade with their intervals, and how probabilities are put right."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from scoring.model.calibration import (
    Isotonic,
    by_grade,
    intercept_shift,
    isotonic,
    jeffreys,
    shifted,
)
from scoring.model.metrics import NotMeasurable, auc


def test_grade_without_a_default_still_has_an_upper_bound() -> None:
    found = jeffreys(0, 50)

    assert found.low == 0.0
    assert found.high == pytest.approx(0.0490, abs=5e-4)


@given(st.integers(1, 200).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_interval_holds_the_rate(sample: tuple[int, int]) -> None:
    bads, n = sample

    found = jeffreys(bads, n)

    assert 0 <= found.low <= bads / n <= found.high <= 1


def test_grades_stand_in_the_order_of_the_scale() -> None:
    grades = ["B", "AAA", "B", "B"]
    outcome = np.array([True, False, False, False])
    expected = np.array([0.3, 0.01, 0.3, 0.3])

    best, worst = by_grade(grades, expected, outcome, scale=("AAA", "AA", "B"))

    assert (best.grade, best.n, best.bads, best.expected) == ("AAA", 1, 0, 0.01)
    assert (worst.grade, worst.n, worst.bads) == ("B", 3, 1)
    assert worst.observed == pytest.approx(1 / 3)
    assert worst.fits


def test_shift_moves_the_level_and_keeps_the_order() -> None:
    rng = np.random.default_rng(3)
    true = rng.uniform(0.05, 0.5, 20_000)
    outcome = rng.random(20_000) < true
    halved = shifted(true, -np.log(2))

    shift = intercept_shift(outcome, halved)

    assert isinstance(shift, float)
    assert shift == pytest.approx(np.log(2), abs=0.1)
    assert auc(outcome, shifted(halved, shift)) == auc(outcome, halved)


def test_shift_needs_both_outcomes() -> None:
    assert isinstance(
        intercept_shift(np.array([False, False]), np.array([0.1, 0.2])), NotMeasurable
    )


def test_isotonic_curve_needs_two_hundred_bads() -> None:
    outcome = np.arange(1000) < 199

    assert isotonic(outcome, np.arange(1000.0)) == NotMeasurable(bads=199, goods=801, needed=200)


def test_isotonic_curve_rises_to_what_came() -> None:
    rng = np.random.default_rng(4)
    risk = rng.random(5000)
    outcome = rng.random(5000) < risk**2

    curve = isotonic(outcome, risk)

    assert isinstance(curve, Isotonic)
    low, middle, high = curve.probability(np.array([-1.0, 0.5, 2.0]))
    assert low <= middle <= high
    assert middle == pytest.approx(0.25, abs=0.06)
