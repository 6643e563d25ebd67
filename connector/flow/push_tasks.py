"""Pushing tasks: each is created effectively once, whatever dies when.

A task whose creation was under way and never settled may stand in the CRM. Where the CRM refuses a
second task with our key, it is simply sent again. Elsewhere nothing is sent before the settle window
has passed and two looks, some time apart, found nothing.
"""

from collections.abc import Sequence

import msgspec

from adapters.errors import CrmError
from adapters.port import Outcome, Receipt, TaskChange, TaskDraft, TaskState, WriteEffect
from connector.flow.push_desk import Desk, Row, Settling, stopper
from connector.flow.push_once import look_again, may_look_at, one_by_one, wait_for_look
from connector.flow.receipts import note_task_changed, note_task_created
from connector.store.engine import reading
from connector.store.tasks import task_ids
from connector.work.writebacks import decode_as

__all__ = ["push_changes", "push_drafts"]


def push_drafts(desk: Desk, rows: Sequence[Row], lease: str) -> None:
    """Create tasks and settle them."""
    desk.task_key_enforced = desk.port.enforces_task_key
    if desk.task_key_enforced:
        _create(desk, rows, lease)
        return
    fresh = [row for row in rows if row.sent_at is None]
    doubtful = [row for row in rows if row.sent_at is not None]
    if desk.restored:
        fresh = _unknown_there(desk, fresh, lease)
    fresh += _look(desk, doubtful, lease) if doubtful else []
    one_by_one(desk, fresh, lease, lambda row: _create(desk, [row], lease))


def push_changes(desk: Desk, rows: Sequence[Row], lease: str) -> None:
    """Rewrite or close tasks and settle them. Repeating one changes nothing.

    A change may have been asked for before its task was created; that was done by now, or never
    will be without a person.
    """
    named = _named(desk, rows)
    nameless = [row for row in rows if row.id not in named]
    if nameless:
        desk.end_obsolete(nameless, lease, "its task was never created")
    ours = desk.mark_sending([row for row in rows if row.id in named], lease)
    changes = [named[row.id] for row in ours]
    if not changes:
        return
    outcomes = desk.send("change tasks", changes, desk.port.change_tasks)

    def settle(settling: Settling) -> None:
        for row, change, outcome in zip(ours, changes, outcomes, strict=True):
            _settle_change(settling, row, change, outcome)

    desk.settle(lease, settle)


def _named(desk: Desk, rows: Sequence[Row]) -> dict[int, TaskChange]:
    """Give each change the id its task has in the CRM; without one it is left out."""
    changes = {row.id: decode_as(row.kind, row.body, TaskChange) for row in rows}
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


def _create(desk: Desk, rows: Sequence[Row], lease: str) -> CrmError | None:
    """Send drafts in one call and settle them; returns what stands in the way of further calls."""
    ours = desk.mark_sending(rows, lease)
    drafts = [decode_as(row.kind, row.body, TaskDraft) for row in ours]
    if not drafts:
        return None
    outcomes = desk.send("create tasks", drafts, desk.port.create_tasks)

    def settle(settling: Settling) -> None:
        for row, draft, outcome in zip(ours, drafts, outcomes, strict=True):
            _settle_draft(settling, row, draft, outcome)

    desk.settle(lease, settle)
    return stopper(outcomes)


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
            wait_for_look(settling, row)
        for row in due:
            if row.task_key in found:
                _adopt(settling, row, found[row.task_key])
            elif row.missed_at is None:
                look_again(settling, row)

    desk.settle(lease, settle)
    return absent


def _unknown_there(desk: Desk, rows: Sequence[Row], lease: str) -> list[Row]:
    """Adopt tasks that a run created which the database no longer remembers; returns the others.

    One look is enough: writes began again long after that run had ended.
    """
    try:
        found = desk.port.find_tasks([row.task_key for row in rows]) if rows else {}
    except CrmError as error:
        desk.fail_all(rows, lease, error)
        return []

    def settle(settling: Settling) -> None:
        for row in rows:
            if row.task_key in found:
                _adopt(settling, row, found[row.task_key])

    desk.settle(lease, settle)
    return [row for row in rows if row.task_key not in found]


def _adopt(settling: Settling, row: Row, task: TaskState) -> None:
    if settling.done(row, "found in the CRM under its key"):
        draft = decode_as(row.kind, row.body, TaskDraft)
        note_task_created(settling.conn, draft, task.task_id)
        _log_created(settling, row, draft, task.task_id, WriteEffect.ADOPTED)
        settling.counts.tasks_adopted += 1


def _log_created(
    settling: Settling, row: Row, draft: TaskDraft, task_id: str, effect: WriteEffect
) -> None:
    new = {"task_id": task_id, "level": str(draft.level), "effect": effect.value}
    settling.log(row, "task_created", why="overdue", new=new)
