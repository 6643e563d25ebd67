"""What is watched: each condition raises its alert, and what follows from another stays silent."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
import sqlalchemy as sa

from adapters.budget import BudgetPlan
from adapters.errors import CrmUnavailable
from adapters.port import RecordProblem, WatchReceipt
from connector.clock import FixedClock
from connector.flow.alerting import sentence_of
from connector.flow.assess import Scope
from connector.flow.watch import WATCHED, Watch, alerts_standing
from connector.store.engine import in_one_commit, reading
from connector.store.problems import note_problems
from connector.store.queue_tables import inbox, runs
from connector.store.spending import DatabaseSpending
from connector.store.tables import cursors
from connector.texts.catalogue import LANGUAGES, Texts
from connector.work.alert import WEIGHTS, Alert
from connector.work.alerts import Message
from connector.work.channels import save_channels
from connector.work.pauses import halt, pause, resume
from connector.work.schedule import Schedule, SomeFailed
from connector.work.ticker import Ticker
from connector.work.triggers import every
from scoring.records import Kind

SHANGHAI = ZoneInfo("Asia/Shanghai")
TEN = datetime(2026, 11, 24, 2, tzinfo=UTC)
HOUR = timedelta(hours=1)
PLAN = BudgetPlan(credits_per_day=1000)


def broken(_due_at: datetime) -> None:
    error = CrmUnavailable("no answer from 4711", system="zoho", operation="pull")
    raise SomeFailed({"zoho": error})


PULL = Schedule(
    name="pull", trigger=every(timedelta(minutes=15)), work=broken, systems=("zoho", "fx")
)
WATCH = Watch(
    schedules=[PULL],
    systems=["zoho", "fx"],
    zone=SHANGHAI,
    behind_after=2 * HOUR,
    budgets={"zoho": PLAN, "fx": None},
)


class House:
    """A database, a clock, and what is standing."""

    def __init__(self, engine: sa.Engine, clock: FixedClock) -> None:
        self.engine, self.clock = engine, clock

    def standing(self) -> dict[str, Alert]:
        with reading(self.engine) as conn:
            found = alerts_standing(conn, WATCH, self.clock.now())
        return {f"{alert.code}: {alert.subject}": alert for alert in found}

    def read(self, system: str, kind: Kind = Kind.ACCOUNTS) -> None:
        """Note that a feed was read now."""
        row: dict[str, object] = {
            "system": system,
            "kind": kind.value,
            "position": "",
            "seen_count": 0,
        }
        row |= {"gone_count": 0, "generation": 0, "sweeping": False, "saved_at": self.clock.now()}
        in_one_commit(self.engine, lambda conn: conn.execute(cursors.insert().values(row)))


@pytest.fixture
def house(engine: sa.Engine, clock: FixedClock) -> House:
    return House(engine, clock)


def test_a_new_installation_has_nothing_to_tell(house: House) -> None:
    assert house.standing() == {}


def test_a_connection_that_fails_is_late_with_the_kind_of_its_error(house: House) -> None:
    ticker = Ticker(house.engine, house.clock)
    for _ in range(4):
        ticker.wake(PULL)
        house.clock.move(timedelta(minutes=15))

    (late,) = house.standing().values()
    assert (late.code, late.subject) == ("schedule_late", "pull zoho")
    assert late.params["error"] == "CrmUnavailable"
    assert "4711" not in str(late)


def test_a_run_that_no_worker_finishes_is_told_and_so_are_companies_it_gave_up(
    house: House,
) -> None:
    def put(**values: object) -> None:
        row = {"scope": Scope.DUE.value, "as_of": date(2026, 11, 24), "companies": 3, **values}
        in_one_commit(house.engine, lambda conn: conn.execute(runs.insert().values(row)))

    put(open=2, begun_at=house.clock.now())
    house.clock.move(2 * HOUR)
    in_time = house.standing()
    house.clock.move(timedelta(minutes=1))
    late = house.standing()
    put(open=0, failed=1, begun_at=house.clock.now(), finished_at=house.clock.now())

    assert in_time == {}
    assert [alert.params["open"] for alert in late.values()] == ["2"]
    assert house.standing()["run_incomplete: assess"].params["count"] == "1"
    put(open=0, begun_at=house.clock.now(), finished_at=house.clock.now())
    assert "run_incomplete: assess" not in house.standing()


def test_credentials_that_do_not_work_are_told_alone(house: House) -> None:
    house.read("zoho")
    ticker = Ticker(house.engine, house.clock)
    for _ in range(12):
        ticker.wake(PULL)
        house.clock.move(timedelta(minutes=15))
    both = set(house.standing())
    now = house.clock.now()
    in_one_commit(house.engine, lambda conn: halt(conn, "zoho", reason="x", now=now))
    alone = set(house.standing())
    in_one_commit(house.engine, lambda conn: resume(conn, "zoho"))

    assert both == {"schedule_late: pull zoho", "mirror_behind: zoho"}
    assert alone == {"connection_halted: zoho"}
    assert set(house.standing()) == both


def test_a_mirror_is_behind_when_a_main_feed_was_not_read(house: House) -> None:
    house.read("zoho", Kind.INVOICES)
    house.read("fx", Kind.OWNERS)  # employees are read seldom
    house.clock.move(2 * HOUR)
    before = house.standing()
    house.clock.move(timedelta(seconds=1))

    assert before == {}
    assert house.standing()["mirror_behind: zoho"].params["since"] == "2026-11-24 10:00"
    assert len(house.standing()) == 1


def test_an_allowance_is_used_up_by_our_plan_or_by_what_the_crm_says(house: House) -> None:
    now = house.clock.now()
    spending = DatabaseSpending(house.engine)
    spending.book("zoho", now, 797, 1000)
    before = house.standing()
    spending.book("zoho", now, 1, 1000)  # reading leaves a fifth to writing
    by_plan = set(house.standing())
    until = now + HOUR
    quota = "QuotaExhausted: no calls are left"
    in_one_commit(house.engine, lambda conn: pause(conn, "fx", until=until, reason=quota, now=now))

    assert before == {}
    assert by_plan == {"budget_used_up: zoho"}
    assert house.standing()["budget_used_up: fx"].params["until"] == "2026-11-24 11:00"
    house.clock.move(HOUR)
    assert set(house.standing()) == by_plan


def test_a_pause_for_the_rate_is_no_alert(house: House) -> None:
    now = house.clock.now()
    in_one_commit(
        house.engine,
        lambda conn: pause(conn, "fx", until=now + HOUR, reason="RateLimited: wait", now=now),
    )

    assert house.standing() == {}


def test_a_channel_that_was_not_renewed_is_told_at_four_fifths_of_its_life(house: House) -> None:
    now = house.clock.now()
    receipt = WatchReceipt(channel_id="1", expires_at=now + timedelta(days=10))
    in_one_commit(
        house.engine, lambda conn: save_channels(conn, "zoho", "https://x", [receipt], now=now)
    )
    house.clock.move(timedelta(days=8) - timedelta(seconds=1))
    before = house.standing()
    house.clock.move(timedelta(seconds=1))

    assert before == {}
    assert house.standing()["channel_ending: zoho"].params["until"] == "2026-12-04 10:00"


def test_parked_and_unreadable_work_is_counted_together(house: House) -> None:
    rows = [
        {"system": "zoho", "message_id": str(number), "state": state, "lane": str(number)}
        | {"received_at": TEN, "run_after": TEN, "headers": b"", "body": b""}
        for number, state in enumerate(("parked", "unhandled", "done", "ready"))
    ]
    in_one_commit(house.engine, lambda conn: conn.execute(inbox.insert(), rows))

    assert house.standing()["parked_work: zoho"].params == {"system": "zoho", "count": "2"}


def test_the_brake_is_told_with_what_it_holds(house: House) -> None:
    held = [
        RecordProblem(kind=Kind.INVOICES, record_id=str(n), reason="deletion_held", detail="x")
        for n in range(7)
    ]
    in_one_commit(house.engine, lambda conn: note_problems(conn, "fx", held, now=TEN))

    assert house.standing()["brake_pulled: fx invoices"].params["count"] == "7"


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("code", sorted(WEIGHTS))
def test_every_alert_has_a_sentence_in_both_tongues(code: str, language: str) -> None:
    names = ("system", "schedule", "good", "error", "until", "count", "kind", "since", "fault")
    params = dict.fromkeys((*names, "on", "file", "begun", "open"), "7")
    for kind in ("raised", "again", "resolved"):
        alert = Alert(code=code, params=params | {"schedule": "pull"})
        message = Message(kind=kind, alert=alert, seen=3, since=TEN)

        assert sentence_of(message, Texts(language))
    assert set(WATCHED) <= set(WEIGHTS)
