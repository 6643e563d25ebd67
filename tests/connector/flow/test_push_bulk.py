"""Pushing very many field updates at once: when, in portions, and with the lease kept."""

import random
from collections.abc import Callable, Sequence
from datetime import timedelta

import pytest
import sqlalchemy as sa

from adapters.errors import CrmUnavailable, OutcomeUnknown, RecordInvalid
from adapters.port import CreditField, FieldUpdate, Outcome, WritesInBulk
from connector.clock import FixedClock
from connector.flow.push import push_due
from connector.flow.push_desk import PushSettings
from connector.store.audit import verify
from connector.store.engine import reading, writing
from connector.store.queue_tables import outbox
from connector.work.claim import LEASE
from scoring.records import Kind
from tests.connector.flow.pushing import House, RefusingCrm
from tests.connector.work.writes import a_draft, an_update
from tests.crm_records import an_account

RATING = CreditField.RATING
MANY = 7
"""More than three waiting updates go in one call of at most seven."""


class BulkCrm(RefusingCrm):
    """Takes many updates at once; ``at_work`` happens while it does."""

    jobs: list[list[str]]
    at_work: Callable[[Callable[[], bool]], None]

    def fields_at_once(self, waiting: int) -> int:
        """More than three are many."""
        return min(waiting, MANY) if waiting > 3 else 0

    def update_fields_in_bulk(
        self, updates: Sequence[FieldUpdate], *, go_on: Callable[[], bool]
    ) -> list[Outcome]:
        """Write each, or refuse it."""
        self.jobs.append([update.account.record_id for update in updates])
        self.at_work(go_on)
        return RefusingCrm.update_fields(self, updates)


def a_crm(accounts: int = 9) -> BulkCrm:
    crm = BulkCrm("crm", [an_account(f"A{number}") for number in range(1, accounts + 1)])
    crm.refusals, crm.sent, crm.jobs = {}, [], []
    crm.at_work = lambda _go_on: None
    assert isinstance(crm, WritesInBulk)
    return crm


@pytest.fixture
def house(engine: sa.Engine, clock: FixedClock) -> House:
    return House(engine, clock)


def _wish_for(house: House, count: int, rating: str = "A") -> list[str]:
    ids = [f"A{number}" for number in range(1, count + 1)]
    house.wish(*(an_update(each, rating=rating) for each in ids))
    return ids


def test_many_updates_go_in_one_call_and_the_rest_in_batches(house: House) -> None:
    crm = a_crm()
    ids = _wish_for(house, 9)
    counts = house.push(crm, batch_rows=2)

    assert crm.jobs == [ids[:7]]
    assert crm.sent == [ids[:7], ids[7:]]
    assert (counts.accounts_written, counts.fields_written) == (9, 9)
    assert house.states() == ["done"] * 9
    assert house.told()["A7", "rating"] == "A"
    with reading(house.engine) as conn:
        assert verify(conn) == 9


def test_few_updates_go_in_batches(house: House) -> None:
    crm = a_crm()
    _wish_for(house, 3)
    house.push(crm, batch_rows=2)

    assert (crm.jobs, crm.sent) == ([], [["A1", "A2"], ["A3"]])


def test_what_is_not_due_does_not_count(house: House) -> None:
    crm = a_crm()
    _wish_for(house, 5)
    with writing(house.engine) as conn:
        later = house.clock.now() + timedelta(hours=1)
        conn.execute(outbox.update().where(outbox.c.id > 3).values(run_after=later))
    house.push(crm, batch_rows=2)

    assert crm.jobs == []


def test_tasks_between_the_updates_are_not_carried_along(house: House) -> None:
    crm = a_crm()
    house.wish(an_update("A1"), an_update("A2"))
    house.ask(a_draft("A3"))
    house.wish(*(an_update(f"A{number}") for number in range(4, 8)))
    counts = house.push(crm, batch_rows=2)

    assert crm.jobs == [["A1", "A2", "A4", "A5", "A6", "A7"]]
    assert (counts.accounts_written, counts.tasks_created) == (6, 1)


def test_only_what_differs_and_is_ours_is_sent(house: House) -> None:
    crm = a_crm()
    _wish_for(house, 5)
    house.push(crm, batch_rows=2)
    crm.fields["A2"][RATING] = "AAA"  # a person's
    crm.fields["A4"][RATING] = "B"  # as wished
    _wish_for(house, 5, rating="B")
    counts = house.push(crm, batch_rows=2)

    assert crm.jobs[-1] == ["A1", "A3", "A5"]
    assert (counts.parked, counts.unchanged, counts.accounts_written) == (1, 1, 3)


def test_each_outcome_is_its_rows_own(house: House) -> None:
    crm = a_crm()
    about = {"system": "crm", "operation": "update"}
    crm.refusals["A2"] = RecordInvalid("refused", **about)  # type: ignore[arg-type]
    crm.refusals["A3"] = OutcomeUnknown("?", **about)  # type: ignore[arg-type]
    _wish_for(house, 5)
    counts = house.push(crm, batch_rows=2)

    assert (counts.accounts_written, counts.parked, counts.waiting) == (3, 1, 1)
    assert house.states() == ["done", "parked", "ready", "done", "done"]


def test_the_lease_outlives_the_work(house: House) -> None:
    """Another worker finds nothing to claim, however long the CRM works."""
    crm, other = a_crm(), a_crm()
    found: list[int] = []

    def work(go_on: Callable[[], bool]) -> None:
        for _ in range(10):
            house.clock.move(LEASE / 2)
            assert go_on()
            found.append(house.push(other).accounts_written)

    crm.at_work = work
    _wish_for(house, 7)
    counts = house.push(crm, batch_rows=2)

    assert found == [0] * 10
    assert counts.accounts_written == 7
    assert house.states() == ["done"] * 7


def test_who_lost_the_lease_settles_nothing(house: House) -> None:
    crm, other = a_crm(), a_crm()

    def oversleep(_go_on: Callable[[], bool]) -> None:
        house.clock.move(LEASE * 2)
        house.push(other, batch_rows=100)

    crm.at_work = oversleep
    _wish_for(house, 7)
    counts = house.push(crm, batch_rows=2)

    assert counts.accounts_written == 0
    assert len(house.audited()) == 7


def test_an_outage_while_reading_fails_the_rest_at_once(house: House) -> None:
    crm = a_crm()

    def fail(operation: str, number: int) -> None:
        if operation == "owned_values" and number == 2:
            raise CrmUnavailable("down", system="crm", operation="read")

    crm.before_call = fail
    _wish_for(house, 7)
    counts = house.push(crm, batch_rows=2)

    assert crm.calls["owned_values"] == 2
    assert crm.jobs == [["A1", "A2"]]
    assert (counts.accounts_written, counts.waiting) == (2, 5)


def test_a_poisoned_row_fails_its_portion_alone(house: House) -> None:
    crm = a_crm()
    _wish_for(house, 6)
    with writing(house.engine) as conn:
        conn.execute(outbox.update().where(outbox.c.id == 3).values(body=b"nonsense"))
    house.push(crm, batch_rows=2)

    assert crm.jobs == [["A1", "A2", "A5", "A6"]]
    assert house.states() == ["done", "done", "ready", "ready", "done", "done"]


def test_an_error_of_the_whole_call_settles_every_row_by_it(house: House) -> None:
    crm = a_crm()
    unknown = OutcomeUnknown(
        "lost",
        system="crm",
        operation="update",
        retry_at=house.clock.now() + timedelta(minutes=5),
    )

    def lose(_go_on: Callable[[], bool]) -> None:
        raise unknown

    crm.at_work = lose
    ids = _wish_for(house, 7)
    counts = house.push(crm, batch_rows=2)
    waits = {row.run_after - house.clock.now() for row in house.rows()}
    house.push(crm)

    assert counts.waiting == 7
    assert waits == {timedelta(minutes=5)}
    assert crm.jobs == [ids]


def test_a_newer_wish_waits_for_what_may_still_be_under_way(house: House) -> None:
    """The CRM may write the older values late: they must not land upon newer ones."""
    crm = a_crm()
    retry_at = house.clock.now() + timedelta(minutes=5)

    def lose(_go_on: Callable[[], bool]) -> None:
        house.wish(an_update("A1", rating="B"))
        raise OutcomeUnknown("lost", system="crm", operation="update", retry_at=retry_at)

    crm.at_work = lose
    _wish_for(house, 4)
    house.push(crm, batch_rows=2)
    newer = next(row for row in house.rows() if row.account_id == "A1" and row.state == "ready")
    early = house.push(crm).accounts_written
    house.clock.move(timedelta(minutes=5))
    house.push(crm)

    assert newer.run_after == retry_at
    assert early == 0
    assert crm.fields["A1"][RATING] == "B"


def test_stopping_while_reading_leaves_the_rest_as_it_was(house: House) -> None:
    crm = a_crm()
    _wish_for(house, 7)
    asked = iter([False, False, True])
    push_due(
        house.engine,
        {"crm": crm},
        house.clock,
        rng=random.Random(1),
        settings=PushSettings(batch_rows=2),
        stop=lambda: next(asked, True),
    )

    assert crm.jobs == [["A1", "A2"]]
    assert house.states() == ["done", "done"] + ["ready"] * 5
    assert {row.attempts for row in house.rows()[2:]} == {0}


def test_a_killed_worker_leaves_nothing_undone(house: House) -> None:
    crm = a_crm()

    def die(_go_on: Callable[[], bool]) -> None:
        raise SystemExit

    crm.at_work = die
    ids = _wish_for(house, 7)
    with pytest.raises(SystemExit):
        house.push(crm, batch_rows=2)
    for each in ids[:3]:  # the job went on after the worker died
        crm.fields[each] = {RATING: "A"}
    crm.at_work = lambda _go_on: None
    house.clock.move(LEASE)
    counts = house.push(crm, batch_rows=2)

    assert (counts.unchanged, counts.accounts_written) == (3, 4)
    assert house.states() == ["done"] * 7
    assert {crm.fields[each][RATING] for each in ids} == {"A"}
    assert set(crm.records[Kind.ACCOUNTS]) >= set(ids)
