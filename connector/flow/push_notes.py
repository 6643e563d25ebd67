"""Pushing notes: each is written once, though no CRM refuses a second one.

The account's notes are looked at before one is written. After an unknown outcome nothing is written
before the settle window has passed and two looks, some time apart, found nothing.
"""

from collections.abc import Sequence

from adapters.errors import CrmError
from adapters.port import KeepsNotes, NoteDraft, Outcome, Receipt
from connector.flow.push_desk import Desk, Row, Settling, stopper
from connector.flow.push_once import look_again, may_look_at, one_by_one, wait_for_look
from connector.work.writebacks import decode_as

__all__ = ["push_notes"]


def push_notes(desk: Desk, rows: Sequence[Row], lease: str) -> None:
    """Write notes and settle them, one after the other."""
    port = desk.port
    if not (isinstance(port, KeepsNotes) and port.wants_notes):
        desk.end_obsolete(rows, lease, "notes are not wanted any more")
        return
    one_by_one(desk, rows, lease, lambda row: _push(desk, port, row, lease))


def _push(desk: Desk, port: KeepsNotes, row: Row, lease: str) -> CrmError | None:
    """Push one note; returns what stands in the way of further calls."""
    note = decode_as(row.kind, row.body, NoteDraft)
    if row.sent_at is not None and may_look_at(desk, row) > desk.clock.now():
        desk.settle(lease, lambda settling: wait_for_look(settling, row))
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
        desk.settle(lease, lambda settling: look_again(settling, row))
        return None
    if not desk.mark_sending([row], lease):
        return None
    (outcome,) = desk.send("write a note", [note], port.add_notes)
    desk.settle(lease, lambda settling: _settle(settling, row, outcome))
    return stopper([outcome])


def _settle(settling: Settling, row: Row, outcome: Outcome | str) -> None:
    """Settle by an outcome, or by the id of the note that was found."""
    if isinstance(outcome, CrmError):
        settling.fail(row, outcome)
        return
    note_id = outcome.record_id if isinstance(outcome, Receipt) else outcome
    if settling.done(row):
        settling.log(row, "note_written", why="assessed", new={"note_id": note_id})
        settling.counts.notes_written += 1
