"""The whole method at scale: all groups, everybody's credit file, chunk by chunk as the product does.

Each figure is measured in a process of its own, so that its peak memory is its own. A Book is made
before the clock starts; its first assessment counts, nothing is warm. The frame of an assessment
holds every number of the explanation; ``explain_one_ms`` is the making of one account's document.
"""

import json
import resource
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import date
from functools import partial
from importlib import import_module

import msgspec
import numpy as np
import polars as pl

from benchmarks.books import AS_OF, a_full_book
from scoring.assess import Assessments, assess, assess_both
from scoring.book import Book
from scoring.comparison import changed, compared, joined
from scoring.explain import explain, explanation_bytes
from scoring.model.sample import month_ends
from scoring.policy import Policy

__all__ = ["measure"]

ACCOUNTS, CHUNK = 100_000, 25_000
REPLAYED, MONTHS = 10_000, 24
SINGLE_RUNS = 30
_POLICY = msgspec.structs.replace(
    Policy(), groups=("payment", "financial", "history", "qualitative")
)

Row = dict[str, object]
Figures = dict[str, float]


def measure() -> list[Row]:
    """Measure the five figures, with the floor and a rival beside them in the same run."""
    found = {name: _in_own_process(name) for name in _TASKS}
    whole, rest = found["whole"], {**found["rival"], **found["in_one"]}
    beside: Row = {name: round(value, 4) for name, value in (rest | found["single"]).items()}
    return [
        _row("full_assess_1m_invoices_seconds", whole["seconds"], "s", 3, beside),
        _row("full_assess_peak_mb", whole["peak_mb"], "MB", 600, beside),
        _row("single_account_ms", found["single"]["single_ms"], "ms", 30, beside),
        _row("replay_24x10k_seconds", found["replay"]["seconds"], "s", 15, beside),
        _row("policy_simulate_100k_seconds", found["simulate"]["seconds"], "s", 5, beside),
    ]


def _row(name: str, value: float, unit: str, goal: float, beside: Row) -> Row:
    shown = round(value, 3)
    return {
        "name": name,
        "value": shown,
        "unit": unit,
        "goal": goal,
        "ok": value <= goal,
        "beside": beside,
    }


def _in_own_process(name: str) -> Figures:
    command = [sys.executable, "-m", "benchmarks.full", name]
    answer = subprocess.run(command, check=True, capture_output=True, text=True)
    found: Figures = json.loads(answer.stdout)
    return found


def _timed(work: Callable[[], object]) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def _peak_mb() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def _whole() -> Figures:
    """Assess 100,000 accounts with 1,000,000 invoices, chunk by chunk."""
    seconds = 0.0
    for first in range(0, ACCOUNTS, CHUNK):
        seconds += _timed(partial(_at, a_full_book(CHUNK, seed=first + 7), AS_OF))
    return {"seconds": seconds, "peak_mb": _peak_mb()}


def _in_one() -> Figures:
    """Assess the same number as one Book, and a tenth of it: growth and memory without chunks."""
    small = a_full_book(ACCOUNTS // 10)
    tenth = _timed(lambda: assess(small, _POLICY, AS_OF))
    book = a_full_book(ACCOUNTS)
    seconds = _timed(lambda: assess(book, _POLICY, AS_OF))
    claims = book.ledger.claims
    late = (pl.lit(AS_OF) - pl.col("due")).dt.total_days()
    ageing = claims.lazy().group_by("e", late // 30).agg(pl.col("amount").sum())
    return {
        "in_one_book_seconds": seconds,
        "in_one_book_growth_10x": seconds / tenth,
        "in_one_book_peak_mb": _peak_mb(),
        "bare_ageing_group_by_seconds": _timed(ageing.collect),
    }


def _single() -> Figures:
    first, *books = (a_full_book(1, seed=seed) for seed in range(SINGLE_RUNS + 1))
    assessed = assess(first, _POLICY, AS_OF)
    entity = assessed.frame["entity"][0]
    runs = sorted(_timed(partial(_at, book, AS_OF)) for book in books)
    documents = [_timed(lambda: _document(assessed, entity)) for _ in range(SINGLE_RUNS)]
    return {
        "single_ms": runs[SINGLE_RUNS // 2] * 1000,
        "explain_one_ms": sorted(documents)[SINGLE_RUNS // 2] * 1000,
    }


def _document(assessed: Assessments, entity: str) -> bytes:
    return explanation_bytes(explain(assessed, entity))


def _replay() -> Figures:
    """Assess 10,000 accounts at 24 month ends; a later day's facts are there and must not count."""
    book, days = a_full_book(REPLAYED), month_ends(AS_OF, MONTHS)
    return {"seconds": sum(_timed(partial(_at, book, day)) for day in days)}


def _at(book: Book, day: date) -> Assessments:
    return assess(book, _POLICY, day)


def _simulate() -> Figures:
    """Compare the policy with a stricter draft: who changes, sums before and after."""
    strict = msgspec.structs.replace(
        _POLICY,
        version="stricter",
        gates=msgspec.structs.replace(_POLICY.gates, over_90_cap="CC"),
    )
    seconds, parts, moved = 0.0, [], 0
    for first in range(0, ACCOUNTS, CHUNK):
        book = a_full_book(CHUNK, seed=first + 7)
        started = time.perf_counter()
        pair = assess_both(book, (_POLICY, strict), AS_OF)
        parts.append(compared(*pair))
        moved += changed(*pair).height
        seconds += time.perf_counter() - started
        del book, pair
    joined(parts)
    return {"seconds": seconds, "changes": moved}


def _rival() -> Figures:
    """Score as many rows with ten variables by optbinning's Scorecard; fitting is not counted."""
    # Needed for this figure alone, and without types of their own.
    pandas, optbinning = import_module("pandas"), import_module("optbinning")
    linear = import_module("sklearn.linear_model")
    rng = np.random.default_rng(7)
    names = [f"x{number}" for number in range(10)]
    values = rng.normal(size=(ACCOUNTS, 10))
    rows = pandas.DataFrame(values, columns=names)
    bad = (values.sum(axis=1) + rng.normal(size=ACCOUNTS) * 3 > 4).astype(int)
    card = optbinning.Scorecard(
        binning_process=optbinning.BinningProcess(names), estimator=linear.LogisticRegression()
    )
    card.fit(rows[:20_000], bad[:20_000])
    return {"optbinning_scorecard_seconds": _timed(lambda: card.score(rows))}


_TASKS: dict[str, Callable[[], Figures]] = {
    "whole": _whole,
    "in_one": _in_one,
    "single": _single,
    "replay": _replay,
    "simulate": _simulate,
    "rival": _rival,
}

if __name__ == "__main__":
    print(json.dumps(_TASKS[sys.argv[1]]()))
