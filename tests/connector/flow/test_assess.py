from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import msgspec
import pytest
import sqlalchemy as sa

from adapters.port import CreditField, FieldUpdate
from connector.clock import FixedClock
from connector.flow.assess import Rules, Scope, assess_stale
from connector.flow.entities import group_entities
from connector.store import tables
from connector.store.assessments import assessment_on, history, latest_assessments
from connector.store.audit import verify
from connector.store.engine import reading
from connector.store.file_tables import snapshots
from connector.store.queue_tables import outbox
from connector.store.staleness import stale_entities
from connector.work.queue import waiting_values
from scoring.assessment import Assessment
from scoring.book import Book
from scoring.policy import Policy
from scoring.records import AccountRef, Kind
from tests.connector.flow.deciding import AS_OF, SimpleDecided, simple_assess, simple_rules
from tests.connector.store.saving import NOW, rows, save
from tests.crm_records import MODIFIED_AT, a_payment, an_account, an_allocation, an_invoice

USCC = "91350100M000100Y43"
NEXT_DAY = AS_OF + timedelta(days=1)


@pytest.fixture
def grouped(engine: sa.Engine) -> sa.Engine:
    """Five accounts of four companies; a1 and fx:b1 are one, and owe one invoice each."""
    accounts = [an_account(f"a{number}") for number in range(2, 5)]
    save(engine, Kind.ACCOUNTS, an_account("a1", uscc=USCC), *accounts)
    save(engine, Kind.ACCOUNTS, an_account("b1", uscc=USCC), system="fx")
    save(engine, Kind.INVOICES, an_invoice("i1", "a1"))
    save(engine, Kind.INVOICES, an_invoice("i1", "b1", due_on=date(2026, 12, 31)), system="fx")
    group_entities(engine, now=NOW)
    return engine


def latest(engine: sa.Engine) -> dict[str, Assessment]:
    with reading(engine) as conn:
        found = latest_assessments(conn)
    return {stored.assessment.entity: stored.assessment for stored in found}


def waiting(engine: sa.Engine, system: str, record_id: str) -> dict[CreditField, Any]:
    account = AccountRef(system, record_id)
    with reading(engine) as conn:
        return waiting_values(conn, [account]).get(account, {})


def test_a_company_of_two_crms_is_assessed_once_and_told_to_both(
    grouped: sa.Engine, clock: FixedClock
) -> None:
    report = assess_stale(grouped, simple_rules(), AS_OF, clock)

    assert (report.assessed, report.stored, report.planned) == (4, 4, 5)
    exposure = latest(grouped)[f"uscc:{USCC}"].exposure
    assert exposure is not None
    assert exposure.minor == 20_000_00
    zoho, fx = waiting(grouped, "zoho", "a1"), waiting(grouped, "fx", "b1")
    assert zoho[CreditField.EXPOSURE] == fx[CreditField.EXPOSURE] == exposure.amount


def test_assessing_again_stores_and_asks_for_nothing(grouped: sa.Engine, clock: FixedClock) -> None:
    assess_stale(grouped, simple_rules(), AS_OF, clock)
    before = [rows(grouped, table) for table in (tables.assessments, tables.audit, outbox)]
    clock.move(timedelta(hours=1))

    due = assess_stale(grouped, simple_rules(), AS_OF, clock)
    everything = assess_stale(grouped, simple_rules(), AS_OF, clock, scope=Scope.EVERYTHING)

    assert (due.assessed, everything.assessed) == (0, 4)
    assert (everything.stored, everything.planned) == (0, 0)
    assert before == [rows(grouped, table) for table in (tables.assessments, tables.audit, outbox)]


def test_only_whom_a_change_concerns_is_assessed(grouped: sa.Engine, clock: FixedClock) -> None:
    assess_stale(grouped, simple_rules(), AS_OF, clock)
    save(grouped, Kind.PAYMENTS, a_payment("p1", "a1"))
    save(grouped, Kind.ALLOCATIONS, an_allocation("l1", "p1", "i1"))

    report = assess_stale(grouped, simple_rules(), AS_OF, clock, scope=Scope.STALE)

    assert (report.assessed, report.stored) == (1, 1)
    assert report.accounts == [AccountRef("fx", "b1"), AccountRef("zoho", "a1")]
    assert latest(grouped)[f"uscc:{USCC}"].rating == "A"


def test_a_new_day_makes_everybody_due(grouped: sa.Engine, clock: FixedClock) -> None:
    assess_stale(grouped, simple_rules(), AS_OF, clock)

    stale = assess_stale(grouped, simple_rules(), NEXT_DAY, clock, scope=Scope.STALE)
    due = assess_stale(grouped, simple_rules(), NEXT_DAY, clock)

    assert (stale.assessed, due.assessed) == (0, 4)
    assert {one.as_of for one in latest(grouped).values()} == {NEXT_DAY}


def test_a_new_policy_makes_everybody_due(grouped: sa.Engine, clock: FixedClock) -> None:
    assess_stale(grouped, simple_rules(), AS_OF, clock)
    newer = msgspec.structs.replace(Policy(), version="v2")

    report = assess_stale(grouped, simple_rules(newer), AS_OF, clock)

    assert (report.assessed, report.stored) == (4, 4)
    assert len(rows(grouped, tables.assessments)) == 4


@pytest.mark.parametrize("chunk", [1, 2, 3, 100])
def test_chunks_make_no_difference(grouped: sa.Engine, clock: FixedClock, chunk: int) -> None:
    told: list[tuple[int, int]] = []

    report = assess_stale(
        grouped,
        simple_rules(),
        AS_OF,
        clock,
        chunk=chunk,
        progress=lambda done, total: told.append((done, total)),
    )

    assert (report.assessed, report.planned) == (4, 5)
    assert told[-1] == (4, 4)
    with reading(grouped) as conn:
        assert stale_entities(conn) == []
        assert verify(conn) == 4


def test_a_date_gone_by_is_history_and_not_written_back(
    grouped: sa.Engine, clock: FixedClock
) -> None:
    assess_stale(grouped, simple_rules(), AS_OF, clock)
    before = waiting(grouped, "zoho", "a1")

    report = assess_stale(grouped, simple_rules(), date(2026, 8, 2), clock, scope=Scope.EVERYTHING)

    assert (report.stored, report.planned) == (4, 0)
    assert waiting(grouped, "zoho", "a1") == before
    assert latest(grouped)[f"uscc:{USCC}"].as_of == AS_OF
    with reading(grouped) as conn:
        dates = [one.assessment.as_of for one in history(conn, f"uscc:{USCC}")]
        standing = assessment_on(conn, f"uscc:{USCC}", date(2026, 9, 1))
        nothing = assessment_on(conn, f"uscc:{USCC}", date(2026, 8, 1))
    assert dates == [date(2026, 8, 2), AS_OF]
    assert standing is not None
    assert (standing.assessment.as_of, standing.latest) == (date(2026, 8, 2), False)
    assert nothing is None


def test_one_company_may_be_asked_for(grouped: sa.Engine, clock: FixedClock) -> None:
    report = assess_stale(grouped, simple_rules(), AS_OF, clock, only=["zoho:a2"])

    assert report.accounts == [AccountRef("zoho", "a2")]


def test_a_change_during_deciding_stays_noted(grouped: sa.Engine, clock: FixedClock) -> None:
    def interrupted(book: Book, policy: Policy, as_of: date) -> SimpleDecided:
        decided = simple_assess(book, policy, as_of)
        save(grouped, Kind.INVOICES, an_invoice("i9", "a2"))
        return decided

    assess_stale(grouped, replace(simple_rules(), assess=interrupted), AS_OF, clock)

    with reading(grouped) as conn:
        assert stale_entities(conn) == ["zoho:a2"]
    assess_stale(grouped, simple_rules(), AS_OF, clock, scope=Scope.STALE)
    assert latest(grouped)["zoho:a2"].rating == "CCC"


class Killed(BaseException):
    """The process ends here."""


def test_a_chunk_that_was_killed_leaves_nothing_half_done(
    grouped: sa.Engine, clock: FixedClock
) -> None:
    rules = simple_rules()

    def killed(*_arguments: object, **_options: object) -> list[FieldUpdate]:
        raise Killed

    with pytest.raises(Killed):
        assess_stale(grouped, replace(rules, plan=killed), AS_OF, clock)

    assert latest(grouped) == {}
    report = assess_stale(grouped, rules, AS_OF, clock)
    assert (report.assessed, report.planned) == (4, 5)


def test_the_explanation_is_kept_byte_by_byte(grouped: sa.Engine, clock: FixedClock) -> None:
    def explain(_decided: SimpleDecided, entity: str) -> bytes:
        return f'{{"实体":"{entity}"}}'.encode()

    assess_stale(grouped, replace(simple_rules(), explain=explain), AS_OF, clock)

    with reading(grouped) as conn:
        (stored,) = latest_assessments(conn, ["zoho:a2"])
    assert stored.explanation == '{"实体":"zoho:a2"}'.encode()


def test_no_transaction_is_open_while_deciding(grouped: sa.Engine, clock: FixedClock) -> None:
    pool = grouped.pool
    assert isinstance(pool, sa.QueuePool)
    held: list[int] = []

    def watched(book: Book, policy: Policy, as_of: date) -> SimpleDecided:
        held.append(pool.checkedout())
        return simple_assess(book, policy, as_of)

    assess_stale(grouped, replace(simple_rules(), assess=watched), AS_OF, clock)

    assert held == [0]


def test_an_account_that_joins_a_company_is_told_its_assessment(
    grouped: sa.Engine, clock: FixedClock
) -> None:
    assess_stale(grouped, simple_rules(), AS_OF, clock)
    joined = an_account("a2", uscc=USCC, name="公司a1", modified_at=MODIFIED_AT + timedelta(1))
    save(grouped, Kind.ACCOUNTS, joined)
    group_entities(grouped, now=NOW)

    assess_stale(grouped, simple_rules(), AS_OF, clock, scope=Scope.STALE)

    assert waiting(grouped, "zoho", "a2")[CreditField.RATING] == "CCC"


def test_marks_of_accounts_that_are_not_here_do_not_pile_up(
    engine: sa.Engine, clock: FixedClock
) -> None:
    save(engine, Kind.INVOICES, an_invoice("i1", "nowhere"))

    assess_stale(engine, simple_rules(), AS_OF, clock)

    assert rows(engine, tables.stale) == []


def _rules_asking_for_nothing() -> Rules:
    def nothing(*_arguments: object, **_options: object) -> list[FieldUpdate]:
        return []

    return replace(simple_rules(), plan=nothing)


def test_every_decision_is_in_the_audit_log(grouped: sa.Engine, clock: FixedClock) -> None:
    assess_stale(grouped, _rules_asking_for_nothing(), AS_OF, clock)
    save(grouped, Kind.INVOICES, an_invoice("i9", "a2"))
    assess_stale(grouped, _rules_asking_for_nothing(), AS_OF, clock)

    entries = [_grades(entry) for entry in rows(grouped, tables.audit)]

    assert ("zoho:a2", None, "A") in entries
    assert entries[-1] == ("zoho:a2", "A", "CCC")


def _grades(entry: dict[str, Any]) -> tuple[str, str | None, str]:
    old, new = entry["old"], entry["new"]
    before = None if old is None else msgspec.json.decode(old)["rating"]
    return entry["target"], before, msgspec.json.decode(new)["rating"]


def test_the_ageing_of_each_day_is_kept_with_its_assessment(
    grouped: sa.Engine, clock: FixedClock
) -> None:
    assess_stale(grouped, simple_rules(), AS_OF, clock)
    assess_stale(grouped, simple_rules(), AS_OF, clock, scope=Scope.EVERYTHING)
    assess_stale(grouped, simple_rules(), NEXT_DAY, clock)

    kept = [(row["entity"], row["taken_on"]) for row in rows(grouped, snapshots)]

    names = sorted(latest(grouped))
    assert kept == [(name, day) for name in names for day in (AS_OF, NEXT_DAY)]
