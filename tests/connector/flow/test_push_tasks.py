"""Tasks are created effectively once, whatever dies when, with and without the CRM's help."""

import random
from collections.abc import Sequence
from datetime import timedelta

import pytest
import sqlalchemy as sa

from adapters.errors import CrmUnavailable, OutcomeUnknown, RateLimited, RecordInvalid
from adapters.port import CreditField, Outcome, TaskDraft
from connector.clock import FixedClock
from connector.flow.push import push_due
from connector.flow.push_desk import PushSettings
from connector.work.claim import LEASE
from connector.work.retry import SETTLE_WINDOW
from tests.connector.flow.pushing import House, RefusingCrm, a_crm
from tests.connector.work.writes import a_change, a_draft, an_update
from tests.crm_records import an_account

LOOK_GAP = PushSettings().look_gap


@pytest.fixture
def house(engine: sa.Engine, clock: FixedClock) -> House:
    return House(engine, clock)


class LateCrm(RefusingCrm):
    """A request times out here and lands later."""

    def __init__(self) -> None:
        super().__init__("crm", [an_account("A1")], enforces_task_key=False)
        self.refusals, self.sent = {}, []
        self.under_way: list[TaskDraft] = []
        self.slow = 0

    def create_tasks(self, drafts: Sequence[TaskDraft]) -> list[Outcome]:
        if not self.slow:
            return super().create_tasks(drafts)
        self.slow -= 1
        self.under_way += drafts
        raise OutcomeUnknown("timeout", system="crm", operation="create tasks")

    def land(self) -> None:
        super().create_tasks(self.under_way)
        self.under_way = []


class UnpreparedCrm(RefusingCrm):
    """Nobody has created what tasks are kept in."""

    @property
    def enforces_task_key(self) -> bool:
        raise RecordInvalid("no task object", system="crm", operation="describe tasks")


def test_where_tasks_have_no_place_they_wait_and_fields_are_written(house: House) -> None:
    crm = UnpreparedCrm("crm", [an_account("A1")])
    crm.refusals, crm.sent = {}, []
    house.ask(a_draft("A1"))
    house.wish(an_update("A1"))

    counts = house.push(crm)

    assert counts.parked == 1
    assert crm.fields["A1"][CreditField.RATING] == "BBB"


def test_a_task_is_created_and_its_id_remembered(house: House) -> None:
    crm = a_crm()
    house.ask(a_draft("A1"))
    house.ask(a_draft("A2"))

    counts = house.push(crm)

    assert counts.tasks_created == 2
    assert crm.sent == [["A1", "A2"]]
    (task,) = house.ledger()
    assert (task.state, task.task_id) == ("open", "t1")
    assert [entry.what for entry in house.audited()] == ["task_created"] * 2


def test_without_a_unique_key_tasks_are_sent_one_at_a_time(house: House) -> None:
    crm = a_crm(enforces_task_key=False)
    house.wish(a_draft("A1"), a_draft("A2"))

    house.push(crm)

    assert crm.sent == [["A1"], ["A2"]]


@pytest.mark.parametrize("enforces", [True, False])
@pytest.mark.parametrize("answered", [True, False])
def test_killed_at_the_call_there_is_exactly_one_task(
    house: House,
    *,
    enforces: bool,
    answered: bool,
) -> None:
    crm = a_crm(enforces_task_key=enforces)
    house.ask(a_draft("A1"))
    crm.kill_at(1, SystemExit, answered=answered)
    with pytest.raises(SystemExit):
        house.push(crm)

    for _ in range(4):
        house.clock.move(max(LEASE, SETTLE_WINDOW) + LOOK_GAP)
        house.push(crm)

    assert len(crm.drafts) == 1
    assert house.states() == ["done"]
    assert [task.state for task in house.ledger()] == ["open"]


def test_an_unknown_outcome_is_sent_again_soon_where_the_crm_refuses_a_second(
    house: House,
) -> None:
    crm = a_crm()
    crm.lose_answers = 1
    house.ask(a_draft("A1"))
    house.push(crm)
    house.clock.move(timedelta(seconds=5))

    counts = house.push(crm)

    assert (counts.tasks_created, counts.tasks_adopted) == (0, 1)
    assert len(crm.drafts) == 1


def test_elsewhere_an_unknown_outcome_waits_then_is_found(house: House) -> None:
    crm = a_crm(enforces_task_key=False)
    crm.lose_answers = 1
    house.ask(a_draft("A1"))
    house.push(crm)
    house.clock.move(SETTLE_WINDOW - timedelta(seconds=1))
    assert house.push(crm).tasks_adopted == 0
    assert crm.calls["find_tasks"] == 0

    house.clock.move(timedelta(minutes=10))
    counts = house.push(crm)

    assert (counts.tasks_adopted, len(crm.drafts)) == (1, 1)
    assert house.ledger()[0].task_id == "t1"


def test_it_is_sent_again_only_after_two_looks_that_found_nothing(house: House) -> None:
    crm = LateCrm()
    crm.slow = 1
    house.ask(a_draft("A1"))
    house.push(crm)
    crm.under_way.clear()  # the request never arrived
    house.clock.move(SETTLE_WINDOW + timedelta(seconds=1))

    looked_once = house.push(crm)
    again_at_once = house.push(crm)
    house.clock.move(LOOK_GAP)
    sent = house.push(crm)

    assert (looked_once.waiting, again_at_once.waiting) == (1, 0)
    assert crm.calls["find_tasks"] == 2
    assert (sent.tasks_created, len(crm.drafts)) == (1, 1)


def test_a_request_that_lands_between_the_looks_is_found(house: House) -> None:
    crm = LateCrm()
    crm.slow = 1
    house.ask(a_draft("A1"))
    house.push(crm)
    house.clock.move(SETTLE_WINDOW + timedelta(seconds=1))
    house.push(crm)
    crm.land()
    house.clock.move(LOOK_GAP)

    counts = house.push(crm)

    assert (counts.tasks_adopted, len(crm.drafts)) == (1, 1)


def test_a_row_claimed_again_before_the_settle_window_is_over_only_waits(house: House) -> None:
    crm = a_crm(enforces_task_key=False)
    house.ask(a_draft("A1"))
    crm.kill_at(1, SystemExit, answered=True)
    short = timedelta(seconds=10)
    with pytest.raises(SystemExit):
        house.push(crm, lease=short)
    house.clock.move(short)

    counts = house.push(crm)

    (row,) = house.rows()
    assert (counts.waiting, crm.calls["find_tasks"]) == (1, 0)
    assert row.run_after == row.sent_at + SETTLE_WINDOW


def test_a_look_that_fails_is_retried_and_nothing_is_sent(house: House) -> None:
    crm = a_crm(enforces_task_key=False)
    crm.lose_answers = 1
    house.ask(a_draft("A1"))
    house.push(crm)
    house.clock.move(timedelta(minutes=10))
    crm.fail_once("find_tasks", 1)
    house.push(crm)
    assert house.rows()[0].sent_at is not None

    house.clock.move(timedelta(minutes=10))
    assert house.push(crm).tasks_adopted == 1
    assert len(crm.drafts) == 1


def test_a_refusal_leaves_no_doubt_and_needs_no_look(house: House) -> None:
    crm = a_crm(enforces_task_key=False)
    refusal = RateLimited("enough", system="crm", operation="create tasks")
    crm.refusals["A1"] = refusal
    house.wish(a_draft("A1"), a_draft("A2"), a_draft("A3"))

    house.push(crm)

    assert crm.sent == [["A1"]]
    assert [(row.sent_at, row.attempts) for row in house.rows()] == [(None, 0)] * 3

    crm.refusals.clear()
    house.clock.move(timedelta(minutes=2))
    assert house.push(crm).tasks_created == 3
    assert crm.calls["find_tasks"] == 0


def test_one_refused_task_stops_no_other(house: House) -> None:
    crm = a_crm(enforces_task_key=False)
    crm.refusals["A1"] = RecordInvalid("no such owner", system="crm", operation="create tasks")
    house.wish(a_draft("A1"), a_draft("A2"))

    counts = house.push(crm)

    assert (counts.parked, counts.tasks_created) == (1, 1)


def test_stopping_between_two_tasks_gives_the_rest_back(house: House) -> None:
    crm = a_crm(enforces_task_key=False)
    house.wish(a_draft("A1"), a_draft("A2"), a_draft("A3"))

    push_due(
        house.engine,
        {"crm": crm},
        house.clock,
        rng=random.Random(1),
        stop=lambda: bool(crm.sent),
    )

    assert crm.sent == [["A1"]]
    assert [(row.state, row.attempts) for row in house.rows()] == [
        ("done", 1),
        ("ready", 0),
        ("ready", 0),
    ]


def test_tasks_are_rewritten_and_closed(house: House) -> None:
    crm = a_crm()
    house.ask(a_draft("A1"))
    house.ask(a_draft("A2"))
    house.push(crm)
    house.wish(a_change("A1", task_id="t1"), a_change("A2", task_id="t2", closed=True))

    counts = house.push(crm)

    assert (counts.tasks_updated, counts.tasks_closed) == (1, 1)
    assert [task.state for name in ("A1", "A2") for task in house.ledger(name)] == [
        "open",
        "closed",
    ]
    assert [entry.what for entry in house.audited()][2:] == ["task_updated", "task_closed"]


def test_a_change_asked_for_before_the_creation_follows_it(house: House) -> None:
    crm = a_crm()
    house.ask(a_draft("A1"))
    house.wish(a_change("A1", task_id="", closed=True))

    counts = house.push(crm)

    assert (counts.tasks_created, counts.tasks_closed) == (1, 1)
    assert [task.state for task in house.ledger()] == ["closed"]
    assert all(task.closed for task in crm.tasks.values())


def test_a_change_of_a_task_that_never_was_is_settled_and_sends_nothing(house: House) -> None:
    crm = a_crm()
    crm.refusals["A1"] = RecordInvalid("no", system="crm", operation="create tasks")
    house.ask(a_draft("A1"))
    house.wish(a_change("A1", task_id="", closed=True), a_change("A2", task_id="t2"))

    counts = house.push(crm)

    assert (counts.parked, counts.tasks_closed) == (1, 0)
    assert crm.calls["change_tasks"] == 1
    assert "never created" in house.rows()[1].last_error
    assert [task.state for task in house.ledger()] == ["planned"]


def test_a_task_that_a_person_deleted_counts_as_closed(house: House) -> None:
    crm = a_crm()
    house.ask(a_draft("A1"))
    house.push(crm)
    crm.tasks.clear()
    house.wish(a_change("A1", task_id="t1"))

    counts = house.push(crm)

    assert counts.obsolete == 1
    assert [task.state for task in house.ledger()] == ["closed"]


def test_changes_wait_out_an_outage(house: House) -> None:
    crm = a_crm()
    house.ask(a_draft("A1"))
    house.push(crm)
    house.wish(a_change("A1", task_id="t1", closed=True))

    def fail(_operation: str, _number: int) -> None:
        raise CrmUnavailable("down", system="crm", operation="change tasks")

    crm.before_call = fail
    assert house.push(crm).waiting == 1
    crm.before_call = lambda _operation, _number: None
    house.clock.move(timedelta(minutes=1))

    assert house.push(crm).tasks_closed == 1
