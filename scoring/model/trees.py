"""Boosted trees, the reference a card is measured against: deterministic, one thread a model.

One thread, because results then do not depend on the machine, and because on a busy machine many
threads wait for each other far longer than they work.
"""

import lightgbm
import msgspec
import numpy as np
import numpy.typing as npt

from scoring.model.metrics import Flags, Floats

__all__ = ["Boosted", "Boosting", "boosted"]

Table = npt.NDArray[np.float64]


class Boosting(msgspec.Struct, frozen=True, kw_only=True):
    """How trees are grown. ``seeds`` models that differ by their random draws are averaged."""

    rounds: int = 600
    rate: float = 0.05
    leaves: int = 31
    least_in_leaf: int = 20
    columns: float = 0.2
    rows: float = 0.8
    penalty: float = 5.0
    seeds: tuple[int, ...] = (1, 2, 3)


class Boosted:
    """Fitted trees: the probability of the bad outcome of each row."""

    def __init__(self, models: list[lightgbm.Booster]) -> None:
        self._models = models

    def probability(self, table: Table) -> Floats:
        """Return the mean of the models' probabilities; NaN is missing."""
        found = [np.asarray(model.predict(table, num_threads=1)) for model in self._models]
        return np.asarray(np.mean(found, axis=0), dtype=np.float64)


def boosted(table: Table, bad: Flags, how: Boosting) -> Boosted:
    """Grow trees on rows whose outcome is known. The same rows and settings give the same trees."""
    models = []
    for seed in how.seeds:
        data = lightgbm.Dataset(table, bad.astype(np.float64), params={"verbose": -1})
        models.append(lightgbm.train(_settings(how, seed), data, how.rounds))
    return Boosted(models)


def _settings(how: Boosting, seed: int) -> dict[str, object]:
    return {
        "objective": "binary",
        "learning_rate": how.rate,
        "num_leaves": how.leaves,
        "min_child_samples": how.least_in_leaf,
        "feature_fraction": how.columns,
        "bagging_fraction": how.rows,
        "bagging_freq": 1,
        "lambda_l2": how.penalty,
        "seed": seed,
        "deterministic": True,
        "force_row_wise": True,
        "num_threads": 1,
        "verbose": -1,
    }
