"""What a served process holds over time: memory, files, threads, connections, its oldest message."""

import statistics
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from time import monotonic
from typing import Any

import sqlalchemy as sa

from connector.store.engine import reading
from connector.store.queue_tables import inbox
from tests.journeys.serving import Serve

__all__ = ["Gauges", "is_flat", "rss_mb"]

EVERY_SECONDS = 5.0
WARM_UP = 1 / 3  # of the time; caches fill and pools open
SLACK = 4  # files, threads or connections more than before are no trend
RSS_SLOPE_MB = 1.0  # in ten minutes
OLDEST_SECONDS = 60.0
LONG_ENOUGH_MINUTES = 20  # a slope over less is noise


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """One look."""

    at: float
    rss_mb: float
    files: int
    threads: int
    connections: int
    oldest_seconds: float


class Gauges:
    """Looks at a process every few seconds until ended."""

    def __init__(self, serve: Serve) -> None:
        self._serve = serve
        self._samples: list[Sample] = []
        self._waiting: dict[int, float] = {}
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, name="gauges")
        self._thread.start()

    def end(self) -> dict[str, Any]:
        """Stop looking and tell what was seen, the time of warming up left out."""
        self._ended.set()
        self._thread.join()
        warm = self._samples[int(len(self._samples) * WARM_UP) :]
        if len(warm) < 2:
            return {"samples": len(warm)}
        return {
            "samples": len(warm),
            "minutes": round((warm[-1].at - warm[0].at) / 60, 1),
            "rss_mb": {"first": warm[0].rss_mb, "last": warm[-1].rss_mb},
            "rss_slope_mb_per_10_min": round(_slope(warm) * 600, 2),
            **{name: _course(warm, name) for name in ("files", "threads", "connections")},
            "oldest_message_seconds": round(max(one.oldest_seconds for one in self._samples), 1),
        }

    def _run(self) -> None:
        while not self._ended.wait(EVERY_SECONDS):
            try:
                self._samples.append(self._look())
            except FileNotFoundError:  # it has ended
                return

    def _look(self) -> Sample:
        place = Path(f"/proc/{self._serve.process.pid}")
        held = [_target(one) for one in (place / "fd").iterdir()]
        return Sample(
            at=monotonic(),
            rss_mb=rss_mb(self._serve.process.pid),
            files=len(held),
            threads=len(list((place / "task").iterdir())),
            connections=sum(target.startswith("socket:") for target in held),
            oldest_seconds=self._oldest(),
        )

    def _oldest(self) -> float:
        """Tell for how long the oldest waiting message has been seen here."""
        waits = sa.select(inbox.c.id).where(inbox.c.state.in_(("ready", "running")))
        with reading(self._serve.engine) as conn:
            waiting = set(conn.execute(waits).scalars())
        now = monotonic()
        self._waiting = {one: self._waiting.get(one, now) for one in waiting}
        return max((now - since for since in self._waiting.values()), default=0.0)


def rss_mb(pid: int) -> float:
    """Tell a process's resident memory."""
    status = Path(f"/proc/{pid}/status").read_text(encoding="ascii")
    resident = next(line.split()[1] for line in status.splitlines() if line.startswith("VmRSS"))
    return round(int(resident) / 1024, 1)


def is_flat(figures: dict[str, Any]) -> bool:
    """Judge by the goals of T10; the memory's slope only where it was watched for long enough."""
    if figures["samples"] < 2:
        return False
    slow = (
        figures["minutes"] < LONG_ENOUGH_MINUTES * (1 - WARM_UP)
        or figures["rss_slope_mb_per_10_min"] <= RSS_SLOPE_MB
    )
    steady = all(
        figures[name]["most_later"] <= figures[name]["most_before"] + SLACK
        for name in ("files", "threads", "connections")
    )
    return slow and steady and figures["oldest_message_seconds"] < OLDEST_SECONDS


def _target(link: Path) -> str:
    try:
        return str(link.readlink())
    except FileNotFoundError:  # closed meanwhile
        return ""


def _slope(samples: Sequence[Sample]) -> float:
    times = [one.at for one in samples]
    return statistics.linear_regression(times, [one.rss_mb for one in samples]).slope


def _course(samples: Sequence[Sample], name: str) -> dict[str, int]:
    values = [getattr(one, name) for one in samples]
    half = len(values) // 2
    return {"most_before": max(values[:half]), "most_later": max(values[half:])}
