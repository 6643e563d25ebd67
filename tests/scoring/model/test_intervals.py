"""Intervals by resampling: repeatable, wider by customer, and around the figure."""

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score  # type: ignore[import-untyped] # ships no types

from scoring.model.intervals import auc_difference_interval, auc_interval
from scoring.model.metrics import Flags, Floats

SEED = 5


def a_sample(rows: int = 2000) -> tuple[Flags, Floats]:
    rng = np.random.default_rng(1)
    outcome = rng.random(rows) < 0.1
    return outcome, np.round(rng.normal(size=rows) + outcome, 1)


def test_interval_holds_the_auc_and_is_repeatable() -> None:
    outcome, risk = a_sample()

    first = auc_interval(outcome, risk, np.random.default_rng(SEED))
    again = auc_interval(outcome, risk, np.random.default_rng(SEED))

    assert first == again
    assert first.low < roc_auc_score(outcome, risk) < first.high


def test_interval_by_rows_equals_plain_resampling() -> None:
    outcome, risk = a_sample(300)
    rng = np.random.default_rng(SEED)
    draws = rng.integers(0, 300, size=(200, 300))
    aucs = [roc_auc_score(outcome[rows], risk[rows]) for rows in draws]

    found = auc_interval(outcome, risk, np.random.default_rng(SEED), replicates=200)

    assert (found.low, found.high) == pytest.approx(tuple(np.quantile(aucs, [0.025, 0.975])))


def test_interval_by_customer_is_wider_when_rows_of_a_customer_are_alike() -> None:
    outcome, risk = a_sample(200)
    often = np.repeat(np.arange(200), 20)

    by_rows = auc_interval(outcome[often], risk[often], np.random.default_rng(SEED))
    by_customer = auc_interval(
        outcome[often], risk[often], np.random.default_rng(SEED), clusters=often
    )

    assert by_customer.high - by_customer.low > 3 * (by_rows.high - by_rows.low)


def test_difference_of_a_score_with_itself_is_nothing() -> None:
    outcome, risk = a_sample(400)

    found = auc_difference_interval(outcome, risk, 2 * risk, np.random.default_rng(SEED))

    assert (found.low, found.high) == (0.0, 0.0)


def test_no_resample_with_both_outcomes_is_an_error() -> None:
    with pytest.raises(ValueError, match="both outcomes"):
        auc_interval(np.array([True, True]), np.array([0.0, 1.0]), np.random.default_rng(0))
