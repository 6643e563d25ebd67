"""How far an AUC may be off: intervals by resampling whole customers, or rows.

Rows of one customer resemble each other, so an interval by rows is far too narrow where a customer
has many (about five times, credit-management 17.4).
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from scoring.model.metrics import Flags, Floats

__all__ = ["Interval", "auc_difference_interval", "auc_interval"]

REPLICATES = 1000
#: So many numbers are held at once, whatever the number of rows.
_CELLS_AT_ONCE = 4_000_000
Integers = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Interval:
    """The middle 95 % of what resampling gave."""

    low: float
    high: float


def auc_interval(
    outcome: Flags,
    risk: Floats,
    rng: np.random.Generator,
    *,
    clusters: Integers | None = None,
    replicates: int = REPLICATES,
) -> Interval:
    """Bootstrap the AUC: percentiles 2.5 and 97.5 over resamples of clusters, or of rows.

    ``clusters`` numbers each row's customer, any integers. Resamples without both outcomes do not
    count. The same generator state gives the same interval.

    Raises:
        ValueError: No resample held both outcomes.
    """
    groups = _numbered(outcome, clusters)
    aucs = _resampled_aucs(outcome, [risk], groups, rng, replicates)[0]
    return _middle(aucs)


def auc_difference_interval(
    outcome: Flags,
    first: Floats,
    second: Floats,
    rng: np.random.Generator,
    *,
    clusters: Integers | None = None,
    replicates: int = REPLICATES,
) -> Interval:
    """Bootstrap AUC(first) − AUC(second) on the same resamples.

    Raises:
        ValueError: No resample held both outcomes.
    """
    groups = _numbered(outcome, clusters)
    one, two = _resampled_aucs(outcome, [first, second], groups, rng, replicates)
    return _middle(one - two)


def _numbered(outcome: Flags, clusters: Integers | None) -> Integers:
    if clusters is None:
        return np.arange(outcome.size, dtype=np.int64)
    return np.unique(clusters, return_inverse=True)[1].astype(np.int64)


def _middle(values: Floats) -> Interval:
    known = values[~np.isnan(values)]
    if not known.size:
        raise ValueError("no resample held both outcomes: there are too few to tell an interval")
    low, high = np.quantile(known, [0.025, 0.975])
    return Interval(float(low), float(high))


def _resampled_aucs(
    outcome: Flags,
    risks: list[Floats],
    groups: Integers,
    rng: np.random.Generator,
    replicates: int,
) -> list[Floats]:
    """Give each risk's AUC in each resample; NaN where a resample has one outcome only."""
    orders = [_Order(outcome, risk, groups) for risk in risks]
    count = int(groups.max()) + 1
    at_once = max(1, _CELLS_AT_ONCE // outcome.size)
    found: list[list[Floats]] = [[] for _ in risks]
    for start in range(0, replicates, at_once):
        times = _draws(count, min(at_once, replicates - start), rng)
        for parts, order in zip(found, orders, strict=True):
            parts.append(order.aucs(times))
    return [np.concatenate(parts) for parts in found]


def _draws(count: int, replicates: int, rng: np.random.Generator) -> npt.NDArray[np.float32]:
    """Tell how often each group is drawn: one row a resample."""
    drawn = rng.integers(0, count, size=(replicates, count))
    drawn += np.arange(replicates)[:, None] * count
    times = np.bincount(drawn.ravel(), minlength=replicates * count)
    return times.reshape(replicates, count).astype(np.float32)


class _Order:
    """Rows sorted by risk once, so that a resample's AUC is two sums over weights."""

    def __init__(self, outcome: Flags, risk: Floats, groups: Integers) -> None:
        order = np.argsort(risk, kind="stable")
        ranked = risk[order]
        self._groups = groups[order]
        self._bad = outcome[order]
        self._starts = np.flatnonzero(np.concatenate(([True], ranked[1:] != ranked[:-1])))

    def aucs(self, times: npt.NDArray[np.float32]) -> Floats:
        weights = times[:, self._groups]
        bad = np.add.reduceat(weights * self._bad, self._starts, axis=1, dtype=np.float64)
        good = np.add.reduceat(weights * ~self._bad, self._starts, axis=1, dtype=np.float64)
        won = (bad * (np.cumsum(good, axis=1) - good / 2)).sum(axis=1)
        pairs = bad.sum(axis=1) * good.sum(axis=1)
        return np.where(pairs > 0, won / np.where(pairs > 0, pairs, 1.0), np.nan)
