"""SIGKILL at each write system call of one write-back cycle; it ends as if nothing was.

Every call that writes into the database's files or makes them durable is one place to die.
(reliability T02b; G4, G7)
"""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from signal import SIGKILL

import pytest

from connector.store.engine import create_engine, reading
from tests.journeys.ending import Ending, ending_of, under_way
from tests.journeys.harness import Installation, installed
from tests.journeys.nursery import Nursery
from tests.journeys.small_company import a_company
from tests.journeys.tracing import injecting, needs_strace

pytestmark = [
    needs_strace,
    pytest.mark.skipif(
        "TEST_DATABASE_URL" in os.environ, reason="PostgreSQL writes in processes of its own"
    ),
]

AS_OF = date(2026, 3, 31)
BEGAN = datetime(2026, 3, 31, 2, tzinfo=UTC)
A_WHILE = timedelta(minutes=6)
MOST_FINISHES = 4
MOST_WRITES = 400


@dataclass(frozen=True, kw_only=True)
class Cycle:
    """A database in which a write-back waits, and how it ends in peace."""

    database: Path
    key: Path
    ending: Ending


@contextmanager
def an_installation(folder: Path, nursery: Nursery) -> Iterator["Place"]:
    with installed(folder, a_company(), as_of=AS_OF) as installation:
        installation.crms.crm("zoho").clock.set(BEGAN)
        yield Place(installation=installation, nursery=nursery)


@dataclass(frozen=True, kw_only=True)
class Place:
    """An installation and who starts its processes."""

    installation: Installation
    nursery: Nursery

    @property
    def database(self) -> Path:
        return self.installation.folder / "zixin.db"

    def start(self, what: str, *, traced: bool = False) -> int:
        shift = self.installation.crms.crm("zoho").clock.now() - datetime.now(UTC)
        return self.nursery.start(what, self.installation, shift, traced=traced)

    def do(self, what: str) -> None:
        self.start(what)
        assert self.nursery.ended() == 0, self.nursery.log.read_text()[-3000:]

    def finish(self) -> Ending:
        """Finish what was begun, as often as it takes, and look."""
        engine = create_engine(f"sqlite:///{self.database}")
        try:
            for _ in range(MOST_FINISHES):
                self.installation.crms.crm("zoho").clock.advance(A_WHILE)
                self.do("finish")
                with reading(engine) as conn:
                    if not under_way(conn):
                        break
            with reading(engine) as conn:
                assert conn.exec_driver_sql("PRAGMA integrity_check").scalar_one() == "ok"
            return ending_of(engine, self.installation.crms)
        finally:
            engine.dispose()


@pytest.fixture(scope="module")
def cycle(tmp_path_factory: pytest.TempPathFactory, nursery: Nursery) -> Cycle:
    """Read and decide, keep the database, and carry out in peace."""
    folder = tmp_path_factory.mktemp("cycle")
    with an_installation(folder / "peace", nursery) as place:
        place.do("decide")
        kept = folder / "kept.db"
        shutil.copyfile(place.database, kept)
        place.do("push")
        return Cycle(
            database=kept, key=place.installation.folder / "zixin.key", ending=place.finish()
        )


def die_at(call: str, number: int, cycle: Cycle, folder: Path, nursery: Nursery) -> bool:
    """Die at one call of a fresh cycle, go on, and compare. False: there were fewer calls."""
    with an_installation(folder / f"{call}-{number}", nursery) as place:
        shutil.copyfile(cycle.database, place.database)
        shutil.copyfile(cycle.key, place.installation.folder / "zixin.key")
        pid = place.start("push", traced=True)
        with injecting(pid, call, f"signal=KILL:when={number}"):
            ended = nursery.ended()
        assert ended in {0, -SIGKILL}, nursery.log.read_text()[-3000:]
        after = place.finish()
    where = f"killed at {call} number {number}"
    assert after.database["unsettled"] == [], where
    assert after.tasks == cycle.ending.tasks, where
    assert after.crms == cycle.ending.crms, where
    assert after.database == cycle.ending.database, where
    assert after.created == cycle.ending.created, where
    return ended == -SIGKILL


@pytest.mark.full
@pytest.mark.timeout(3000)
@pytest.mark.parametrize("call", ["pwrite64", "fdatasync"])
def test_dying_at_any_write_leaves_no_trace(
    call: str, cycle: Cycle, tmp_path: Path, nursery: Nursery
) -> None:
    deaths = 0
    while deaths < MOST_WRITES and die_at(call, deaths + 1, cycle, tmp_path, nursery):
        deaths += 1

    assert 10 < deaths < MOST_WRITES
