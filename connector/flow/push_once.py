"""Writes that the CRM would take twice: sent one at a time, and looked for before a second sending.

After an unknown outcome nothing is sent before the settle window has passed and two looks, some
time apart, found nothing.
"""

from collections.abc import Callable, Sequence
from datetime import datetime

from adapters.errors import CrmError
from connector.flow.push_desk import Desk, Row, Settling
from connector.work.queue import note_missed

__all__ = ["look_again", "may_look_at", "one_by_one", "wait_for_look"]


def one_by_one(
    desk: Desk, rows: Sequence[Row], lease: str, push: Callable[[Row], CrmError | None]
) -> None:
    """Push row by row, until ``push`` returns an error that stands in the way of further calls.

    The settle window of each then begins when it is sent, not when its batch is.
    """
    for done, row in enumerate(rows, 1):
        stopped = push(row)
        rest = rows[done:]
        if rest and stopped is not None:
            desk.fail_all(rest, lease, stopped)
            return
        if rest and desk.stop():
            desk.release(rest, lease)
            return


def may_look_at(desk: Desk, row: Row) -> datetime:
    """Tell when a look means something: requests of ours are over, the first look is long ago."""
    at: datetime = row.sent_at + desk.settings.settle_window
    if row.missed_at is not None:
        at = max(at, row.missed_at + desk.settings.look_gap)
    return at


def wait_for_look(settling: Settling, row: Row) -> None:
    """Put a row back until a look means something."""
    settling.later(row, may_look_at(settling.desk, row), counted=False)


def look_again(settling: Settling, row: Row) -> None:
    """Note that the first look found nothing, and put the row back for the second."""
    note_missed(settling.conn, row, lease=settling.lease, now=settling.now)
    gap = settling.desk.settings.look_gap
    settling.later(row, settling.now + gap, counted=False)
