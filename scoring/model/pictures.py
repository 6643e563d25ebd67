"""What pictures of a validation are drawn from: short series of points, no rows of anybody.

ROC, cumulative distributions (KS), distribution of the score, and expected against observed.
"""

import msgspec
import numpy as np

from scoring.model.metrics import Flags, Floats, kolmogorov_smirnov, reliability

__all__ = ["Curves", "curves_of"]

Points = tuple[tuple[float, float], ...]

POINTS = 100
SCORE_BANDS = 20


class Curves(msgspec.Struct, frozen=True, kw_only=True):
    """Points of one method's pictures; everything is a share from 0 to 1.

    ``roc`` is (false alarms, found). ``bad_below`` and ``good_below`` are (share of all rows with
    at most this risk, share of the bad or good among them). ``bands`` are (share of the bad, of the
    good) in bands of equal width between the 1st and 99th percentile of the risk. ``calibration``
    is (expected, observed), empty where a method gives no probability.
    """

    roc: Points
    ks: float
    bad_below: Points
    good_below: Points
    bands: Points
    calibration: Points


def curves_of(outcome: Flags, risk: Floats, probability: Floats | None) -> Curves:
    """Make the points of the pictures.

    Raises:
        ValueError: One of the two outcomes does not occur, or a risk is not a number.
    """
    order = np.argsort(-risk, kind="stable")
    ends = np.concatenate((np.diff(risk[order]) != 0, [True]))  # tied rows come all at once
    found = np.concatenate(([0.0], np.cumsum(outcome[order])[ends] / outcome.sum()))
    alarms = np.concatenate(([0.0], np.cumsum(~outcome[order])[ends] / (~outcome).sum()))
    share = np.concatenate(([0.0], (np.flatnonzero(ends) + 1) / outcome.size))
    return Curves(
        roc=_thinned(alarms, found),
        ks=kolmogorov_smirnov(outcome, risk),
        bad_below=_thinned(1 - share[::-1], 1 - found[::-1]),
        good_below=_thinned(1 - share[::-1], 1 - alarms[::-1]),
        bands=_bands(outcome, risk),
        calibration=()
        if probability is None
        else tuple((part.expected, part.observed) for part in reliability(outcome, probability)),
    )


def _thinned(x: Floats, y: Floats) -> Points:
    """Keep at most about a hundred points, both ends among them."""
    chosen = np.unique(np.linspace(0, x.size - 1, POINTS).round().astype(int))
    return tuple((float(x[i]), float(y[i])) for i in chosen)


def _bands(outcome: Flags, risk: Floats) -> Points:
    low, high = np.quantile(risk, [0.01, 0.99])
    edges = np.linspace(low, high, SCORE_BANDS + 1) if high > low else np.array([low, low + 1])
    inside = np.clip(risk, edges[0], edges[-1])
    bad = np.histogram(inside[outcome], edges)[0] / outcome.sum()
    good = np.histogram(inside[~outcome], edges)[0] / (~outcome).sum()
    return tuple((float(b), float(g)) for b, g in zip(bad, good, strict=True))
