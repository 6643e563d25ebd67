"""The whole job, once: pull, group, assess, plan tasks, push. One failing CRM stops no other."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from time import monotonic
from typing import Unpack

import msgspec
import sqlalchemy as sa

from adapters.errors import CredentialsRejected, CrmError
from adapters.port import CrmPort, Usage
from connector.clock import Clock
from connector.flow.assess import Scope
from connector.flow.decide import decide
from connector.flow.job import Job, Step, silent
from connector.flow.pull import PullReport, PullWish, pull, pull_records
from connector.flow.push import PushReport, push_due
from connector.store.engine import in_one_commit, reading
from connector.store.problems import count_problems
from connector.store.queue_tables import paused
from connector.store.usage import add_usage
from connector.work.parked import count_parked
from connector.work.pauses import halt, resume
from scoring.records import Kind

__all__ = [
    "ConnectionReport",
    "PortReader",
    "RunReport",
    "RunWish",
    "read_crm",
    "run_once",
]


@dataclass(frozen=True, kw_only=True)
class RunWish:
    """How a run is wanted. Without ``push`` the write-backs wait in the outbox."""

    as_of: date
    full: bool = False
    allow_mass_change: bool = False
    scope: Scope = Scope.DUE
    push: bool = True


class ConnectionReport(msgspec.Struct):
    """What a run did with one connection.

    ``parked`` is all that waits for a person there now: records, write-backs and messages.
    ``error``: why the CRM could not be read, or empty.
    """

    pulled: dict[str, int] = msgspec.field(default_factory=dict)
    fields_written: int = 0
    tasks_created: int = 0
    tasks_updated: int = 0
    tasks_closed: int = 0
    notes_written: int = 0
    parked: int = 0
    api_calls: int = 0
    api_credits: int = 0
    error: str = ""
    warnings: list[str] = msgspec.field(default_factory=list)


class RunReport(msgspec.Struct):
    """One pass over all connections."""

    connections: dict[str, ConnectionReport] = msgspec.field(default_factory=dict)
    assessed: int = 0
    seconds: float = 0.0
    alarms: list[str] = msgspec.field(default_factory=list)

    @property
    def parked(self) -> int:
        """Count what waits for a person."""
        return sum(report.parked for report in self.connections.values())

    @property
    def errors(self) -> list[str]:
        """Say which CRMs could not be read."""
        return [report.error for report in self.connections.values() if report.error]


def run_once(
    job: Job, wish: RunWish, *, step: Step = silent, seconds: Callable[[], float] = monotonic
) -> RunReport:
    """Do the whole job once and report. A CRM that cannot be read is named, not raised."""
    began = seconds()
    report = RunReport({name: ConnectionReport() for name in job.ports})
    before = {name: port.usage() for name, port in job.ports.items()}
    for name, port in job.ports.items():
        _pull(job, port, wish, report.connections[name], step)
    decision = decide(job, wish.as_of, scope=wish.scope, step=step)
    report.assessed = decision.assessed.assessed
    if wish.push:
        _push(job, report, step)
    _count(job, report, before)
    report.seconds = round(seconds() - began, 3)
    return report


def _pull(job: Job, port: CrmPort, wish: RunWish, report: ConnectionReport, step: Step) -> None:
    try:
        pulled = read_crm(
            job,
            port,
            full=wish.full,
            allow_mass_change=wish.allow_mass_change,
            progress=lambda kind, done, total: step(f"pull {kind}", port.system, done, total),
        )
    except CrmError as error:
        report.error = str(error)
        return
    report.pulled = _counts(pulled)
    report.warnings = pulled.warnings


def read_crm(job: Job, port: CrmPort, **wish: Unpack[PullWish]) -> PullReport:
    """Pull a connection. Its work halts when it refuses our credentials and goes on when not.

    Raises ``CrmError``.
    """
    try:
        wish.setdefault("computed_each", job.computed_each)
        pulled = pull(port, job.engine, job.clock, **wish)
    except CredentialsRejected as error:
        _halt(job, port.system, error)
        raise
    in_one_commit(job.engine, lambda conn: _resume_halted(conn, port.system))
    return pulled


def _counts(pulled: PullReport) -> dict[str, int]:
    """Name the feeds; the three everybody asks for are always there."""
    always = dict.fromkeys((Kind.ACCOUNTS, Kind.INVOICES, Kind.PAYMENTS), 0)
    return {kind.value: count for kind, count in (always | pulled.pulled).items()}


def _halt(job: Job, system: str, error: CrmError) -> None:
    reason = error.user_message
    in_one_commit(job.engine, lambda conn: halt(conn, system, reason=reason, now=job.clock.now()))


def _resume_halted(conn: sa.Connection, system: str) -> None:
    """A read that worked proves the credentials: what was halted for them goes on."""
    halted = sa.select(paused.c.system).where(paused.c.system == system, paused.c.until.is_(None))
    if conn.execute(halted).first() is not None:
        resume(conn, system)


def _push(job: Job, report: RunReport, step: Step) -> None:
    before = {name: port.usage() for name, port in job.ports.items()}
    pushed: PushReport = push_due(job.engine, job.ports, job.clock, rng=job.rng)
    in_one_commit(job.engine, lambda conn: _note_usage(conn, job, before))
    for name, counts in pushed.systems.items():
        connection = report.connections[name]
        connection.fields_written = counts.fields_written
        connection.tasks_created = counts.tasks_created
        connection.tasks_updated = counts.tasks_updated
        connection.tasks_closed = counts.tasks_closed
        connection.notes_written = counts.notes_written
        step("push", name, counts.accounts_written, None)
    report.alarms = pushed.alarms


def _note_usage(conn: sa.Connection, job: Job, before: Mapping[str, Usage]) -> None:
    for name, port in sorted(job.ports.items()):
        after = port.usage()
        spent = Usage(after.calls - before[name].calls, after.credits - before[name].credits)
        add_usage(conn, name, job.clock.today(), spent)


def _count(job: Job, report: RunReport, before: Mapping[str, Usage]) -> None:
    """Add calls and credits, and what waits for a person."""
    with reading(job.engine) as conn:
        problems, parked = count_problems(conn), count_parked(conn)
    for name, connection in report.connections.items():
        after = job.ports[name].usage()
        connection.api_calls = after.calls - before[name].calls
        connection.api_credits = after.credits - before[name].credits
        connection.parked = problems.get(name, 0) + parked.get(name, 0)


@dataclass(frozen=True)
class PortReader:
    """Reads what a notification names; fits the ``Reader`` of ``react.py``."""

    engine: sa.Engine
    ports: Mapping[str, CrmPort]
    clock: Clock

    def records(self, system: str, kind: Kind, record_ids: Sequence[str]) -> None:
        """Read these records as they are now."""
        pull_records(self.ports[system], self.engine, self.clock, {kind: record_ids})

    def changes(self, system: str, kind: Kind) -> None:
        """Read all that changed in this feed since the last time."""
        pull(self.ports[system], self.engine, self.clock, kinds=[kind])
