"""A stored book to report on: two customers of 李梅, surveyed with the real engine."""

from datetime import date, timedelta
from typing import Any

import sqlalchemy as sa

from connector.calendars import work_calendar
from connector.clock import FixedClock
from connector.flow.assess import Rules, assess_stale
from connector.flow.entities import group_entities
from connector.flow.reports.survey import Survey
from connector.store.file_tables import decisions
from scoring.assess import Assessments, assess
from scoring.book import Book
from scoring.explain import explain, explanation_bytes
from scoring.policy import Policy
from scoring.records import Kind
from tests.connector.flow.deciding import AS_OF, simple_rules
from tests.connector.store.saving import NOW, save
from tests.crm_records import an_account, an_invoice, an_owner
from tests.file_records import a_credit_record

__all__ = ["CALENDAR", "a_survey", "decided", "night", "record", "two_customers"]

CALENDAR = work_calendar("CN", range(2025, 2028))


def two_customers(engine: sa.Engine, *, due_on: date = date(2026, 10, 1)) -> None:
    """甲 owes an invoice since a day, 乙 owes nothing."""
    save(engine, Kind.OWNERS, an_owner())
    save(engine, Kind.ACCOUNTS, an_account("a1", name="甲公司"), an_account("a2", name="乙公司"))
    issued_on = date(due_on.year - 1, due_on.month, due_on.day)
    save(engine, Kind.INVOICES, an_invoice("i1", issued_on=issued_on, due_on=due_on))
    group_entities(engine, now=NOW)


def a_survey(engine: sa.Engine, as_of: date = AS_OF, policy: Policy | None = None) -> Survey:
    return Survey(engine=engine, assess=_assess, policy=policy or Policy(), rates={}, as_of=as_of)


def _assess(book: Book, policy: Policy, as_of: date) -> Assessments:
    return assess(book, policy, as_of, calendar=CALENDAR)


def record(engine: sa.Engine, kind: str, **changes: Any) -> None:
    """Save a public record about 甲."""
    values: dict[str, Any] = {"kind": kind, "known_on": AS_OF, "event_on": AS_OF, "value": None}
    save(engine, Kind.CREDIT_RECORDS, a_credit_record("r9", **(values | changes)))


def night(engine: sa.Engine, clock: FixedClock, days: int = 0) -> None:
    """Decide like a nightly run does, some days later."""
    clock.move(timedelta(days=days))
    rules = Rules(
        policy=Policy(),
        rates={},
        assess=_assess,
        explain=lambda decided, entity: explanation_bytes(explain(decided, entity)),
        plan=simple_rules().plan,
    )
    assess_stale(engine, rules, clock.today(), clock)


def decided(engine: sa.Engine, kind: str, **changes: Any) -> None:
    """Keep an approved decision about 甲."""
    values: dict[str, Any] = {"id": kind, "account_system": "zoho", "account_id": "a1"}
    values |= {"kind": kind, "state": "approved", "from_on": AS_OF, "reason": "r", "text": "已核实"}
    values |= {"author": "li", "approver": "wang", "created_at": NOW}
    with engine.begin() as conn:
        conn.execute(decisions.insert().values(values | changes))
