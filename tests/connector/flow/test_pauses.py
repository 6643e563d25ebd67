"""Dunning waits: promises, plans and blocks from the store, in the task's words and in its end."""

from datetime import date, timedelta
from typing import Any

import sqlalchemy as sa

from adapters.port import TaskChange, TaskDraft
from connector.clock import FixedClock
from connector.flow.dunning import plan_dunning
from connector.flow.entities import group_entities
from connector.flow.pauses import pauses_of
from connector.flow.pull import pull
from connector.flow.task_text import PromiseMade
from connector.store.engine import reading
from connector.store.file_tables import decisions, promises
from connector.store.queue_tables import outbox
from connector.work.writebacks import decode
from scoring.calendar import WorkCalendar
from scoring.dunning import Plan
from scoring.money import Money
from scoring.policy import Policy
from tests.builders import AS_OF as BOOK_DAY
from tests.builders import Row, a_book, an_entity, days_ago
from tests.connector.flow.deciding import AS_OF, a_job
from tests.crm_records import an_account, an_invoice, an_owner
from tests.fake_crm import FakeCrm


def books(engine: sa.Engine, clock: FixedClock) -> FakeCrm:
    """Pull one customer with one overdue invoice."""
    port = FakeCrm("zoho", [an_owner(), an_account(), an_invoice()])
    pull(port, engine, clock)
    group_entities(engine, now=clock.now())
    return port


def dun(engine: sa.Engine, clock: FixedClock, port: FakeCrm, as_of: date = AS_OF) -> list[Any]:
    """Plan the tasks and tell what was asked for this time."""
    with reading(engine) as conn:
        before = conn.execute(sa.select(sa.func.count()).select_from(outbox)).scalar_one()
    plan_dunning(
        engine,
        policy=Policy(),
        rates={},
        words=a_job(engine, clock, port).words,
        as_of=as_of,
        now=clock.now(),
    )
    with reading(engine) as conn:
        waiting = conn.execute(sa.select(outbox).order_by(outbox.c.id)).all()
    return [decode(row.kind, row.body) for row in waiting[before:]]


def decide(engine: sa.Engine, clock: FixedClock, kind: str, **changes: Any) -> None:
    """Approve a decision about the customer, from today on."""
    values: dict[str, Any] = {"id": kind, "account_system": "zoho", "account_id": "a1"}
    values |= {"kind": kind, "state": "approved", "from_on": AS_OF, "reason": "r", "text": "t"}
    values |= {"author": "li", "approver": "wang", "created_at": clock.now()}
    with engine.begin() as conn:
        conn.execute(decisions.insert().values(values | changes))


def test_running_twice_asks_for_nothing_new(engine: sa.Engine, clock: FixedClock) -> None:
    """Vector 14."""
    port = books(engine, clock)
    (draft,) = dun(engine, clock, port)

    assert isinstance(draft, TaskDraft)
    assert dun(engine, clock, port) == []


def test_a_task_says_when_to_call_and_why_it_is_urgent(
    engine: sa.Engine, clock: FixedClock
) -> None:
    (draft,) = dun(engine, clock, books(engine, clock))

    assert "8:00–21:00" in draft.body
    assert "优先级" in draft.body


def test_a_block_keeps_a_task_from_being_given(engine: sa.Engine, clock: FixedClock) -> None:
    port = books(engine, clock)
    decide(engine, clock, "dunning_block", to_on=AS_OF + timedelta(days=3))

    assert dun(engine, clock, port) == []
    assert len(dun(engine, clock, port, AS_OF + timedelta(days=4))) == 1


def test_a_block_ends_the_task_that_stands_and_says_why(
    engine: sa.Engine, clock: FixedClock
) -> None:
    port = books(engine, clock)
    dun(engine, clock, port)
    decide(engine, clock, "dunning_block")
    (change,) = dun(engine, clock, port)

    assert isinstance(change, TaskChange)
    assert change.closed
    assert "暂停催收" in change.body


def test_a_plan_leaves_the_task_standing_and_tells_that_it_waits(
    engine: sa.Engine, clock: FixedClock
) -> None:
    port = books(engine, clock)
    (draft,) = dun(engine, clock, port)
    decide(engine, clock, "repayment_plan", to_on=AS_OF + timedelta(days=90))
    later = AS_OF + timedelta(days=20)
    clock.move(timedelta(days=20))
    (change,) = dun(engine, clock, port, later)

    assert not change.closed
    assert change.key == draft.key
    assert "还款计划执行正常" in change.body
    assert dun(engine, clock, port, later) == []


def test_a_promise_is_told_in_the_task_and_holds_it_back(
    engine: sa.Engine, clock: FixedClock
) -> None:
    port = books(engine, clock)
    dun(engine, clock, port)
    columns = {column.name for column in promises.c}
    values: dict[str, Any] = {"system": "zoho", "record_id": "p1", "account_id": "a1"}
    values |= {
        "account_system": "zoho",
        "made_on": AS_OF,
        "content_hash": "-",
        "read_at": clock.now(),
    }
    values |= {"promised_on": AS_OF + timedelta(days=5), "amount_minor": 5_000_00}
    values |= {"amount_currency": "CNY", "modified_at": clock.now(), "generation": 0}
    with engine.begin() as conn:
        conn.execute(promises.insert().values({k: v for k, v in values.items() if k in columns}))
    (change,) = dun(engine, clock, port)

    assert not change.closed
    assert "承诺于" in change.body
    assert "¥5,000" in change.body
    assert "承诺期内不升级" in change.body


def a_promise(name: str, made_on: date, promised_on: date, amount: int = 100_00) -> Row:
    values: dict[str, object] = {"promise": name, "entity": "E1", "account": "s:E1", "item": None}
    rest = {"made_on": made_on, "promised_on": promised_on, "currency": "CNY", "amount": amount}
    return Row("promises", values | rest | {"cancelled_on": None, "superseded_on": None})


def an_own_account() -> Row:
    values: dict[str, object] = {"account": "s:E1", "entity": "E1", "system": "s"}
    return Row("accounts", values | {"owner_id": None, "name": "x", "currency": None})


def test_a_broken_promise_ends_its_plan() -> None:
    plan = Row(
        "decisions",
        dict.fromkeys(("grade", "currency", "amount", "scope", "to_on"))
        | {"decision": "d", "entity": "E1", "kind": "repayment_plan"}
        | {"from_on": days_ago(40), "reason": "r"},
    )
    broken = a_promise("p1", days_ago(40), days_ago(30))
    book = a_book(an_entity(), an_own_account(), plan, broken)
    found = pauses_of(book, Policy(), BOOK_DAY, WorkCalendar())["s:E1"]

    assert found.pauses.plans == (Plan(from_on=days_ago(40), to_on=None, broken=1),)
    assert found.promises == (
        PromiseMade(
            made_on=days_ago(40),
            promised_on=days_ago(30),
            amount=Money(100_00, "CNY"),
            status="broken",
        ),
    )


def test_who_promised_nothing_is_left_out() -> None:
    book = a_book(an_entity(), an_own_account())

    assert pauses_of(book, Policy(), BOOK_DAY, WorkCalendar()) == {}
