"""Several processes: how much faster two workers write back, and how soon a notification shows.

Real processes beside the look-alikes, which run in this one. Every call to a CRM takes 100 ms for
``two_workers_speedup`` and nothing extra for ``event_to_field_p95_ms``.
"""

import math
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime
from pathlib import Path
from time import monotonic
from zoneinfo import ZoneInfo

import sqlalchemy as sa

from benchmarks.trade import Row, a_row
from connector.flow.run import RunWish, run_once
from connector.store.engine import create_engine, database_now, reading, writing
from connector.store.queue_tables import nodes
from connector.wiring.jobs import job_of
from connector.work.pauses import halt, resume
from sandbox.company.generate import generate
from sandbox.faults import FaultKind, FaultRule
from tests.databases import empty_database
from tests.journeys.clerk import Clerk, Owed, clerks_of
from tests.journeys.harness import CONNECTION_NAMES, Installation, installed, open_here
from tests.journeys.serving import serving, wait_until
from tests.journeys.several import Several, several
from tests.postgres import throwaway_server

__all__ = ["measure"]

VENDORS = ("zoho", "fxiaoke")
GOAL_SPEEDUP, GOAL_EVENT_MS = 1.7, 2_000
ACCOUNTS, MONTHS = {"zoho": 1_600, "fxiaoke": 400}, 2
ANSWER_SECONDS = 0.1
EVENT_ACCOUNTS, EVENT_MONTHS = 60, 8
BOOKINGS = 15
PATIENCE_SECONDS = 240


def measure() -> list[Row]:
    """Measure ``two_workers_speedup`` and ``event_to_field_p95_ms``."""
    with throwaway_server() as server, tempfile.TemporaryDirectory(prefix="zixin-bench-") as there:
        folder = Path(there)
        speedups = {vendor: _speedup(folder / vendor, server, vendor) for vendor in VENDORS}
        events = {
            "sqlite_serve": _event_ms(folder / "sqlite", None),
            "postgresql_web_worker": _event_ms(folder / "postgresql", server),
        }
    slower = min(figures["speedup"] for figures in speedups.values())
    return [
        {
            "name": "two_workers_speedup",
            "value": slower,
            "unit": "times",
            "goal": GOAL_SPEEDUP,
            "ok": slower >= GOAL_SPEEDUP,
            "beside": speedups,
        },
        a_row("event_to_field_p95_ms", max(events.values()), "ms", GOAL_EVENT_MS, events),
    ]


def _today() -> date:
    return datetime.now(ZoneInfo("Asia/Shanghai")).date()


def _speedup(folder: Path, server: str, vendor: str) -> dict[str, float]:
    seconds = {
        count: _drain_seconds(folder / str(count), server, vendor, count) for count in (1, 2)
    }
    return {
        "one_worker_seconds": round(seconds[1], 1),
        "two_workers_seconds": round(seconds[2], 1),
        "speedup": round(seconds[1] / seconds[2], 2),
    }


@contextmanager
def _database(folder: Path, server: str) -> Iterator[str]:
    folder.mkdir(parents=True)
    with empty_database(folder, server) as url:
        yield url


def _drain_seconds(folder: Path, server: str, vendor: str, workers: int) -> float:
    """Decide everything, let workers stand ready, and time how long they write back."""
    company = generate(ACCOUNTS[vendor], MONTHS, seed=5, as_of=_today())
    with (
        _database(folder, server) as url,
        installed(
            folder / "home", company, as_of=_today(), database_url=url, now=True, only=vendor
        ) as installation,
    ):
        engine = create_engine(url)
        system = CONNECTION_NAMES[vendor]
        with open_here(installation) as zixin:
            job = job_of(zixin)
            run_once(job, RunWish(as_of=zixin.clock.today(), push=False))
            with writing(engine) as conn:
                halt(conn, system, reason="the benchmark begins", now=database_now(conn))
        slow = FaultRule(match="* /", kind=FaultKind.SLOW, delay_seconds=ANSWER_SECONDS)
        installation.crms.crm(vendor).faults.add(slow)
        with several(installation, engine) as place:
            for number in range(workers):
                place.start("worker", f"worker-{number}")
            wait_until(lambda: _present(engine) == workers, "workers ready", seconds=60)
            began = monotonic()
            with writing(engine) as conn:
                resume(conn, system)
            wait_until(lambda: not place.open_writes(), "drained", seconds=PATIENCE_SECONDS)
            taken = monotonic() - began
            place.end()
        engine.dispose()
    return taken


def _present(engine: sa.Engine) -> int:
    with reading(engine) as conn:
        return int(conn.execute(sa.select(sa.func.count()).select_from(nodes)).scalar_one())


def _event_ms(folder: Path, server: str | None) -> int:
    """Time notifications to the changed field, one after the other; the 95th of a hundred."""
    company = generate(EVENT_ACCOUNTS, EVENT_MONTHS, seed=5, as_of=_today())
    if server is None:
        with (
            installed(folder, company, as_of=_today(), now=True) as installation,
            serving(installation) as serve,
        ):
            wait_until(serve.quiet, "first reading done", seconds=PATIENCE_SECONDS)
            return _p95(_book(installation))
    with (
        _database(folder, server) as url,
        installed(
            folder / "home", company, as_of=_today(), database_url=url, now=True
        ) as installation,
    ):
        engine = create_engine(url)
        with several(installation, engine) as place:
            _start_parts(place)
            wait_until(place.beside_web().listens, "the tables made", seconds=60)
            wait_until(place.beside_web().quiet, "first reading done", seconds=PATIENCE_SECONDS)
            times = _book(installation)
            place.end()
        engine.dispose()
    return _p95(times)


def _start_parts(place: Several) -> None:
    for command, name in (("web", "serve"), ("worker", "worker"), ("scheduler", "scheduler")):
        place.start(command, name)


def _book(installation: Installation) -> list[float]:
    clerks = clerks_of(installation.crms)
    times = [seconds for clerk in clerks.values() for seconds in _bookings(clerk)]
    for clerk in clerks.values():
        clerk.close()
    return times


def _bookings(clerk: Clerk) -> Iterator[float]:
    """Pay a late invoice in each of some customers, and time until its account shows less."""
    late: dict[str, Owed] = {}
    for item in clerk.owed():
        if item.overdue(_today()) == item.amount:
            late.setdefault(item.account, item)
    for account, item in sorted(late.items())[:BOOKINGS]:
        before = clerk.shown()[account].overdue
        began = monotonic()
        clerk.pay([(item, item.amount)], _today())
        wait_until(lambda a=account, b=before: clerk.shown()[a].overdue != b, f"{account} shows it")  # type: ignore[misc]
        yield monotonic() - began


def _p95(seconds: list[float]) -> int:
    ordered = sorted(seconds)
    return round(1000 * ordered[math.ceil(0.95 * len(ordered)) - 1])
