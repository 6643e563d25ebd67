"""Bankruptcies of others' firms: how well group F, Altman's Z'', a card and trees rank them.

American firms are split by time: fitted on 1999 to 2011, settings chosen on 2012 to 2014, judged on
2015 to 2018; every label of the first part was known in 2012. The other sets have no dates: each
row is judged by fits that never saw it (stratified folds, fixed seed).
"""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl
from sklearn.model_selection import StratifiedKFold  # type: ignore[import-untyped] # no types

from connector.flow.validation.datasets import american, polish, taiwan
from connector.flow.validation.figures import american_figures, polish_figures
from connector.flow.validation.results import Result, Rows, judged
from connector.flow.validation.unfitted import (
    american_ratios,
    american_z,
    financial_risk,
    polish_ratios,
    polish_z,
    taiwan_z,
)
from scoring.fitted_card import applied
from scoring.model.card import CardPlan, fitted_card
from scoring.model.metrics import Flags, Floats
from scoring.model.trees import Boosting, boosted
from scoring.policy import Policy

__all__ = ["STUDIES", "Study", "unseen"]

TRAIN_TO, TEST_FROM = 2011, 2015
FOLDS, FOLD_SEED = 10, 1
#: The card as it is shipped beside the expert card (unfitted), and what is fitted here.
GROUP_F, ALTMAN, CARD, TREES = "financial group, unfitted", "Altman Z''", "fitted card", "model"
Z_PARTS, RETAINED = "rule: mean rank of the parts of Z''", "rule: retained earnings to assets"
WITHOUT_BLANKS = ", without Attr27"
# Settled on American 2012-2014 and Polish 3 years ahead, the design half of the method.
AMERICAN_TREES = Boosting(
    rounds=300, rate=0.02, leaves=7, least_in_leaf=100, columns=0.3, penalty=10
)
POLISH_TREES = Boosting(rounds=600, seeds=(1, 2))
TAIWAN_TREES = Boosting(rounds=400, rate=0.03, columns=0.3, seeds=(1, 2))

Fit = Callable[[pl.DataFrame, Flags, pl.DataFrame], Floats]


@dataclass(frozen=True, kw_only=True)
class Study:
    """One data set: reads it, and yields its results one by one. ``methods`` is how many."""

    name: str
    methods: int
    results: Callable[[Path, Policy, np.random.Generator], Iterator[Result]]


def _american(folder: Path, policy: Policy, rng: np.random.Generator) -> Iterator[Result]:
    frame = american(folder)
    train = (frame["year"] <= TRAIN_TO).to_numpy()
    test = (frame["year"] >= TEST_FROM).to_numpy()
    bad = frame["bad"].to_numpy()
    firms = np.unique(frame["firm"].to_numpy(), return_inverse=True)[1].astype(np.int64)
    rows = Rows(
        dataset="american_bankruptcy",
        target="last filed year of a failed firm, 2015-2018",
        outcome=bad[test],
        clusters=firms[test],
    )
    risks = {
        GROUP_F: financial_risk(american_ratios(frame), policy),
        ALTMAN: american_z(frame),
    }
    for method, risk in risks.items():
        yield judged(rows, method, rng, risk=risk.to_numpy()[test])
    figures = american_figures(frame)
    for method, fit in {CARD: _by_card, TREES: _by_trees(AMERICAN_TREES)}.items():
        probability = fit(figures.filter(train), bad[train], figures.filter(test))
        yield judged(rows, method, rng, probability=probability)


def _polish(
    folder: Path, policy: Policy, rng: np.random.Generator, *, name: str, ahead: str
) -> Iterator[Result]:
    frame = polish(folder, name)
    rows = Rows(
        dataset="polish_bankruptcy",
        target=f"bankrupt within {ahead}",
        outcome=frame["bad"].to_numpy(),
    )
    risks = {GROUP_F: financial_risk(polish_ratios(frame), policy), ALTMAN: polish_z(frame)}
    for method, risk in risks.items():
        yield judged(rows, method, rng, risk=risk.to_numpy())
    if name != "1year":
        for blanks, note in ((True, ""), (False, WITHOUT_BLANKS)):
            figures = polish_figures(frame, blanks=blanks)
            yield from _fitted(rows, figures, POLISH_TREES, rng, note)


def _taiwan(folder: Path, _policy: Policy, rng: np.random.Generator) -> Iterator[Result]:
    frame = taiwan(folder)
    rows = Rows(
        dataset="taiwan_bankruptcy",
        target="bankrupt within a year",
        outcome=frame["bad"].to_numpy(),
    )
    retained = -frame["Retained Earnings to Total Assets"]
    for method, risk in {Z_PARTS: taiwan_z(frame), RETAINED: retained}.items():
        yield judged(rows, method, rng, risk=risk.to_numpy())
    yield from _fitted(rows, frame.drop("bad"), TAIWAN_TREES, rng, "")


def _fitted(
    rows: Rows, figures: pl.DataFrame, how: Boosting, rng: np.random.Generator, note: str
) -> Iterator[Result]:
    for method, fit in {CARD: _by_card, TREES: _by_trees(how)}.items():
        probability = unseen(fit, figures, rows.outcome)
        yield judged(rows, method + note, rng, probability=probability)


def unseen(fit: Fit, figures: pl.DataFrame, bad: Flags) -> Floats:
    """Give each row the probability of a fit on the folds it is not in."""
    folds = StratifiedKFold(FOLDS, shuffle=True, random_state=FOLD_SEED)
    parts = list(folds.split(bad, bad))

    def judge(part: tuple[np.ndarray, np.ndarray]) -> Floats:
        train, test = part
        return fit(figures[train], bad[train], figures[test])

    found = np.empty(bad.size)
    with ThreadPoolExecutor(2) as pool:
        for (_, test), probability in zip(parts, pool.map(judge, parts), strict=True):
            found[test] = probability
    return found


def _by_card(train: pl.DataFrame, bad: Flags, test: pl.DataFrame) -> Floats:
    card = fitted_card(train, bad, CardPlan(version="validation", target="bankrupt"))
    return applied(test, card)["pd"].to_numpy()


def _by_trees(how: Boosting) -> Fit:
    def fit(train: pl.DataFrame, bad: Flags, test: pl.DataFrame) -> Floats:
        return boosted(_table(train), bad, how).probability(_table(test))

    return fit


def _table(frame: pl.DataFrame) -> Floats:
    return frame.cast(pl.Float64).fill_null(float("nan")).to_numpy()


def _polish_study(name: str, ahead: str, methods: int) -> Study:
    def results(folder: Path, policy: Policy, rng: np.random.Generator) -> Iterator[Result]:
        return _polish(folder, policy, rng, name=name, ahead=ahead)

    return Study(name=f"polish {name}", methods=methods, results=results)


STUDIES: Sequence[Study] = (
    Study(name="american", methods=4, results=_american),
    _polish_study("5year", "1 year", 6),
    _polish_study("3year", "3 years", 6),
    _polish_study("1year", "5 years", 2),
    Study(name="taiwan", methods=4, results=_taiwan),
)
