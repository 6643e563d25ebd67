"""Notes of Zoho: the key stands in the title, whatever must be cut, and is found in the list."""

import pytest

from adapters.errors import CrmError, OutcomeUnknown, RecordInvalid
from adapters.port import KeepsNotes, NoteDraft, Receipt
from sandbox.faults import FaultKind
from sandbox.zoho import ZohoOrg
from scoring.records import AccountRef
from tests.contract.bench import Bench

KEY = "0123456789abcdef01234567"


def a_note(account_id: str, **changes: str) -> NoteDraft:
    fields = {"key": KEY, "title": "2026-11-24 信用评估", "body": "BBB → BB", **changes}
    return NoteDraft(account=AccountRef("crm", account_id), **fields)


@pytest.fixture
def port(bench: Bench) -> KeepsNotes:
    port = bench.open(options={"notes": True})
    assert isinstance(port, KeepsNotes)
    return port


def _notes(bench: Bench) -> list[dict[str, object]]:
    assert isinstance(bench.crm, ZohoOrg)
    return bench.crm.notes.shown()


def test_a_note_is_written_on_the_account_and_found_by_its_key(
    bench: Bench, port: KeepsNotes
) -> None:
    account, other = bench.add_account(), bench.add_account()
    before = port.find_note(a_note(account))
    (outcome,) = port.add_notes([a_note(account)])
    (note,) = _notes(bench)

    assert before is None
    assert isinstance(outcome, Receipt)
    assert outcome.record_id == note["id"] == port.find_note(a_note(account))
    assert port.find_note(a_note(other)) is None
    assert note["Note_Title"] == f"2026-11-24 信用评估 [{KEY}]"
    assert note["Note_Content"] == "BBB → BB"


def test_the_key_stays_whatever_must_be_cut(bench: Bench, port: KeepsNotes) -> None:
    account = bench.add_account()
    long = a_note(account, title="长" * 200, body="文" * 40_000)
    (outcome,) = port.add_notes([long])

    assert isinstance(outcome, Receipt)
    assert port.find_note(long) == outcome.record_id


def test_old_notes_are_found_behind_many_newer_ones(bench: Bench, port: KeepsNotes) -> None:
    account = bench.add_account()
    port.add_notes([a_note(account)])
    others = [a_note(account, key=f"{number:024d}") for number in range(201)]
    port.add_notes(others)

    assert port.find_note(a_note(account)) is not None
    assert port.find_note(a_note(account, key="f" * 24)) is None


def test_each_note_is_judged_alone(bench: Bench, port: KeepsNotes) -> None:
    account = bench.add_account()
    good, gone = port.add_notes([a_note(account), a_note("1")])

    assert isinstance(good, Receipt)
    assert isinstance(gone, RecordInvalid)


@pytest.mark.parametrize("kind", [FaultKind.RESET_AFTER, FaultKind.ERROR_500, FaultKind.HTML_200])
def test_a_lost_answer_is_in_doubt(bench: Bench, port: KeepsNotes, kind: FaultKind) -> None:
    bench.fail("POST /crm/v8/Notes", kind)
    (outcome,) = port.add_notes([a_note(bench.add_account())])

    assert isinstance(outcome, OutcomeUnknown)


def test_a_list_that_lost_a_note_on_the_way_is_read_again(bench: Bench, port: KeepsNotes) -> None:
    account = bench.add_account()
    (written,) = port.add_notes([a_note(account)])
    bench.fail("GET /crm/v8/Accounts", FaultKind.MISSING_ENTRY)

    assert isinstance(written, Receipt)
    assert port.find_note(a_note(account)) == written.record_id


def test_a_list_that_cannot_be_read_is_an_error(bench: Bench, port: KeepsNotes) -> None:
    bench.fail("GET /crm/v8/Accounts", FaultKind.ERROR_500, times=9)

    with pytest.raises(CrmError):
        port.find_note(a_note(bench.add_account()))


def test_notes_are_off_unless_asked_for(bench: Bench) -> None:
    port = bench.open()
    assert isinstance(port, KeepsNotes)
    assert not port.wants_notes
