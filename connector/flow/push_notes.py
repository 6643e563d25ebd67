"""Pushing notes: each is written once, though no CRM refuses a second one.

The account's notes are looked at before one is written. After an unknown outcome nothing is written
before the settle window has passed and two looks, some time apart, found nothing.
"""

from collections.abc import Sequence

from adapters.errors import CrmError
from adapters.port import KeepsNotes, NoteDraft, Outcome, Receipt
from connector.flow.push_desk import Desk, Row, Settling, stopper
from connector.flow.push_tasks import may_look_at
from connector.work.queue import note_missed
from connector.work.writebacks import decode

__all__ = ["push_notes"]


def push_notes(desk: Desk, rows: Sequence[Row], lease: str) -> None:
    """Write notes and settle them, one after the other."""
    port = desk.port
    if not (isinstance(port, KeepsNotes) and port.wants_notes):
        _end_unwanted(desk, rows, lease)
        return
    for done, row in enumerate(rows):
        stopped = _push(desk, port, row, lease)
        rest = rows[done + 1 :]
        if rest and stopped is not None:
            desk.fail_all(rest, lease, stopped)
            return
        if rest and desk.stop():
            desk.release(rest, lease)
            return


def _push(desk: Desk, port: KeepsNotes, row: Row, lease: str) -> CrmError | None:
    """Push one note; returns what stands in the way of further calls."""
    note = _note(row)
    if row.sent_at is not None and may_look_at(desk, row) > desk.clock.now():
        desk.settle(lease, lambda settling: _wait(settling, row))
        return None
    try:
        there = port.find_note(note)
    except CrmError as error:
        desk.fail_all([row], lease, error)
        return stopper([error])
    if there is not None:
        desk.settle(lease, lambda settling: _settle(settling, row, there))
        return None
    if row.sent_at is not None and row.missed_at is None:
        desk.settle(lease, lambda settling: _look_again(settling, row))
        return None
    if not desk.mark_sending([row], lease):
        return None
    outcome = _send(desk, port, note)
    desk.settle(lease, lambda settling: _settle(settling, row, outcome))
    return stopper([outcome])


def _send(desk: Desk, port: KeepsNotes, note: NoteDraft) -> Outcome:
    try:
        answered = port.add_notes([note])
    except CrmError as error:
        return error
    return desk.outcomes("write a note", answered, 1)[0]


def _settle(settling: Settling, row: Row, outcome: Outcome | str) -> None:
    """Settle by an outcome, or by the id of the note that was found."""
    if isinstance(outcome, CrmError):
        settling.fail(row, outcome)
        return
    note_id = outcome.record_id if isinstance(outcome, Receipt) else outcome
    if settling.done(row):
        settling.log(row, "note_written", why="assessed", new={"note_id": note_id})
        settling.counts.notes_written += 1


def _wait(settling: Settling, row: Row) -> None:
    settling.later(row, may_look_at(settling.desk, row), counted=False)


def _look_again(settling: Settling, row: Row) -> None:
    note_missed(settling.conn, row, lease=settling.lease, now=settling.now)
    gap = settling.desk.settings.look_gap
    settling.later(row, settling.now + gap, counted=False)


def _end_unwanted(desk: Desk, rows: Sequence[Row], lease: str) -> None:
    def settle(settling: Settling) -> None:
        for row in rows:
            if settling.done(row, "notes are not wanted any more"):
                settling.counts.obsolete += 1

    desk.settle(lease, settle)


def _note(row: Row) -> NoteDraft:
    note = decode(row.kind, row.body)
    if not isinstance(note, NoteDraft):
        msg = f"outbox row {row.id} holds no note"
        raise TypeError(msg)
    return note
