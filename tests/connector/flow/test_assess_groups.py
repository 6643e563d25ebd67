"""Groups are assessed together, and what was decided before comes with the facts."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import date, timedelta

import msgspec
import pytest
import sqlalchemy as sa

from connector.clock import FixedClock
from connector.flow.assess import AssessReport, Rules, Scope, assess_stale
from connector.flow.entities import group_entities
from connector.store.assessments import latest_assessments
from connector.store.book import load_book
from connector.store.engine import reading
from connector.store.staleness import stale_entities
from scoring.assessment import Assessment
from scoring.book import Book
from scoring.policy import Policy
from scoring.records import Kind
from tests.connector.flow.deciding import AS_OF, SimpleDecided, simple_assess, simple_rules
from tests.connector.store.saving import NOW, save
from tests.crm_records import an_account, an_invoice

NEXT_DAY = AS_OF + timedelta(days=1)


@pytest.fixture
def family(engine: sa.Engine) -> sa.Engine:
    """A parent with two subsidiaries, and a stranger; one subsidiary owes."""
    children = [an_account("b", parent_id="a"), an_account("c", parent_id="a")]
    save(engine, Kind.ACCOUNTS, an_account("a"), *children, an_account("z"))
    save(engine, Kind.INVOICES, an_invoice("i1", "b"))
    group_entities(engine, now=NOW)
    return engine


def watching(seen: list[list[str]]) -> Rules:
    """Note which entities stand in each Book."""

    def assess(book: Book, policy: Policy, as_of: date) -> SimpleDecided:
        seen.append(book.entities["entity"].to_list())
        return simple_assess(book, policy, as_of)

    return replace(simple_rules(), assess=assess)


def stored(engine: sa.Engine) -> set[str]:
    with reading(engine) as conn:
        return {each.assessment.entity for each in latest_assessments(conn)}


def test_one_company_is_assessed_with_its_group_and_stored_alone(
    family: sa.Engine, clock: FixedClock
) -> None:
    seen: list[list[str]] = []

    report = assess_stale(family, watching(seen), AS_OF, clock, only=["zoho:b"])

    assert seen == [["zoho:a", "zoho:b", "zoho:c"]]
    assert report == AssessReport(
        assessed=1, stored=1, planned=report.planned, accounts=report.accounts
    )
    assert stored(family) == {"zoho:b"}


def test_a_change_in_a_subsidiary_assesses_its_group_and_nobody_else(
    family: sa.Engine, clock: FixedClock
) -> None:
    assess_stale(family, simple_rules(), AS_OF, clock, scope=Scope.EVERYTHING)
    save(family, Kind.INVOICES, an_invoice("i2", "c"))
    seen: list[list[str]] = []

    report = assess_stale(family, watching(seen), AS_OF, clock, scope=Scope.STALE, chunk=1)

    assert seen == [["zoho:a", "zoho:b", "zoho:c"]] * 3
    assert report.assessed == 3
    with reading(family) as conn:
        assert stale_entities(conn) == []


def test_yesterdays_assessment_is_known_today_and_not_on_its_own_day(
    family: sa.Engine, clock: FixedClock
) -> None:
    assess_stale(family, simple_rules(), AS_OF, clock, scope=Scope.EVERYTHING)

    with reading(family) as conn:
        today = load_book(conn, ["zoho:b"], {}, as_of=AS_OF)
        tomorrow = load_book(conn, ["zoho:b"], {}, as_of=NEXT_DAY)
        never = load_book(conn, ["zoho:b"], {})

    assert (today.previous.height, never.previous.height) == (0, 0)
    (row,) = tomorrow.previous.to_dicts()
    assert (row["as_of"], row["grade"], row["score"]) == (AS_OF, "CCC", 40.0)
    assert (row["limit"], row["exposure"], row["currency"]) == (100_000_00, 10_000_00, "CNY")
    assert row["watch_level"] == "normal"


def test_an_unrated_predecessor_has_no_grade(family: sa.Engine, clock: FixedClock) -> None:
    def assess(book: Book, policy: Policy, as_of: date) -> SimpleDecided:
        found = simple_assess(book, policy, as_of).found
        unrated = [
            msgspec.structs.replace(one, rating="NR", score=None, limit=None) for one in found
        ]
        return SimpleDecided(unrated)

    assess_stale(family, replace(simple_rules(), assess=assess), AS_OF, clock, only=["zoho:z"])

    with reading(family) as conn:
        (row,) = load_book(conn, ["zoho:z"], {}, as_of=NEXT_DAY).previous.to_dicts()
    assert (row["grade"], row["score"], row["limit"], row["exposure"]) == (None, None, None, 0)


def warning(family: sa.Engine, clock: FixedClock, *days: date) -> None:
    """Assess a company on these days, each with a warning."""

    def assess(book: Book, policy: Policy, as_of: date) -> SimpleDecided:
        found: Iterable[Assessment] = simple_assess(book, policy, as_of).found
        return SimpleDecided([msgspec.structs.replace(one, signals=("E4",)) for one in found])

    for day in days:
        rules = replace(simple_rules(), assess=assess)
        assess_stale(family, rules, day, clock, only=["zoho:z"])


def signals(family: sa.Engine, as_of: date) -> list[tuple[object, ...]]:
    with reading(family) as conn:
        return load_book(conn, ["zoho:z"], {}, as_of=as_of).signals.rows()


def test_the_warnings_of_an_assessment_are_there_next_time(
    family: sa.Engine, clock: FixedClock
) -> None:
    warning(family, clock, AS_OF, NEXT_DAY)

    assert signals(family, NEXT_DAY + timedelta(days=1)) == [
        (f"zoho:z|E4|{AS_OF}", "zoho:z", "E4", AS_OF, NEXT_DAY)
    ]


def test_warnings_of_a_past_day_are_as_they_were_known_then(
    family: sa.Engine, clock: FixedClock
) -> None:
    later = AS_OF + timedelta(days=40)
    warning(family, clock, AS_OF)
    then = signals(family, later)

    warning(family, clock, later, later + timedelta(days=1))

    assert then == [(f"zoho:z|E4|{AS_OF}", "zoho:z", "E4", AS_OF, AS_OF)]
    assert signals(family, later) == then
