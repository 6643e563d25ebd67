"""A stored book to report on: two customers of 李梅, surveyed with the real engine."""

from datetime import date
from typing import Any

import sqlalchemy as sa

from connector.calendars import work_calendar
from connector.flow.entities import group_entities
from connector.flow.reports.survey import Survey
from connector.store.file_tables import decisions
from scoring.assess import Assessments, assess
from scoring.book import Book
from scoring.policy import Policy
from scoring.records import Kind
from tests.connector.flow.deciding import AS_OF
from tests.connector.store.saving import NOW, save
from tests.crm_records import an_account, an_invoice, an_owner

__all__ = ["CALENDAR", "a_survey", "decided", "two_customers"]

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


def decided(engine: sa.Engine, kind: str, **changes: Any) -> None:
    """Keep an approved decision about 甲."""
    values: dict[str, Any] = {"id": kind, "account_system": "zoho", "account_id": "a1"}
    values |= {"kind": kind, "state": "approved", "from_on": AS_OF, "reason": "r", "text": "已核实"}
    values |= {"author": "li", "approver": "wang", "created_at": NOW}
    with engine.begin() as conn:
        conn.execute(decisions.insert().values(values | changes))
