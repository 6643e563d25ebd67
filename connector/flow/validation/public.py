"""All public data sets, one after the other: what ``zixin validate --data`` runs."""

from collections.abc import Callable
from pathlib import Path

import numpy as np

from connector.flow.validation import receivables
from connector.flow.validation.bankruptcy import STUDIES
from connector.flow.validation.results import Result
from scoring.policy import Policy

__all__ = ["public_results"]

Step = Callable[[str, int, int | None], None]
"""Told as (data set, methods done, of how many)."""

SEED = 20260101
RECEIVABLES = "receivables"


def public_results(folder: Path, step: Step) -> list[Result]:
    """Judge the method as shipped, and what is fitted to each set, on every set of ``folder``.

    Each set has its own random numbers, so the same folder gives the same figures.

    Raises:
        DataError: A file is missing or is not as published.
    """
    results: list[Result] = []
    for number, study in enumerate(STUDIES):
        step(study.name, 0, study.methods)
        rng = np.random.default_rng(SEED + number)
        for done, result in enumerate(study.results(folder, Policy(), rng), start=1):
            results.append(result)
            step(study.name, done, study.methods)
    step(RECEIVABLES, 0, 1)
    results += receivables.results(folder, np.random.default_rng(SEED + len(STUDIES)))
    step(RECEIVABLES, 1, 1)
    return results
