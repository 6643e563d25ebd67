"""Our ledger of overdue tasks: each was asked for once, under a key that never returns."""

from collections.abc import Collection, Iterable, Iterator
from datetime import datetime
from typing import Any

import msgspec
import sqlalchemy as sa

from connector.store.engine import insert_or_ignore
from connector.store.tables import accounts, tasks
from scoring.records import AccountRef

__all__ = [
    "DOCUMENT",
    "TaskRow",
    "entities_with_open_tasks",
    "load_tasks",
    "open_document_tasks",
    "open_task_accounts",
    "plan_task",
    "retext_task",
    "task_ids",
    "tasks_since",
]

#: What a task's leading item begins with where it is a document of the credit file, not a claim.
DOCUMENT = "#document:"
_IDS_PER_STATEMENT = 1000


class TaskRow(msgspec.Struct, frozen=True, kw_only=True):
    """A task as we know it. ``state``: ``planned`` until the CRM has it, ``open``, ``closed``."""

    key: str
    account: AccountRef
    owner_id: str | None
    level: int
    leading_item: str
    cycle: int
    task_id: str | None = None
    state: str = "planned"
    text_hash: str
    created_at: datetime
    closed_at: datetime | None = None


def plan_task(conn: sa.Connection, task: TaskRow) -> bool:
    """Put a task down in the commit that asks for it. False: it was asked for before."""
    values = msgspec.structs.asdict(task)
    account: AccountRef = values.pop("account")
    values |= {"system": account.system, "account_id": account.record_id}
    statement = insert_or_ignore(conn, tasks).values(values).returning(tasks.c.key)
    return conn.execute(statement).first() is not None


def retext_task(conn: sa.Connection, key: str, text_hash: str) -> None:
    """Remember which text a task was told last."""
    conn.execute(tasks.update().where(tasks.c.key == key).values(text_hash=text_hash))


def task_ids(conn: sa.Connection, keys: Collection[str]) -> dict[str, str]:
    """Tell under which ids tasks stand in their CRM, by key; those not created yet are absent."""
    statement = sa.select(tasks.c.key, tasks.c.task_id).where(
        tasks.c.key.in_(sorted(keys)), tasks.c.task_id.is_not(None)
    )
    return {row.key: row.task_id for row in conn.execute(statement)}


def load_tasks(
    conn: sa.Connection, accounts: Collection[AccountRef]
) -> dict[AccountRef, list[TaskRow]]:
    """Load every dunning task of these accounts, oldest first; accounts without one are absent."""
    found: dict[AccountRef, list[TaskRow]] = {}
    for system, chunk in _by_system(accounts):
        statement = (
            sa.select(tasks)
            .where(tasks.c.system == system, tasks.c.account_id.in_(chunk), ~_of_a_document())
            .order_by(tasks.c.created_at, tasks.c.key)
        )
        for row in conn.execute(statement):
            task = _task(row)
            found.setdefault(task.account, []).append(task)
    return found


def open_task_accounts(conn: sa.Connection) -> list[AccountRef]:
    """Name the accounts with a dunning task that is not closed, sorted."""
    statement = (
        sa.select(tasks.c.system, tasks.c.account_id)
        .where(tasks.c.state != "closed", ~_of_a_document())
        .distinct()
    )
    return sorted(AccountRef(row.system, row.account_id) for row in conn.execute(statement))


def entities_with_open_tasks(conn: sa.Connection) -> set[str]:
    """Name the entities of accounts with a dunning task that is not closed."""
    same = sa.and_(accounts.c.system == tasks.c.system, accounts.c.record_id == tasks.c.account_id)
    statement = (
        sa.select(accounts.c.entity)
        .join(tasks, same)
        .where(tasks.c.state != "closed", ~_of_a_document(), accounts.c.entity.is_not(None))
        .distinct()
    )
    return {entity for entity in conn.execute(statement).scalars() if entity is not None}


def open_document_tasks(conn: sa.Connection) -> list[TaskRow]:
    """Load the tasks to renew a document that are not closed, by key."""
    statement = (
        sa.select(tasks).where(tasks.c.state != "closed", _of_a_document()).order_by(tasks.c.key)
    )
    return [_task(row) for row in conn.execute(statement)]


def _of_a_document() -> sa.ColumnElement[bool]:
    return tasks.c.leading_item.startswith(DOCUMENT, autoescape=True)


def tasks_since(conn: sa.Connection, moment: datetime) -> dict[tuple[str, str | None], int]:
    """Count the tasks asked for since a moment, by connection and owner."""
    statement = (
        sa.select(tasks.c.system, tasks.c.owner_id, sa.func.count())
        .where(tasks.c.created_at >= moment)
        .group_by(tasks.c.system, tasks.c.owner_id)
    )
    return {(row[0], row[1]): row[2] for row in conn.execute(statement)}


def _by_system(accounts: Iterable[AccountRef]) -> Iterator[tuple[str, list[str]]]:
    systems: dict[str, list[str]] = {}
    for account in sorted(accounts):
        systems.setdefault(account.system, []).append(account.record_id)
    for system, ids in systems.items():
        for start in range(0, len(ids), _IDS_PER_STATEMENT):
            yield system, ids[start : start + _IDS_PER_STATEMENT]


def _task(row: sa.Row[Any]) -> TaskRow:
    return TaskRow(
        key=row.key,
        account=AccountRef(row.system, row.account_id),
        owner_id=row.owner_id,
        level=row.level,
        leading_item=row.leading_item,
        cycle=row.cycle,
        task_id=row.task_id,
        state=row.state,
        text_hash=row.text_hash,
        created_at=row.created_at,
        closed_at=row.closed_at,
    )
