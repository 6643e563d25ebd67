"""How well a score ranks and how true its probabilities are (credit-management 5.7).

``risk`` is higher for the worse; any order-preserving scale will do. ``probability`` is of the bad
outcome, 0 to 1. Without both outcomes nothing can be ranked, and with few bad ones a figure says
nothing: ``discrimination`` then returns ``NotMeasurable`` and never a NaN.
"""

from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

__all__ = [
    "MIN_BADS",
    "Calibration",
    "Discrimination",
    "Flags",
    "Floats",
    "NotMeasurable",
    "auc",
    "brier",
    "calibration_error",
    "discrimination",
    "kolmogorov_smirnov",
    "reliability",
]

Floats: TypeAlias = npt.NDArray[np.float64]
Flags: TypeAlias = npt.NDArray[np.bool_]

#: Below so many bad outcomes a figure is "not measurable" (5.7).
MIN_BADS = 30
#: Bins of equal frequency over which the calibration error is taken.
CALIBRATION_BINS = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class NotMeasurable:
    """A figure that the sample is too small for: how many bad and good there are, and are needed."""

    bads: int
    goods: int
    needed: int = MIN_BADS


@dataclass(frozen=True, slots=True, kw_only=True)
class Discrimination:
    """How well a score tells bad from good."""

    auc: float
    ks: float

    @property
    def gini(self) -> float:
        """Gini coefficient, 2·AUC − 1."""
        return 2 * self.auc - 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Calibration:
    """One bin of a calibration picture: what was expected and what came."""

    n: int
    expected: float
    observed: float


def discrimination(outcome: Flags, risk: Floats) -> Discrimination | NotMeasurable:
    """Measure AUC and KS, or say that there are too few bad (or good) outcomes for it."""
    bads = int(outcome.sum())
    goods = int(outcome.size - bads)
    if min(bads, goods) < MIN_BADS:
        return NotMeasurable(bads=bads, goods=goods)
    return Discrimination(auc=auc(outcome, risk), ks=kolmogorov_smirnov(outcome, risk))


def auc(outcome: Flags, risk: Floats) -> float:
    """Return P(risk of a bad > risk of a good), ties count half (credit-management 5.7).

    Raises:
        ValueError: One of the two outcomes does not occur, or a risk is not a number.
    """
    bad, good = _by_risk(outcome, risk)
    below = np.cumsum(good) - good
    return float((bad * (below + good / 2)).sum() / (bad.sum() * good.sum()))


def kolmogorov_smirnov(outcome: Flags, risk: Floats) -> float:
    """Return the largest distance of the two cumulative distributions (credit-management 5.7).

    Raises:
        ValueError: One of the two outcomes does not occur, or a risk is not a number.
    """
    bad, good = _by_risk(outcome, risk)
    return float(np.abs(np.cumsum(bad) / bad.sum() - np.cumsum(good) / good.sum()).max())


def _by_risk(outcome: Flags, risk: Floats) -> tuple[Floats, Floats]:
    """Count bad and good at each distinct risk, from the lowest."""
    if np.isnan(risk).any():
        raise ValueError("a risk is not a number: give every row one, or leave the row out")
    if outcome.all() or not outcome.any():
        raise ValueError("there must be bad and good outcomes to rank")
    _, where = np.unique(risk, return_inverse=True)
    bad = np.bincount(where, weights=outcome.astype(np.float64))
    every = np.bincount(where).astype(np.float64)
    return bad.astype(np.float64), every - bad


def brier(outcome: Flags, probability: Floats) -> float:
    """Return the mean squared distance of probability and outcome."""
    return float(np.mean((probability - outcome) ** 2))


def calibration_error(
    outcome: Flags, probability: Floats, *, bins: int = CALIBRATION_BINS
) -> float:
    """Return the expected calibration error over bins of equal frequency.

    Mean of |expected − observed|, weighted by rows. Equal probabilities stay in one bin, so the
    order of rows does not matter.
    """
    parts = reliability(outcome, probability, bins=bins)
    distance = sum(part.n * abs(part.expected - part.observed) for part in parts)
    return float(distance / sum(part.n for part in parts))


def reliability(
    outcome: Flags, probability: Floats, *, bins: int = CALIBRATION_BINS
) -> list[Calibration]:
    """Compare expected with observed over bins of equal frequency, lowest first."""
    cuts = np.quantile(probability, np.linspace(0, 1, bins + 1)[1:-1])
    where = np.searchsorted(cuts, probability, side="left")
    n = np.bincount(where, minlength=bins)
    expected = np.bincount(where, weights=probability, minlength=bins)
    observed = np.bincount(where, weights=outcome.astype(np.float64), minlength=bins)
    return [
        Calibration(
            n=int(n[b]), expected=float(expected[b] / n[b]), observed=float(observed[b] / n[b])
        )
        for b in np.flatnonzero(n)
    ]
