"""One process or many (T07): web, workers and schedulers on PostgreSQL, one worker oversleeping."""

import os
import signal
from collections.abc import Iterator
from dataclasses import replace
from datetime import date, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
import sqlalchemy as sa

from connector.flow.run import RunWish, run_once
from connector.store.engine import create_engine, reading
from connector.store.queue_tables import nodes, outbox, runs, ticks
from connector.wiring.jobs import job_of
from sandbox.company.generate import generate
from sandbox.faults import FaultKind, FaultRule
from tests.databases import empty_database
from tests.journeys.clerk import clerks_of
from tests.journeys.harness import CONNECTION_NAMES, Installation, installed, open_here, tasks_of
from tests.journeys.serving import serving, wait_until
from tests.journeys.several import Several, several, token_requests, writes_of_accounts
from tests.journeys.test_serve import House

pytestmark = [pytest.mark.journey, pytest.mark.timeout(600)]

ON_POSTGRESQL = "TEST_DATABASE_URL" in os.environ
needs_postgresql = pytest.mark.skipif(not ON_POSTGRESQL, reason="several hosts need PostgreSQL")
ACCOUNTS, MONTHS = 150, 3
SLOW_WRITES = (
    FaultRule(match="PUT /crm/v8/Accounts", kind=FaultKind.SLOW, delay_seconds=0.3),
    FaultRule(match="POST /cgi/crm/v2/data/update", kind=FaultKind.SLOW, delay_seconds=0.05),
)


def today() -> date:
    return datetime.now(ZoneInfo("Asia/Shanghai")).date()


@pytest.fixture
def backlog(tmp_path: Path) -> Iterator[Several]:
    """Everything read and decided, nothing written back yet."""
    company = generate(ACCOUNTS, MONTHS, seed=5, as_of=today())
    with (
        empty_database(tmp_path) as url,
        installed(tmp_path / "home", company, as_of=today(), database_url=url, now=True) as there,
    ):
        tenant = there.crms.crm("fxiaoke")
        tenant.options.frequency_limit = None  # type: ignore[attr-defined] # only Fenxiang's
        engine = create_engine(url)
        with open_here(there) as zixin:
            run_once(job_of(zixin), RunWish(as_of=zixin.clock.today(), push=False))
        with several(there, engine) as place:
            yield place
        engine.dispose()


@pytest.mark.full
@pytest.mark.database
@needs_postgresql
def test_web_workers_and_schedulers_share_the_work_and_do_each_unit_once(backlog: Several) -> None:
    installation = backlog.installation
    for vendor, rule in zip(("zoho", "fxiaoke"), SLOW_WRITES, strict=True):
        installation.crms.crm(vendor).faults.add(rule)
    waiting = backlog.open_writes()
    backlog.start("worker", "worker-1")
    held = backlog.stop_in_the_middle("worker-1")
    for command, name in (
        ("worker", "worker-2"),
        ("worker", "worker-3"),
        ("scheduler", "scheduler-1"),
        ("scheduler", "scheduler-2"),
        ("web", "serve"),
    ):
        backlog.start(command, name)
    wait_until(lambda: rest_is_drained(backlog, held), "the others drain the rest", seconds=200)
    assert backlog.let_leases_run_out() == held
    wait_until(lambda: not backlog.open_writes(), "they take over", seconds=60)
    before = writes_of_accounts(installation)

    backlog.processes["worker-1"].send_signal(signal.SIGCONT)
    whole = backlog.beside_web()
    wait_until(whole.quiet, "quiet", seconds=200)

    assert waiting > held
    assert writes_of_accounts(installation) == before
    assert set(before.values()) == {1}
    for vendor in ("zoho", "fxiaoke"):
        keys = tasks_of(installation.crms, vendor)
        assert len(keys) == len(set(keys))
    assert token_requests(installation) == {"zoho": 1, "fxiaoke": 1}
    assert_notification_reaches_the_field(backlog)
    assert_each_tick_once(backlog)
    with reading(backlog.engine) as conn:
        assert conn.execute(sa.select(sa.func.count()).select_from(nodes)).scalar_one() == 6
        parked = sa.select(sa.func.count()).where(outbox.c.state == "parked")
        assert conn.execute(parked).scalar_one() == 0
    assert set(backlog.end().values()) == {0}
    assert "Traceback" not in backlog.said()
    with reading(backlog.engine) as conn:
        assert conn.execute(sa.select(sa.func.count()).select_from(nodes)).scalar_one() == 0


def rest_is_drained(backlog: Several, held: int) -> bool:
    """Tell whether all is written but what is held, and the tasks that wait behind it."""
    other = CONNECTION_NAMES["fxiaoke"]
    return backlog.open_writes("running") == held and not backlog.open_writes(system=other)


def assert_notification_reaches_the_field(backlog: Several) -> None:
    clerks = clerks_of(backlog.installation.crms)
    house = House(clerks)
    for vendor in clerks:
        items = house.late_customer(vendor)
        house.pay_all(vendor, items)
        wait_until(
            lambda vendor=vendor, items=items: house.settled(vendor, items[0].account),  # type: ignore[misc]
            f"{vendor} shows the payment",
        )
    for clerk in clerks.values():
        clerk.close()


def assert_each_tick_once(backlog: Several) -> None:
    with reading(backlog.engine) as conn:
        served = conn.execute(sa.select(ticks.c.schedule, ticks.c.error)).all()
        begun = conn.execute(sa.select(runs.c.finished_at).where(runs.c.scope == "due")).all()
    assert {row.error for row in served} == {""}
    assert begun
    assert all(row.finished_at is not None for row in begun)


# On SQLite


@pytest.fixture
def alone(tmp_path: Path) -> Iterator[Installation]:
    company = generate(12, 3, seed=5, as_of=today())
    with installed(tmp_path, company, as_of=today(), now=True) as installation:
        yield installation


def test_the_parts_are_refused_on_sqlite(alone: Installation) -> None:
    commands = ("web", "worker", "scheduler")
    started = {command: alone.start(command) for command in commands}

    for command, process in started.items():
        _out, said = process.communicate(timeout=120)
        assert process.returncode == 2
        assert f"zixin {command}" in said
        assert "PostgreSQL" in said
        assert "Traceback" not in said


def test_a_second_serve_is_refused_on_sqlite_while_the_first_lives(alone: Installation) -> None:
    with serving(alone):
        second = alone.run("serve", "--port", "0")

    assert second.returncode == 2
    assert "SQLite" in second.stderr


def test_a_killed_serve_does_not_keep_the_next_one_out(alone: Installation) -> None:
    with serving(alone) as first:
        first.process.kill()
        first.process.wait()

    port = first.port
    alone.edit(f"port = {port}", "port = 8080")
    alone.edit(f"127.0.0.1:{port}", "127.0.0.1:8080")
    with serving(replace(alone)) as second:
        assert second.listens()
