"""Tasks to renew documents of the credit file before they run out (资料到期, credit-management 3.2).

One task a document and end, for the owner of the company's first account; a newer document closes
it. They stand beside the tasks of dunning, which do not know them.
"""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, time
from hashlib import sha256

import polars as pl
import sqlalchemy as sa

from adapters.port import Priority, TaskChange, TaskDraft
from connector.flow.task_text import TaskWords
from connector.flow.tasks import KEY_LENGTH
from connector.store.book import load_book, portions
from connector.store.engine import in_one_commit, reading
from connector.store.file_tables import credit_records, statements
from connector.store.tables import accounts, owners
from connector.store.tasks import (
    DOCUMENT,
    TaskRow,
    open_document_tasks,
    plan_task,
    tasks_since,
)
from connector.work.queue import enqueue
from scoring.book import Book, Rate
from scoring.dossier import expiring_items, items_at
from scoring.money import Money
from scoring.policy import Policy
from scoring.records import AccountRef

__all__ = ["plan_renewals"]


@dataclass(frozen=True, kw_only=True)
class _Document:
    """The document of an item that counts: whose, and until when; ``None``: for good."""

    account: AccountRef
    company: str
    owner_id: str | None
    item: str
    valid_to: date | None

    @property
    def leading_item(self) -> str:
        return f"{DOCUMENT}{self.item}:{self.valid_to}"


def plan_renewals(
    engine: sa.Engine,
    *,
    policy: Policy,
    rates: Mapping[str, Rate],
    words: TaskWords,
    as_of: date,
    now: datetime,
    only: Collection[AccountRef] | None = None,
) -> int:
    """Ask for a task for each document that runs out soon, and close those that were renewed.

    An owner gets at most the policy's number of new tasks a day, those of dunning counted in; the
    rest waits. Doing it again asks for nothing new. Tells how many were asked for.
    """
    with reading(engine) as conn:
        soon, held = _documents(conn, policy, rates, as_of)
        given = Counter(tasks_since(conn, datetime.combine(words.day(now), time(), words.zone)))
        standing = open_document_tasks(conn)
    wanted = [each for each in soon if only is None or each.account in only]
    known = {(task.account, task.leading_item) for task in standing}
    drafts = []
    for document in sorted(wanted, key=lambda each: (str(each.valid_to), each.account, each.item)):
        owner = (document.account.system, document.owner_id)
        if (document.account, document.leading_item) in known:
            continue
        if given[owner] < policy.dunning.tasks_per_owner_per_day:
            given[owner] += 1
            drafts.append(_draft(document, words, now))
    closed = [_close(task, words) for task in standing if _renewed(task, held)]
    return in_one_commit(engine, lambda conn: _put_down(conn, drafts, closed, now))


def _put_down(
    conn: sa.Connection,
    drafts: Iterable[tuple[TaskDraft, TaskRow]],
    closed: Iterable[TaskChange],
    now: datetime,
) -> int:
    new = [draft for draft, task in drafts if plan_task(conn, task)]
    enqueue(conn, [*new, *closed], now=now)
    return len(new)


def _documents(
    conn: sa.Connection, policy: Policy, rates: Mapping[str, Rate], as_of: date
) -> tuple[list[_Document], dict[tuple[AccountRef, str], date | None]]:
    """Find what runs out soon, and until when each company's document of an item holds."""
    names, soon = _with_a_file(conn), []
    held: dict[tuple[AccountRef, str], date | None] = {}
    active = _active_owners(conn)
    for chunk in portions(conn, names):
        book = load_book(conn, chunk, rates, policy_currency=policy.currency)
        places = _places(book, active)
        for e, item, valid_to in expiring_items(book, policy, as_of).iter_rows():
            soon.append(replace(places[e], item=item, valid_to=valid_to))
        for item, state in items_at(book, policy, as_of).items():
            for e, valid_to in state.select("e", "valid_to").iter_rows():
                held[places[e].account, item] = valid_to
    return soon, held


def _places(book: Book, active: Collection[tuple[str, str]]) -> dict[int, _Document]:
    """Tell each company's first account, by the number of its row."""
    numbers = book.ledger.entities.select("e", "entity")
    names = book.entities.select("entity", pl.col("name").alias("company"))
    first = book.accounts.sort("account").unique("entity", keep="first", maintain_order=True)
    rows = first.join(numbers, on="entity").join(names, on="entity").to_dicts()
    return {
        row["e"]: _Document(
            account=AccountRef(row["system"], row["account"].removeprefix(f"{row['system']}:")),
            company=row["company"],
            owner_id=row["owner_id"] if (row["system"], row["owner_id"]) in active else None,
            item="",
            valid_to=None,
        )
        for row in rows
    }


def _with_a_file(conn: sa.Connection) -> list[str]:
    """Name the companies with any document at all."""
    parts = [
        sa.select(accounts.c.entity).join(
            table,
            sa.and_(
                table.c.account_system == accounts.c.system,
                table.c.account_id == accounts.c.record_id,
                table.c.gone_at.is_(None),
            ),
        )
        for table in (credit_records, statements)
    ]
    return sorted(entity for entity in conn.execute(sa.union(*parts)).scalars() if entity)


def _active_owners(conn: sa.Connection) -> set[tuple[str, str]]:
    statement = sa.select(owners.c.system, owners.c.record_id).where(
        owners.c.active, owners.c.gone_at.is_(None)
    )
    return {(row.system, row.record_id) for row in conn.execute(statement)}


def _draft(document: _Document, words: TaskWords, now: datetime) -> tuple[TaskDraft, TaskRow]:
    texts, account = words.of(document.account), document.account
    what, until = texts.say(f"dossier.{document.item}"), document.valid_to or words.day(now)
    key = _key(document)
    subject = texts.say("renewal.subject", what=what, until=until)
    draft = TaskDraft(
        key=key,
        account=account,
        owner_id=document.owner_id,
        subject=subject,
        body=texts.say("renewal.body", name=document.company, what=what, until=until),
        due_on=words.calendar.next_workday(until),
        priority=Priority.NORMAL,
        level=0,
        overdue=Money(0, "CNY"),
        oldest_days=0,
    )
    task = TaskRow(
        key=key,
        account=account,
        level=0,
        leading_item=document.leading_item,
        cycle=1,
        owner_id=document.owner_id,
        text_hash=sha256(subject.encode()).hexdigest()[:16],
        created_at=now,
    )
    return draft, task


def _key(document: _Document) -> str:
    account = document.account
    what = f"document:{document.item}:{document.valid_to}"
    key = f"cc1:{account.system}:{what}:{account.record_id}"
    return key if len(key) <= KEY_LENGTH else f"cc1:{sha256(key.encode()).hexdigest()[:40]}"


def _renewed(task: TaskRow, held: Mapping[tuple[AccountRef, str], date | None]) -> bool:
    """Tell whether another document counts now. One that ran out still wants to be renewed."""
    item, _, valid_to = task.leading_item.removeprefix(DOCUMENT).rpartition(":")
    place = (task.account, item)
    return place not in held or str(held[place]) != valid_to


def _close(task: TaskRow, words: TaskWords) -> TaskChange:
    return TaskChange(
        key=task.key,
        account=task.account,
        task_id=task.task_id or "",
        owner_id=None,
        subject="",
        body=words.of(task.account).say("renewal.closed"),
        due_on=words.due_on(task.created_at),
        priority=Priority.NORMAL,
        level=0,
        overdue=Money(0, "CNY"),
        oldest_days=0,
        closed=True,
    )
