"""Which overdue tasks should stand in a CRM, and what must change for that. Pure.

A task is asked for once per (connection, account, leading item, level); its key is the same
whenever it is computed. See ``docs/adr/0009-one-task-for-each-level-and-leading-item.md``.
"""

from collections import Counter
from collections.abc import Collection, Container, Iterable, Mapping, Sequence
from datetime import datetime
from hashlib import sha256

import msgspec

from adapters.port import Priority, TaskChange, TaskDraft
from connector.flow.task_text import TaskWish, TaskWords, task_text
from connector.store.tasks import TaskRow
from connector.texts.catalogue import Texts
from scoring.dunning import DunningStep
from scoring.money import Money
from scoring.records import AccountRef

__all__ = ["TaskPlan", "plan_tasks", "task_key"]

KEY_LENGTH = 120  # what the CRM's key field holds
_PRIORITIES = {0: Priority.NORMAL, 1: Priority.NORMAL, 2: Priority.NORMAL, 3: Priority.HIGH}


class TaskPlan(msgspec.Struct, frozen=True, kw_only=True):
    """What to write. ``deferred`` accounts wait for another day: their owner has enough for today."""

    drafts: tuple[tuple[TaskDraft, TaskRow], ...] = ()
    changes: tuple[tuple[TaskChange, TaskRow], ...] = ()
    deferred: tuple[AccountRef, ...] = ()


def task_key(account: AccountRef, leading_item: str, level: int, cycle: int = 1) -> str:
    """Name a task for ever. A key longer than the CRM's field becomes a digest of itself."""
    again = "" if cycle == 1 else f":{cycle}"
    key = f"cc1:{account.system}:overdue:{account.record_id}:{leading_item}:L{level}{again}"
    return key if len(key) <= KEY_LENGTH else f"cc1:{sha256(key.encode()).hexdigest()[:40]}"


def plan_tasks(
    wishes: Iterable[TaskWish],
    ledger: Mapping[AccountRef, Sequence[TaskRow]],
    *,
    words: TaskWords,
    now: datetime,
    per_owner: int,
    given_today: Mapping[tuple[str, str | None], int],
    still_open: Container[str],
    apply_cash: bool = True,
    paused: Collection[str] = (),
) -> TaskPlan:
    """Compare the wishes with the tasks that stand and plan the difference.

    ``ledger`` holds every task of the accounts looked at, including accounts without a wish: their
    open tasks are closed. The loudest new tasks come first; an owner
    gets at most ``per_owner`` new ones a day, ``given_today`` counted in. ``still_open`` are the
    items not yet paid: a task closed for another reason does not say "paid". ``paused`` are items
    that wait for a promise, a plan or the end of a block. Without ``apply_cash``
    no task to apply cash is given: what was paid a moment ago may be applied in the next. Planning
    again after the plan was carried out gives an empty plan.
    """
    by_account = {wish.account: wish for wish in wishes}
    fresh = [wish for wish in by_account.values() if _standing(wish, ledger) is None]
    timely = [wish for wish in fresh if apply_cash or wish.step.level]
    granted, deferred = _share_out(timely, given_today, per_owner)
    deferred.update(wish.account for wish in fresh if not (apply_cash or wish.step.level))
    drafts = tuple(_draft(wish, ledger.get(wish.account, ()), words, now) for wish in granted)
    changes = []
    for account, tasks in ledger.items():
        wish = by_account.get(account)
        for task in tasks:
            if task.state == "closed":
                continue  # one that is only planned yet is changed behind its creation
            if wish is not None and _same_step(task, wish.step):
                changes += _rewrite(task, wish, tasks, words)
            elif account not in deferred:  # else it goes on until its successor may be given
                changes.append(_close(task, wish, words, still_open, paused))
    return TaskPlan(drafts=drafts, changes=tuple(changes), deferred=tuple(deferred))


def _standing(wish: TaskWish, ledger: Mapping[AccountRef, Sequence[TaskRow]]) -> TaskRow | None:
    """Find the open task that is what the wish asks for."""
    for task in ledger.get(wish.account, ()):
        if task.state != "closed" and _same_step(task, wish.step):
            return task
    return None


def _same_step(task: TaskRow, step: DunningStep) -> bool:
    return (task.leading_item, task.level) == (step.leading_item, step.level)


def _share_out(
    fresh: list[TaskWish], given_today: Mapping[tuple[str, str | None], int], per_owner: int
) -> tuple[list[TaskWish], set[AccountRef]]:
    """Grant new tasks to owners, the loudest first (credit-management 9.2, rules 2 and 9)."""
    given = Counter(given_today)
    granted, deferred = [], set()
    for wish in sorted(fresh, key=_loudest_first):
        owner = (wish.account.system, wish.owner_id)
        if given[owner] < per_owner:
            given[owner] += 1
            granted.append(wish)
        else:
            deferred.add(wish.account)
    return granted, deferred


def _loudest_first(wish: TaskWish) -> tuple[int, int, int, AccountRef]:
    """The most urgent first, ties by the oldest item; without urgency by level and amount."""
    step = wish.step
    if wish.urgency is not None:
        return 0, -wish.urgency.score, -step.oldest_days, wish.account
    value = sum(item.policy_value for item in step.items)
    return -step.level, -value, -step.oldest_days, wish.account


def _draft(
    wish: TaskWish,
    before: Sequence[TaskRow],
    words: TaskWords,
    now: datetime,
) -> tuple[TaskDraft, TaskRow]:
    step = wish.step
    cycle = 1 + sum(_same_step(task, step) for task in before)
    key = task_key(wish.account, _own_id(step.leading_item), step.level, cycle)
    subject, body = task_text(wish, _earlier(before, key, now), words)
    draft = TaskDraft(
        key=key,
        account=wish.account,
        owner_id=wish.owner_id,
        subject=subject,
        body=body,
        due_on=words.due_on(now),
        priority=_priority(step.level),
        level=step.level,
        overdue=_overdue(wish),
        oldest_days=max(0, step.oldest_days),
    )
    task = TaskRow(
        key=key,
        account=wish.account,
        level=step.level,
        leading_item=step.leading_item,
        cycle=cycle,
        owner_id=wish.owner_id,
        text_hash=_hash(subject, body),
        created_at=now,
    )
    return draft, task


def _overdue(wish: TaskWish) -> Money:
    """Sum what is overdue; what is only due soon is not."""
    late = 0 if wish.step.action == "confirm" else wish.step.overdue
    return Money(late, wish.currency)


def _own_id(item: str) -> str:
    return item.partition(":")[2] or item


def _priority(level: int) -> Priority:
    return _PRIORITIES.get(level, Priority.HIGHEST)


def _hash(subject: str, body: str) -> str:
    return sha256(f"{subject}\n{body}".encode()).hexdigest()[:16]


def _rewrite(
    task: TaskRow,
    wish: TaskWish,
    tasks: Sequence[TaskRow],
    words: TaskWords,
) -> list[tuple[TaskChange, TaskRow]]:
    subject, body = task_text(wish, _earlier(tasks, task.key, task.created_at), words)
    if _hash(subject, body) == task.text_hash:
        return []
    change = TaskChange(
        key=task.key,
        account=task.account,
        task_id=task.task_id or "",
        owner_id=wish.owner_id,
        subject=subject,
        body=body,
        due_on=words.due_on(task.created_at),
        priority=_priority(wish.step.level),
        level=wish.step.level,
        overdue=_overdue(wish),
        oldest_days=max(0, wish.step.oldest_days),
    )
    return [(change, msgspec.structs.replace(task, text_hash=_hash(subject, body)))]


def _earlier(tasks: Sequence[TaskRow], key: str, created_at: datetime) -> list[TaskRow]:
    """Pick the account's tasks from before this one: what was asked for already."""
    return [task for task in tasks if task.key != key and task.created_at <= created_at]


def _close(
    task: TaskRow,
    wish: TaskWish | None,
    words: TaskWords,
    still_open: Container[str],
    paused: Collection[str],
) -> tuple[TaskChange, TaskRow]:
    change = TaskChange(
        key=task.key,
        account=task.account,
        task_id=task.task_id or "",
        owner_id=None,
        subject="",
        body=_why_closed(task, wish, words.of(task.account), still_open, paused),
        due_on=words.due_on(task.created_at),
        priority=_priority(task.level),
        level=task.level,
        overdue=Money(0, "CNY"),
        oldest_days=0,
        closed=True,
    )
    return change, msgspec.structs.replace(task, state="closed")


def _why_closed(
    task: TaskRow,
    wish: TaskWish | None,
    texts: Texts,
    still_open: Container[str],
    paused: Collection[str],
) -> str:
    if wish is not None and wish.step.leading_item == task.leading_item:
        return texts.say("task.closed.escalated", level=wish.step.level)
    if task.leading_item in paused:
        return texts.say("task.closed.paused")
    if task.leading_item in still_open:
        return texts.say("task.closed.cleared")
    return texts.say("task.closed.paid")
