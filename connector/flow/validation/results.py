"""One line of a validation: a method, on a target, on rows it was not made from.

Every data set's module returns ``list[Result]``; ``judged`` makes one from outcomes and scores.
A figure the sample is too small for is ``None``, and so are Brier and calibration error of a method
that gives no probability.
"""

from dataclasses import dataclass

import msgspec
import numpy as np

from scoring.model.intervals import Integers, auc_interval
from scoring.model.metrics import (
    Flags,
    Floats,
    NotMeasurable,
    brier,
    calibration_error,
    discrimination,
)
from scoring.model.pictures import Curves, curves_of

__all__ = ["Figures", "Result", "Rows", "judged"]


class Figures(msgspec.Struct, frozen=True, kw_only=True):
    """The figures of one line, as ``zixin validate --json`` prints them."""

    dataset: str
    target: str
    method: str
    n: int
    base_rate: float
    auc: float | None
    auc_low: float | None
    auc_high: float | None
    ks: float | None
    brier: float | None
    ece: float | None


class Result(msgspec.Struct, frozen=True, kw_only=True):
    """The figures of one line, how many bad there were, and what its pictures need."""

    figures: Figures
    bads: int
    curves: Curves | None

    @property
    def not_measurable(self) -> bool:
        """Tell whether there were too few bad outcomes for a figure."""
        return self.figures.auc is None


@dataclass(frozen=True, kw_only=True, eq=False)
class Rows:
    """The rows a method is judged on: what happened, and whose rows they are.

    ``clusters`` numbers each row's customer (any integers); ``None`` where the data name none, the
    interval then is by rows.
    """

    dataset: str
    target: str
    outcome: Flags
    clusters: Integers | None = None


def judged(
    rows: Rows,
    method: str,
    rng: np.random.Generator,
    *,
    risk: Floats | None = None,
    probability: Floats | None = None,
) -> Result:
    """Measure a method: give its ``probability`` of the bad outcome, or a ``risk`` that only ranks.

    Raises:
        ValueError: Neither was given, or a number is missing.
    """
    ranked = probability if risk is None else risk
    if ranked is None:
        raise ValueError(f"{method}: give a risk or a probability")
    found = discrimination(rows.outcome, ranked)
    known = None if isinstance(found, NotMeasurable) else found
    interval = (
        None if known is None else auc_interval(rows.outcome, ranked, rng, clusters=rows.clusters)
    )
    sure = probability if known is not None else None
    figures = Figures(
        dataset=rows.dataset,
        target=rows.target,
        method=method,
        n=rows.outcome.size,
        base_rate=float(rows.outcome.mean()) if rows.outcome.size else 0.0,
        auc=None if known is None else known.auc,
        auc_low=None if interval is None else interval.low,
        auc_high=None if interval is None else interval.high,
        ks=None if known is None else known.ks,
        brier=None if sure is None else brier(rows.outcome, sure),
        ece=None if sure is None else calibration_error(rows.outcome, sure),
    )
    curves = None if known is None else curves_of(rows.outcome, ranked, probability)
    return Result(figures=figures, bads=int(rows.outcome.sum()), curves=curves)
