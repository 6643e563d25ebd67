"""SIGKILL at each write system call of one write-back cycle; it ends as if nothing was.

Every call that writes into the database's files or makes them durable is one place to die.
(reliability T02b; G4, G7)
"""

import os
from pathlib import Path
from signal import SIGKILL

import pytest

from tests.journeys.nursery import Nursery
from tests.journeys.one_cycle import Cycle, a_cycle, begun_anew
from tests.journeys.tracing import injecting, needs_strace

pytestmark = [
    needs_strace,
    pytest.mark.skipif(
        "TEST_DATABASE_URL" in os.environ, reason="PostgreSQL writes in processes of its own"
    ),
]

MOST_WRITES = 400
LEAST_WRITES = {"pwrite64": 150, "fdatasync": 20}


@pytest.fixture(scope="module")
def cycle(tmp_path_factory: pytest.TempPathFactory, nursery: Nursery) -> Cycle:
    """The cycle, and how it ends in peace."""
    return a_cycle(tmp_path_factory.mktemp("cycle"), nursery)


def die_at(call: str, number: int, cycle: Cycle, folder: Path, nursery: Nursery) -> bool:
    """Die at one call of a fresh cycle, go on, and compare. False: there were fewer calls."""
    with begun_anew(cycle, folder / f"{call}-{number}", nursery) as place:
        pid = place.start("push", traced=True)
        with injecting(pid, call, f"signal=KILL:when={number}"):
            ended = nursery.ended()
        assert ended in {0, -SIGKILL}, nursery.log.read_text()[-3000:]
        after = place.finish()
    after.must_equal(cycle.ending, f"killed at {call} number {number}")
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

    assert LEAST_WRITES[call] < deaths < MOST_WRITES
