"""Parked work is shown without customers' names, and mended before it is tried again."""

from datetime import UTC, date, datetime

import pytest
import sqlalchemy as sa

from adapters.port import Priority, TaskDraft
from connector.store.audit import list_entries
from connector.store.engine import in_one_commit, reading, writing
from connector.store.queue_tables import inbox, outbox
from connector.work import parked
from connector.work.queue import enqueue
from connector.work.writebacks import decode_as
from scoring.money import Money
from scoring.records import AccountRef

NOW = datetime(2026, 11, 28, 9, tzinfo=UTC)
TASK = TaskDraft(
    key="cc1:zoho:1:overdue:L1",
    account=AccountRef("zoho", "1"),
    owner_id="left",
    subject="示例客户有限公司",
    body="请联系示例客户有限公司",
    due_on=date(2026, 12, 1),
    priority=Priority.HIGH,
    level=1,
    overdue=Money(100, "CNY"),
    oldest_days=9,
)


@pytest.fixture
def ref(engine: sa.Engine) -> str:
    def park(conn: sa.Connection) -> str:
        enqueue(conn, [TASK], now=NOW)
        conn.execute(outbox.update().values(state="parked", last_error="the owner has left"))
        (item,) = parked.list_parked(conn)
        return item.ref

    return in_one_commit(engine, park)


def test_a_task_is_shown_by_its_facts_and_not_by_its_texts(engine: sa.Engine, ref: str) -> None:
    with writing(engine) as conn:
        shown = parked.show(conn, ref)

    assert shown.wants == {
        "due_on": "2026-12-01",
        "level": "1",
        "owner": "left",
        "closed": "false",
    }
    assert "示例" not in str(shown)


def test_a_task_is_given_to_somebody_else_and_the_log_says_so(engine: sa.Engine, ref: str) -> None:
    in_one_commit(engine, lambda conn: parked.edit(conn, ref, now=NOW, owner="7", who="li"))

    with reading(engine) as conn:
        row = conn.execute(sa.select(outbox)).one()
        told = [entry.why for entry in list_entries(conn, limit=9) if entry.what == "parked_edited"]
    assert decode_as(row.kind, row.body, TaskDraft).owner_id == "7"
    assert (row.state, told) == ("parked", ["by li: owner 7"])


def test_a_message_is_kept_as_it_came(engine: sa.Engine) -> None:
    def keep(conn: sa.Connection) -> None:
        row = {"system": "zoho", "message_id": "m", "received_at": NOW, "headers": b"{}"}
        row |= {"body": b"12345", "lane": "zoho/m", "run_after": NOW, "state": "parked"}
        conn.execute(inbox.insert().values(row))

    in_one_commit(engine, keep)
    with writing(engine) as conn:
        assert parked.show(conn, "in:1").wants == {"message": "m", "bytes": "5"}
        with pytest.raises(parked.CannotEdit, match="as it came"):
            parked.edit(conn, "in:1", now=NOW, owner="7")
