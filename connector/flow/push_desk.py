"""What all pushing shares: the settings, the counting, and the settling of what failed."""

import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, TypeVar

import msgspec
import sqlalchemy as sa

from adapters.errors import (
    CredentialsRejected,
    CrmError,
    CrmUnavailable,
    OutcomeUnknown,
    QuotaExhausted,
    RateLimited,
    Refused,
)
from adapters.events import Hint
from adapters.port import CreditField, CrmPort, FieldValue, Outcome
from connector.clock import Clock
from connector.flow.receipts import note_task_gone
from connector.store.audit import AuditEntry, append
from connector.store.engine import in_one_commit
from connector.work import queue
from connector.work.alerts import note
from connector.work.claim import LEASE
from connector.work.inbox import put_hints
from connector.work.pauses import halt, pause
from connector.work.retry import SETTLE_WINDOW, Action, Verdict, verdict
from connector.work.writebacks import WriteKind
from scoring.records import Kind

__all__ = ["Desk", "PushCounts", "PushReport", "PushSettings", "Row", "Settling", "stopper"]

Row = sa.Row[Any]
W = TypeVar("W")

_NOT_APPLIED = (CredentialsRejected, CrmUnavailable, QuotaExhausted, RateLimited, Refused)
_STOPPERS = (CredentialsRejected, CrmUnavailable, QuotaExhausted, RateLimited)


@dataclass(frozen=True, slots=True, kw_only=True)
class PushSettings:
    """How pushing goes about it.

    ``batch_rows`` go in one call where the CRM takes several. ``settle_window``: after an unknown
    outcome no look counts before it has passed. ``look_gap`` lies between the two looks. A pull
    that began within ``pull_counts`` tells as well as a look whether somebody changed an account.
    """

    batch_rows: int = 100
    lease: timedelta = LEASE
    settle_window: timedelta = SETTLE_WINDOW
    look_gap: timedelta = timedelta(seconds=30)
    pull_counts: timedelta = timedelta(minutes=5)


class PushCounts(msgspec.Struct):
    """What was done in one system. ``fields_written`` counts values, ``accounts_written`` records.

    ``unchanged``: field updates that stood in the CRM already. ``tasks_adopted``: tasks found there
    under their key. ``waiting``: tries that will be repeated. ``obsolete``: the record is gone.
    """

    fields_written: int = 0
    accounts_written: int = 0
    unchanged: int = 0
    tasks_created: int = 0
    tasks_adopted: int = 0
    tasks_updated: int = 0
    tasks_closed: int = 0
    notes_written: int = 0
    parked: int = 0
    waiting: int = 0
    obsolete: int = 0


class PushReport(msgspec.Struct):
    """What one push did, by system, and what an operator should hear."""

    systems: dict[str, PushCounts] = msgspec.field(default_factory=dict)
    alarms: list[str] = msgspec.field(default_factory=list)

    def of(self, system: str) -> PushCounts:
        """Give the counts of a system."""
        return self.systems.setdefault(system, PushCounts())

    def add(self, system: str, counts: PushCounts, alarms: Sequence[str]) -> None:
        """Count what one commit did; each alarm is kept once."""
        known = self.of(system)
        for name in PushCounts.__struct_fields__:
            setattr(known, name, getattr(known, name) + getattr(counts, name))
        self.alarms += [sentence for sentence in alarms if sentence not in self.alarms]


class Settling:
    """One commit that settles rows held under one lease; what it did is counted after the commit."""

    def __init__(self, desk: "Desk", conn: sa.Connection, lease: str) -> None:
        self.desk = desk
        self.conn = conn
        self.lease = lease
        self.now = desk.clock.now()
        self.counts = PushCounts()
        self.alarms: list[str] = []
        self.audit: list[AuditEntry] = []

    def done(self, row: Row, note: str = "") -> bool:
        """End a row. False: it is no longer ours, nothing of its outcome may be written down."""
        return queue.settle(
            self.conn, row, lease=self.lease, state="done", now=self.now, error=note
        )

    def log(
        self,
        row: Row,
        what: str,
        *,
        why: str,
        old: Mapping[str, str] | None = None,
        new: Mapping[str, str] | None = None,
    ) -> None:
        """Note a write for the audit log; it is appended at the end of the commit."""
        self.audit.append(
            AuditEntry(
                at=self.now,
                system=row.system,
                target=row.task_key or row.account_id,
                what=what,
                old=None if old is None else msgspec.json.encode(old),
                new=None if new is None else msgspec.json.encode(new),
                assessment_id=row.assessment_id,
                why=why,
            )
        )

    def park(self, row: Row, note: str) -> None:
        """Let a row wait for a person."""
        if queue.settle(self.conn, row, lease=self.lease, state="parked", now=self.now, error=note):
            self.counts.parked += 1

    def later(
        self,
        row: Row,
        run_after: datetime,
        *,
        counted: bool,
        note: str = "",
        newer_waits: bool = False,
    ) -> None:
        """Let a row run again; with ``newer_waits`` a newer wish of its account no sooner."""
        if queue.put_back(
            self.conn,
            row,
            lease=self.lease,
            now=self.now,
            run_after=run_after,
            counted=counted,
            error=note,
            newer_waits=newer_waits,
        ):
            self.counts.waiting += 1

    def unsend(self, row: Row) -> None:
        """Forget that a row was about to be sent: it was not."""
        queue.forget_sending(self.conn, row, lease=self.lease)

    def fail(self, row: Row, error: Exception) -> None:
        """Settle a row by an error, and its system with it."""
        decided = verdict(
            error,
            row.attempts,
            self.now,
            self.desk.rng,
            resend_safe=self._resend_safe(row),
            settle_window=self.desk.settings.settle_window,
        )
        if isinstance(error, _NOT_APPLIED):
            self.unsend(row)
        self._mind_the_system(row.system, decided)
        match decided.action:
            case Action.LATER:
                self.later(
                    row,
                    decided.run_after,
                    counted=decided.counted,
                    note=decided.note,
                    newer_waits=decided.unknown,
                )
            case Action.PARK:
                self.park(row, decided.note)
            case Action.OBSOLETE:
                self._end_obsolete(row, decided)

    def _resend_safe(self, row: Row) -> bool:
        """Whether sending it twice leaves one: a CRM never refuses a second note."""
        if row.kind == WriteKind.TASK:
            return self.desk.task_key_enforced
        return bool(row.kind != WriteKind.NOTE)

    def _mind_the_system(self, system: str, decided: Verdict) -> None:
        if decided.halt:
            halt(self.conn, system, reason=decided.note, now=self.now)
        elif decided.pause_until is not None:
            pause(self.conn, system, until=decided.pause_until, reason=decided.note, now=self.now)
        if decided.alarm and decided.alarm not in self.alarms:
            self.alarms.append(decided.alarm)
            if decided.alert is not None:
                note(self.conn, decided.alert, now=self.now)

    def _end_obsolete(self, row: Row, decided: Verdict) -> None:
        if not self.done(row, decided.note):
            return
        self.counts.obsolete += 1
        if row.kind == WriteKind.TASK_CHANGE:
            note_task_gone(self.conn, row.task_key, now=self.now)
        elif decided.pull_again:
            hint = Hint(Kind.ACCOUNTS, (row.account_id,))
            put_hints(self.conn, row.system, f"outbox:{row.id}", [hint], now=self.now)


@dataclass(slots=True, kw_only=True)
class Desk:
    """What pushing to one system has at hand.

    ``task_key_enforced`` is noted before tasks are sent: settling must not ask the CRM.
    ``restored``: the database was once taken back to a backup, so the CRM may hold tasks of ours
    and values in our fields that nobody here remembers.
    """

    engine: sa.Engine
    port: CrmPort
    clock: Clock
    rng: random.Random
    settings: PushSettings
    report: PushReport
    stop: Callable[[], bool]
    task_key_enforced: bool = False
    restored: bool = False

    def settle(self, lease: str, work: Callable[[Settling], None]) -> None:
        """Do ``work`` in one commit; it may run again when another writer was in the way."""

        def attempt(conn: sa.Connection) -> Settling:
            settling = Settling(self, conn, lease)
            work(settling)
            append(conn, settling.audit)  # last: writers of the log stand in line from here on
            return settling

        settled = in_one_commit(self.engine, attempt)
        self.report.add(self.port.system, settled.counts, settled.alarms)

    def fail_all(self, rows: Sequence[Row], lease: str, error: Exception) -> None:
        """Settle every row of a batch by one error."""

        def work(settling: Settling) -> None:
            for row in rows:
                settling.fail(row, error)

        self.settle(lease, work)

    def release(self, rows: Sequence[Row], lease: str) -> None:
        """Give rows back that were not sent, as if they had not been claimed."""

        def work(settling: Settling) -> None:
            for row in rows:
                settling.unsend(row)
                settling.later(row, settling.now, counted=False)

        self.settle(lease, work)

    def end_obsolete(self, rows: Sequence[Row], lease: str, note: str) -> None:
        """End rows that need no write any more."""

        def work(settling: Settling) -> None:
            for row in rows:
                if settling.done(row, note):
                    settling.counts.obsolete += 1

        self.settle(lease, work)

    def hold(self, rows: Sequence[Row], lease: str) -> None:
        """Lengthen the lease of rows; those that are no longer ours stay so."""
        now, length = self.clock.now(), self.settings.lease
        in_one_commit(
            self.engine,
            lambda conn: queue.hold(conn, rows, lease=lease, now=now, length=length),
        )

    def mark_sending(
        self,
        rows: Sequence[Row],
        lease: str,
        values: Mapping[int, Mapping[CreditField, FieldValue]] | None = None,
    ) -> list[Row]:
        """Commit that rows are about to leave; returns those that are still ours."""
        now = self.clock.now()
        ours = in_one_commit(
            self.engine,
            lambda conn: queue.mark_sending(
                conn, rows, lease=lease, now=now, values=values, length=self.settings.lease
            ),
        )
        return [row for row in rows if row.id in ours]

    def send(
        self, operation: str, writes: Sequence[W], call: Callable[[Sequence[W]], list[Outcome]]
    ) -> list[Outcome]:
        """Carry write-backs to the CRM in one call; returns an outcome for each.

        An error of the whole call is that of each; what has no answer has an unknown outcome.
        """
        try:
            answered = call(writes)
        except CrmError as error:
            return [error] * len(writes)
        missing = OutcomeUnknown(
            "the CRM said nothing about this record", system=self.port.system, operation=operation
        )
        return [*answered, *[missing] * len(writes)][: len(writes)]


def stopper(outcomes: Sequence[Outcome]) -> CrmError | None:
    """Find an error that stands in the way of every further call."""
    return next((error for error in outcomes if isinstance(error, _STOPPERS)), None)
