"""Two processes at one CRM: together they keep its frequency limit, and it refuses neither."""

import msgspec
import sqlalchemy as sa

from adapters.http import Deadlines
from adapters.port import CrmPort
from adapters.registry import open_port
from adapters.slots import MemorySlots, Slots
from adapters.tokens import MemoryTokenStore, Sealer
from connector.store.slots import DatabaseSlots
from scoring.records import Kind
from tests.contract.bench import FXIAOKE, Bench, open_bench

CALLS = 240


def a_process(bench: Bench, slots: Slots) -> CrmPort:
    return open_port(
        bench.vendor.settings(bench.crm, bench.url),
        store=MemoryTokenStore(),
        sealer=Sealer(bytes(32)),
        pace=bench.time.pace(),
        deadlines=Deadlines(read=10),
        slots=slots,
    )


def refused(bench: Bench) -> int:
    answers = (msgspec.json.decode(call.answer) for call in bench.crm.journal)
    return sum(answer["errorCode"] == 30004 for answer in answers)


def look_around(bench: Bench, processes: list[CrmPort]) -> None:
    bench.time.clock = bench.crm.clock
    for number in range(CALLS):
        processes[number % len(processes)].missing(Kind.CONTACTS, ["0" * 24])


def test_processes_that_share_the_database_are_never_refused(engine: sa.Engine) -> None:
    with open_bench(FXIAOKE) as bench:
        look_around(bench, [a_process(bench, DatabaseSlots(engine)) for _ in range(2)])

        assert refused(bench) == 0
        assert bench.time.seconds < 20 + 20 * (CALLS - 97) / 97 + 1


def test_processes_that_know_nothing_of_each_other_are_refused_and_wait() -> None:
    """What the shared slots are for: 30004 costs twenty seconds each time."""
    with open_bench(FXIAOKE) as bench:
        look_around(bench, [a_process(bench, MemorySlots()) for _ in range(2)])

        assert refused(bench) > 0
