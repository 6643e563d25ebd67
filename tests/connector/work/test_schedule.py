"""Schedules: each due time once, on whichever node; what was missed runs once."""

import threading
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import sqlalchemy as sa
from apscheduler.triggers.cron import CronTrigger
from apscheduler.triggers.interval import IntervalTrigger
from hypothesis import given
from hypothesis import strategies as st

from connector.clock import FixedClock
from connector.store.engine import reading
from connector.store.queue_tables import ticks
from connector.work.clockwork import make_scheduler
from connector.work.schedule import BadSchedule, Schedule, check
from connector.work.ticker import Ticker
from connector.work.triggers import cron, due_tick, every, last_fire

SHANGHAI = ZoneInfo("Asia/Shanghai")
QUARTER = timedelta(minutes=15)
GRACE = timedelta(seconds=60)
TEN = datetime(2026, 11, 24, 2, tzinfo=UTC)


class Work:
    """Remembers the due times it was given."""

    def __init__(self) -> None:
        self.done: list[datetime] = []

    def __call__(self, due_at: datetime) -> None:
        self.done.append(due_at)


@pytest.fixture
def work() -> Work:
    return Work()


@pytest.fixture
def pull(work: Work) -> Schedule:
    return Schedule(name="pull", trigger=every(QUARTER), work=work)


def tick_rows(engine: sa.Engine) -> list[sa.Row[Any]]:
    with reading(engine) as conn:
        return list(conn.execute(sa.select(ticks).order_by(ticks.c.due_at)).all())


@given(late=st.timedeltas(timedelta(), GRACE))
def test_a_wake_up_within_the_grace_serves_its_fire_time(late: timedelta) -> None:
    assert due_tick(every(QUARTER), TEN + late, GRACE) == TEN
    assert due_tick(cron("0 10 * * *", SHANGHAI), TEN + late, GRACE) == TEN


def test_a_wake_up_at_no_fire_time_serves_nothing() -> None:
    assert due_tick(every(QUARTER), TEN + timedelta(minutes=5), GRACE) is None
    assert due_tick(every(QUARTER), TEN - timedelta(seconds=1), GRACE) is None


def test_the_last_fire_time_is_found_near_and_far() -> None:
    assert last_fire(every(QUARTER), TEN + timedelta(minutes=14)) == TEN
    assert last_fire(every(QUARTER), TEN) == TEN
    assert last_fire(cron("0 2 * * *", SHANGHAI), TEN) == TEN - timedelta(hours=8)
    assert last_fire(cron("30 3 1 * *", SHANGHAI), TEN) == datetime(
        2026, 10, 31, 19, 30, tzinfo=UTC
    )
    assert last_fire(cron("0 0 29 2 *", SHANGHAI), TEN) is None


def test_each_due_time_is_served_once_by_whichever_node(
    engine: sa.Engine, clock: FixedClock, work: Work, pull: Schedule
) -> None:
    one, two = Ticker(engine, clock), Ticker(engine, clock)

    served = [one.wake(pull), two.wake(pull), one.make_up(pull)]
    clock.move(QUARTER)
    served.append(two.wake(pull))

    assert served == [True, False, False, True]
    assert work.done == [TEN, TEN + QUARTER]


def test_what_was_missed_while_down_runs_once(
    engine: sa.Engine, clock: FixedClock, work: Work, pull: Schedule
) -> None:
    ticker = Ticker(engine, clock)
    ticker.wake(pull)
    clock.move(timedelta(hours=9, minutes=7))

    assert ticker.make_up(pull)
    assert not ticker.make_up(pull)
    assert work.done == [TEN, TEN + timedelta(hours=9)]


def test_a_dead_nodes_tick_is_taken_over_after_its_lease(
    engine: sa.Engine, clock: FixedClock, work: Work, pull: Schedule
) -> None:
    class Killed(BaseException):
        """The process ended here."""

    def die(due_at: datetime) -> None:
        raise Killed

    doomed = Schedule(name="pull", trigger=pull.trigger, work=die)
    daily = Schedule(name="pull", trigger=cron("0 10 * * *", SHANGHAI), work=work)
    with pytest.raises(Killed):
        Ticker(engine, clock).wake(doomed)

    heir = Ticker(engine, clock)
    assert not heir.make_up(daily)
    clock.move(pull.lease)
    assert heir.make_up(daily)
    assert work.done == [TEN]


def test_a_tick_is_held_while_its_work_goes_on(engine: sa.Engine, clock: FixedClock) -> None:
    wait = threading.Event().wait

    def long_work(due_at: datetime) -> None:
        clock.move(timedelta(minutes=20))
        for _ in range(500):
            if tick_rows(engine)[0].lease_until > clock.now():
                return
            wait(0.01)
        raise AssertionError("the lease was not lengthened")

    schedule = Schedule(
        name="pull", trigger=every(QUARTER), work=long_work, lease=timedelta(milliseconds=100)
    )

    assert Ticker(engine, clock).wake(schedule)
    assert tick_rows(engine)[0].error == ""


def test_a_run_that_takes_longer_than_its_period_is_not_run_beside_itself(
    engine: sa.Engine, clock: FixedClock
) -> None:
    inner: list[bool] = []
    ticker = Ticker(engine, clock)

    def long_work(due_at: datetime) -> None:
        clock.move(QUARTER)
        inner.append(ticker.wake(schedule))

    schedule = Schedule(
        name="pull", trigger=every(QUARTER), work=long_work, lease=timedelta(hours=1)
    )

    assert ticker.wake(schedule)
    assert inner == [False]


def test_work_that_fails_is_noted_and_the_next_due_time_comes(
    engine: sa.Engine, clock: FixedClock, work: Work, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(due_at: datetime) -> None:
        raise ValueError("customer 4711")

    ticker = Ticker(engine, clock)
    assert ticker.wake(Schedule(name="pull", trigger=every(QUARTER), work=fail))
    clock.move(QUARTER)
    assert ticker.wake(Schedule(name="pull", trigger=every(QUARTER), work=work))

    first, second = tick_rows(engine)
    assert first.error.startswith("ValueError")
    assert "4711" not in first.error
    assert (second.error, second.finished_at) == ("", clock.now())


def test_old_ticks_are_forgotten(engine: sa.Engine, clock: FixedClock, pull: Schedule) -> None:
    ticker = Ticker(engine, clock)
    ticker.wake(pull)
    clock.move(timedelta(days=91))
    ticker.wake(pull)

    assert [row.due_at for row in tick_rows(engine)] == [clock.now()]


@pytest.mark.parametrize(
    ("trigger", "why"),
    [
        (IntervalTrigger(minutes=15, start_date=TEN, jitter=5), "jitter"),
        (CronTrigger(minute="0", jitter=5, timezone=UTC), "jitter"),
        (IntervalTrigger(minutes=15, start_date=TEN + QUARTER), "fixed start"),
        (every(timedelta(seconds=60)), "longer than the grace"),
        (cron("* * * * *", SHANGHAI), "longer than the grace"),
    ],
)
def test_a_schedule_on_which_nodes_would_disagree_is_refused(
    work: Work, trigger: Any, why: str
) -> None:
    with pytest.raises(BadSchedule, match=why):
        check(Schedule(name="pull", trigger=trigger, work=work), TEN)


def test_the_scheduler_wakes_each_schedule_and_makes_up_at_once(
    engine: sa.Engine, clock: FixedClock, work: Work, pull: Schedule
) -> None:
    scheduler = make_scheduler([pull], Ticker(engine, clock), clock)
    scheduler.start(paused=True)
    try:
        jobs = {job.id: job for job in scheduler.get_jobs()}
        assert set(jobs) == {"pull", "make-up", "watch"}
        assert jobs["make-up"].next_run_time == clock.now()
        assert jobs["watch"].next_run_time == clock.now() + timedelta(minutes=1)
        assert (jobs["pull"].coalesce, jobs["pull"].max_instances) == (True, 1)
        assert jobs["pull"].misfire_grace_time == 60
        jobs["make-up"].func()
    finally:
        scheduler.shutdown()

    assert work.done == [TEN]
