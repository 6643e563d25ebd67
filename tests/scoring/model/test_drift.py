"""Population stability: the vector of the method, small samples, and missing values."""

import numpy as np
import pytest

from scoring.model.drift import band_counts, drift, stability_index

EXPECTED = np.array([10, 20, 40, 20, 10])
ACTUAL = np.array([8, 18, 38, 22, 14])


def test_vector_9() -> None:
    assert stability_index(1000 * EXPECTED, 1000 * ACTUAL) == pytest.approx(0.022961, abs=5e-7)


def test_empty_cell_counts_as_half_a_row() -> None:
    found = stability_index(np.array([50, 50]), np.array([100, 0]))

    assert found == pytest.approx((1 - 0.5) * np.log(2) + (0.005 - 0.5) * np.log(0.01))


def test_large_samples_are_judged_by_the_usual_cut_offs() -> None:
    moved = np.array([5, 10, 30, 25, 30])

    assert drift(1000 * EXPECTED, 1000 * ACTUAL).verdict == "stable"
    assert drift(1000 * EXPECTED, 1000 * moved).verdict == "major"


def test_what_chance_reaches_in_a_small_sample_is_stable() -> None:
    small = np.array([1, 2, 6, 1, 0])

    found = drift(EXPECTED, small)

    assert found.index > 0.1
    assert found.verdict == "stable"
    assert found.by_chance == pytest.approx(9.4877 * (1 / 100 + 1 / 10), rel=1e-4)


def test_bands_hold_equal_parts_of_the_reference_and_missing_is_one() -> None:
    reference = np.concatenate([np.arange(100.0), [np.nan] * 7])

    before, now = band_counts(reference, np.array([np.nan, 5.0, 500.0]))

    assert before.tolist() == [10] * 10 + [7]
    assert now.tolist() == [1] + [0] * 8 + [1, 1]


def test_samples_without_rows_are_refused() -> None:
    with pytest.raises(ValueError, match="need rows"):
        stability_index(EXPECTED, np.zeros(5))
