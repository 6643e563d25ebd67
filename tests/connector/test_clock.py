"""The clock that hosts share: the database's time, whatever the machine's own clock says."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from connector.clock import ASKED_EACH, SharedClock

TOLD = datetime(2026, 11, 24, 15, 59, 50, tzinfo=UTC)


@dataclass
class Shared:
    """A database's clock and a machine's steady one."""

    seconds: float = 1000.0
    ahead: timedelta = timedelta(0)
    asked: int = 0
    fails: bool = False
    began: float = field(default=1000.0)

    def ask(self) -> datetime:
        self.asked += 1
        if self.fails:
            raise ConnectionError
        return TOLD + timedelta(seconds=self.seconds - self.began) + self.ahead

    def clock(self) -> SharedClock:
        return SharedClock(ZoneInfo("Asia/Shanghai"), self.ask, lambda: self.seconds)


def test_between_two_questions_the_steady_clock_goes_on() -> None:
    shared = Shared()
    clock = shared.clock()

    assert clock.now() == TOLD
    shared.seconds += 20
    assert clock.now() == TOLD + timedelta(seconds=20)
    assert shared.asked == 1


def test_the_business_date_follows_the_shared_clock() -> None:
    shared = Shared()
    clock = shared.clock()

    before = clock.today()
    shared.seconds += 20

    assert clock.today() == before + timedelta(days=1)


def test_it_is_asked_again_and_again() -> None:
    shared = Shared()
    clock = shared.clock()
    clock.now()
    shared.seconds += ASKED_EACH.total_seconds() + 1
    shared.ahead = timedelta(seconds=-3)

    assert clock.now() == TOLD + ASKED_EACH + timedelta(seconds=-2)
    assert shared.asked == 2


def test_where_it_cannot_be_asked_time_goes_on() -> None:
    shared = Shared()
    clock = shared.clock()
    clock.now()
    shared.fails = True
    shared.seconds += 3600

    assert clock.now() == TOLD + timedelta(hours=1)
