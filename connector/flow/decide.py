"""What is decided between pull and push: groups, assessments, and the tasks that follow."""

from collections.abc import Sequence
from datetime import date

import msgspec

from connector.flow.assess import AssessReport, Scope, StillMine, assess_stale
from connector.flow.dunning import DunningReport, plan_dunning
from connector.flow.entities import group_entities
from connector.flow.job import Job, Step, silent
from connector.flow.renewals import plan_renewals
from connector.store.accounts import accounts_apart_from
from connector.store.cursors import read_once
from connector.store.engine import in_one_commit, reading
from connector.store.references import check_references
from connector.store.staleness import clear_stale
from scoring.records import AccountRef

__all__ = [
    "DecideReport",
    "decide",
    "decide_chunk",
    "finish_run",
    "group_accounts",
    "unread_connections",
]


class DecideReport(msgspec.Struct, frozen=True):
    """What was decided between pull and push."""

    assessed: AssessReport
    tasks: DunningReport


def decide(
    job: Job, as_of: date, *, scope: Scope = Scope.STALE, step: Step = silent
) -> DecideReport:
    """Group, assess and plan tasks for what was pulled; the write-backs wait in the outbox.

    A company in a CRM that was never read to its end waits: invoices without their payments would
    make bad ratings and tasks for nothing. With ``Scope.STALE`` tasks are planned for the accounts
    that were assessed, else for all; and cash that has just come in makes no task to apply it yet.
    In quiet hours nobody gets a new task: those that stand are kept and closed as ever.
    """
    group_accounts(job, scope)
    unread = unread_connections(job)
    assessed = _assess(job, as_of, scope, unread, step)
    tasks = _follow_up(job, as_of, scope, assessed, unread)
    return DecideReport(assessed, tasks)


def decide_chunk(
    job: Job, as_of: date, scope: Scope, companies: Sequence[str], *, still_mine: StillMine
) -> AssessReport:
    """Decide about some companies, as long as that is still ours to do.

    With ``Scope.STALE`` their tasks are planned at once, else by ``finish_run``.
    """
    assessed = assess_stale(
        job.engine,
        job.rules,
        as_of,
        job.clock,
        only=companies,
        still_mine=still_mine,
        keep_marks=scope is Scope.STALE,
    )
    if scope is Scope.STALE:
        _follow_up(job, as_of, scope, assessed, ())
    return assessed


def finish_run(job: Job, as_of: date, scope: Scope) -> None:
    """Do what follows once all companies of a shared run were assessed."""
    if scope is not Scope.STALE:
        _follow_up(job, as_of, scope, AssessReport(), unread_connections(job))


def _follow_up(
    job: Job, as_of: date, scope: Scope, assessed: AssessReport, unread: Sequence[str]
) -> DunningReport:
    """Look at blocked orders again and plan the tasks."""
    job.recheck(as_of)
    only = assessed.accounts if scope is Scope.STALE else _all_but(job, unread)
    if only == []:
        in_one_commit(job.engine, lambda conn: clear_stale(conn, assessed.marks))
        return DunningReport()
    tasks = _plan_overdue(job, as_of, scope, only, assessed.marks)
    if scope is not Scope.STALE and job.may_ask(job.clock.now()):
        _plan_renewals(job, as_of, only)
    return tasks


def group_accounts(job: Job, scope: Scope) -> None:
    """Group accounts into companies; where all are looked at, see what their records refer to."""
    now = job.clock.now()
    group_entities(job.engine, now=now, default_currency=job.rules.policy.currency)
    if scope is not Scope.STALE:
        in_one_commit(job.engine, lambda conn: check_references(conn, now=now))


def unread_connections(job: Job) -> list[str]:
    """Name the connections whose feeds were not all read to their end yet."""
    kinds = {name: port.kinds for name, port in job.ports.items()}  # a port may ask its CRM
    with reading(job.engine) as conn:
        return [name for name in kinds if not read_once(conn, name, kinds[name])]


def _assess(job: Job, as_of: date, scope: Scope, unread: Sequence[str], step: Step) -> AssessReport:
    return assess_stale(
        job.engine,
        job.rules,
        as_of,
        job.clock,
        scope=scope,
        unread=unread,
        keep_marks=scope is Scope.STALE,
        progress=lambda done, total: step("assess", "", done, total),
    )


def _all_but(job: Job, unread: Sequence[str]) -> list[AccountRef] | None:
    """Name the accounts of companies in no unread connection; ``None``: all."""
    if not unread:
        return None
    with reading(job.engine) as conn:
        return accounts_apart_from(conn, unread)


def _plan_overdue(
    job: Job,
    as_of: date,
    scope: Scope,
    only: Sequence[AccountRef] | None,
    marks: Sequence[int],
) -> DunningReport:
    return plan_dunning(
        job.engine,
        policy=job.rules.policy,
        rates=job.rules.rates,
        words=job.words,
        as_of=as_of,
        now=job.step_time(as_of),
        only=only,
        apply_cash=scope is not Scope.STALE,
        new_tasks=job.may_ask(job.clock.now()),
        marks=marks,
    )


def _plan_renewals(job: Job, as_of: date, only: Sequence[AccountRef] | None) -> None:
    plan_renewals(
        job.engine,
        policy=job.rules.policy,
        rates=job.rules.rates,
        words=job.words,
        as_of=as_of,
        now=job.step_time(as_of),
        only=only,
    )
