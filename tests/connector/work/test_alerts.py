"""The ledger of alerts: told once, again after a time, over once; quiet hours; several nodes."""

from datetime import UTC, time, timedelta
from zoneinfo import ZoneInfo

import pytest
import sqlalchemy as sa

from connector.clock import FixedClock
from connector.store.engine import in_one_commit, reading
from connector.work.alert import WEIGHTS, Alert, weighs
from connector.work.alerts import Channel, list_alerts, list_mail, note, observe, tell
from connector.work.quiet import Quiet

REPEAT = timedelta(hours=12)
HOUR = timedelta(hours=1)
SHANGHAI = ZoneInfo("Asia/Shanghai")
PAGER = Channel(name="pager", language="en")
HALTED = Alert(code="connection_halted", subject="zoho", params={"system": "zoho"})
LATE = Alert(code="schedule_late", subject="pull zoho", params={"schedule": "pull"})
BUG = Alert(code="program_fault", subject="ValueError", params={"fault": "ValueError"})
CODES = ("connection_halted", "schedule_late")


class Ledger:
    """The ledger beside a clock."""

    def __init__(self, engine: sa.Engine, clock: FixedClock, *channels: Channel) -> None:
        self.engine, self.clock, self.channels = engine, clock, channels

    def see(self, *alerts: Alert) -> None:
        """Look: these stand now."""
        now = self.clock.now()
        in_one_commit(self.engine, lambda conn: observe(conn, CODES, alerts, now=now))

    def happen(self, alert: Alert) -> None:
        now = self.clock.now()
        in_one_commit(self.engine, lambda conn: note(conn, alert, now=now))

    def tell(self) -> int:
        now = self.clock.now()
        return in_one_commit(
            self.engine, lambda conn: tell(conn, self.channels, now=now, repeat=REPEAT)
        )

    def waiting(self) -> list[tuple[str, str, str, int]]:
        with reading(self.engine) as conn:
            return [
                (name, message.kind, message.alert.code, message.seen)
                for name, message, _ in list_mail(conn, "ready")
            ]


@pytest.fixture
def ledger(engine: sa.Engine, clock: FixedClock) -> Ledger:
    return Ledger(engine, clock, PAGER)


def test_what_stands_is_told_once_and_once_that_it_is_over(
    ledger: Ledger, clock: FixedClock
) -> None:
    told = []
    for standing in ((HALTED,), (HALTED,), (), ()):
        ledger.see(*standing)
        told.append(ledger.tell())
        clock.move(timedelta(minutes=1))

    # The first was not sent when it was over: then nobody need hear of either.
    assert told == [1, 0, 0, 0]
    assert ledger.waiting() == []


def sent(ledger: Ledger) -> None:
    """Say that all that waits was sent."""
    table = sa.table("alert_mail", sa.column("state"))
    in_one_commit(ledger.engine, lambda conn: conn.execute(table.update().values(state="done")))


def test_who_was_told_hears_that_it_is_over(ledger: Ledger, clock: FixedClock) -> None:
    ledger.see(HALTED)
    ledger.tell()
    sent(ledger)
    clock.move(HOUR)
    ledger.see()

    assert [ledger.tell(), ledger.tell()] == [1, 0]
    assert ledger.waiting() == [("pager", "resolved", "connection_halted", 1)]


def test_what_goes_on_is_told_again_after_its_time(ledger: Ledger, clock: FixedClock) -> None:
    told = []
    for _ in range(25):
        ledger.see(HALTED)
        told.append(ledger.tell())
        clock.move(HOUR)

    assert [hour for hour, number in enumerate(told) if number] == [0, 12, 24]
    assert [kind for _, kind, _, _ in ledger.waiting()] == ["raised", "again", "again"]


def test_what_comes_and_goes_is_not_told_each_time(ledger: Ledger, clock: FixedClock) -> None:
    told = 0
    for minute in range(60):
        ledger.see(*([HALTED] if minute % 2 == 0 else []))
        told += ledger.tell()
        sent(ledger)
        clock.move(timedelta(minutes=1))

    assert told == 2  # that it is there, and that it is over


def test_what_comes_back_later_is_told_anew(ledger: Ledger, clock: FixedClock) -> None:
    told = []
    for standing in ((HALTED,), (), (HALTED,)):
        ledger.see(*standing)
        told.append(ledger.tell())
        sent(ledger)
        clock.move(2 * HOUR)

    assert told == [1, 1, 1]


def test_events_are_counted_and_told_again_only_with_news(
    ledger: Ledger, clock: FixedClock
) -> None:
    ledger.happen(BUG)
    first = ledger.tell()
    for _ in range(3):
        clock.move(3 * HOUR)
        ledger.happen(BUG)
        assert ledger.tell() == 0
    clock.move(4 * HOUR)
    again = ledger.tell()
    seen = [number for _, _, _, number in ledger.waiting()]
    clock.move(REPEAT)
    last = ledger.tell()

    assert (first, again, last) == (1, 1, 0)
    assert seen == [1, 4]
    with reading(ledger.engine) as conn:
        assert list_alerts(conn) == []  # it did not come again: over, without a word
        assert [each.seen for each in list_alerts(conn, over=True)] == [4]


def test_looking_does_not_end_what_was_not_looked_for(ledger: Ledger) -> None:
    ledger.happen(BUG)
    ledger.see(HALTED)
    ledger.see()

    with reading(ledger.engine) as conn:
        assert [each.code for each in list_alerts(conn)] == ["program_fault"]


def test_a_channel_hears_what_weighs_enough_for_it(engine: sa.Engine, clock: FixedClock) -> None:
    deaf = Channel(name="deaf", language="en", level="error")
    ledger = Ledger(engine, clock, PAGER, deaf, Channel(name="all", language="zh", level="info"))
    ledger.happen(Alert(code="parked_work", subject="zoho"))
    ledger.happen(Alert(code="report_written", subject="x"))
    ledger.tell()

    assert sorted((name, code) for name, _, code, _ in ledger.waiting()) == [
        ("all", "parked_work"),
        ("all", "report_written"),
        ("pager", "parked_work"),
    ]


def test_at_night_an_alert_waits_for_the_morning_unless_it_is_grave(
    engine: sa.Engine, clock: FixedClock
) -> None:
    quiet = Quiet(zone=SHANGHAI, begins=time(20), ends=time(8))
    sleeper = Channel(name="sleeper", language="zh", quiet=quiet)
    guard = Channel(name="guard", language="zh", quiet=quiet, breaks_quiet="error")
    clock.move(12 * HOUR)  # 22:00
    morning = (clock.now() + 10 * HOUR).astimezone(UTC)

    assert sleeper.send_at(LATE, clock.now()) == morning
    assert guard.send_at(LATE, clock.now()) == clock.now()
    assert guard.send_at(Alert(code="parked_work", subject="z"), clock.now()) == morning


def test_of_two_nodes_that_look_at_once_one_tells(engine: sa.Engine, clock: FixedClock) -> None:
    one, two = Ledger(engine, clock, PAGER), Ledger(engine, clock, PAGER)
    one.see(HALTED)
    two.see(HALTED)

    assert one.tell() + two.tell() == 1


def test_every_code_weighs_something_known() -> None:
    assert weighs("error", "warning")
    assert not weighs("info", "warning")
    assert set(WEIGHTS.values()) == {"info", "warning", "error"}


def test_what_is_over_is_forgotten_after_a_season(ledger: Ledger, clock: FixedClock) -> None:
    ledger.see(HALTED)
    ledger.tell()
    sent(ledger)
    ledger.see()
    ledger.tell()
    clock.move(timedelta(days=90))
    ledger.tell()
    with reading(ledger.engine) as conn:
        before = list_alerts(conn, over=True)
    clock.move(timedelta(seconds=1))
    ledger.tell()

    assert [each.code for each in before] == ["connection_halted"]
    with reading(ledger.engine) as conn:
        assert list_alerts(conn, over=True) == []
