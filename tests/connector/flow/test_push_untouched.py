"""Writing without a look first: where the last pull tells that nobody was there since."""

from datetime import timedelta

import pytest
import sqlalchemy as sa

from adapters.errors import CrmUnavailable
from adapters.port import CreditField
from connector.clock import FixedClock
from connector.flow.pull import pull
from scoring.records import Kind
from tests.connector.flow.pushing import House, RefusingCrm, a_crm
from tests.connector.work.writes import an_update

RATING = CreditField.RATING


@pytest.fixture
def house(engine: sa.Engine, clock: FixedClock) -> House:
    return House(engine, clock)


@pytest.fixture
def crm(house: House) -> RefusingCrm:
    """A CRM that was told ratings and terms of A1 to A3, and was pulled afterwards."""
    crm = a_crm()
    house.wish(*(an_update(f"A{number}", rating="A", terms_days=30) for number in (1, 2, 3)))
    house.push(crm)
    pull(crm, house.engine, house.clock)
    assert crm.calls["owned_values"] == 1
    return crm


def test_what_nobody_touched_is_written_without_a_look(house: House, crm: RefusingCrm) -> None:
    house.wish(an_update("A1", rating="B"), an_update("A2", rating="C"))

    counts = house.push(crm)

    assert (counts.accounts_written, crm.calls["owned_values"]) == (2, 1)
    assert crm.fields["A1"][RATING] == "B"
    assert [entry.old for entry in house.audited()][-2:] == [b'{"rating":"A"}'] * 2


def test_what_is_there_already_is_settled_without_any_call(house: House, crm: RefusingCrm) -> None:
    house.wish(an_update("A1", rating="A"))

    assert house.push(crm).unchanged == 1
    assert (crm.calls["owned_values"], crm.calls["update_fields"]) == (1, 1)


def test_a_persons_edit_is_looked_at_and_stays(house: House, crm: RefusingCrm) -> None:
    crm.fields["A1"][RATING] = "AAA"
    crm.put(crm.records[Kind.ACCOUNTS]["A1"])
    pull(crm, house.engine, house.clock)
    house.wish(an_update("A1", rating="B"), an_update("A2", rating="B"))

    counts = house.push(crm)

    assert (counts.parked, counts.accounts_written) == (1, 1)
    assert (crm.fields["A1"][RATING], crm.calls["owned_values"]) == ("AAA", 2)


def test_an_old_pull_proves_nothing(house: House, crm: RefusingCrm) -> None:
    house.clock.move(timedelta(minutes=6))
    house.wish(an_update("A1", rating="B"))
    house.push(crm)

    assert crm.calls["owned_values"] == 2


def test_a_pull_that_stands_in_the_middle_proves_nothing(house: House, crm: RefusingCrm) -> None:
    crm.page_size = 1
    for record_id in ("A2", "A3"):
        crm.put(crm.records[Kind.ACCOUNTS][record_id])
    answers = iter([False, True])
    pull(crm, house.engine, house.clock, kinds=[Kind.ACCOUNTS], stop=lambda: next(answers))
    house.wish(an_update("A1", rating="B"))
    house.push(crm)

    assert crm.calls["owned_values"] == 2


def test_a_field_that_was_not_part_of_the_last_write_is_looked_at(
    house: House, crm: RefusingCrm
) -> None:
    house.wish(an_update("A1", rating="B"))
    house.push(crm)
    pull(crm, house.engine, house.clock)
    house.wish(an_update("A1", terms_days=60))
    house.push(crm)
    assert crm.calls["owned_values"] == 2

    pull(crm, house.engine, house.clock)
    house.wish(an_update("A1", terms_days=90))
    house.push(crm)
    assert crm.calls["owned_values"] == 2


def test_a_field_never_written_is_looked_at(house: House, crm: RefusingCrm) -> None:
    house.wish(an_update("A1", rating="B", outlook="down"))
    house.push(crm)

    assert crm.calls["owned_values"] == 2


def test_what_was_sent_and_not_answered_is_looked_at(house: House, crm: RefusingCrm) -> None:
    crm.lose_answers = 1
    house.wish(an_update("A1", rating="B"))
    house.push(crm)
    pull(crm, house.engine, house.clock)
    house.clock.move(timedelta(minutes=4))
    pull(crm, house.engine, house.clock)
    house.push(crm)

    assert crm.calls["owned_values"] == 2
    assert house.states()[-1] == "done"


def test_a_newer_wish_that_took_over_an_unanswered_one_is_looked_at(
    house: House, crm: RefusingCrm
) -> None:
    """The older wish has landed: what the last pull showed is not what stands there."""
    crm.lose_answers = 1

    def change_of_mind(operation: str, _number: int) -> None:
        if operation == "update_fields" and len(house.rows()) == 4:
            house.wish(an_update("A1", rating="A"))

    crm.before_call = change_of_mind
    house.wish(an_update("A1", rating="B"))
    house.push(crm)
    assert crm.fields["A1"][RATING] == "B"
    house.clock.move(timedelta(minutes=4))
    house.push(crm)

    assert crm.fields["A1"][RATING] == "A"
    assert house.states()[-2:] == ["dropped", "done"]


def test_a_full_pull_that_has_only_begun_proves_nothing(house: House, crm: RefusingCrm) -> None:
    house.clock.move(timedelta(minutes=10))
    crm.fields["A1"][RATING] = "AAA"
    crm.put(crm.records[Kind.ACCOUNTS]["A1"])
    crm.fail_once("changes", 1)
    with pytest.raises(CrmUnavailable):
        pull(crm, house.engine, house.clock, kinds=[Kind.ACCOUNTS], full=True)
    house.wish(an_update("A1", rating="B"))

    assert house.push(crm).parked == 1
    assert crm.fields["A1"][RATING] == "AAA"


def test_a_long_pull_counts_from_its_beginning(house: House, crm: RefusingCrm) -> None:
    """What changed after its record was read is not known, however late the last page came."""
    crm.page_size = 1
    pages = iter(range(9))

    def edit_after_the_first(operation: str, _number: int) -> None:
        if operation == "changes" and next(pages) == 1:
            house.clock.move(timedelta(minutes=20))
            crm.fields["A1"][RATING] = "AAA"

    crm.before_call = edit_after_the_first
    pull(crm, house.engine, house.clock, kinds=[Kind.ACCOUNTS], full=True)
    house.wish(an_update("A1", rating="B"))

    assert house.push(crm).parked == 1
    assert crm.fields["A1"][RATING] == "AAA"


def test_an_account_that_could_not_be_read_is_looked_at(house: House, crm: RefusingCrm) -> None:
    """The row here is an older one: its time of change says nothing."""
    account = crm.records[Kind.ACCOUNTS]["A1"]
    crm.fields["A1"][RATING] = "AAA"
    crm.spoil(Kind.ACCOUNTS, "A1")
    pull(crm, house.engine, house.clock)
    crm.records[Kind.ACCOUNTS]["A1"] = account
    house.wish(an_update("A1", rating="B"))

    assert house.push(crm).parked == 1
    assert crm.fields["A1"][RATING] == "AAA"
