"""Fits the models of late payment: cards that become data, and boosted trees to compare with.

credit-management 17.4. Trees need the extra wherever they are used; the cards only here. The same
rows give the same model, whatever their order of columns, on any number of cores.
"""

import warnings
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl

from scoring.fitted_card import FittedCard, TrainedOn
from scoring.model.card import CardPlan, CardRefused, fitted_card
from scoring.model.late_model import CUSTOMER_FIGURES, LateCards
from scoring.model.lateness import CARD_OFFERED, TREES_16, VERY_LATE
from scoring.model.metrics import Flags, Floats
from scoring.model.trees import Boosted, Boosting, boosted

__all__ = [
    "LEAST_SETTLED",
    "LEAST_VERY_LATE",
    "Trees",
    "fit_customer_card",
    "fit_late_card",
    "fit_late_cards",
    "fit_trees",
]

#: Below so many settled invoices nothing is fitted; with so few badly late, no card for them.
LEAST_SETTLED = 500
LEAST_VERY_LATE = 50

#: The parameters of 17.4. One model: averaging several did not rank better.
_LATE_TREES = Boosting(
    rounds=400,
    rate=0.02,
    leaves=63,
    least_in_leaf=60,
    columns=0.6,
    rows=0.8,
    penalty=5.0,
    seeds=(0,),
)


@dataclass(frozen=True, eq=False)
class Trees:
    """Boosted trees with the columns they read. ``probability`` is calibrated as it comes (17.4)."""

    model: Boosted
    features: tuple[str, ...]

    def probability(self, frame: pl.DataFrame) -> Floats:
        """Give each row's probability of the bad outcome."""
        return self.model.probability(_matrix(frame, self.features))


def fit_trees(frame: pl.DataFrame, bad: Flags, features: Sequence[str] = TREES_16) -> Trees:
    """Fit boosted trees on columns of a frame."""
    return Trees(boosted(_matrix(frame, features), bad, _LATE_TREES), tuple(features))


def _matrix(frame: pl.DataFrame, features: Sequence[str]) -> Floats:
    """Null becomes NaN, which the trees know as missing."""
    columns = [pl.col(name).cast(pl.Float64).fill_null(float("nan")) for name in features]
    return frame.select(columns).to_numpy()


def fit_late_card(
    frame: pl.DataFrame,
    bad: Flags,
    features: Sequence[str] = CARD_OFFERED,
    *,
    version: str = "late-1",
    target: str = "late > 0 days",
    trained: TrainedOn | None = None,
) -> FittedCard:
    """Fit the card of 17.4: monotone bins, wrongly signed figures dropped.

    The features are shrunk versions of one another by design, so they are not dropped for
    resembling each other; the sign check does what is needed.

    Raises:
        CardRefused: No figure is left.
    """
    plan = CardPlan(
        version=version, target=target, most_correlation=1.0, most_vif=float("inf"), least_iv=0.0
    )
    with warnings.catch_warnings():
        # Counts such as n_batch have fewer values than quantiles: their bins are merged, and said so.
        warnings.filterwarnings("ignore", "Bins whose width are too small", UserWarning)
        return fitted_card(frame.select(features), bad, plan, trained=trained)


def fit_customer_card(
    quarters: pl.DataFrame, bad: Flags, *, version: str = "late-customer-1"
) -> FittedCard:
    """Fit P(weighted mean more than 5 days late in the next 90) on the engine's figures.

    Raises:
        CardRefused: No figure is left.
    """
    plan = CardPlan(version=version, target="weighted mean > 5 days late in 90 days")
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Bins whose width are too small", UserWarning)
        return fitted_card(quarters.select(CUSTOMER_FIGURES), bad, plan)


def fit_late_cards(
    known: pl.DataFrame, *, version: str, quarters: pl.DataFrame | None = None
) -> LateCards:
    """Fit all cards of a seller on settled invoices with their features and ``days`` late.

    ``quarters`` are customer-quarters with ``late_5`` known. A card for which too few were bad, or
    that no figure tells, is left out; the one of lateness must be there.

    Raises:
        CardRefused: No figure tells who pays late.
    """
    days = known["days"].to_numpy()
    posted = known["posted"]
    trained = TrainedOn(first=posted.min(), last=posted.max(), n=0, n_bad=0)  # type: ignore[arg-type] # dates
    late = fit_late_card(known, days > 0, version=version, trained=trained)
    very_late = _where_enough(known, days > 30, version, trained)
    return LateCards(late=late, very_late=very_late, customer=_customer(quarters, version))


def _where_enough(
    known: pl.DataFrame, bad: Flags, version: str, trained: TrainedOn
) -> FittedCard | None:
    if int(bad.sum()) < LEAST_VERY_LATE:
        return None
    try:
        return fit_late_card(
            known, bad, VERY_LATE, version=version, target="late > 30 days", trained=trained
        )
    except CardRefused:
        return None


def _customer(quarters: pl.DataFrame | None, version: str) -> FittedCard | None:
    if quarters is None:
        return None
    bad = quarters["late_5"].to_numpy().astype(np.bool_)
    if int(bad.sum()) < LEAST_VERY_LATE:
        return None
    try:
        return fit_customer_card(quarters, bad, version=version)
    except CardRefused:
        return None
