"""What an overdue task says: the facts, what was asked for and promised before, what to say. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from zoneinfo import ZoneInfo

import msgspec

from connector.store.tasks import TaskRow
from connector.texts.catalogue import Texts
from scoring.calendar import WorkCalendar
from scoring.dunning import DunningPolicy, DunningStep, Urgency, contact_day
from scoring.money import Money
from scoring.records import AccountRef

__all__ = ["PromiseMade", "TaskWish", "TaskWords", "task_text"]

ITEMS_SHOWN = 12
PROMISES_SHOWN = 5
_SUBJECTS = {"apply_cash": "task.subject.apply", "confirm": "task.subject.confirm"}
_TOTALS = {"confirm": "task.total.confirm"}


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


def task_text(wish: TaskWish, earlier: Sequence[TaskRow], words: TaskWords) -> tuple[str, str]:
    """Write subject and body; ``earlier`` are the tasks given before this one.

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
