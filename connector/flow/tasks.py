"""Which overdue tasks should stand in a CRM, and what must change for that. Pure.

A task is asked for once per (connection, account, leading item, level); its key is the same
whenever it is computed. See ``docs/adr/0009-one-task-for-each-level-and-leading-item.md``.
"""

from collections import Counter
from collections.abc import Container, Iterable, Mapping, Sequence
from datetime import date
from hashlib import sha256

import msgspec

from adapters.port import Priority, TaskChange, TaskDraft
from connector.texts.catalogue import Texts
from scoring.calendar import WorkCalendar
from scoring.dunning import DunningStep
from scoring.money import Money
from scoring.records import AccountRef

__all__ = ["LedgerTask", "TaskPlan", "TaskWish", "plan_tasks", "task_key"]

KEY_LENGTH = 120  # what the CRM's key field holds
ITEMS_SHOWN = 12
_PRIORITIES = {0: Priority.NORMAL, 1: Priority.NORMAL, 2: Priority.NORMAL, 3: Priority.HIGH}


class TaskWish(msgspec.Struct, frozen=True, kw_only=True):
    """The step one account should be on, with what a person needs to read."""

    account: AccountRef
    name: str
    owner_id: str | None
    step: DunningStep
    currency: str


class LedgerTask(msgspec.Struct, frozen=True, kw_only=True):
    """A task we asked for. ``task_id`` is ``None`` until the CRM has it; ``closed`` by us."""

    key: str
    account: AccountRef
    level: int
    leading_item: str
    cycle: int
    task_id: str | None
    closed: bool
    text_hash: str
    created_on: date


class TaskPlan(msgspec.Struct, frozen=True, kw_only=True):
    """What to write. ``deferred`` accounts wait for another day: their owner has enough for today."""

    drafts: tuple[tuple[TaskDraft, LedgerTask], ...] = ()
    changes: tuple[tuple[TaskChange, LedgerTask], ...] = ()
    deferred: tuple[AccountRef, ...] = ()


def task_key(account: AccountRef, leading_item: str, level: int, cycle: int = 1) -> str:
    """Name a task for ever. A key longer than the CRM's field becomes a digest of itself."""
    again = "" if cycle == 1 else f":{cycle}"
    key = f"cc1:{account.system}:overdue:{account.record_id}:{leading_item}:L{level}{again}"
    return key if len(key) <= KEY_LENGTH else f"cc1:{sha256(key.encode()).hexdigest()[:40]}"


def plan_tasks(
    wishes: Iterable[TaskWish],
    ledger: Mapping[AccountRef, Sequence[LedgerTask]],
    *,
    texts: Mapping[str, Texts],
    calendar: WorkCalendar,
    today: date,
    per_owner: int,
    given_today: Mapping[str | None, int],
    still_open: Container[str],
) -> TaskPlan:
    """Compare the wishes with the tasks that stand and plan the difference.

    ``ledger`` holds every task of the accounts looked at, including accounts without a wish: their
    open tasks are closed. ``texts`` are by connection. The loudest new tasks come first; an owner
    gets at most ``per_owner`` new ones a day, ``given_today`` counted in. ``still_open`` are the
    items not yet paid: a task closed for another reason does not say "paid". Planning again after
    the plan was carried out gives an empty plan.
    """
    by_account = {wish.account: wish for wish in wishes}
    fresh = [wish for wish in by_account.values() if _standing(wish, ledger) is None]
    granted, deferred = _share_out(fresh, given_today, per_owner)
    drafts = tuple(
        _draft(wish, ledger.get(wish.account, ()), texts[wish.account.system], calendar, today)
        for wish in granted
    )
    changes = []
    for account, tasks in ledger.items():
        wish = by_account.get(account)
        for task in tasks:
            if task.closed or task.task_id is None:
                continue
            words = texts[account.system]
            if wish is not None and _same_step(task, wish.step):
                changes += _rewrite(task, wish, tasks, words, calendar)
            elif account not in deferred:  # else it goes on until its successor may be given
                changes.append(_close(task, wish, words, calendar, still_open))
    return TaskPlan(drafts=drafts, changes=tuple(changes), deferred=tuple(deferred))


def _standing(
    wish: TaskWish, ledger: Mapping[AccountRef, Sequence[LedgerTask]]
) -> LedgerTask | None:
    """Find the open task that is what the wish asks for."""
    for task in ledger.get(wish.account, ()):
        if not task.closed and _same_step(task, wish.step):
            return task
    return None


def _same_step(task: LedgerTask, step: DunningStep) -> bool:
    return (task.leading_item, task.level) == (step.leading_item, step.level)


def _share_out(
    fresh: list[TaskWish], given_today: Mapping[str | None, int], per_owner: int
) -> tuple[list[TaskWish], set[AccountRef]]:
    """Grant new tasks to owners, the loudest first (credit-management 9.2, rules 2 and 9)."""
    given = Counter(given_today)
    granted, deferred = [], set()
    for wish in sorted(fresh, key=_loudest_first):
        if given[wish.owner_id] < per_owner:
            given[wish.owner_id] += 1
            granted.append(wish)
        else:
            deferred.add(wish.account)
    return granted, deferred


def _loudest_first(wish: TaskWish) -> tuple[int, int, AccountRef]:
    value = sum(item.policy_value for item in wish.step.items)
    return -wish.step.level, -value, wish.account


def _draft(
    wish: TaskWish,
    before: Sequence[LedgerTask],
    texts: Texts,
    calendar: WorkCalendar,
    today: date,
) -> tuple[TaskDraft, LedgerTask]:
    step = wish.step
    cycle = 1 + sum(_same_step(task, step) for task in before)
    key = task_key(wish.account, _own_id(step.leading_item), step.level, cycle)
    subject, body = _words(wish, _earlier(before, key, today), texts)
    draft = TaskDraft(
        key=key,
        account=wish.account,
        owner_id=wish.owner_id,
        subject=subject,
        body=body,
        due_on=calendar.next_workday(today),
        priority=_priority(step.level),
        level=step.level,
        overdue=Money(step.overdue, wish.currency),
        oldest_days=step.oldest_days,
    )
    task = LedgerTask(
        key=key,
        account=wish.account,
        level=step.level,
        leading_item=step.leading_item,
        cycle=cycle,
        task_id=None,
        closed=False,
        text_hash=_hash(subject, body),
        created_on=today,
    )
    return draft, task


def _own_id(item: str) -> str:
    return item.partition(":")[2] or item


def _priority(level: int) -> Priority:
    return _PRIORITIES.get(level, Priority.HIGHEST)


def _hash(subject: str, body: str) -> str:
    return sha256(f"{subject}\n{body}".encode()).hexdigest()[:16]


def _rewrite(
    task: LedgerTask,
    wish: TaskWish,
    tasks: Sequence[LedgerTask],
    texts: Texts,
    calendar: WorkCalendar,
) -> list[tuple[TaskChange, LedgerTask]]:
    subject, body = _words(wish, _earlier(tasks, task.key, task.created_on), texts)
    if _hash(subject, body) == task.text_hash:
        return []
    change = TaskChange(
        key=task.key,
        account=task.account,
        task_id=task.task_id or "",
        owner_id=wish.owner_id,
        subject=subject,
        body=body,
        due_on=calendar.next_workday(task.created_on),
        priority=_priority(wish.step.level),
        level=wish.step.level,
        overdue=Money(wish.step.overdue, wish.currency),
        oldest_days=wish.step.oldest_days,
    )
    return [(change, msgspec.structs.replace(task, text_hash=_hash(subject, body)))]


def _earlier(tasks: Sequence[LedgerTask], key: str, created_on: date) -> list[LedgerTask]:
    """Pick the account's tasks from before this one: what was asked for already."""
    return [task for task in tasks if task.key != key and task.created_on <= created_on]


def _close(
    task: LedgerTask,
    wish: TaskWish | None,
    texts: Texts,
    calendar: WorkCalendar,
    still_open: Container[str],
) -> tuple[TaskChange, LedgerTask]:
    if wish is not None and wish.step.leading_item == task.leading_item:
        reason = texts.say("task.closed.escalated", level=wish.step.level)
    elif task.leading_item in still_open:
        reason = texts.say("task.closed.cleared")
    else:
        reason = texts.say("task.closed.paid")
    change = TaskChange(
        key=task.key,
        account=task.account,
        task_id=task.task_id or "",
        owner_id=None,
        subject="",
        body=reason,
        due_on=calendar.next_workday(task.created_on),
        priority=_priority(task.level),
        level=task.level,
        overdue=Money(0, "CNY"),
        oldest_days=0,
        closed=True,
    )
    return change, msgspec.structs.replace(task, closed=True)


def _words(wish: TaskWish, earlier: Sequence[LedgerTask], texts: Texts) -> tuple[str, str]:
    """Write subject and body.

    How long is given as "since", so that the text stands still while nothing moves.
    """
    step = wish.step
    subject = texts.say(
        "task.subject" if step.level else "task.subject.apply",
        level=step.level,
        action=texts.say(f"action.{step.action}"),
        amount=Money(step.overdue, wish.currency),
        since=step.items[0].due_on,
    )
    parts = (_facts(wish, texts), _history(earlier, texts), _what_to_say(step, texts))
    return subject, "\n".join(line for part in parts for line in part)


def _facts(wish: TaskWish, texts: Texts) -> list[str]:
    items = wish.step.items
    total = Money(wish.step.overdue, wish.currency)
    lines = [
        texts.say("task.customer", name=wish.name),
        texts.say("task.total", amount=total, count=len(items)),
    ]
    lines += [
        texts.say(
            "task.item",
            number=item.number,
            due=item.due_on,
            amount=texts.money(Money(item.open, item.currency), whole=False),
        )
        for item in items[:ITEMS_SHOWN]
    ]
    if len(items) > ITEMS_SHOWN:
        lines.append(texts.say("task.more", count=len(items) - ITEMS_SHOWN))
    return lines


def _history(earlier: Sequence[LedgerTask], texts: Texts) -> list[str]:
    if not earlier:
        return []
    steps = [
        texts.say("task.history.step", day=task.created_on, level=task.level)
        for task in sorted(earlier, key=lambda task: (task.created_on, task.level))
    ]
    return [texts.say("task.history", history=", ".join(steps))]


def _what_to_say(step: DunningStep, texts: Texts) -> list[str]:
    leading = step.items[0]
    words = texts.say(
        f"say.{step.action}",
        number=leading.number,
        since=leading.due_on,
        amount=texts.money(Money(leading.open, leading.currency), whole=False),
    )
    return [texts.say("task.say"), words]
