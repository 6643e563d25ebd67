"""Which notes an assessment leaves: one when rating, limit or hold changed, none for the first."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial

import msgspec
import pytest
import sqlalchemy as sa

from adapters.port import CreditField, NoteDraft, field_text
from connector.clock import FixedClock
from connector.flow.assess import Rules, Scope, assess_stale
from connector.flow.entities import group_entities
from connector.flow.fields import plan_fields
from connector.flow.notes import plan_notes
from connector.store.engine import reading
from connector.store.queue_tables import outbox
from connector.texts.catalogue import Texts
from connector.work.writebacks import WriteKind, decode
from scoring.assessment import Assessment
from scoring.money import Money
from scoring.records import AccountRef, Kind
from tests.connector.flow.deciding import AS_OF, simple_rules
from tests.connector.flow.test_fields import an_assessment
from tests.connector.store.saving import NOW, save
from tests.crm_records import an_account, an_invoice

ACCOUNT = AccountRef("zoho", "1")
BEFORE = {
    CreditField.RATING: "A",
    CreditField.LIMIT: "20000",
    CreditField.HOLD: "none",
}


def planned(
    assessment: Assessment, before: dict[CreditField, str], language: str = "zh"
) -> list[NoteDraft]:
    """Plan for one account that was told ``before``."""
    texts, written = {"zoho": Texts(language)}, {ACCOUNT: before}
    moment = datetime(2026, 6, 30, tzinfo=UTC)
    updates = plan_fields(
        assessment, [ACCOUNT], written, texts=texts, assessment_id="a1", now=moment
    )
    return plan_notes(
        assessment, updates, written, systems={"zoho"}, texts=texts, assessment_id="a1"
    )


@pytest.mark.parametrize(
    ("language", "title", "lines"),
    [
        ("zh", "信用评估", ["信用评级：A → ", "信用冻结：可赊销 → 暂停新单"]),
        ("en", "Credit assessment of", ["Rating: A → ", "Hold: "]),
    ],
)
def test_a_note_tells_what_changed_from_what_to_what(
    language: str, title: str, lines: list[str]
) -> None:
    (note,) = planned(an_assessment(), BEFORE, language)

    assert (note.key, note.account) == ("a1", ACCOUNT)
    assert title in note.title
    assert all(line in note.body for line in lines)


def test_amounts_are_shown_the_readers_way_with_their_currency() -> None:
    assessment = msgspec.structs.replace(an_assessment(), limit=Money(12_345_600, "CNY"))
    (note,) = planned(assessment, BEFORE)

    assert "信用额度（CNY）：20,000 → 123,456" in note.body


def test_other_changes_are_worth_no_note() -> None:
    assessment = an_assessment()
    (note,) = planned(assessment, BEFORE)
    texts = Texts("zh")
    told = plan_fields(
        assessment, [ACCOUNT], {}, texts={"zoho": texts}, assessment_id="a1", now=NOW
    )[0].values
    same = {field: field_text(told[field]) for field in BEFORE}

    assert note.body
    assert planned(assessment, {**BEFORE, **same}) == []


def test_the_first_assessment_is_worth_no_note() -> None:
    assert planned(an_assessment(), {}) == []


def noting() -> Rules:
    """Rules that leave notes in one of two CRMs."""
    texts = {system: Texts("zh") for system in ("zoho", "fx")}
    return replace(simple_rules(), plan_notes=partial(plan_notes, systems={"zoho"}, texts=texts))


def _notes(engine: sa.Engine) -> list[NoteDraft]:
    notes = sa.select(outbox).where(outbox.c.kind == WriteKind.NOTE.value)
    with reading(engine) as conn:
        found = [decode(row.kind, row.body) for row in conn.execute(notes)]
    return [note for note in found if isinstance(note, NoteDraft)]


def test_notes_wait_with_the_fields_for_their_own_crm_alone(
    engine: sa.Engine, clock: FixedClock
) -> None:
    for system in ("zoho", "fx"):
        save(engine, Kind.ACCOUNTS, an_account("a1"), an_account("a2"), system=system)
    group_entities(engine, now=NOW)
    assess_stale(engine, noting(), AS_OF, clock)
    at_first = _notes(engine)
    for system in ("zoho", "fx"):
        save(engine, Kind.INVOICES, an_invoice("i1", "a1", due_on=AS_OF), system=system)
    later = AS_OF + timedelta(days=1)
    for _ in range(2):
        assess_stale(engine, noting(), later, clock, scope=Scope.EVERYTHING)
    (note,) = _notes(engine)

    assert at_first == []
    assert note.account == AccountRef("zoho", "a1")
    assert "信用评级：A → CCC" in note.body
