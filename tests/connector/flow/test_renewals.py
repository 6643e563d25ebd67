"""Documents that run out: one task for the owner, closed by a newer document, apart from dunning."""

from datetime import date, timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from adapters.port import TaskChange, TaskDraft
from connector.clock import FixedClock
from connector.flow.dunning import plan_dunning
from connector.flow.entities import group_entities
from connector.flow.renewals import plan_renewals
from connector.store.engine import reading
from connector.store.queue_tables import outbox
from connector.store.tasks import load_tasks, open_document_tasks, open_task_accounts
from connector.work.writebacks import decode
from scoring.dunning import DunningPolicy
from scoring.policy import Policy
from scoring.records import AccountRef, Kind
from tests.connector.flow.deciding import AS_OF, a_job
from tests.connector.store.saving import NOW, save
from tests.crm_records import an_account, an_owner
from tests.fake_crm import FakeCrm
from tests.file_records import a_credit_record

POLICY = Policy(groups=("payment", "history"))
FIRST = AccountRef("zoho", "a1")


@pytest.fixture
def file(engine: sa.Engine) -> sa.Engine:
    """甲, whose contract runs out in twenty days."""
    save(engine, Kind.OWNERS, an_owner())
    save(engine, Kind.ACCOUNTS, an_account("a1", name="甲公司"))
    a_contract(engine, AS_OF + timedelta(days=20))
    group_entities(engine, now=NOW)
    return engine


def a_contract(engine: sa.Engine, valid_to: date, record_id: str = "r1") -> None:
    known_on = date(2026, 1, 5)
    record = a_credit_record(
        record_id, kind="contract", value=None, known_on=known_on, valid_to=valid_to
    )
    save(engine, Kind.CREDIT_RECORDS, record)


def plan(
    engine: sa.Engine, clock: FixedClock, as_of: date = AS_OF, **more: Any
) -> list[TaskDraft | TaskChange]:
    """Plan the renewals and tell what was asked for this time."""
    with reading(engine) as conn:
        before = conn.execute(sa.select(sa.func.max(outbox.c.id))).scalar_one() or 0
    words = a_job(engine, clock, FakeCrm("zoho", [])).words
    wanted: dict[str, Any] = {"policy": POLICY, "rates": {}, "words": words} | more
    plan_renewals(engine, as_of=as_of, now=clock.now(), **wanted)
    with reading(engine) as conn:
        waiting = conn.execute(sa.select(outbox).where(outbox.c.id > before)).all()
    return [decode(row.kind, row.body) for row in waiting]  # type: ignore[misc] # only tasks are asked for


def test_the_owner_is_asked_once_before_a_document_runs_out(
    file: sa.Engine, clock: FixedClock
) -> None:
    (draft,) = plan(file, clock)

    assert isinstance(draft, TaskDraft)
    assert (draft.account, draft.owner_id) == (FIRST, "u1")
    assert "2026-12-14" in draft.subject
    assert "甲公司" in draft.body
    assert draft.due_on == date(2026, 12, 14)
    assert plan(file, clock) == []
    assert plan(file, clock, AS_OF + timedelta(days=1)) == []


@pytest.mark.parametrize(("days", "tasks"), [(30, 1), (31, 0), (0, 1), (-1, 0)])
def test_only_documents_that_run_out_soon_are_asked_for(
    days: int, tasks: int, file: sa.Engine, clock: FixedClock
) -> None:
    a_contract(file, AS_OF + timedelta(days=days))

    assert len(plan(file, clock)) == tasks


def test_a_newer_document_closes_the_task(file: sa.Engine, clock: FixedClock) -> None:
    plan(file, clock)
    a_contract(file, AS_OF + timedelta(days=400), "r2")

    (change,) = plan(file, clock)

    assert isinstance(change, TaskChange)
    assert (change.closed, change.account) == (True, FIRST)


def test_a_document_that_ran_out_is_still_wanted(file: sa.Engine, clock: FixedClock) -> None:
    plan(file, clock)

    assert plan(file, clock, AS_OF + timedelta(days=21)) == []
    with reading(file) as conn:
        assert len(open_document_tasks(conn)) == 1


def test_dunning_leaves_these_tasks_alone(file: sa.Engine, clock: FixedClock) -> None:
    plan(file, clock)

    words = a_job(file, clock, FakeCrm("zoho", [])).words
    report = plan_dunning(file, policy=POLICY, rates={}, words=words, as_of=AS_OF, now=clock.now())

    assert (report.created, report.changed) == (0, 0)
    with reading(file) as conn:
        assert load_tasks(conn, [FIRST]) == {}
        assert open_task_accounts(conn) == []


def test_an_owner_is_not_flooded(file: sa.Engine, clock: FixedClock) -> None:
    none = Policy(groups=("payment", "history"), dunning=DunningPolicy(tasks_per_owner_per_day=0))

    assert plan(file, clock, policy=none) == []
    assert len(plan(file, clock)) == 1


def test_companies_in_an_unread_connection_wait(file: sa.Engine, clock: FixedClock) -> None:
    assert plan(file, clock, only=[AccountRef("zoho", "a9")]) == []
