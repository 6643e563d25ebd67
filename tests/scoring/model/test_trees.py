"""Boosted trees give the same probabilities each time, with gaps in the figures."""

import numpy as np

from scoring.model.metrics import Flags, auc
from scoring.model.trees import Boosting, Table, boosted

SMALL = Boosting(rounds=40, leaves=7, columns=1.0, seeds=(1, 2))


def a_sample(seed: int) -> tuple[Table, Flags]:
    rng = np.random.default_rng(seed)
    table = rng.normal(size=(800, 3))
    bad = rng.random(800) < 1 / (1 + np.exp(1.5 - 2 * table[:, 0]))
    table[rng.random(table.shape) < 0.1] = np.nan
    return table, bad


def test_same_rows_give_the_same_probabilities() -> None:
    table, bad = a_sample(1)

    first, again = (boosted(table, bad, SMALL).probability(table) for _ in range(2))

    assert (first == again).all()
    assert ((first > 0) & (first < 1)).all()


def test_rows_never_seen_are_ranked() -> None:
    model = boosted(*a_sample(1), SMALL)
    table, bad = a_sample(2)

    assert auc(bad, model.probability(table)) > 0.8
