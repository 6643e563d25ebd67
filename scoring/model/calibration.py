"""Whether probabilities are true, by grade, and how to put them right (credit-management 5.7)."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.special import betaincinv  # type: ignore[import-untyped] # ships no types
from sklearn.isotonic import IsotonicRegression  # type: ignore[import-untyped] # no types

from scoring.model.intervals import Interval
from scoring.model.metrics import Flags, Floats, NotMeasurable

__all__ = [
    "GradeCalibration",
    "Isotonic",
    "by_grade",
    "intercept_shift",
    "isotonic",
    "jeffreys",
    "shifted",
]

#: Fewer bad outcomes than these do not carry a free curve.
ISOTONIC_BADS = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class GradeCalibration:
    """One grade: the mean expected probability, what came, and the interval of what came."""

    grade: str
    n: int
    bads: int
    expected: float
    observed: float
    low: float
    high: float

    @property
    def fits(self) -> bool:
        """Tell whether the expected probability lies in the interval."""
        return self.low <= self.expected <= self.high


@dataclass(frozen=True, eq=False)
class Isotonic:
    """A rising curve from risk to probability, as its corner points."""

    risks: Floats
    probabilities: Floats

    def probability(self, risk: Floats) -> Floats:
        """Return the probability of each risk; beyond the ends the last value holds."""
        return np.asarray(np.interp(risk, self.risks, self.probabilities), dtype=np.float64)


def by_grade(
    grades: Sequence[str], expected: Floats, outcome: Flags, *, scale: Sequence[str]
) -> list[GradeCalibration]:
    """Compare expected with observed for each grade of ``scale`` that occurs, in its order."""
    held = np.asarray(grades)
    found = []
    for grade in scale:
        chosen = held == grade
        n, bads = int(chosen.sum()), int(outcome[chosen].sum())
        if n:
            interval = jeffreys(bads, n)
            found.append(
                GradeCalibration(
                    grade=grade,
                    n=n,
                    bads=bads,
                    expected=float(expected[chosen].mean()),
                    observed=bads / n,
                    low=interval.low,
                    high=interval.high,
                )
            )
    return found


def jeffreys(bads: int, n: int, *, level: float = 0.95) -> Interval:
    """Return the Beta(½, ½) interval of a rate; a grade without any bad has an upper bound too.

    Raises:
        ValueError: More bad than rows, or no rows.
    """
    if not 0 <= bads <= n or n == 0:
        raise ValueError(f"{bads} bad of {n} rows is no sample")
    tail = (1 - level) / 2
    low = float(betaincinv(bads + 0.5, n - bads + 0.5, tail)) if bads else 0.0
    high = float(betaincinv(bads + 0.5, n - bads + 0.5, 1 - tail)) if bads < n else 1.0
    return Interval(low, high)


def intercept_shift(outcome: Flags, probability: Floats) -> float | NotMeasurable:
    """Return ln(odds observed) − ln(odds predicted): what to add to every row's log-odds.

    Keeps the order of rows; use it where ranking is fine and the level is not.
    """
    bads = int(outcome.sum())
    if bads in {0, outcome.size}:
        return NotMeasurable(bads=bads, goods=outcome.size - bads, needed=1)
    observed, predicted = outcome.mean(), probability.mean()
    return float(np.log(observed / (1 - observed)) - np.log(predicted / (1 - predicted)))


def shifted(probability: Floats, shift: float) -> Floats:
    """Add ``shift`` to the log-odds of each probability."""
    odds = float(np.exp(shift)) * probability
    return odds / (1 - probability + odds)


def isotonic(outcome: Flags, risk: Floats) -> Isotonic | NotMeasurable:
    """Fit the rising curve that agrees best with what came; needs 200 bad outcomes."""
    bads = int(outcome.sum())
    if bads < ISOTONIC_BADS:
        return NotMeasurable(bads=bads, goods=outcome.size - bads, needed=ISOTONIC_BADS)
    model = IsotonicRegression(y_min=0, y_max=1, out_of_bounds="clip")
    model.fit(risk, outcome.astype(np.float64))
    return Isotonic(np.asarray(model.X_thresholds_), np.asarray(model.y_thresholds_))
