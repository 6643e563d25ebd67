from datetime import timedelta

import msgspec
import sqlalchemy as sa

from adapters.port import Usage
from connector.store.engine import reading, writing
from connector.store.tables import tasks
from connector.store.tasks import (
    TaskRow,
    load_tasks,
    open_task_accounts,
    plan_task,
    retext_task,
    tasks_since,
)
from connector.store.usage import add_usage, usage_on
from scoring.records import AccountRef
from tests.connector.store.saving import NOW

TASK = TaskRow(
    key="cc1:zoho:overdue:a1:i1:L1",
    account=AccountRef("zoho", "a1"),
    owner_id="u1",
    level=1,
    leading_item="zoho:i1",
    cycle=1,
    text_hash="h1",
    created_at=NOW,
)
SECOND = msgspec.structs.replace(TASK, key="k2", level=2, created_at=NOW + timedelta(days=1))


def test_a_task_is_planned_once(engine: sa.Engine) -> None:
    with writing(engine) as conn:
        results = [plan_task(conn, TASK), plan_task(conn, TASK)]

    assert results == [True, False]


def test_tasks_are_loaded_by_account_oldest_first(engine: sa.Engine) -> None:
    with writing(engine) as conn:
        for task in (SECOND, TASK):
            plan_task(conn, task)

    with reading(engine) as conn:
        found = load_tasks(conn, [TASK.account, AccountRef("zoho", "a9")])

    assert found == {TASK.account: [TASK, SECOND]}


def test_a_new_text_is_remembered(engine: sa.Engine) -> None:
    with writing(engine) as conn:
        plan_task(conn, TASK)
        retext_task(conn, TASK.key, "h2")

        assert load_tasks(conn, [TASK.account])[TASK.account][0].text_hash == "h2"


def test_closed_tasks_do_not_count_as_open(engine: sa.Engine) -> None:
    with writing(engine) as conn:
        plan_task(conn, TASK)
        plan_task(conn, msgspec.structs.replace(TASK, key="k3", account=AccountRef("fx", "b")))
        conn.execute(tasks.update().where(tasks.c.key == "k3").values(state="closed"))

        assert open_task_accounts(conn) == [TASK.account]


def test_tasks_of_a_day_are_counted_by_owner(engine: sa.Engine) -> None:
    with writing(engine) as conn:
        for task in (TASK, SECOND):
            plan_task(conn, task)

        assert tasks_since(conn, NOW) == {("zoho", "u1"): 2}
        assert tasks_since(conn, NOW + timedelta(hours=1)) == {("zoho", "u1"): 1}


def test_usage_adds_up_by_day(engine: sa.Engine) -> None:
    day = NOW.date()
    with writing(engine) as conn:
        add_usage(conn, "zoho", day, Usage(2, 3))
        add_usage(conn, "zoho", day, Usage(1, 1))

        assert usage_on(conn, "zoho", day) == Usage(3, 4)
        assert usage_on(conn, "zoho", day + timedelta(days=1)) == Usage(0, 0)
