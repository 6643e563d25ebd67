"""What we remember of writes that succeeded: what the CRM was last told, and which tasks stand."""

from collections.abc import Collection, Mapping
from datetime import datetime

import sqlalchemy as sa

from adapters.port import CreditField, FieldValue, TaskChange, TaskDraft, field_text
from connector.store.engine import upsert
from connector.store.tables import accounts as accounts_table
from connector.store.tables import cursors, last_written, problems, tasks
from scoring.records import AccountRef, Kind

__all__ = [
    "last_told",
    "note_fields",
    "note_task_changed",
    "note_task_created",
    "note_task_gone",
    "still_told",
]


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


def still_told(
    conn: sa.Connection, system: str, record_ids: Collection[str], *, read_since: datetime
) -> dict[str, dict[CreditField, str]]:
    """Tell what accounts hold because of us, by the last pull: no look at the CRM is needed.

    Nobody has changed an account since we wrote a field there if its time of change, as it was
    pulled, is no later than the CRM's stamp of that write. Empty unless the last scan of all
    accounts has ended and began at or after ``read_since``. An account that could not be read then
    is left out.
    """
    unreadable = sa.exists().where(
        problems.c.system == last_written.c.system,
        problems.c.kind == Kind.ACCOUNTS.value,
        problems.c.record_id == last_written.c.record_id,
        problems.c.cleared_at.is_(None),
    )
    statement = (
        sa.select(last_written.c.record_id, last_written.c.field, last_written.c.value)
        .join(
            accounts_table,
            sa.and_(
                accounts_table.c.system == last_written.c.system,
                accounts_table.c.record_id == last_written.c.record_id,
                accounts_table.c.modified_at <= last_written.c.crm_at,
                accounts_table.c.gone_at.is_(None),
            ),
        )
        .join(
            cursors,
            sa.and_(
                cursors.c.system == last_written.c.system,
                cursors.c.kind == Kind.ACCOUNTS.value,
                cursors.c.position == "",
                cursors.c.began_at >= read_since,
            ),
        )
        .where(last_written.c.system == system, last_written.c.record_id.in_(list(record_ids)))
        .where(~unreadable)
    )
    held: dict[str, dict[CreditField, str]] = {}
    for record_id, field, value in conn.execute(statement):
        held.setdefault(record_id, {})[CreditField(field)] = value or ""
    return held


def note_fields(
    conn: sa.Connection,
    account: AccountRef,
    values: Mapping[CreditField, FieldValue],
    *,
    now: datetime,
    crm_at: datetime | None = None,
) -> None:
    """Remember what the CRM holds because of us; ``crm_at`` is its own stamp of our write.

    Without one, the stamp of an earlier write stays: it is older than what happened since.
    """
    rows = [
        {
            "system": account.system,
            "record_id": account.record_id,
            "field": name.value,
            "value": field_text(value),
            "written_at": now,
            "crm_at": crm_at,
        }
        for name, value in values.items()
    ]
    update = ("value", "written_at") if crm_at is None else ("value", "written_at", "crm_at")
    if rows:
        # As parameters: a statement that holds its rows would be compiled anew for each account.
        conn.execute(upsert(conn, last_written, update=update), rows)


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
