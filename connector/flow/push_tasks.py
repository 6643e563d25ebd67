"""Pushing tasks: each is created effectively once, whatever dies when.

A task whose creation was under way and never settled may stand in the CRM. Where the CRM refuses a
second task with our key, it is simply sent again. Elsewhere nothing is sent before the settle window
has passed and two looks, some time apart, found nothing.
"""

from collections.abc import Sequence
from datetime import datetime

import msgspec

from adapters.errors import CrmError
from adapters.port import Outcome, Receipt, TaskChange, TaskDraft, TaskState, WriteEffect
from connector.flow.push_desk import Desk, Row, Settling, stopper
from connector.flow.receipts import note_task_changed, note_task_created
from connector.store.engine import reading
from connector.store.tasks import task_ids
from connector.work.queue import note_missed
from connector.work.writebacks import decode

__all__ = ["may_look_at", "push_changes", "push_drafts"]


def push_drafts(desk: Desk, rows: Sequence[Row], lease: str) -> None:
    """Create tasks and settle them."""
    desk.task_key_enforced = desk.port.enforces_task_key
    if desk.task_key_enforced:
        _create(desk, rows, lease)
        return
    fresh = [row for row in rows if row.sent_at is None]
    doubtful = [row for row in rows if row.sent_at is not None]
    fresh += _look(desk, doubtful, lease) if doubtful else []
    # One at a time: the settle window of each begins when it is sent, not when its batch is.
    for done, row in enumerate(fresh):
        stopped = _create(desk, [row], lease)
        rest = fresh[done + 1 :]
        if rest and stopped is not None:
            desk.fail_all(rest, lease, stopped)
            return
        if rest and desk.stop():
            desk.release(rest, lease)
            return


def push_changes(desk: Desk, rows: Sequence[Row], lease: str) -> None:
    """Rewrite or close tasks and settle them. Repeating one changes nothing.

    A change may have been asked for before its task was created; that was done by now, or never
    will be without a person.
    """
    named = _named(desk, rows)
    _end_nameless(desk, [row for row in rows if row.id not in named], lease)
    ours = desk.mark_sending([row for row in rows if row.id in named], lease)
    changes = [named[row.id] for row in ours]
    if not changes:
        return
    try:
        answered = desk.port.change_tasks(changes)
        outcomes = desk.outcomes("change tasks", answered, len(changes))
    except CrmError as error:
        outcomes = [error] * len(changes)

    def settle(settling: Settling) -> None:
        for row, change, outcome in zip(ours, changes, outcomes, strict=True):
            _settle_change(settling, row, change, outcome)

    desk.settle(lease, settle)


def _named(desk: Desk, rows: Sequence[Row]) -> dict[int, TaskChange]:
    """Give each change the id its task has in the CRM; without one it is left out."""
    changes = {row.id: _change(row) for row in rows}
    nameless = [change.key for change in changes.values() if not change.task_id]
    if not nameless:
        return changes
    with reading(desk.engine) as conn:
        ids = task_ids(conn, nameless)
    found = {row: change.task_id or ids.get(change.key, "") for row, change in changes.items()}
    return {
        row: msgspec.structs.replace(changes[row], task_id=task_id)
        for row, task_id in found.items()
        if task_id
    }


def _end_nameless(desk: Desk, rows: Sequence[Row], lease: str) -> None:
    def settle(settling: Settling) -> None:
        for row in rows:
            if settling.done(row, "its task was never created"):
                settling.counts.obsolete += 1

    if rows:
        desk.settle(lease, settle)


def _create(desk: Desk, rows: Sequence[Row], lease: str) -> CrmError | None:
    """Send drafts in one call and settle them; returns what stands in the way of further calls."""
    ours = desk.mark_sending(rows, lease)
    drafts = [_draft(row) for row in ours]
    if not drafts:
        return None
    outcomes = _send(desk, drafts)

    def settle(settling: Settling) -> None:
        for row, draft, outcome in zip(ours, drafts, outcomes, strict=True):
            _settle_draft(settling, row, draft, outcome)

    desk.settle(lease, settle)
    return stopper(outcomes)


def _send(desk: Desk, drafts: Sequence[TaskDraft]) -> list[Outcome]:
    try:
        answered = desk.port.create_tasks(drafts)
    except CrmError as error:
        return [error] * len(drafts)
    return desk.outcomes("create tasks", answered, len(drafts))


def _settle_draft(settling: Settling, row: Row, draft: TaskDraft, outcome: Outcome) -> None:
    if not isinstance(outcome, Receipt):
        settling.fail(row, outcome)
    elif settling.done(row):
        note_task_created(settling.conn, draft, outcome.record_id)
        _log_created(settling, row, draft, outcome.record_id, outcome.effect)
        if outcome.effect is WriteEffect.ADOPTED:
            settling.counts.tasks_adopted += 1
        else:
            settling.counts.tasks_created += 1


def _settle_change(settling: Settling, row: Row, change: TaskChange, outcome: Outcome) -> None:
    if not isinstance(outcome, Receipt):
        settling.fail(row, outcome)
    elif settling.done(row):
        note_task_changed(settling.conn, change, now=settling.now)
        what, why = ("task_closed", "settled") if change.closed else ("task_updated", "overdue")
        settling.log(row, what, why=why, new={"task_id": change.task_id})
        if change.closed:
            settling.counts.tasks_closed += 1
        else:
            settling.counts.tasks_updated += 1


def _look(desk: Desk, rows: Sequence[Row], lease: str) -> list[Row]:
    """Look for tasks that may exist; returns those that certainly do not and may be sent."""
    now = desk.clock.now()
    due = [row for row in rows if may_look_at(desk, row) <= now]
    early = [row for row in rows if row not in due]
    try:
        found = desk.port.find_tasks([row.task_key for row in due]) if due else {}
    except CrmError as error:
        desk.fail_all(due, lease, error)
        due, found = [], {}
    absent = [row for row in due if row.task_key not in found and row.missed_at is not None]

    def settle(settling: Settling) -> None:
        for row in early:
            settling.later(row, may_look_at(desk, row), counted=False)
        for row in due:
            if row.task_key in found:
                _adopt(settling, row, found[row.task_key])
            elif row.missed_at is None:
                note_missed(settling.conn, row, lease=lease, now=now)
                settling.later(row, now + desk.settings.look_gap, counted=False)

    desk.settle(lease, settle)
    return absent


def may_look_at(desk: Desk, row: Row) -> datetime:
    """Tell when a look means something: requests of ours are over, the first look is long ago."""
    at: datetime = row.sent_at + desk.settings.settle_window
    if row.missed_at is not None:
        at = max(at, row.missed_at + desk.settings.look_gap)
    return at


def _adopt(settling: Settling, row: Row, task: TaskState) -> None:
    if settling.done(row, "found in the CRM under its key"):
        draft = _draft(row)
        note_task_created(settling.conn, draft, task.task_id)
        _log_created(settling, row, draft, task.task_id, WriteEffect.ADOPTED)
        settling.counts.tasks_adopted += 1


def _log_created(
    settling: Settling, row: Row, draft: TaskDraft, task_id: str, effect: WriteEffect
) -> None:
    new = {"task_id": task_id, "level": str(draft.level), "effect": effect.value}
    settling.log(row, "task_created", why="overdue", new=new)


def _draft(row: Row) -> TaskDraft:
    draft = decode(row.kind, row.body)
    if not isinstance(draft, TaskDraft):
        msg = f"outbox row {row.id} holds no task"
        raise TypeError(msg)
    return draft


def _change(row: Row) -> TaskChange:
    change = decode(row.kind, row.body)
    if not isinstance(change, TaskChange):
        msg = f"outbox row {row.id} holds no task change"
        raise TypeError(msg)
    return change
