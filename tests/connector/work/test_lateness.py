"""The dead-man switch: what should have ended well and did not, each connection by itself."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
import sqlalchemy as sa

from adapters.errors import CrmUnavailable
from connector.clock import FixedClock
from connector.store.engine import reading
from connector.work.lateness import ScheduleState, patience_of, schedule_states
from connector.work.schedule import Schedule, SomeFailed, failed_in
from connector.work.ticker import Ticker
from connector.work.triggers import cron, every

SHANGHAI = ZoneInfo("Asia/Shanghai")
QUARTER = timedelta(minutes=15)
TEN = datetime(2026, 11, 24, 2, tzinfo=UTC)


class Work:
    """Fails at the connections it is told to."""

    def __init__(self) -> None:
        self.broken: tuple[str, ...] = ()

    def __call__(self, _due_at: datetime) -> None:
        if "all" in self.broken:
            raise ValueError
        if self.broken:
            error = CrmUnavailable("no answer", system="x", operation="pull")
            raise SomeFailed(dict.fromkeys(self.broken, error))


@pytest.fixture
def work() -> Work:
    return Work()


@pytest.fixture
def pull(work: Work) -> Schedule:
    return Schedule(name="pull", trigger=every(QUARTER), work=work, systems=("one", "two"))


def states(engine: sa.Engine, clock: FixedClock, *schedules: Schedule) -> list[ScheduleState]:
    with reading(engine) as conn:
        return schedule_states(conn, schedules, clock.now())


def overdue(engine: sa.Engine, clock: FixedClock, *schedules: Schedule) -> list[str]:
    found = states(engine, clock, *schedules)
    return [f"{state.schedule} {state.system}".strip() for state in found if state.overdue]


def run(ticker: Ticker, clock: FixedClock, schedule: Schedule, times: int) -> None:
    for _ in range(times):
        clock.move(QUARTER)
        ticker.wake(schedule)


def test_a_schedule_that_runs_is_on_time(
    engine: sa.Engine, clock: FixedClock, pull: Schedule
) -> None:
    run(Ticker(engine, clock), clock, pull, 4)

    assert overdue(engine, clock, pull) == []
    (one, _) = states(engine, clock, pull)
    assert one.last_good_at == TEN + 4 * QUARTER
    assert one.next_at == [TEN + n * QUARTER for n in range(5, 10)]


def test_silence_is_late_after_a_period_and_another(
    engine: sa.Engine, clock: FixedClock, pull: Schedule
) -> None:
    ticker = Ticker(engine, clock)
    ticker.wake(pull)
    clock.move(2 * QUARTER)
    still = overdue(engine, clock, pull)
    clock.move(timedelta(seconds=1))
    late = overdue(engine, clock, pull)
    ticker.make_up(pull)

    assert still == []
    assert late == ["pull one", "pull two"]
    assert overdue(engine, clock, pull) == []


def test_only_the_connection_that_fails_is_late(
    engine: sa.Engine, clock: FixedClock, pull: Schedule, work: Work
) -> None:
    ticker = Ticker(engine, clock)
    run(ticker, clock, pull, 1)
    work.broken = ("two",)
    run(ticker, clock, pull, 3)
    one, two = states(engine, clock, pull)

    assert overdue(engine, clock, pull) == ["pull two"]
    assert (one.last_error, two.last_error) == ("", "CrmUnavailable: no answer")
    assert two.last_good_at == TEN + QUARTER
    work.broken = ()
    run(ticker, clock, pull, 1)
    assert overdue(engine, clock, pull) == []


def test_a_fault_of_ours_is_late_everywhere(
    engine: sa.Engine, clock: FixedClock, pull: Schedule, work: Work
) -> None:
    ticker = Ticker(engine, clock)
    run(ticker, clock, pull, 1)
    work.broken = ("all",)
    run(ticker, clock, pull, 3)

    assert overdue(engine, clock, pull) == ["pull one", "pull two"]
    assert states(engine, clock, pull)[0].last_error.startswith("ValueError")


def test_one_that_never_ran_is_late_counted_from_the_first_tick_of_any(
    engine: sa.Engine, clock: FixedClock, pull: Schedule, work: Work
) -> None:
    nightly = Schedule(name="nightly", trigger=cron("0 2 * * *", SHANGHAI), work=work)

    assert overdue(engine, clock, nightly) == []  # nothing ever ran: nothing is installed yet
    Ticker(engine, clock).wake(pull)
    clock.move(timedelta(hours=18))  # 04:00, two hours behind
    assert overdue(engine, clock, nightly) == []
    clock.move(timedelta(seconds=1))
    assert overdue(engine, clock, nightly) == ["nightly"]


def test_patience_is_a_period_within_bounds() -> None:
    def patience(period: timedelta) -> timedelta:
        return patience_of(Schedule(name="x", trigger=every(period), work=Work()), TEN)

    assert patience(timedelta(minutes=2)) == timedelta(minutes=10)
    assert patience(QUARTER) == QUARTER
    assert patience(timedelta(hours=12)) == timedelta(hours=2)


def test_a_connection_is_found_in_a_note_by_its_whole_name() -> None:
    error = CrmUnavailable("no answer", system="x", operation="pull")
    text = SomeFailed({"zoho-eu": error, "fx": error}).note

    assert failed_in(text, "zoho") == ""
    assert failed_in(text, "zoho-eu") == "CrmUnavailable: no answer"
    assert failed_in(text, "") == text
    assert failed_in("", "zoho") == ""
