"""From open items to tasks in a CRM: who gets one, about what, and who gets none."""

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import msgspec
import pytest
import sqlalchemy as sa

from adapters.port import TaskDraft
from connector.clock import FixedClock
from connector.flow import decide as decide_module
from connector.flow import dunning
from connector.flow.assess import Scope
from connector.flow.decide import decide
from connector.flow.dunning import DunningReport, overdue_wishes, plan_dunning
from connector.flow.entities import group_entities
from connector.flow.job import Job
from connector.flow.pull import pull
from connector.store.book import load_book
from connector.store.engine import reading, writing
from connector.store.queue_tables import outbox
from connector.store.staleness import mark_stale
from connector.work.writebacks import decode
from scoring.book import Book, Rate
from scoring.money import Money
from scoring.policy import Policy
from scoring.records import AccountRef, Record
from tests.connector.flow.deciding import AS_OF, a_job
from tests.crm_records import (
    a_contact,
    a_payment,
    an_account,
    an_invoice,
    an_owner,
)
from tests.fake_crm import FakeCrm


def dun(
    engine: sa.Engine,
    clock: FixedClock,
    *records: Record,
    rates: dict[str, Rate] | None = None,
    only: list[AccountRef] | None = None,
    as_of: date = AS_OF,
    new_tasks: bool = True,
) -> tuple[DunningReport, list[TaskDraft]]:
    """Pull a CRM's records, plan its tasks and tell the drafts that wait, loudest first."""
    port = FakeCrm("zoho", list(records))
    pull(port, engine, clock)
    group_entities(engine, now=clock.now())
    report = plan_dunning(
        engine,
        policy=Policy(),
        rates=rates or {},
        words=a_job(engine, clock, port).words,
        as_of=as_of,
        now=clock.now(),
        only=only,
        new_tasks=new_tasks,
    )
    with reading(engine) as conn:
        waiting = conn.execute(sa.select(outbox).order_by(outbox.c.id)).all()
    drafts = [decode(row.kind, row.body) for row in waiting]
    return report, [draft for draft in drafts if isinstance(draft, TaskDraft)]


def test_task_goes_to_the_owner_with_amount_and_contact(
    engine: sa.Engine, clock: FixedClock
) -> None:
    _, (draft,) = dun(engine, clock, an_owner(), an_account(), a_contact(), an_invoice())

    assert (draft.owner_id, draft.overdue) == ("u1", Money(10_000_00, "CNY"))
    assert draft.oldest_days == (AS_OF - date(2026, 8, 31)).days
    assert "王会计" in draft.body


def test_owner_who_left_or_is_unknown_gets_no_task(engine: sa.Engine, clock: FixedClock) -> None:
    gone = msgspec.structs.replace(an_owner(), active=False)
    stranger = an_account("a2", owner_id="u9")
    _, drafts = dun(
        engine, clock, gone, an_account(), stranger, an_invoice(), an_invoice("i2", "a2")
    )

    assert [draft.owner_id for draft in drafts] == [None, None]


def test_disputed_part_is_not_asked_for(engine: sa.Engine, clock: FixedClock) -> None:
    due = AS_OF - timedelta(days=20)
    invoice = msgspec.structs.replace(
        an_invoice(due_on=due, disputed=4_000_00), disputed_on=due + timedelta(days=1)
    )
    _, (draft,) = dun(engine, clock, an_owner(), an_account(), invoice)

    assert draft.overdue == Money(6_000_00, "CNY")


def test_foreign_item_is_valued_at_the_rate_and_left_out_without_one(
    engine: sa.Engine, clock: FixedClock
) -> None:
    items = (an_invoice(), an_invoice("i2", amount=1_000_00, currency="USD"))
    rates = {"USD": Rate(Decimal("7.1"), AS_OF)}
    _, (draft,) = dun(engine, clock, an_owner(), an_account(), *items, rates=rates)

    assert draft.overdue == Money(17_100_00, "CNY")
    assert "US$1,000.00" in draft.body


def test_cash_we_hold_makes_a_task_to_apply_it(engine: sa.Engine, clock: FixedClock) -> None:
    _, (draft,) = dun(engine, clock, an_owner(), an_account(), an_invoice(), a_payment())

    assert draft.level == 0
    assert "核销" in draft.subject


def test_only_the_named_accounts_are_looked_at(engine: sa.Engine, clock: FixedClock) -> None:
    records = (an_owner(), an_account(), an_account("a2"), an_invoice(), an_invoice("i2", "a2"))
    report, (draft,) = dun(engine, clock, *records, only=[AccountRef("zoho", "a2")])

    assert report == DunningReport(created=1)
    assert draft.account == AccountRef("zoho", "a2")


def test_planning_again_asks_for_nothing_new(engine: sa.Engine, clock: FixedClock) -> None:
    records = (an_owner(), an_account(), an_invoice())
    first, _ = dun(engine, clock, *records)
    again, drafts = dun(engine, clock, *records)

    assert (first.created, again.created, again.changed, len(drafts)) == (1, 0, 0, 1)


def test_at_night_nobody_gets_a_new_task_and_the_one_that_stands_goes_on(
    engine: sa.Engine, clock: FixedClock
) -> None:
    records = (an_owner(), an_account(), an_invoice())
    night, none = dun(engine, clock, *records, new_tasks=False)
    morning, drafts = dun(engine, clock, *records)
    clock.move(timedelta(days=30))
    later, still = dun(engine, clock, *records, as_of=AS_OF + timedelta(days=30), new_tasks=False)

    assert (night, none) == (DunningReport(deferred=1), [])
    assert (morning.created, len(drafts)) == (1, 1)
    assert (later.created, later.changed, still) == (0, 0, drafts)


def test_a_task_that_is_paid_at_night_is_closed_at_night(
    engine: sa.Engine, clock: FixedClock
) -> None:
    records = (an_owner(), an_account(), an_invoice())
    dun(engine, clock, *records)

    report, _ = dun(
        engine, clock, *records, a_payment(), as_of=AS_OF - timedelta(days=400), new_tasks=False
    )

    assert report.changed == 1


def test_a_whole_look_reads_only_who_may_be_late(
    engine: sa.Engine, clock: FixedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Today's assessment tells who owes nothing late; who has a task or changed since is looked at."""
    later = date(2026, 12, 24)
    records: list[Record] = [
        *(an_owner(), an_account("late"), an_account("calm"), an_account("changed")),
        *(an_invoice("i1", "late"), an_invoice("i2", "calm", due_on=later)),
        an_invoice("i3", "changed", due_on=later),
    ]
    port = FakeCrm("zoho", records)
    pull(port, engine, clock)
    job = a_job(engine, clock, port)
    decide(job, AS_OF, scope=Scope.DUE)
    with writing(engine) as conn:
        mark_stale(conn, "zoho", ["changed"])
    read: list[list[str]] = []

    def noting(conn: sa.Connection, entities: list[str], *args: Any, **more: Any) -> Book:
        read.append(entities)
        return load_book(conn, entities, *args, **more)

    monkeypatch.setattr(dunning, "load_book", noting)
    report = decide(job, AS_OF, scope=Scope.DUE).tasks

    names = {entity for chunk in read for entity in chunk}
    assert (len(names), report.created) == (1, 0)
    with writing(engine) as conn:
        mark_stale(conn, "zoho", ["changed"])
        assert len(overdue_wishes(conn, **_looking(job))) == 1
    assert len({entity for chunk in read for entity in chunk}) == 2


def _looking(job: Job) -> Any:
    return {
        "policy": job.rules.policy,
        "rates": job.rules.rates,
        "words": job.words,
        "as_of": AS_OF,
    }


def test_a_death_between_deciding_and_planning_leaves_no_task_unplanned(
    engine: sa.Engine, clock: FixedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    port = FakeCrm("zoho", [an_owner(), an_account(), an_invoice()])
    pull(port, engine, clock)
    job = a_job(engine, clock, port)

    def dies(*_: Any, **__: Any) -> DunningReport:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(decide_module, "plan_dunning", dies)
        with pytest.raises(KeyboardInterrupt):
            decide(job, AS_OF, scope=Scope.STALE)
    assert decide(job, AS_OF, scope=Scope.STALE).tasks.created == 1

    again = decide(job, AS_OF, scope=Scope.STALE)
    assert (again.assessed.assessed, again.tasks.created) == (0, 0)
