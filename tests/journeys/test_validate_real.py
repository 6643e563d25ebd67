"""What the method reaches on real firms and customers that nobody here made.

Needs the public data beside the checkout; skips with a message where they are not. The bounds are
those of credit-management 17: a faithful build of the unfitted group comes within .005 of them, the
fitted methods must not be below.
"""

import os
from collections.abc import Mapping
from functools import cache
from itertools import islice
from pathlib import Path

import msgspec
import numpy as np
import pytest

from connector.flow.validation.bankruptcy import STUDIES
from connector.flow.validation.results import Figures
from scoring.policy import Policy

pytestmark = [
    pytest.mark.realdata,
    pytest.mark.timeout(1200),
    pytest.mark.skipif(
        "TEST_DATABASE_URL" in os.environ, reason="no database is in it: once, with SQLite"
    ),
]

DATA = Path(os.environ.get("ZIXIN_DATA", "../shared/data"))
FAITHFUL = 0.005
LAST_YEAR = "last filed year of a failed firm, 2015-2018"
GROUP, ALTMAN, CARD, MODEL = "financial group, unfitted", "Altman Z''", "fitted card", "model"


@pytest.fixture(autouse=True)
def _data() -> None:
    if not (DATA / "american_bankruptcy").is_dir():
        pytest.skip(f"the public data are not in {DATA}; set ZIXIN_DATA to their folder")


@cache
def figures_of(name: str, methods: int) -> Mapping[str, Figures]:
    """Judge the first methods of a data set; once for all tests."""
    study = next(study for study in STUDIES if study.name == name)
    results = study.results(DATA, Policy(), np.random.default_rng(1))
    found = [result.figures for result in islice(results, methods)]
    return {figures.method: figures for figures in found}


@pytest.mark.parametrize(
    ("name", "group", "altman"),
    [
        ("american", 0.836, 0.767),
        ("polish 5year", 0.818, 0.764),
        ("polish 1year", 0.733, 0.689),
    ],
)
def test_unfitted_financial_group_is_what_the_method_says(
    name: str, group: float, altman: float
) -> None:
    found = figures_of(name, 2)

    assert found[GROUP].auc == pytest.approx(group, abs=FAITHFUL)
    assert found[ALTMAN].auc == pytest.approx(altman, abs=FAITHFUL)


def test_american_samples_are_those_of_the_method() -> None:
    figures = figures_of("american", 2)[GROUP]

    assert (figures.target, figures.n) == (LAST_YEAR, 12_057)
    assert round(figures.base_rate * figures.n) == 117


@pytest.mark.parametrize(
    ("name", "card", "model"),
    [
        ("american", 0.855, 0.875),
        ("polish 5year", 0.890, 0.960),
        ("polish 3year", 0.803, 0.937),
        ("taiwan", 0.918, 0.945),
    ],
)
def test_fitted_card_and_model_are_not_below_the_method(
    name: str, card: float, model: float
) -> None:
    found = figures_of(name, 4)

    reached = {method: found[method].auc or 0.0 for method in (CARD, MODEL)}
    assert reached[CARD] >= card
    assert reached[MODEL] >= model


def test_fitted_probabilities_are_true_on_later_years() -> None:
    """American firms: fitted on 1999 to 2011, true in 2015 to 2018."""
    found = figures_of("american", 4)

    assert [found[method].ece is not None for method in (GROUP, CARD)] == [False, True]
    assert max(found[method].ece or 0.0 for method in (CARD, MODEL)) < 0.02


def test_figures_have_exactly_the_promised_keys() -> None:
    promised = "dataset target method n base_rate auc auc_low auc_high ks brier ece"

    figures = msgspec.to_builtins(figures_of("american", 2)[GROUP])

    assert list(figures) == promised.split()
