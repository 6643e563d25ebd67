"""Deciding shared by all workers: a run is put down in chunks and worked off by whoever is free.

The results of a chunk are committed only while its lease is ours. What follows from all of them
(blocked orders, tasks) happens once, when the last chunk is settled. What changes between runs is
decided by one worker at a time.
"""

from collections.abc import Callable, Iterator, Sequence
from datetime import date

import sqlalchemy as sa
import structlog
from sqlalchemy.exc import SQLAlchemyError

from connector.flow.assess import Scope, chosen
from connector.flow.decide import decide_chunk, finish_run, group_accounts, unread_connections
from connector.flow.job import Job
from connector.store.accounts import entities_in
from connector.store.engine import in_one_commit, reading
from connector.store.groups import spread_marks
from connector.store.staleness import anything_new, drop_idle_marks, stale_entities
from connector.work import runs
from connector.work.alone import Held, LeaseLost, alone
from connector.work.retry import Action, error_note, verdict
from connector.work.runs import ChunkKind, Row, Run

__all__ = ["COMPANIES_A_CHUNK", "decide_changes", "put_down_run", "work_off_chunk"]

_log = structlog.get_logger(__name__)

COMPANIES_A_CHUNK = 1000
_TRIES_AS_A_WHOLE = 2
_TRIES_OF_ONE_COMPANY = 4  # about three minutes: all others wait for what follows


class _Lost(Exception):
    """The lease ran out while a chunk was worked on: somebody else has it now."""


def decide_changes(job: Job, as_of: date, *, chunk: int = COMPANIES_A_CHUNK) -> bool:
    """Decide about what changed, if no other worker does so now. True: something was done.

    Changes of more than a chunk of companies become a run that all share, and so do those among
    which one company fails: it must not keep the others. What a run under way takes care of is
    left to it.
    """
    with reading(job.engine) as conn:
        new = anything_new(conn)
    if not new:
        job.recheck(as_of)  # time alone may end a release
        return False
    with alone(job.engine, "decide") as lease:
        return lease is not None and _decide_changes(job, as_of, lease, chunk)


def _decide_changes(job: Job, as_of: date, lease: Held, chunk: int) -> bool:
    companies = _changed(job)
    if len(companies) > chunk:
        return put_down_run(job, as_of, Scope.STALE, chunk=chunk)
    try:
        decide_chunk(job, as_of, Scope.STALE, companies, still_mine=lease.must_hold)
    except SQLAlchemyError:
        raise
    except LeaseLost:
        _log.warning("deciding took longer than its lease")
    except Exception as error:  # noqa: BLE001 a fault of ours: a run finds the company it lies with
        _log.error("changes not decided together", error=error_note(error))
        return put_down_run(job, as_of, Scope.STALE, chunk=chunk)
    return bool(companies)


def _changed(job: Job) -> list[str]:
    """Name the companies that changed, but for those that a run has or that wait for a reading."""
    group_accounts(job, Scope.STALE)
    in_one_commit(job.engine, drop_idle_marks)
    in_one_commit(job.engine, spread_marks)
    unread = unread_connections(job)
    with reading(job.engine) as conn:
        companies = set(stale_entities(conn)) - runs.companies_under_way(conn, Scope.STALE)
        return sorted(companies - entities_in(conn, unread) if unread else companies)


def put_down_run(job: Job, as_of: date, scope: Scope, *, chunk: int = COMPANIES_A_CHUNK) -> bool:
    """Put a run down for all workers. False: such a run is under way already."""
    group_accounts(job, scope)
    in_one_commit(job.engine, drop_idle_marks)
    in_one_commit(job.engine, spread_marks)
    companies = chosen(job.engine, job.rules, as_of, scope, unread_connections(job))
    parts = list(_parts(companies, chunk))
    run = in_one_commit(
        job.engine,
        lambda conn: runs.put_down(
            conn,
            scope=scope.value,
            as_of=as_of,
            parts=parts,
            now=job.clock.now(),
        ),
    )
    return run is not None


def _parts(companies: Sequence[str], size: int) -> Iterator[Sequence[str]]:
    for start in range(0, len(companies), size):
        yield companies[start : start + size]


def work_off_chunk(job: Job, new_lease: Callable[[], str]) -> bool:
    """Work off the next chunk of any run. False: there is none now.

    A fault is settled with the chunk: it is tried again, in halves, and at last given up.
    """
    lease = new_lease()
    row = in_one_commit(job.engine, lambda conn: runs.claim(conn, now=job.clock.now(), lease=lease))
    if row is None:
        return False
    try:
        if runs.worn_out(row):
            _give_up(job, row, lease, "its worker stopped too often while this was under way")
        else:
            _work_off(job, row, lease)
    except _Lost:
        _log.warning("a chunk took longer than its lease", run=row.run)
    except Exception as error:  # noqa: BLE001 a fault of ours: settled as the table says
        _log.error("a chunk failed", run=row.run, error=error_note(error))
        _fail(job, row, lease, error)
    return True


def _work_off(job: Job, row: Row, lease: str) -> None:
    with reading(job.engine) as conn:
        found = runs.under_way(conn, row.run)
    if not found:
        raise _Lost
    (run,) = found
    if row.kind == ChunkKind.FINISH:
        _finish(job, run)
    else:
        decide_chunk(
            job,
            run.as_of,
            Scope(run.scope),
            runs.companies_of(row),
            still_mine=lambda conn: _must_hold(job, conn, row, lease),
        )
    now = job.clock.now()
    in_one_commit(job.engine, lambda conn: runs.settle(conn, row, lease=lease, now=now))


def _must_hold(job: Job, conn: sa.Connection, row: Row, lease: str) -> None:
    if not runs.hold(conn, row, lease=lease, now=job.clock.now()):
        raise _Lost


def _finish(job: Job, run: Run) -> None:
    finish_run(job, run.as_of, Scope(run.scope))


def _fail(job: Job, row: Row, lease: str, error: Exception) -> None:
    decided = verdict(error, row.attempts, job.clock.now(), job.rng)
    of_the_database = isinstance(error, SQLAlchemyError)
    if row.attempts >= _TRIES_AS_A_WHOLE and not of_the_database and _can_be_split(row):
        _split(job, row, lease, error_note(error))
    elif decided.action is Action.PARK or (not of_the_database and not _is_early(row)):
        _give_up(job, row, lease, decided.note)
    else:
        in_one_commit(
            job.engine, lambda conn: runs.put_back(conn, row, lease=lease, verdict=decided)
        )


def _give_up(job: Job, row: Row, lease: str, note: str) -> None:
    if _can_be_split(row):
        _split(job, row, lease, note)
        return
    now = job.clock.now()
    in_one_commit(job.engine, lambda conn: runs.park(conn, row, lease=lease, now=now, note=note))
    _log.error("a part of a run was given up", run=row.run, part=row.id, error=note)


def _is_early(row: Row) -> bool:
    return bool(row.attempts < _TRIES_OF_ONE_COMPANY)


def _can_be_split(row: Row) -> bool:
    return row.kind == ChunkKind.ASSESS and len(runs.companies_of(row)) > 1


def _split(job: Job, row: Row, lease: str, note: str) -> None:
    now = job.clock.now()
    in_one_commit(job.engine, lambda conn: runs.split(conn, row, lease=lease, now=now, note=note))
