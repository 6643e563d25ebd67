"""Fits a weight-of-evidence card: bins, logistic regression, sign check, points.

credit-management 5.3, steps 2 to 6. The result is data (``scoring/fitted_card.py``).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import polars as pl
from sklearn.linear_model import LogisticRegression  # type: ignore[import-untyped] # no types

from scoring.fitted_card import CardBin, Characteristic, FittedCard, Scaling, TrainedOn
from scoring.model.metrics import Flags, Floats, NotMeasurable
from scoring.model.woe import Binned, Trend, binned

__all__ = ["LEAST_BADS", "CardPlan", "CardRefused", "fitted_card", "ready_for_card"]

LEAST_BADS = 50
LEAST_OUTCOME_MONTHS = 12


class CardRefused(ValueError):
    """No figure on offer tells good from bad with the right sign, so there is no card to make."""


@dataclass(frozen=True, kw_only=True)
class CardPlan:
    """How a card is made. ``trends`` names figures whose bad rate must move in a stated way."""

    version: str
    target: str
    trends: Mapping[str, Trend] = field(default_factory=dict)
    scaling: Scaling = field(default_factory=Scaling)
    whole_points: bool = False
    least_iv: float = 0.02
    most_figures: int = 20
    most_correlation: float = 0.7
    most_vif: float = 5.0
    penalty: float = 1.0


def ready_for_card(bads: int, goods: int, outcome_months: int) -> NotMeasurable | None:
    """Say what is missing before a card may be fitted on own data (5.3); ``None``: nothing.

    At least 50 default events, and outcomes over at least 12 months.
    """
    if bads >= LEAST_BADS and goods >= LEAST_BADS and outcome_months >= LEAST_OUTCOME_MONTHS:
        return None
    return NotMeasurable(bads=bads, goods=goods, needed=LEAST_BADS)


def fitted_card(
    frame: pl.DataFrame,
    bad: Flags,
    plan: CardPlan,
    *,
    trained: TrainedOn | None = None,
) -> FittedCard:
    """Fit a card on the columns of ``frame``; null and NaN are missing.

    ``trained`` tells the window of the sample; its counts are taken from the data.

    Raises:
        CardRefused: No figure is left.
    """
    figures = {name: _floats(frame[name]) for name in frame.columns}
    found = (
        binned(name, values, bad, trend=plan.trends.get(name, "auto_asc_desc"))
        for name, values in figures.items()
    )
    strong = sorted(
        (bins for bins in found if bins is not None and bins.iv >= plan.least_iv),
        key=lambda bins: (-bins.iv, bins.name),
    )
    weights = {bins.name: bins.applied(figures[bins.name]) for bins in strong}
    kept = _without_vif(_without_correlated(strong, weights, plan), weights, plan)
    intercept, chosen = _rightly_signed(kept, weights, bad, plan)
    window = trained or TrainedOn(first=None, last=None, n=0, n_bad=0)
    return FittedCard(
        version=plan.version,
        target=plan.target,
        trained=TrainedOn(first=window.first, last=window.last, n=bad.size, n_bad=int(bad.sum())),
        scaling=plan.scaling,
        intercept=intercept,
        characteristics=_characteristics(chosen, intercept, plan),
        whole_points=plan.whole_points,
    )


def _floats(column: pl.Series) -> Floats:
    values = column.cast(pl.Float64).fill_null(float("nan")).to_numpy().copy()
    values[np.isinf(values)] = np.nan
    return values


def _without_correlated(
    strong: Sequence[Binned], weights: Mapping[str, Floats], plan: CardPlan
) -> list[Binned]:
    """Keep the strongest first, and no other that says nearly the same (|correlation| > 0.7)."""
    if not strong:
        raise CardRefused("no figure tells good from bad: every information value is below 0.02")
    table = np.corrcoef(np.array([weights[bins.name] for bins in strong]))
    table = np.abs(np.atleast_2d(table))
    kept: list[int] = []
    for number in range(len(strong)):
        alike = bool(kept) and table[number, kept].max() > plan.most_correlation
        if not alike and len(kept) < plan.most_figures:
            kept.append(number)
    return [strong[number] for number in kept]


def _without_vif(
    kept: Sequence[Binned], weights: Mapping[str, Floats], plan: CardPlan
) -> list[Binned]:
    """Drop, one by one, what the others together explain (variance inflation 5 or more)."""
    left = list(kept)
    while len(left) > 1:
        table = np.corrcoef(np.array([weights[bins.name] for bins in left]))
        inflation = np.diag(np.linalg.pinv(table))
        worst = int(inflation.argmax())
        if inflation[worst] < plan.most_vif:
            break
        del left[worst]
    return left


@dataclass(frozen=True)
class _Weighed:
    bins: Binned
    coefficient: float


def _rightly_signed(
    kept: Sequence[Binned], weights: Mapping[str, Floats], bad: Flags, plan: CardPlan
) -> tuple[float, list[_Weighed]]:
    """Fit, and refit without the figure of the wrongest sign until all coefficients are negative."""
    left = list(kept)
    while left:
        model = LogisticRegression(C=1 / plan.penalty, max_iter=1000)
        model.fit(np.column_stack([weights[bins.name] for bins in left]), bad)
        slopes = model.coef_[0]
        worst = int(slopes.argmax())
        if slopes[worst] < 0:
            pairs = zip(left, slopes.tolist(), strict=True)
            return float(model.intercept_[0]), [_Weighed(bins, slope) for bins, slope in pairs]
        del left[worst]
    raise CardRefused("every figure has the wrong sign beside the others")


def _characteristics(
    chosen: Sequence[_Weighed], intercept: float, plan: CardPlan
) -> tuple[Characteristic, ...]:
    """Turn weights into points: offset/n − factor·(α/n + β·WoE), rounded per bin if asked."""
    share = (plan.scaling.offset - plan.scaling.factor * intercept) / len(chosen)

    def points(weighed: _Weighed, woe: float) -> float:
        exact = share - plan.scaling.factor * weighed.coefficient * woe
        return float(round(exact)) if plan.whole_points else exact

    return tuple(
        Characteristic(
            name=weighed.bins.name,
            coefficient=weighed.coefficient,
            iv=weighed.bins.iv,
            bins=tuple(
                CardBin(below=cut, woe=woe, points=points(weighed, woe))
                for cut, woe in zip((*weighed.bins.cuts, None), weighed.bins.woes, strict=True)
            ),
            missing_woe=weighed.bins.missing_woe,
            missing_points=points(weighed, weighed.bins.missing_woe),
        )
        for weighed in chosen
    )
