"""Serves what is due: a row of ``ticks`` says what was done.

The due time is computed from the trigger, not from the moment of waking, and whoever puts its tick
down first does the work. A tick is held by a short lease that is lengthened while its work goes on,
so one whose worker died is soon taken over; what was missed while everything was down runs once.
"""

import logging
import threading
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.exc import SQLAlchemyError

from connector.clock import Clock
from connector.store.engine import in_one_commit, insert_or_ignore
from connector.store.queue_tables import ticks
from connector.work.retry import error_note
from connector.work.schedule import Schedule, SomeFailed
from connector.work.triggers import due_tick, last_fire

__all__ = ["Ticker"]

_log = logging.getLogger(__name__)

HOLDS_PER_LEASE = 4
KEPT = timedelta(days=90)


class Ticker:
    """Runs schedules so that each due time is served once, by whichever node."""

    def __init__(
        self,
        engine: sa.Engine,
        clock: Clock,
        *,
        new_lease: Callable[[], str] = lambda: uuid.uuid4().hex,
    ) -> None:
        self._engine = engine
        self._clock = clock
        self._new_lease = new_lease

    def wake(self, schedule: Schedule) -> bool:
        """Serve the due time of this moment, if there is one. True: the work was done here."""
        due_at = due_tick(schedule.trigger, self._clock.now(), schedule.grace)
        return due_at is not None and self.serve(schedule, due_at)

    def make_up(self, schedule: Schedule) -> bool:
        """Serve the last due time if nobody did, or if who began it died. Once, however many passed."""
        due_at = last_fire(schedule.trigger, self._clock.now())
        return due_at is not None and self.serve(schedule, due_at)

    def serve(self, schedule: Schedule, due_at: datetime) -> bool:
        """Do the work of one due time unless it is taken. True: it was done here.

        An error of the work is written to the tick and the log; the next due time tries again.
        """
        lease = self._new_lease()
        if not in_one_commit(self._engine, lambda conn: self._take(conn, schedule, due_at, lease)):
            return False
        note = ""
        try:
            with self._held(schedule, due_at, lease):
                schedule.work(due_at)
        except SomeFailed as error:
            note = error.note
            _log.warning("schedule %s failed for %s", schedule.name, error)
        except Exception as error:  # noqa: BLE001 the clock outlives a fault in what it wakes
            note = error_note(error)
            _log.exception("schedule %s failed", schedule.name)
        in_one_commit(self._engine, lambda conn: self._finish(conn, schedule, due_at, lease, note))
        return True

    @contextmanager
    def _held(self, schedule: Schedule, due_at: datetime, lease: str) -> Iterator[None]:
        """Lengthen the lease again and again, in a thread beside the work."""
        ended = threading.Event()
        period = schedule.lease.total_seconds() / HOLDS_PER_LEASE

        def hold() -> None:
            while not ended.wait(period):
                self._hold(schedule, due_at, lease)

        holder = threading.Thread(target=hold, name=f"tick-{schedule.name}", daemon=True)
        holder.start()
        try:
            yield
        finally:
            ended.set()
            holder.join()

    def _hold(self, schedule: Schedule, due_at: datetime, lease: str) -> None:
        longer = (
            ticks.update()
            .where(*_tick(schedule, due_at), ticks.c.lease == lease)
            .values(lease_until=self._clock.now() + schedule.lease)
        )
        try:
            in_one_commit(self._engine, lambda conn: conn.execute(longer))
        except SQLAlchemyError as error:  # the next try may succeed before the lease is over
            _log.warning("tick %s not held: %s", schedule.name, type(error).__name__)

    def _take(self, conn: sa.Connection, schedule: Schedule, due_at: datetime, lease: str) -> bool:
        now = self._clock.now()
        if conn.execute(self._under_way(schedule, due_at, now)).first() is not None:
            return False  # one at a time: an earlier one takes longer than its period
        taken = {"lease": lease, "lease_until": now + schedule.lease, "started_at": now}
        new = (
            insert_or_ignore(conn, ticks)
            .values(schedule=schedule.name, due_at=due_at, **taken)
            .returning(ticks.c.schedule)
        )
        if conn.execute(new).first() is not None:
            return True
        abandoned = (
            ticks.update()
            .where(*_tick(schedule, due_at), ticks.c.finished_at.is_(None))
            .where(ticks.c.lease_until <= now)
            .values(taken)
        )
        return conn.execute(abandoned).rowcount == 1

    def _under_way(
        self, schedule: Schedule, due_at: datetime, now: datetime
    ) -> sa.Select[tuple[str]]:
        return sa.select(ticks.c.lease).where(
            ticks.c.schedule == schedule.name,
            ticks.c.due_at != due_at,
            ticks.c.finished_at.is_(None),
            ticks.c.lease_until > now,
        )

    def _finish(
        self, conn: sa.Connection, schedule: Schedule, due_at: datetime, lease: str, note: str
    ) -> None:
        conn.execute(
            ticks.update()
            .where(*_tick(schedule, due_at), ticks.c.lease == lease)
            .values(finished_at=self._clock.now(), error=note)
        )
        old = (ticks.c.schedule == schedule.name, ticks.c.due_at < due_at - KEPT)
        conn.execute(ticks.delete().where(*old))


def _tick(schedule: Schedule, due_at: datetime) -> tuple[sa.ColumnElement[bool], ...]:
    return ticks.c.schedule == schedule.name, ticks.c.due_at == due_at
