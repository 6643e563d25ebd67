"""From figures to weights of evidence: monotone bins that say how good or bad each range is.

credit-management 5.3, steps 2 and 3. Bins hold what is below their upper cut; the highest is open.
"""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from optbinning import OptimalBinning  # type: ignore[import-untyped] # ships no types

from scoring.model.metrics import Flags, Floats

__all__ = ["Binned", "Trend", "binned", "weights_of_evidence"]

#: How the bad rate moves with the figure: one way, or with one turn where theory says so.
Trend = Literal["auto_asc_desc", "ascending", "descending", "auto", "peak", "valley"]

FINE_BINS = 12
MOST_BINS = 7
LEAST_SHARE = 0.05
#: A missing bin with fewer rows in training says nothing: its weight is 0.
LEAST_MISSING = 30
_CELL = 0.5  # added to both cells of a bin that lacks a bad or a good


@dataclass(frozen=True, slots=True, kw_only=True)
class Binned:
    """The bins of one figure with their weights, the weight of a missing value, and the IV."""

    name: str
    cuts: tuple[float, ...]
    woes: tuple[float, ...]
    missing_woe: float
    iv: float

    def applied(self, values: Floats) -> Floats:
        """Return each value's weight of evidence; NaN is the missing bin."""
        weights = np.array([*self.woes, self.missing_woe])
        where = np.searchsorted(np.array(self.cuts), values, side="right")
        return weights[np.where(np.isnan(values), len(self.woes), where)]


def binned(
    name: str, values: Floats, bad: Flags, *, trend: Trend = "auto_asc_desc"
) -> Binned | None:
    """Bin one figure: up to 12 quantile bins merged to at most 7 that hold the trend.

    Each bin has at least 5 % of the known values, a bad and a good. NaN is missing and a bin of its
    own. ``None``: nothing in it tells good from bad.
    """
    known = ~np.isnan(values)
    if np.unique(values[known]).size < 2 or bad[known].all() or not bad[known].any():
        return None
    cuts = _cuts(values[known], bad[known], trend)
    if not cuts.size and known.all():
        return None
    where = np.where(known, np.searchsorted(cuts, values, side="right"), cuts.size + 1)
    bads = np.bincount(where[bad], minlength=cuts.size + 2).astype(np.float64)
    goods = np.bincount(where[~bad], minlength=cuts.size + 2).astype(np.float64)
    woes = weights_of_evidence(bads, goods)
    if (~known).sum() < LEAST_MISSING:
        woes[-1] = 0.0
    iv = float(((goods / goods.sum() - bads / bads.sum()) * woes).sum())
    shown = tuple(float(woe) for woe in woes)
    return Binned(
        name=name, cuts=tuple(cuts.tolist()), woes=shown[:-1], missing_woe=shown[-1], iv=iv
    )


def _cuts(values: Floats, bad: Flags, trend: Trend) -> Floats:
    fine = np.unique(np.quantile(values, np.linspace(0, 1, FINE_BINS + 1)[1:-1]))
    fine = fine[fine > values.min()]
    if not fine.size:  # nearly all values are the lowest
        fine = values[values > values.min()].min(keepdims=True)
    binning = OptimalBinning(
        dtype="numerical",
        user_splits=fine,
        min_bin_size=LEAST_SHARE,
        min_bin_n_event=1,
        min_bin_n_nonevent=1,
        max_n_bins=MOST_BINS,
        monotonic_trend=trend,
        solver="mip",
    )
    binning.fit(values, bad.astype(np.int64))
    return np.asarray(binning.splits, dtype=np.float64)


def weights_of_evidence(bads: Floats, goods: Floats) -> Floats:
    """Return ln((good_b / all good) / (bad_b / all bad)); 0.5 is added where a cell is empty.

    A bin without any row has the weight 0.
    """
    empty = (bads == 0) | (goods == 0)
    bad, good = bads + _CELL * empty, goods + _CELL * empty
    woes = np.log((good / goods.sum()) / (bad / bads.sum()))
    return np.where(bads + goods == 0, 0.0, woes)
