"""The axes of the suite: each CRM and style, calm or under faults, on the database at hand.

Under faults every test has a plan of its own, drawn from its name: at most three calls go wrong,
one of them a call that writes. ``FAULT_SEED`` draws other plans. A read must come through by itself;
a write is asked for again as the outbox would (``Patient``). No promise is weaker then, but time
and calls are spent. What counts calls or plays faults of its own takes ``calm`` benches.
"""

import os
from collections.abc import Iterator, Sequence
from random import Random
from zlib import crc32

import pytest
import sqlalchemy as sa

from adapters.port import CrmPort, WriteEffect
from connector.store.engine import create_engine, in_one_commit
from connector.store.tables import connections, leases, places, spending
from sandbox.fault_plan import PLANNED, fault_plan
from sandbox.faults import FaultKind, FaultRule
from tests.contract.bench import (
    FXIAOKE,
    FXIAOKE_BODY,
    ZOHO,
    ZOHO_BOOKS,
    ZOHO_EXPORTS,
    Bench,
    Time,
    Vendor,
    open_bench,
)
from tests.contract.patient import Patient
from tests.databases import Tables

BENCHES = {
    "zoho": ZOHO,
    "zoho by exports": ZOHO_EXPORTS,
    "zoho with books": ZOHO_BOOKS,
    "fxiaoke": FXIAOKE,
    "fxiaoke body": FXIAOKE_BODY,
}
#: Time passes in these tests and ends tokens: one more dead one would be wrong credentials.
KINDS = tuple(kind for kind in PLANNED if kind is not FaultKind.STALE_TOKEN)


@pytest.fixture(scope="session")
def shared_engine(tmp_path_factory: pytest.TempPathFactory, tables: Tables) -> Iterator[sa.Engine]:
    """Open one database for the whole suite; each test empties what ports keep in it."""
    with tables.lent(tmp_path_factory.mktemp("ports")) as url:
        engine = create_engine(url)
        yield engine
        engine.dispose()


@pytest.fixture
def database(shared_engine: sa.Engine) -> sa.Engine:
    def empty(conn: sa.Connection) -> None:
        for table in (connections, leases, places, spending):
            conn.execute(table.delete())

    in_one_commit(shared_engine, empty)
    return shared_engine


@pytest.fixture(params=BENCHES)
def vendor(request: pytest.FixtureRequest) -> Vendor:
    return BENCHES[request.param]


@pytest.fixture(params=["calm", "faults"])
def faults(request: pytest.FixtureRequest, vendor: Vendor) -> Sequence[FaultRule]:
    """Draw the plan of a test under faults; the calm one has none."""
    if request.param == "calm":
        return ()
    name = f"{request.node.nodeid.rpartition('/')[2]} {os.environ.get('FAULT_SEED', '')}"
    return a_plan(crc32(name.encode()), vendor)


@pytest.fixture
def time() -> Time:
    """Give the time that ports live by."""
    return Time()


@pytest.fixture
def bench(
    vendor: Vendor, faults: Sequence[FaultRule], database: sa.Engine, time: Time
) -> Iterator[Bench]:
    with open_bench(vendor, engine=database) as running:
        running.time = time
        running.time.clock = running.crm.clock
        running.crm.faults.replace(faults)
        yield running


@pytest.fixture
def port(bench: Bench, faults: Sequence[FaultRule]) -> CrmPort:
    return Patient(bench.open(), bench.time.sleep) if faults else bench.open()


@pytest.fixture
def made(faults: Sequence[FaultRule]) -> frozenset[WriteEffect]:
    """Tell what a first create may be called: one whose answer was lost finds its own task."""
    fresh = frozenset({WriteEffect.CREATED})
    return fresh | {WriteEffect.ADOPTED} if faults else fresh


@pytest.fixture
def calm_bench(vendor: Vendor, database: sa.Engine, time: Time) -> Iterator[Bench]:
    with open_bench(vendor, engine=database) as running:
        running.time = time
        running.time.clock = running.crm.clock
        yield running


@pytest.fixture
def calm_port(calm_bench: Bench) -> CrmPort:
    return calm_bench.open()


def a_plan(seed: int, vendor: Vendor) -> tuple[FaultRule, ...]:
    """Draw a fault that strikes anywhere, one that strikes the API, and one that strikes a write.

    A token is asked for twice, so not more than one of them may strike that.
    """
    dice = Random(seed)
    writes = dice.choice([vendor.updates, vendor.creates, vendor.task_updates])
    firing = {writes: 1.0, vendor.api: 0.25, "* /": 0.25}
    return tuple(
        rule
        for match, probability in firing.items()
        for rule in fault_plan(
            dice.randrange(2**32),
            match=match,
            kinds=[dice.choice(KINDS)],
            times=1,
            firing=probability,
        )
    )
