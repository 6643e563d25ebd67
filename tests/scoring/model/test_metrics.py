"""AUC, KS, Brier and calibration error against scikit-learn, and what is not measurable."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import (  # type: ignore[import-untyped] # ships no types
    brier_score_loss,
    roc_auc_score,
    roc_curve,
)

from scoring.model.metrics import (
    MIN_BADS,
    Discrimination,
    Flags,
    Floats,
    NotMeasurable,
    auc,
    brier,
    calibration_error,
    discrimination,
    kolmogorov_smirnov,
    reliability,
)

# Few different risks, so that ties are common.
ROWS = st.lists(
    st.tuples(st.booleans(), st.integers(0, 12).map(lambda level: level / 12)),
    min_size=2,
    max_size=80,
).filter(lambda rows: len({bad for bad, _ in rows}) == 2)


def columns(rows: list[tuple[bool, float]]) -> tuple[Flags, Floats]:
    """Turn rows into the arrays the metrics take."""
    return np.array([bad for bad, _ in rows]), np.array([risk for _, risk in rows])


@given(ROWS)
def test_auc_equals_scikit_learn(rows: list[tuple[bool, float]]) -> None:
    outcome, risk = columns(rows)

    assert auc(outcome, risk) == pytest.approx(roc_auc_score(outcome, risk))


@given(ROWS)
def test_ks_is_the_widest_gap_of_scikit_learns_roc(rows: list[tuple[bool, float]]) -> None:
    outcome, risk = columns(rows)
    alarms, found, _ = roc_curve(outcome, risk, drop_intermediate=False)

    assert kolmogorov_smirnov(outcome, risk) == pytest.approx(np.abs(found - alarms).max())


@given(ROWS)
def test_brier_equals_scikit_learn(rows: list[tuple[bool, float]]) -> None:
    outcome, probability = columns(rows)

    assert brier(outcome, probability) == pytest.approx(brier_score_loss(outcome, probability))


@given(ROWS, st.randoms(use_true_random=False))
def test_calibration_error_does_not_depend_on_the_order_of_rows(
    rows: list[tuple[bool, float]], random: np.random.RandomState
) -> None:
    shuffled = list(rows)
    random.shuffle(shuffled)

    assert calibration_error(*columns(shuffled)) == pytest.approx(calibration_error(*columns(rows)))


def test_ties_count_half() -> None:
    outcome = np.array([True, True, False, False])

    assert auc(outcome, np.array([1.0, 1.0, 1.0, 1.0])) == 0.5
    assert auc(outcome, np.array([2.0, 1.0, 1.0, 0.0])) == 0.875


def test_calibration_error_is_the_mean_distance_of_ten_equal_bins() -> None:
    probability = np.repeat(np.arange(1, 11) / 20, 100)
    outcome = np.tile(np.arange(100) < 10, 10)  # 10 % bad in every bin

    expected = np.mean(np.abs(np.arange(1, 11) / 20 - 0.1))
    assert calibration_error(outcome, probability) == pytest.approx(expected)
    assert [part.n for part in reliability(outcome, probability)] == [100] * 10


def test_few_bads_are_not_measurable() -> None:
    outcome = np.arange(500) < MIN_BADS - 1

    found = discrimination(outcome, np.arange(500.0))

    assert found == NotMeasurable(bads=MIN_BADS - 1, goods=500 - MIN_BADS + 1, needed=MIN_BADS)


def test_few_goods_are_not_measurable_either() -> None:
    outcome = np.arange(500) >= 3

    assert isinstance(discrimination(outcome, np.arange(500.0)), NotMeasurable)


def test_perfect_score_has_gini_and_ks_of_one() -> None:
    outcome = np.arange(100) >= 60

    found = discrimination(outcome, np.arange(100.0))

    assert isinstance(found, Discrimination)
    assert (found.auc, found.gini, found.ks) == (1.0, 1.0, 1.0)


def test_risk_that_is_no_number_is_refused() -> None:
    with pytest.raises(ValueError, match="not a number"):
        auc(np.array([True, False]), np.array([np.nan, 0.5]))


def test_one_outcome_alone_cannot_be_ranked() -> None:
    with pytest.raises(ValueError, match="bad and good"):
        auc(np.array([True, True]), np.array([0.1, 0.5]))
