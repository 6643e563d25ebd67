"""Pushing field updates: ours only, judged one by one, settled with their receipts."""

import random
from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Any

import msgspec
import pytest
import sqlalchemy as sa

from adapters.errors import (
    ContractBroken,
    CredentialsRejected,
    CrmError,
    CrmUnavailable,
    NotPermitted,
    QuotaExhausted,
    RateLimited,
    RecordInvalid,
)
from adapters.port import CreditField, FieldUpdate, Outcome
from connector.clock import FixedClock
from connector.flow.push import push_due
from connector.store.audit import verify
from connector.store.engine import reading, writing
from connector.store.queue_tables import inbox, outbox
from connector.work import parked, pauses
from connector.work.alerts import list_alerts
from connector.work.claim import LEASE
from connector.work.inbox import hints_of
from connector.work.retry import MAX_ATTEMPTS
from scoring.records import Kind
from tests.connector.flow.pushing import House, RefusingCrm, a_crm
from tests.connector.work.writes import a_draft, an_update
from tests.crm_records import an_account

RATING = CreditField.RATING
ABOUT: dict[str, Any] = {"system": "crm", "operation": "update fields"}


@pytest.fixture
def house(engine: sa.Engine, clock: FixedClock) -> House:
    return House(engine, clock)


def raising(error: BaseException, operation: str = "update_fields") -> Callable[[str, int], None]:
    def fail(called: str, _number: int) -> None:
        if called == operation:
            raise error

    return fail


def test_wishes_reach_the_crm_in_one_call_and_are_remembered(house: House) -> None:
    crm = a_crm()
    house.wish(*(an_update(f"A{number}", rating="A", terms_days=30) for number in (1, 2, 3)))

    counts = house.push(crm)

    assert crm.sent == [["A1", "A2", "A3"]]
    assert (counts.fields_written, counts.accounts_written) == (6, 3)
    assert house.states() == ["done"] * 3
    assert house.told()["A2", "terms_days"] == "30"


def test_each_write_has_an_audit_entry_with_old_new_and_reason(house: House) -> None:
    crm = a_crm()
    house.wish(an_update("A1", rating="A"))
    house.push(crm)
    house.wish(an_update("A1", rating="B", assessment_id="AS-2"))
    house.push(crm)

    first, second = house.audited()
    assert msgspec.json.decode(first.new) == {"rating": "A"}
    assert msgspec.json.decode(second.old)["rating"] == "A"
    assert (second.target, second.what, second.assessment_id) == ("A1", "fields", "AS-2")
    with reading(house.engine) as conn:
        assert verify(conn) == 2


def test_pushing_again_writes_nothing(house: House) -> None:
    crm = a_crm()
    house.wish(an_update("A1", rating="A"))
    house.push(crm)
    house.wish(an_update("A1", rating="A"))

    counts = house.push(crm)

    assert (counts.fields_written, counts.unchanged) == (0, 1)
    assert len(crm.sent) == 1


def test_only_values_that_differ_are_sent(house: House) -> None:
    crm = a_crm()
    crm.fields["A1"] = {RATING: "A", CreditField.TERMS_DAYS: None}
    house.wish(an_update("A1", rating="A", terms_days=30))

    counts = house.push(crm)

    assert counts.fields_written == 1
    assert house.told() == {("A1", "rating"): "A", ("A1", "terms_days"): "30"}


def test_a_persons_edit_parks_the_wish_with_a_sentence_and_stays(house: House) -> None:
    crm = a_crm()
    house.wish(an_update("A1", rating="A"))
    house.push(crm)
    crm.fields["A1"][RATING] = "AAA"
    house.wish(an_update("A1", rating="B"), an_update("A2", rating="B"))

    counts = house.push(crm)

    assert (counts.parked, counts.accounts_written) == (1, 1)
    assert crm.fields["A1"][RATING] == "AAA"
    (conflict,) = [row for row in house.rows() if row.state == "parked"]
    assert "somebody changed rating" in conflict.last_error


def test_a_person_may_let_our_value_win(house: House) -> None:
    crm = a_crm()
    crm.fields["A1"] = {RATING: "AAA"}
    house.wish(an_update("A1", rating="B"))
    house.push(crm)

    with writing(house.engine) as conn:
        parked.retry(conn, "out:1", now=house.clock.now(), overwrite=True, who="lin")
    house.push(crm)

    assert crm.fields["A1"][RATING] == "B"
    assert [(entry.what, entry.why) for entry in house.audited()] == [
        ("parked_retried", "by lin, overwrite"),
        ("fields", "overwrite"),
    ]


@pytest.mark.parametrize("error_type", [RecordInvalid, NotPermitted, ContractBroken])
def test_one_bad_record_stops_no_other(house: House, error_type: type[CrmError]) -> None:
    crm = a_crm()
    crm.refusals["A2"] = error_type("refused", **ABOUT)
    house.wish(*(an_update(f"A{number}") for number in (1, 2, 3)))

    counts = house.push(crm)

    assert (counts.accounts_written, counts.parked) == (2, 1)
    assert house.states() == ["done", "parked", "done"]


def test_an_account_that_is_gone_settles_its_wish_and_is_read_again(house: House) -> None:
    house.wish(an_update("A9"), an_update("A1"))

    counts = house.push(a_crm())

    assert (counts.obsolete, counts.accounts_written) == (1, 1)
    with reading(house.engine) as conn:
        (hint,) = hints_of(conn.execute(sa.select(inbox)).one(), None)
    assert (hint.kind, hint.record_ids) == (Kind.ACCOUNTS, ("A9",))


@pytest.mark.parametrize("operation", ["owned_values", "update_fields"])
@pytest.mark.parametrize("error_type", [RateLimited, QuotaExhausted])
def test_a_limit_pauses_the_system_for_every_row_and_no_attempt_counts(
    house: House, error_type: type[RateLimited | QuotaExhausted], operation: str
) -> None:
    crm, other = a_crm(), a_crm("other")
    until = house.clock.now() + timedelta(hours=1)
    crm.before_call = raising(error_type("enough", retry_at=until, **ABOUT), operation)
    house.wish(an_update("A1"), an_update("A2"), an_update("A1", system="other"))

    report = house.report(crm, other)

    assert (report.of("crm").waiting, report.of("other").accounts_written) == (2, 1)
    assert [(row.state, row.attempts, row.sent_at) for row in house.rows()[:2]] == [
        ("ready", 0, None)
    ] * 2
    assert report.alarms == []

    crm.before_call = lambda _operation, _number: None
    assert house.push(crm).accounts_written == 0
    house.clock.move(timedelta(hours=1))
    assert house.push(crm).accounts_written == 2


def test_rejected_credentials_halt_the_system_until_it_is_resumed(house: House) -> None:
    crm = a_crm()
    crm.before_call = raising(CredentialsRejected("revoked", **ABOUT))
    house.wish(an_update("A1"))

    report = house.report(crm)

    assert "reconnect" in report.alarms[0]
    crm.before_call = lambda _operation, _number: None
    house.clock.move(timedelta(days=30))
    assert house.push(crm).accounts_written == 0
    with writing(house.engine) as conn:
        pauses.resume(conn, "crm")
    assert house.push(crm).accounts_written == 1


def test_an_outage_is_retried_on_schedule_and_then_parked(house: House) -> None:
    crm = a_crm()
    crm.before_call = raising(CrmUnavailable("down", **ABOUT), "owned_values")
    house.wish(an_update("A1"))

    for _ in range(MAX_ATTEMPTS):
        assert house.states() == ["ready"]
        house.push(crm)
        house.clock.move(timedelta(hours=12))

    assert house.states() == ["parked"]
    assert crm.calls["owned_values"] == MAX_ATTEMPTS


def test_a_write_without_an_answer_is_found_done_next_time(house: House) -> None:
    crm = a_crm()
    crm.lose_answers = 1
    house.wish(an_update("A1", rating="A"))
    house.push(crm)
    assert house.told() == {}
    house.clock.move(timedelta(minutes=1))

    counts = house.push(crm)

    assert (counts.unchanged, counts.fields_written) == (1, 0)
    assert house.told() == {("A1", "rating"): "A"}
    (confirmed,) = house.audited()
    assert (confirmed.target, confirmed.what, confirmed.why) == ("A1", "fields", "confirmed")
    assert msgspec.json.decode(confirmed.new) == {"rating": "A"}


def test_our_own_unconfirmed_value_is_no_persons_edit(house: House) -> None:
    crm = a_crm()
    crm.lose_answers = 1
    house.wish(an_update("A1", rating="A"))
    house.push(crm)
    house.wish(an_update("A1", rating="B"))  # joins the one that waits for its second try
    house.clock.move(timedelta(minutes=1))

    counts = house.push(crm)

    assert (counts.fields_written, counts.parked) == (1, 0)
    assert crm.fields["A1"][RATING] == "B"


def test_killed_between_the_write_and_its_settling_ends_the_same(house: House) -> None:
    crm = a_crm()
    house.wish(an_update("A1", rating="A"))
    crm.kill_at(2, SystemExit, answered=True)
    with pytest.raises(SystemExit):
        house.push(crm)
    house.wish(an_update("A1", rating="B"))

    assert house.push(crm).accounts_written == 0  # the dead worker's lease stands
    house.clock.move(LEASE)
    house.push(crm)

    assert crm.fields["A1"][RATING] == "B"
    assert house.states() == ["done", "done"]


def test_work_that_kills_its_worker_ends_up_parked(house: House) -> None:
    crm = a_crm()
    house.wish(an_update("A1"))
    for _ in range(MAX_ATTEMPTS):
        crm.kill_at(1, SystemExit, answered=False)
        with pytest.raises(SystemExit):
            house.push(crm)
        house.clock.move(LEASE)

    assert house.push(crm).parked == 1
    assert "stopped" in house.rows()[0].last_error


def test_a_fault_of_ours_is_retried_and_says_where_but_not_what(house: House) -> None:
    crm = a_crm()
    crm.before_call = raising(KeyError("customer 4711"))
    house.wish(an_update("A1"))

    report = house.report(crm)

    (row,) = house.rows()
    assert (row.state, row.attempts) == ("ready", 1)
    assert "KeyError" in row.last_error
    assert "4711" not in row.last_error + "".join(report.alarms)
    with reading(house.engine) as conn:
        (alert,) = list_alerts(conn)
    assert (alert.code, alert.subject, alert.seen) == ("program_fault", "KeyError", 1)


def test_a_missing_answer_is_an_unknown_outcome(house: House) -> None:
    class SilentCrm(RefusingCrm):
        def update_fields(self, updates: Sequence[FieldUpdate]) -> list[Outcome]:
            return []

    crm = SilentCrm("crm", [an_account("A1")])
    house.wish(an_update("A1"))

    house.push(crm)

    (row,) = house.rows()
    assert row.state == "ready"
    assert "OutcomeUnknown" in row.last_error


def test_a_poisoned_row_stops_no_other(house: House) -> None:
    house.wish(an_update("A1"))
    house.wish(a_draft("A2"))
    with writing(house.engine) as conn:
        conn.execute(outbox.update().where(outbox.c.id == 1).values(body=b"nonsense"))

    counts = house.push(a_crm())

    assert (counts.waiting, counts.tasks_created) == (1, 1)


def test_stopping_leaves_the_rest_for_later(house: House) -> None:
    crm = a_crm()
    house.wish(an_update("A1"))

    ports = {"crm": crm}
    push_due(house.engine, ports, house.clock, rng=random.Random(1), stop=lambda: True)

    assert house.states() == ["ready"]
