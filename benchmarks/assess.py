"""How long ``assess`` takes at 1,000, 10,000 and 100,000 accounts of ten invoices, and its memory.

Each size runs in a process of its own, so that its peak memory is its own. Of five runs from a
loaded Book the fastest counts: the others waited for somebody else.
"""

import json
import resource
import subprocess
import sys
import time

import polars as pl

from benchmarks.books import AS_OF, a_large_book
from scoring.assess import assess
from scoring.policy import Policy

__all__ = ["measure"]

SIZES = (1_000, 10_000, 100_000)
RUNS = 5


def measure() -> list[dict[str, object]]:
    """Measure every size and judge the goals."""
    found = {size: _in_own_process(size) for size in SIZES}
    seconds = {size: one["seconds"] for size, one in found.items()}
    beside: dict[str, object] = {
        "seconds": {str(size): round(value, 4) for size, value in seconds.items()},
        "accounts_per_second": {str(size): round(size / one) for size, one in seconds.items()},
        "book_seconds": {str(size): round(one["book"], 3) for size, one in found.items()},
        "peak_mb": {str(size): round(one["peak_mb"]) for size, one in found.items()},
        "bare_group_by_seconds": round(found[100_000]["group_by"], 4),
    }
    return [
        _row("assess_100k_seconds", seconds[100_000], "s", 1.5, beside),
        _row("assess_growth_10x", seconds[100_000] / seconds[10_000], "times", 11, beside),
        _row("assess_100k_peak_mb", found[100_000]["peak_mb"], "MB", None, beside),
    ]


def _row(
    name: str, value: float, unit: str, goal: float | None, beside: dict[str, object]
) -> dict[str, object]:
    ok = goal is None or value <= goal
    shown = round(value, 3)
    return {"name": name, "value": shown, "unit": unit, "goal": goal, "ok": ok, "beside": beside}


def _in_own_process(size: int) -> dict[str, float]:
    command = [sys.executable, "-m", "benchmarks.assess", str(size)]
    answer = subprocess.run(command, check=True, capture_output=True, text=True)
    found: dict[str, float] = json.loads(answer.stdout)
    return found


def _one_size(size: int) -> dict[str, float]:
    started = time.perf_counter()
    book = a_large_book(size)
    loaded = time.perf_counter() - started
    runs = []
    for _ in range(RUNS):
        started = time.perf_counter()
        assess(book, Policy(), AS_OF)
        runs.append(time.perf_counter() - started)
    started = time.perf_counter()
    book.ledger.claims.group_by("e").agg(pl.col("amount").sum())
    group_by = time.perf_counter() - started
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return {"seconds": min(runs), "book": loaded, "group_by": group_by, "peak_mb": peak}


if __name__ == "__main__":
    print(json.dumps(_one_size(int(sys.argv[1]))))
