"""What we remember of writes that succeeded: what the CRM was last told, and which tasks stand."""

from collections.abc import Collection, Mapping
from datetime import datetime

import sqlalchemy as sa

from adapters.port import CreditField, FieldValue, TaskChange, TaskDraft, field_text
from connector.store.engine import upsert
from connector.store.tables import last_written, tasks
from scoring.records import AccountRef

__all__ = ["last_told", "note_fields", "note_task_changed", "note_task_created", "note_task_gone"]


def last_told(
    conn: sa.Connection, accounts: Collection[AccountRef]
) -> dict[AccountRef, dict[CreditField, str]]:
    """Tell what accounts of one system were last told, as texts; absent means never."""
    told: dict[AccountRef, dict[CreditField, str]] = {account: {} for account in accounts}
    if not told:
        return told
    statement = sa.select(last_written).where(
        last_written.c.system.in_({account.system for account in accounts}),
        last_written.c.record_id.in_([account.record_id for account in accounts]),
    )
    for row in conn.execute(statement):
        account = AccountRef(row.system, row.record_id)
        if account in told:
            told[account][CreditField(row.field)] = row.value or ""
    return told


def note_fields(
    conn: sa.Connection,
    account: AccountRef,
    values: Mapping[CreditField, FieldValue],
    *,
    now: datetime,
) -> None:
    """Remember what the CRM holds because of us."""
    rows = [
        {
            "system": account.system,
            "record_id": account.record_id,
            "field": name.value,
            "value": field_text(value),
            "written_at": now,
        }
        for name, value in values.items()
    ]
    if rows:
        conn.execute(upsert(conn, last_written, update=("value", "written_at")).values(rows))


def note_task_created(conn: sa.Connection, draft: TaskDraft, task_id: str) -> None:
    """Remember the id under which a planned task stands in the CRM."""
    conn.execute(
        tasks.update()
        .where(tasks.c.key == draft.key)
        .values(
            task_id=task_id,
            state=sa.case((tasks.c.state == "planned", "open"), else_=tasks.c.state),
        )
    )


def note_task_changed(conn: sa.Connection, change: TaskChange, *, now: datetime) -> None:
    """Remember that a task was closed; a rewritten one stays open."""
    if change.closed:
        _close(conn, change.key, now)


def note_task_gone(conn: sa.Connection, key: str, *, now: datetime) -> None:
    """Remember that a person deleted a task: it counts as closed and does not come back."""
    _close(conn, key, now)


def _close(conn: sa.Connection, key: str, now: datetime) -> None:
    conn.execute(
        tasks.update()
        .where(tasks.c.key == key)
        .values(state="closed", closed_at=sa.func.coalesce(tasks.c.closed_at, now))
    )
