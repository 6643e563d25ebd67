"""A run shared by chunk: each company once, what follows once, whoever dies or oversleeps."""

import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import date, timedelta
from itertools import count

import pytest
import sqlalchemy as sa

from connector.clock import FixedClock
from connector.flow.assess import Rules, Scope
from connector.flow.entities import group_entities
from connector.flow.job import Job
from connector.flow.shared_run import decide_changes, put_down_run, work_off_chunk
from connector.store.assessments import latest_assessments
from connector.store.engine import in_one_commit, reading
from connector.store.queue_tables import chunks, outbox, runs
from connector.store.staleness import stale_entities
from connector.work.alone import alone
from connector.work.claim import LEASE
from connector.work.takeover import take_over
from scoring.book import Book
from scoring.policy import Policy
from scoring.records import Kind
from tests.connector.flow.deciding import (
    AS_OF,
    SimpleDecided,
    a_job,
    simple_assess,
    simple_rules,
)
from tests.connector.store.saving import NOW, save
from tests.crm_records import an_account, an_invoice

COMPANIES = 6


@pytest.fixture
def job(engine: sa.Engine, clock: FixedClock) -> Job:
    """Six customers with a late invoice each."""
    save(engine, Kind.ACCOUNTS, *(an_account(f"a{n}") for n in range(COMPANIES)))
    save(engine, Kind.INVOICES, *(an_invoice(f"i{n}", f"a{n}") for n in range(COMPANIES)))
    group_entities(engine, now=NOW)
    return a_job(engine, clock)


def leases() -> Callable[[], str]:
    numbers = count(1)
    return lambda: f"lease-{next(numbers)}"


def work_off_all(job: Job) -> int:
    """Work until nothing is due; tells how many rows were worked off."""
    new_lease, worked = leases(), 0
    while work_off_chunk(job, new_lease):
        worked += 1
    return worked


def assessed(engine: sa.Engine) -> list[str]:
    with reading(engine) as conn:
        return sorted(stored.assessment.entity for stored in latest_assessments(conn))


def states(engine: sa.Engine) -> list[tuple[str, str]]:
    with reading(engine) as conn:
        rows = conn.execute(sa.select(chunks.c.kind, chunks.c.state).order_by(chunks.c.id))
        return [(row.kind, row.state) for row in rows]


def tasks(engine: sa.Engine) -> int:
    statement = sa.select(sa.func.count()).where(outbox.c.kind == "task")
    with reading(engine) as conn:
        return int(conn.execute(statement).scalar_one())


def finished(engine: sa.Engine) -> list[bool]:
    with reading(engine) as conn:
        ends = conn.execute(sa.select(runs.c.finished_at).order_by(runs.c.id)).scalars()
        return [end is not None for end in ends]


def watched(job: Job, seen: list[list[str]]) -> Job:
    def assess(book: Book, policy: Policy, as_of: date) -> SimpleDecided:
        seen.append(sorted(book.entities["entity"].to_list()))
        return simple_assess(book, policy, as_of)

    return replace(job, rules=replace(simple_rules(), assess=assess))


def failing(job: Job, entity: str) -> Job:
    def assess(book: Book, policy: Policy, as_of: date) -> SimpleDecided:
        if entity in book.entities["entity"].to_list():
            raise ZeroDivisionError
        return simple_assess(book, policy, as_of)

    rules: Rules = replace(simple_rules(), assess=assess)
    return replace(job, rules=rules)


def test_a_run_is_worked_off_in_chunks_and_followed_up_once(job: Job) -> None:
    seen: list[list[str]] = []
    rechecks: list[date] = []
    job = replace(watched(job, seen), recheck=rechecks.append)

    assert put_down_run(job, AS_OF, Scope.DUE, chunk=4)
    assert (tasks(job.engine), finished(job.engine)) == (0, [False])
    worked = work_off_all(job)

    assert worked == 3
    assert [len(companies) for companies in seen] == [4, 2]
    assert len(assessed(job.engine)) == tasks(job.engine) == COMPANIES
    assert rechecks == [AS_OF]
    assert finished(job.engine) == [True]


def test_a_second_host_joins_the_run_that_is_under_way(job: Job) -> None:
    assert put_down_run(job, AS_OF, Scope.DUE)

    assert not put_down_run(job, AS_OF, Scope.DUE)

    assert states(job.engine) == [("assess", "ready")]


def test_a_run_without_companies_is_finished_all_the_same(job: Job) -> None:
    put_down_run(job, AS_OF, Scope.DUE)
    work_off_all(job)

    assert put_down_run(job, AS_OF, Scope.DUE)

    assert work_off_all(job) == 1
    assert finished(job.engine) == [True, True]


def test_a_later_date_takes_over_what_an_earlier_run_left(job: Job) -> None:
    put_down_run(job, AS_OF, Scope.DUE)

    assert put_down_run(job, AS_OF + timedelta(days=1), Scope.DUE)

    assert states(job.engine) == [("assess", "dropped"), ("assess", "ready")]
    work_off_all(job)
    with reading(job.engine) as conn:
        days = {stored.assessment.as_of for stored in latest_assessments(conn)}
    assert days == {AS_OF + timedelta(days=1)}


def test_a_dead_workers_chunk_is_taken_over_when_its_lease_ends(
    job: Job, clock: FixedClock
) -> None:
    def killed(_book: Book, _policy: Policy, _as_of: date) -> SimpleDecided:
        raise KeyboardInterrupt

    put_down_run(job, AS_OF, Scope.DUE)
    with pytest.raises(KeyboardInterrupt):
        work_off_chunk(replace(job, rules=replace(job.rules, assess=killed)), leases())

    assert work_off_all(job) == 0
    clock.move(LEASE)
    assert work_off_all(job) == 2
    assert len(assessed(job.engine)) == COMPANIES


def test_who_starts_alone_takes_a_dead_workers_chunk_over_at_once(
    job: Job, clock: FixedClock
) -> None:
    put_down_run(job, AS_OF, Scope.DUE)
    with job.engine.begin() as conn:
        conn.execute(chunks.update().values(state="running", lease="dead", run_after=NOW + LEASE))
    clock.move(timedelta(seconds=1))

    in_one_commit(job.engine, lambda conn: take_over(conn, now=clock.now()))

    assert work_off_all(job) == 2


def test_a_worker_that_overslept_puts_nothing_down(job: Job, clock: FixedClock) -> None:
    put_down_run(job, AS_OF, Scope.DUE)
    mine = iter(["the sleeper"])

    def overslept(book: Book, policy: Policy, as_of: date) -> SimpleDecided:
        clock.move(LEASE)
        assert work_off_chunk(job, lambda: "the successor")
        return simple_assess(book, policy, as_of)

    sleeper = replace(job, rules=replace(job.rules, assess=overslept))

    assert work_off_chunk(sleeper, lambda: next(mine))

    with reading(job.engine) as conn:
        opened = conn.execute(sa.select(runs.c.open)).scalar_one()
        rows = conn.execute(sa.select(outbox.c.id).where(outbox.c.kind == "fields")).all()
    assert opened == 0
    assert states(job.engine) == [("assess", "done"), ("finish", "ready")]
    assert len(rows) == COMPANIES


def test_one_company_that_cannot_be_assessed_keeps_no_other(
    job: Job, clock: FixedClock, caplog: pytest.LogCaptureFixture
) -> None:
    broken = failing(job, "zoho:a3")
    put_down_run(broken, AS_OF, Scope.DUE)

    for _ in range(20):
        work_off_all(broken)
        clock.move(timedelta(minutes=2))

    good = [f"zoho:a{n}" for n in range(COMPANIES) if n != 3]
    assert assessed(job.engine) == good
    assert finished(job.engine) == [True]
    assert states(job.engine).count(("assess", "parked")) == 1
    with reading(job.engine) as conn:
        assert stale_entities(conn) == ["zoho:a3"]
        assert conn.execute(sa.select(runs.c.failed)).scalar_one() == 1
    assert tasks(job.engine) == COMPANIES


def test_few_changes_are_decided_at_once(job: Job) -> None:
    assert decide_changes(job, AS_OF)

    assert len(assessed(job.engine)) == tasks(job.engine) == COMPANIES
    assert states(job.engine) == []
    assert not decide_changes(job, AS_OF)


def test_many_changes_become_a_run_that_all_share(job: Job) -> None:
    seen: list[list[str]] = []
    job = watched(job, seen)

    assert decide_changes(job, AS_OF, chunk=4)
    assert not decide_changes(job, AS_OF, chunk=4)
    assert work_off_all(job) == 3

    assert [len(companies) for companies in seen] == [4, 2]
    assert tasks(job.engine) == COMPANIES


def test_a_change_beside_a_run_of_many_is_decided_at_once(job: Job) -> None:
    seen: list[list[str]] = []
    job = watched(job, seen)
    decide_changes(job, AS_OF, chunk=4)
    save(job.engine, Kind.ACCOUNTS, an_account("new"))

    assert decide_changes(job, AS_OF, chunk=4)

    assert seen == [["zoho:new"]]


def test_one_company_among_changes_that_fails_is_found_by_a_run(
    job: Job, clock: FixedClock
) -> None:
    broken = failing(job, "zoho:a3")

    assert decide_changes(broken, AS_OF)
    for _ in range(20):
        work_off_all(broken)
        clock.move(timedelta(minutes=2))

    assert len(assessed(job.engine)) == COMPANIES - 1


def test_changes_are_decided_by_one_worker_at_a_time(job: Job) -> None:
    with alone(job.engine, "decide") as lease:
        assert lease is not None

        assert not decide_changes(job, AS_OF)

    assert assessed(job.engine) == []
    assert decide_changes(job, AS_OF)


@pytest.fixture
def threads() -> Iterator[list[threading.Thread]]:
    started: list[threading.Thread] = []
    yield started
    for thread in started:
        thread.join()


def test_two_workers_share_a_run_and_one_of_them_follows_up(
    job: Job, threads: list[threading.Thread]
) -> None:
    seen: list[list[str]] = []
    rechecks: list[date] = []
    job = replace(watched(job, seen), recheck=rechecks.append)
    put_down_run(job, AS_OF, Scope.DUE, chunk=1)

    def work(name: str) -> None:
        numbers = count()
        while not all(finished(job.engine)):
            work_off_chunk(job, lambda: f"{name}-{next(numbers)}")

    threads += [threading.Thread(target=work, args=(name,)) for name in ("one", "two")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(seen) == [[f"zoho:a{n}"] for n in range(COMPANIES)]
    assert rechecks == [AS_OF]
