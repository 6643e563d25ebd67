"""APScheduler as a clock: it wakes the ticker, and keeps nothing."""

from collections.abc import Callable, Sequence
from datetime import UTC, timedelta

from apscheduler.jobstores.memory import MemoryJobStore
from apscheduler.schedulers.background import BackgroundScheduler

from connector.clock import Clock
from connector.work.schedule import GRACE, Schedule, check
from connector.work.ticker import Ticker
from connector.work.triggers import every

__all__ = ["make_scheduler"]

MAKE_UP_PERIOD = timedelta(seconds=60)
WATCH_PERIOD = timedelta(seconds=60)


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
