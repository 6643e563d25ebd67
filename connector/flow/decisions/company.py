"""The company a decision is about: who is meant, how it was last assessed, whose customer it is."""

import sqlalchemy as sa

from connector.flow.decisions.decision import DecisionError
from connector.flow.importing.companies import Companies, Company
from connector.store.accounts import entity_of
from connector.store.assessments import StoredAssessment, latest_assessments
from connector.store.tables import accounts, owners
from scoring.records import AccountRef

__all__ = ["company_named", "entity_at", "latest_of", "owner_name"]


def company_named(conn: sa.Connection, ref: str) -> Company:
    """Find the one company that is meant. Raises ``DecisionError``."""
    entity = entity_of(conn, ref)
    company = None if entity is None else Companies(conn).of_entity(entity)
    if company is None:
        raise DecisionError("unknown_company", ref=ref)
    return company


def entity_at(conn: sa.Connection, account: AccountRef) -> str | None:
    """Name the company an account belongs to, if it is grouped."""
    return conn.execute(sa.select(accounts.c.entity).where(_is(account))).scalar_one_or_none()


def latest_of(conn: sa.Connection, entity: str | None) -> StoredAssessment | None:
    """Give a company's latest assessment; ``None``: it has none."""
    found = [] if entity is None else latest_assessments(conn, [entity])
    return found[0] if found else None


def owner_name(conn: sa.Connection, account: AccountRef) -> str:
    """Name the salesperson whose customer it is; empty when nobody's."""
    theirs = sa.and_(
        owners.c.system == accounts.c.system, owners.c.record_id == accounts.c.owner_id
    )
    statement = sa.select(owners.c.name).join(accounts, theirs).where(_is(account))
    return conn.execute(statement).scalar_one_or_none() or ""


def _is(account: AccountRef) -> sa.ColumnElement[bool]:
    return sa.and_(accounts.c.system == account.system, accounts.c.record_id == account.record_id)
