"""A small house for pushing: a database, a clock, a CRM that fails on request."""

import random
from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa

from adapters.errors import CrmError
from adapters.port import FieldUpdate, Outcome, TaskDraft
from connector.clock import FixedClock
from connector.flow.push import PushReport, PushSettings, push_due
from connector.flow.push_desk import PushCounts
from connector.store.engine import reading, writing
from connector.store.queue_tables import outbox
from connector.store.tables import audit, last_written
from connector.store.tasks import TaskRow, load_tasks, plan_task
from connector.work.queue import enqueue
from connector.work.writebacks import WriteBack
from scoring.records import AccountRef
from tests.crm_records import an_account
from tests.fake_crm import FakeCrm

__all__ = ["House", "RefusingCrm", "a_crm"]


class RefusingCrm(FakeCrm):
    """Refuses single accounts: ``refusals`` are by account id."""

    refusals: dict[str, CrmError]
    sent: list[list[str]]

    def update_fields(self, updates: Sequence[FieldUpdate]) -> list[Outcome]:
        """Write each, or refuse it."""
        ids = [update.account.record_id for update in updates]
        self.sent.append(ids)
        good = [update for update in updates if update.account.record_id not in self.refusals]
        written = iter(super().update_fields(good))
        return [self.refusals.get(record_id) or next(written) for record_id in ids]

    def create_tasks(self, drafts: Sequence[TaskDraft]) -> list[Outcome]:
        """Create each, or refuse it."""
        ids = [draft.account.record_id for draft in drafts]
        self.sent.append(ids)
        good = [draft for draft in drafts if draft.account.record_id not in self.refusals]
        created = iter(super().create_tasks(good))
        return [self.refusals.get(record_id) or next(created) for record_id in ids]


def a_crm(system: str = "crm", *, accounts: int = 3, enforces_task_key: bool = True) -> RefusingCrm:
    """Open a CRM with accounts ``A1`` to ``A<n>``."""
    records = [an_account(f"A{number}") for number in range(1, accounts + 1)]
    crm = RefusingCrm(system, records, enforces_task_key=enforces_task_key)
    crm.refusals, crm.sent = {}, []
    return crm


class House:
    """What one push needs."""

    def __init__(self, engine: sa.Engine, clock: FixedClock) -> None:
        self.engine = engine
        self.clock = clock

    def wish(self, *writes: WriteBack) -> None:
        """Put WriteBacks down."""
        with writing(self.engine) as conn:
            enqueue(conn, writes, now=self.clock.now())

    def ask(self, draft: TaskDraft) -> None:
        """Put a task down, in the ledger and in the outbox."""
        task = TaskRow(
            key=draft.key,
            account=draft.account,
            owner_id=draft.owner_id,
            level=draft.level,
            leading_item="I1",
            cycle=1,
            text_hash="t",
            created_at=self.clock.now(),
        )
        with writing(self.engine) as conn:
            plan_task(conn, task)
            enqueue(conn, [draft], now=self.clock.now())

    def push(self, *crms: FakeCrm, **settings: Any) -> PushCounts:
        """Push once and give the counts of the first CRM."""
        return self.report(*crms, **settings).of(crms[0].system)

    def report(self, *crms: FakeCrm, **settings: Any) -> PushReport:
        """Push once."""
        return push_due(
            self.engine,
            {crm.system: crm for crm in crms},
            self.clock,
            rng=random.Random(7),
            settings=PushSettings(**settings),
        )

    def rows(self) -> list[sa.Row[Any]]:
        """List the outbox."""
        return self._all(sa.select(outbox).order_by(outbox.c.id))

    def states(self) -> list[str]:
        """List the states of the outbox."""
        return [row.state for row in self.rows()]

    def told(self) -> dict[tuple[str, str], str]:
        """List what was last written."""
        rows = self._all(sa.select(last_written))
        return {(row.record_id, row.field): row.value for row in rows}

    def audited(self) -> list[sa.Row[Any]]:
        """List the audit log."""
        return self._all(sa.select(audit).order_by(audit.c.seq))

    def ledger(self, account: str = "A1", system: str = "crm") -> list[TaskRow]:
        """List the tasks of an account."""
        ref = AccountRef(system, account)
        with reading(self.engine) as conn:
            return load_tasks(conn, [ref]).get(ref, [])

    def _all(self, statement: sa.Select[Any]) -> list[sa.Row[Any]]:
        with reading(self.engine) as conn:
            return list(conn.execute(statement).all())
