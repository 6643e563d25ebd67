"""Which overdue tasks should stand in a CRM, and what must change for that. Pure.

A task is asked for once per (connection, account, leading item, level); its key is the same
whenever it is computed. See ``docs/adr/0009-one-task-for-each-level-and-leading-item.md``.
"""

from collections import Counter
from collections.abc import Collection, Container, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from hashlib import sha256
from zoneinfo import ZoneInfo

import msgspec

from adapters.port import Priority, TaskChange, TaskDraft
from connector.store.tasks import TaskRow
from connector.texts.catalogue import Texts
from scoring.calendar import WorkCalendar
from scoring.dunning import DunningPolicy, DunningStep, Urgency, contact_day
from scoring.money import Money
from scoring.records import AccountRef

__all__ = ["PromiseMade", "TaskPlan", "TaskWish", "TaskWords", "plan_tasks", "task_key"]

KEY_LENGTH = 120  # what the CRM's key field holds
ITEMS_SHOWN = 12
PROMISES_SHOWN = 5
_SUBJECTS = {"apply_cash": "task.subject.apply", "confirm": "task.subject.confirm"}
_TOTALS = {"confirm": "task.total.confirm"}
_PRIORITIES = {0: Priority.NORMAL, 1: Priority.NORMAL, 2: Priority.NORMAL, 3: Priority.HIGH}


class PromiseMade(msgspec.Struct, frozen=True, kw_only=True):
    """A promise to pay as the task tells of it; ``status`` is one of ``scoring.promises``."""

    made_on: date
    promised_on: date
    amount: Money | None
    status: str


class TaskWish(msgspec.Struct, frozen=True, kw_only=True):
    """The step one account should be on, with what a person needs to read.

    ``contact`` is whom to ask at the customer, already in words; ``None``: nobody is known.
    ``urgency`` orders the work; without one the level and the amount do. ``promises`` are those of
    the account, the oldest first.
    """

    account: AccountRef
    name: str
    owner_id: str | None
    step: DunningStep
    currency: str
    contact: str | None = None
    urgency: Urgency | None = None
    promises: tuple[PromiseMade, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskWords:
    """How tasks are written: each connection's sentences, the working days, the business time zone.

    ``hours`` are the policy's hours of contact.
    """

    texts: Mapping[str, Texts]
    calendar: WorkCalendar
    zone: ZoneInfo
    hours: DunningPolicy = field(default_factory=DunningPolicy)

    def of(self, account: AccountRef) -> Texts:
        """Return the sentences of an account's CRM."""
        return self.texts[account.system]

    def day(self, moment: datetime) -> date:
        """Return the business date of a moment."""
        return moment.astimezone(self.zone).date()

    def due_on(self, asked_at: datetime) -> date:
        """Return the working day on which a task asked for at a moment is due."""
        return contact_day(asked_at.astimezone(self.zone), self.hours, self.calendar)


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
    subject, body = _words(wish, _earlier(before, key, now), words)
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
    subject, body = _words(wish, _earlier(tasks, task.key, task.created_at), words)
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
    texts = words.of(task.account)
    if wish is not None and wish.step.leading_item == task.leading_item:
        reason = texts.say("task.closed.escalated", level=wish.step.level)
    elif task.leading_item in paused:
        reason = texts.say("task.closed.paused")
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
        due_on=words.due_on(task.created_at),
        priority=_priority(task.level),
        level=task.level,
        overdue=Money(0, "CNY"),
        oldest_days=0,
        closed=True,
    )
    return change, msgspec.structs.replace(task, state="closed")


def _words(wish: TaskWish, earlier: Sequence[TaskRow], words: TaskWords) -> tuple[str, str]:
    """Write subject and body.

    How long is given as "since", so that the text stands still while nothing moves.
    """
    step, texts = wish.step, words.of(wish.account)
    subject = texts.say(
        _SUBJECTS.get(step.action, "task.subject"),
        level=step.level,
        action=texts.say(f"action.{step.action}"),
        amount=Money(step.overdue, wish.currency),
        since=step.items[0].due_on,
    )
    parts = (
        _facts(wish, texts),
        _history(earlier, words, texts),
        _promises(wish, texts),
        _what_to_say(step, texts),
        _manners(wish, words, texts),
    )
    return subject, "\n".join(line for part in parts for line in part)


def _facts(wish: TaskWish, texts: Texts) -> list[str]:
    items = wish.step.items
    total = Money(wish.step.overdue, wish.currency)
    lines = [
        texts.say("task.customer", name=wish.name),
        texts.say(_TOTALS.get(wish.step.action, "task.total"), amount=total, count=len(items)),
    ]
    if wish.contact is not None:
        lines.insert(1, texts.say("task.contact", contact=wish.contact))
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


def _history(earlier: Sequence[TaskRow], words: TaskWords, texts: Texts) -> list[str]:
    if not earlier:
        return []
    steps = [
        texts.say("task.history.step", day=words.day(task.created_at), level=task.level)
        for task in sorted(earlier, key=lambda task: (task.created_at, task.level))
    ]
    return [texts.say("task.history", history=", ".join(steps))]


def _promises(wish: TaskWish, texts: Texts) -> list[str]:
    """Tell what was promised before and what came of it, and what is waited for now."""
    told = [
        texts.say(
            "task.promise",
            made=promise.made_on,
            promised=promise.promised_on,
            amount="–" if promise.amount is None else promise.amount,
            state=texts.say(f"promise.{promise.status}"),
        )
        for promise in wish.promises[-PROMISES_SHOWN:]
    ]
    lines = [texts.say("task.promises", promises="; ".join(told))] if told else []
    pause = wish.step.items[0].paused
    return [*lines, texts.say(f"task.waits.{pause}")] if pause in {"promise", "plan"} else lines


def _manners(wish: TaskWish, words: TaskWords, texts: Texts) -> list[str]:
    """Say when the customer may be contacted, and why this task comes where it does."""
    if not wish.step.level and wish.step.action != "confirm":
        return []
    hours, lines = words.hours, []
    lines.append(texts.say("task.window", start=hours.contact_from_hour, end=hours.contact_to_hour))
    if wish.urgency is not None:
        why = wish.urgency
        lines.append(
            texts.say(
                "task.urgency",
                score=why.score,
                amount=why.amount,
                late=why.late_share,
                severity=why.severity,
                factor=why.grade_factor,
            )
        )
    return lines


def _what_to_say(step: DunningStep, texts: Texts) -> list[str]:
    leading = step.items[0]
    words = texts.say(
        f"say.{step.action}",
        number=leading.number,
        since=leading.due_on,
        amount=texts.money(Money(leading.open, leading.currency), whole=False),
    )
    return [texts.say("task.say"), words]
