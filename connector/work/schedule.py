"""When things are due. APScheduler is the clock, a row of ``ticks`` says what was done.

Any number of nodes may run the same schedules: the due time is computed from the trigger, not from
the moment of waking, and whoever puts its tick down first does the work. A tick is
held by a short lease that is lengthened while its work goes on, so one whose worker died is soon
taken over; what was missed while everything was down runs once.
"""

import logging
import threading
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from itertools import islice, pairwise
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from apscheduler.jobstores.memory import MemoryJobStore
from apscheduler.schedulers.background import BackgroundScheduler
from apscheduler.triggers.base import BaseTrigger
from apscheduler.triggers.cron import CronTrigger
from apscheduler.triggers.interval import IntervalTrigger
from sqlalchemy.exc import SQLAlchemyError

from connector.clock import Clock
from connector.store.engine import in_one_commit, insert_or_ignore
from connector.store.queue_tables import ticks
from connector.work.retry import error_note

__all__ = [
    "GRACE",
    "BadSchedule",
    "Schedule",
    "SomeFailed",
    "Ticker",
    "check",
    "cron",
    "due_tick",
    "every",
    "failed_in",
    "fires_after",
    "last_fire",
    "make_scheduler",
    "on_workdays",
]

_log = logging.getLogger(__name__)

GRACE = timedelta(seconds=60)
"""How late a wake-up may be and still serve its fire time; the library's second is too short."""

TICK_LEASE = timedelta(minutes=2)
HOLDS_PER_LEASE = 4
MAKE_UP_PERIOD = timedelta(seconds=60)
WATCH_PERIOD = timedelta(seconds=60)
KEPT = timedelta(days=90)
_ANCHOR = datetime(2026, 1, 1, tzinfo=UTC)
_LOOK_BACKS = tuple(timedelta(days=days) for days in (0.05, 1, 8, 32, 366))
_PERIODS_CHECKED = 50
_MOST_PASSED_OVER = 60  # fire times in a row: two months of days off
_FAILED = "failed for "
_A_MOMENT = timedelta(microseconds=1)


class BadSchedule(ValueError):
    """A schedule that several nodes could not agree on. The text says what would be right."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Schedule:
    """What is done when. ``work`` is given the due time; it must be harmless to repeat.

    ``systems``: the connections it is done for one by one; ``SomeFailed`` names those that failed.
    """

    name: str
    trigger: BaseTrigger
    work: Callable[[datetime], None]
    grace: timedelta = GRACE
    lease: timedelta = TICK_LEASE
    systems: tuple[str, ...] = ()


class SomeFailed(Exception):
    """The work was done for all connections, but not at these."""

    def __init__(self, errors: Mapping[str, Exception]) -> None:
        super().__init__(", ".join(sorted(errors)))
        self.note = "\n".join(
            f"{_FAILED}{name}: {error_note(error)}" for name, error in sorted(errors.items())
        )


def failed_in(note: str, system: str) -> str:
    """Tell what a tick's note says of a connection; empty: it went well there."""
    if not note.startswith(_FAILED):
        return note
    if not system:
        return note
    mine = f"{_FAILED}{system}: "
    return next((line.removeprefix(mine) for line in note.split("\n") if line.startswith(mine)), "")


class _Sifted(BaseTrigger):  # type: ignore[misc] # the library has no types
    """Those fire times of another trigger that are kept."""

    def __init__(self, trigger: BaseTrigger, keeps: Callable[[datetime], bool]) -> None:
        self._trigger = trigger
        self._keeps = keeps

    def get_next_fire_time(
        self, previous_fire_time: datetime | None, now: datetime
    ) -> datetime | None:
        """Name the next fire time that is kept; none where so many in a row are not."""
        fire: datetime | None = self._trigger.get_next_fire_time(previous_fire_time, now)
        for _ in range(_MOST_PASSED_OVER):
            if fire is None or self._keeps(fire):
                return fire
            fire = self._trigger.get_next_fire_time(None, fire.astimezone(UTC) + _A_MOMENT)
        return None


def every(period: timedelta) -> IntervalTrigger:
    """Fire each ``period``, counted from a start that is the same on every node."""
    return IntervalTrigger(
        seconds=int(period.total_seconds()), start_date=_ANCHOR, timezone=_ANCHOR.tzinfo
    )


def cron(line: str, zone: ZoneInfo) -> BaseTrigger:
    """Fire by a crontab line in business time. Raises ``ValueError`` for a line it cannot read.

    In the hour that the end of summer time repeats it fires the first time only.
    """

    def is_first(fire: datetime) -> bool:
        return not fire.astimezone(UTC).astimezone(zone).fold

    return _Sifted(CronTrigger.from_crontab(line, timezone=zone), is_first)


def on_workdays(
    trigger: BaseTrigger, zone: ZoneInfo, is_workday: Callable[[date], bool]
) -> BaseTrigger:
    """Fire as ``trigger`` does, but only on days that are worked."""
    return _Sifted(trigger, lambda fire: is_workday(fire.astimezone(zone).date()))


def due_tick(trigger: BaseTrigger, now: datetime, grace: timedelta) -> datetime | None:
    """Name the fire time this wake-up serves; the same on every node. ``None``: none."""
    fire: datetime | None = trigger.get_next_fire_time(None, now - grace)
    return fire.astimezone(UTC) if fire is not None and fire <= now else None


def last_fire(trigger: BaseTrigger, now: datetime) -> datetime | None:
    """Name the last fire time up to ``now``; ``None`` when there was none within a year."""
    for look_back in _LOOK_BACKS:
        latest = None
        for fire in _fires(trigger, now - look_back):
            if fire > now:
                break
            latest = fire
        if latest is not None:
            return latest.astimezone(UTC)
    return None


def check(schedule: Schedule, now: datetime) -> None:
    """Raise ``BadSchedule`` where nodes would disagree about due times."""
    trigger = schedule.trigger
    if getattr(trigger, "jitter", None):
        raise BadSchedule(f"schedule {schedule.name}: jitter makes nodes disagree, remove it")
    if isinstance(trigger, IntervalTrigger) and trigger.start_date > now:
        raise BadSchedule(f"schedule {schedule.name}: an interval needs a fixed start in the past")
    fires = list(islice(_fires(trigger, now), _PERIODS_CHECKED))
    periods = [later - earlier for earlier, later in pairwise(fires)]
    if periods and min(periods) <= schedule.grace:
        raise BadSchedule(
            f"schedule {schedule.name}: it fires each {min(periods)}, which must be longer than "
            f"the grace of {schedule.grace}"
        )


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


def fires_after(trigger: BaseTrigger, moment: datetime) -> Iterator[datetime]:
    """Name the fire times after a moment, in UTC."""
    return (fire.astimezone(UTC) for fire in _fires(trigger, moment + _A_MOMENT))


def _no_watch() -> None:
    """Look at nothing."""


def make_scheduler(
    schedules: Sequence[Schedule],
    ticker: Ticker,
    clock: Clock,
    watch: Callable[[], None] = _no_watch,
) -> BackgroundScheduler:
    """Build the clock that wakes ``ticker``; the caller starts it, and only in a worker's command.

    Every minute it also looks for due times that nobody served, and calls ``watch``, on every node.
    Raises ``BadSchedule``.
    """
    for schedule in schedules:
        check(schedule, clock.now())
    scheduler = BackgroundScheduler(
        jobstores={"default": MemoryJobStore()},
        timezone=UTC,
        job_defaults={
            "coalesce": True,
            "max_instances": 1,
            "misfire_grace_time": int(GRACE.total_seconds()),
        },
    )

    def make_up_all() -> None:
        for schedule in schedules:
            ticker.make_up(schedule)

    for schedule in schedules:
        scheduler.add_job(
            ticker.wake, schedule.trigger, args=(schedule,), id=schedule.name, name=schedule.name
        )
    # At once, for the time spent down, and then again and again, for nodes that die.
    scheduler.add_job(make_up_all, every(MAKE_UP_PERIOD), id="make-up", next_run_time=clock.now())
    # Beside it, not behind it: what is made up may take hours. The first look comes a period after
    # the start, for what is made up in moments need not be told.
    first_look = clock.now() + WATCH_PERIOD
    scheduler.add_job(watch, every(WATCH_PERIOD), id="watch", next_run_time=first_look)
    return scheduler


def _tick(schedule: Schedule, due_at: datetime) -> tuple[sa.ColumnElement[bool], ...]:
    return ticks.c.schedule == schedule.name, ticks.c.due_at == due_at


def _fires(trigger: BaseTrigger, start: datetime) -> Iterator[datetime]:
    fire: datetime | None = trigger.get_next_fire_time(None, start)
    while fire is not None:
        yield fire
        # A moment later: asked with the previous time, the two triggers round differently. In UTC:
        # in the hour that summer time repeats, local times would never get on.
        fire = trigger.get_next_fire_time(None, fire.astimezone(UTC) + _A_MOMENT)
