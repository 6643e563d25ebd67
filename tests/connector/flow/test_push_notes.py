"""Pushing notes: each once, looked for before it is written and twice after a lost answer."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from adapters.errors import CrmUnavailable, OutcomeUnknown, RecordInvalid
from adapters.port import KeepsNotes, NoteDraft, Outcome, Receipt, WriteEffect
from connector.clock import FixedClock
from connector.flow.run import RunWish, run_once
from connector.work.claim import LEASE
from connector.work.retry import SETTLE_WINDOW
from scoring.records import AccountRef
from tests.connector.flow.deciding import AS_OF, a_job
from tests.connector.flow.pushing import House, RefusingCrm
from tests.connector.work.writes import an_update
from tests.crm_records import an_account

LOST = OutcomeUnknown("lost", system="crm", operation="write a note")


class NotingCrm(RefusingCrm):
    """Keeps notes by account; ``answers`` come instead of a receipt, after the note is written."""

    wants_notes = True
    notes: list[tuple[str, str]]
    answers: list[Outcome]
    looks = 0

    def add_notes(self, notes: Sequence[NoteDraft]) -> list[Outcome]:
        """Write each."""
        self._call("add_notes")
        outcomes: list[Outcome] = []
        for note in notes:
            answer = self.answers.pop(0) if self.answers else None
            if not isinstance(answer, RecordInvalid | CrmUnavailable):
                self.notes.append((note.account.record_id, note.key))
            written = Receipt(effect=WriteEffect.CREATED, record_id=f"n{len(self.notes)}")
            outcomes.append(answer or written)
        self._end_call()
        return outcomes

    def find_note(self, note: NoteDraft) -> str | None:
        """Look for one."""
        self._call("find_note")
        self._end_call()
        self.looks += 1
        return "found" if (note.account.record_id, note.key) in self.notes else None


def a_note(account: str = "A1", key: str = "AS-1") -> NoteDraft:
    return NoteDraft(key=key, account=AccountRef("crm", account), title="T", body="B")


@pytest.fixture
def crm() -> NotingCrm:
    crm = NotingCrm("crm", [an_account(f"A{number}") for number in range(1, 4)])
    crm.refusals, crm.sent, crm.notes, crm.answers = {}, [], [], []
    assert isinstance(crm, KeepsNotes)
    return crm


@pytest.fixture
def house(engine: sa.Engine, clock: FixedClock) -> House:
    return House(engine, clock)


def test_notes_are_written_and_logged(house: House, crm: NotingCrm) -> None:
    house.wish(a_note("A1"), a_note("A2"), an_update("A1"))
    counts = house.push(crm)

    assert sorted(crm.notes) == [("A1", "AS-1"), ("A2", "AS-1")]
    assert (counts.notes_written, counts.accounts_written) == (2, 1)
    written = [entry.target for entry in house.audited() if entry.what == "note_written"]
    assert written == ["A1", "A2"]


def test_the_fields_stand_there_before_the_note(house: House, crm: NotingCrm) -> None:
    house.wish(a_note("A1"), an_update("A1"))

    assert [row.kind for row in house.rows()] == ["fields", "note"]


def test_a_note_is_asked_for_once_whatever_became_of_it(house: House, crm: NotingCrm) -> None:
    house.wish(a_note())
    house.wish(a_note())
    house.push(crm)
    house.wish(a_note(), a_note("A2"), a_note(key="AS-2"))
    house.push(crm)

    assert sorted(crm.notes) == [("A1", "AS-1"), ("A1", "AS-2"), ("A2", "AS-1")]


def test_a_note_that_is_there_is_not_written_again(house: House, crm: NotingCrm) -> None:
    crm.notes = [("A1", "AS-1")]
    house.wish(a_note())
    house.push(crm)

    assert crm.notes == [("A1", "AS-1")]
    assert house.states() == ["done"]


def test_a_lost_answer_is_looked_for_after_the_settle_window(house: House, crm: NotingCrm) -> None:
    crm.answers = [LOST]
    house.wish(a_note())
    house.push(crm)
    house.clock.move(SETTLE_WINDOW - timedelta(seconds=1))
    house.push(crm)
    early = crm.looks
    house.clock.move(timedelta(minutes=1))
    house.push(crm)

    assert early == 1
    assert crm.notes == [("A1", "AS-1")]
    assert house.states() == ["done"]


def test_one_that_never_arrived_is_written_after_two_looks(house: House, crm: NotingCrm) -> None:
    crm.answers = [LOST]
    house.wish(a_note())
    house.push(crm)
    crm.notes.clear()
    seen = []
    for _ in range(3):
        house.clock.move(SETTLE_WINDOW + timedelta(minutes=1))
        house.push(crm)
        seen.append(len(crm.notes))

    assert seen == [0, 1, 1]
    assert house.states() == ["done"]


def test_a_killed_worker_leaves_no_second_note(house: House, crm: NotingCrm) -> None:
    house.wish(a_note())
    crm.kill_at(2, SystemExit, answered=True)
    with pytest.raises(SystemExit):
        house.push(crm)
    house.clock.move(LEASE + SETTLE_WINDOW)
    house.push(crm)

    assert crm.notes == [("A1", "AS-1")]
    assert house.states() == ["done"]


def test_one_refusal_stops_no_other_and_an_outage_stops_all(house: House, crm: NotingCrm) -> None:
    about: dict[str, Any] = {"system": "crm", "operation": "write a note"}
    crm.answers = [RecordInvalid("no", **about)]
    house.wish(a_note("A1"), a_note("A2"))
    first = house.push(crm)
    crm.answers = [CrmUnavailable("down", **about)]
    house.wish(a_note("A1", "AS-2"), a_note("A2", "AS-2"))
    second = house.push(crm)

    assert (first.parked, first.notes_written) == (1, 1)
    assert (second.waiting, second.notes_written) == (2, 0)
    assert crm.calls["add_notes"] == 3


def test_notes_nobody_wants_any_more_are_ended(house: House, crm: NotingCrm) -> None:
    crm.wants_notes = False
    house.wish(a_note())
    counts = house.push(crm)

    assert (counts.obsolete, crm.notes) == (1, [])


def test_a_run_tells_how_many_it_wrote(house: House, crm: NotingCrm) -> None:
    house.wish(a_note("A1"), a_note("A2"))
    job = a_job(house.engine, house.clock, crm)
    without_fields = replace(job, rules=replace(job.rules, plan=lambda *_, **_ids: []))
    report = run_once(without_fields, RunWish(as_of=AS_OF))

    assert report.connections["crm"].notes_written == len(crm.notes) == 2
