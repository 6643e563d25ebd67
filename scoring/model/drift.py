"""Whether the population has moved: PSI of a score, CSI of one characteristic (credit-management 5.7).

Both compare how rows spread over the same bands at two times. Empty cells count as half a row.
"""

from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt
from scipy.special import chdtri  # type: ignore[import-untyped] # ships no types

from scoring.model.metrics import Floats

__all__ = ["Drift", "Verdict", "band_counts", "drift", "stability_index"]

Counts = npt.NDArray[np.int64] | npt.NDArray[np.float64]
Verdict = Literal["stable", "some", "major"]

SOME, MAJOR = 0.1, 0.25
_CHANCE = 0.05


@dataclass(frozen=True, slots=True, kw_only=True)
class Drift:
    """The index, what chance alone reaches in one of twenty samples, and what to make of it."""

    index: float
    by_chance: float
    verdict: Verdict


def drift(expected: Counts, actual: Counts) -> Drift:
    """Judge how two counts over the same bands differ.

    Below 0.1 is stable, above 0.25 major; but what does not exceed the χ² critical value for
    samples of this size is chance, and stable too.

    Raises:
        ValueError: The bands differ in number, or one of the samples has no rows.
    """
    index = stability_index(expected, actual)
    per_row = 1 / float(expected.sum()) + 1 / float(actual.sum())
    chance = float(chdtri(max(1, expected.size - 1), _CHANCE)) * per_row
    verdict: Verdict = "major" if index > MAJOR else "some" if index >= SOME else "stable"
    return Drift(index=index, by_chance=chance, verdict="stable" if index <= chance else verdict)


def stability_index(expected: Counts, actual: Counts) -> float:
    """Return Σ (a − e)·ln(a/e) over the bands' shares; a share is at least half a row.

    Raises:
        ValueError: The bands differ in number, or one of the samples has no rows.
    """
    if expected.size != actual.size or not expected.sum() or not actual.sum():
        raise ValueError("both samples need rows, counted over the same bands")
    before, now = _shares(expected), _shares(actual)
    return float(((now - before) * np.log(now / before)).sum())


def _shares(counts: Counts) -> Floats:
    total = float(counts.sum())
    return np.maximum(counts / total, 0.5 / total)


def band_counts(
    reference: Floats, values: Floats, *, bands: int = 10
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Count both samples over bands that hold equal parts of the reference; NaN is a band too."""
    known = reference[~np.isnan(reference)]
    cuts = (
        np.unique(np.quantile(known, np.linspace(0, 1, bands + 1)[1:-1])) if known.size else known
    )
    return _counted(reference, cuts), _counted(values, cuts)


def _counted(values: Floats, cuts: Floats) -> npt.NDArray[np.int64]:
    missing = np.isnan(values)
    where = np.where(missing, cuts.size + 1, np.searchsorted(cuts, values, side="right"))
    return np.bincount(where, minlength=cuts.size + 2).astype(np.int64)
