"""SIGKILL at thirty random points of ``zixin run``; run again, and the CRMs end as if nothing was.

Each on an installation of its own and by the command itself; ``test_kill_series`` does it in series.
"""

import random
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from signal import SIGKILL
from subprocess import CompletedProcess

import pytest
import sqlalchemy as sa

from connector.store.audit import verify
from connector.store.engine import reading
from connector.store.queue_tables import outbox
from connector.store.tables import audit
from connector.wiring import Zixin
from sandbox.company.generate import generate
from tests.databases import empty_database
from tests.journeys.breaking import Breaker, Call, Moment, Phase, Point, calls_of, draw_points
from tests.journeys.harness import Installation, crm_state, installed, open_here, tasks_of

pytestmark = [pytest.mark.full, pytest.mark.database, pytest.mark.timeout(900)]

AS_OF = date(2026, 3, 31)
COMPANY = generate(30, 8, seed=7, as_of=AS_OF)
RUN = ("run", "--json", "--as-of", AS_OF.isoformat())
SEED = 20261124
POINTS = 30
BREAKS_AT_ONCE = 2


@dataclass(frozen=True, kw_only=True)
class Unbroken:
    """What an unbroken run calls, and how it leaves the CRMs."""

    calls: list[Call]
    state: bytes
    tasks: list[str]
    writes: list[str]


@dataclass(frozen=True, kw_only=True)
class Broken:
    """How a run ended that was broken at a point, and the run after it."""

    point: Point
    first: int
    second: "CompletedProcess[str]"
    state: bytes
    tasks: list[str]
    outbox: set[str]
    writes: list[str]


@contextmanager
def an_installation(folder: Path) -> Iterator[Installation]:
    folder.mkdir()
    with (
        empty_database(folder) as url,
        installed(folder, COMPANY, as_of=AS_OF, database_url=url) as installation,
    ):
        yield installation


@pytest.fixture(scope="module")
def unbroken(tmp_path_factory: pytest.TempPathFactory) -> Unbroken:
    breaker = Breaker()
    with an_installation(tmp_path_factory.mktemp("unbroken") / "run") as installation:
        breaker.stand_before(installation)
        done = installation.run(*RUN)
        assert done.returncode == 0, done.stderr
        with open_here(installation) as zixin:
            return Unbroken(
                calls=calls_of(breaker.seen),
                state=crm_state(installation.crms),
                tasks=all_tasks(installation),
                writes=audited_writes(zixin),
            )


@pytest.fixture(scope="module")
def broken(unbroken: Unbroken, tmp_path_factory: pytest.TempPathFactory) -> list[Broken]:
    """Break a run at every point, two at a time: most of it is starting interpreters."""
    folder = tmp_path_factory.mktemp("broken")
    points = draw_points(unbroken.calls, random.Random(SEED), each=4, deciding=6)
    with ThreadPoolExecutor(BREAKS_AT_ONCE) as pool:
        folders = [folder / f"{number:02}" for number in range(len(points))]
        return list(pool.map(break_and_run_again, points, folders))


def break_and_run_again(point: Point, folder: Path) -> Broken:
    breaker = Breaker(point)
    with an_installation(folder) as installation:
        breaker.stand_before(installation)
        process = installation.start(*RUN)
        breaker.victim(process)
        process.communicate()
        breaker.stand_down()
        second = installation.run(*RUN)
        with open_here(installation) as zixin:
            return Broken(
                point=point,
                first=process.returncode,
                second=second,
                state=crm_state(installation.crms),
                tasks=all_tasks(installation),
                outbox=outbox_states(zixin),
                writes=audited_writes(zixin),
            )


def all_tasks(installation: Installation) -> list[str]:
    crms = installation.crms
    return [key for vendor in crms.names() for key in tasks_of(crms, vendor)]


def outbox_states(zixin: Zixin) -> set[str]:
    with reading(zixin.engine) as conn:
        return set(conn.execute(sa.select(outbox.c.state).distinct()).scalars())


def audited_writes(zixin: Zixin) -> list[str]:
    """Verify the chain and tell which writes it names, sorted."""
    with reading(zixin.engine) as conn:
        verify(conn)
        rows = conn.execute(sa.select(audit).where(audit.c.what != "assessed")).all()
    return sorted(f"{row.what} {row.system}:{row.target}" for row in rows)


def test_the_unbroken_run_does_all_there_is_to_do(unbroken: Unbroken) -> None:
    phases = {(call.vendor, call.phase) for call in unbroken.calls}
    assert phases == {
        (vendor, phase)
        for vendor in ("zoho", "fxiaoke")
        for phase in (Phase.PULL, Phase.FIELDS, Phase.TASKS)
    }
    assert len(unbroken.tasks) == len(set(unbroken.tasks)) > 5


@pytest.mark.parametrize("number", range(POINTS))
def test_a_run_after_a_killed_one_ends_like_an_unbroken_one(
    number: int, broken: list[Broken], unbroken: Unbroken
) -> None:
    after = broken[number]
    where = str(after.point)
    # Between two calls the process may be faster than the clock that is to kill it.
    ended = {-SIGKILL, 0} if after.point.moment is Moment.BETWEEN else {-SIGKILL}
    assert after.first in ended, where
    assert after.second.returncode == 0, f"{where}: {after.second.stderr}"
    assert after.tasks == unbroken.tasks, where
    assert after.state == unbroken.state, where
    assert after.outbox == {"done"}, where
    assert after.writes == unbroken.writes, where


def test_nearly_every_broken_run_really_died(broken: list[Broken]) -> None:
    died = sum(after.first == -SIGKILL for after in broken)
    assert died >= POINTS - 3
