"""The statements of whole industries: what own customers are compared by (credit-management 1.4, B)."""

from collections.abc import Collection

import sqlalchemy as sa

from connector.store.book import Trading
from connector.store.engine import is_one_of
from connector.store.file_frames import CreditFile
from connector.store.file_tables import statements
from connector.store.tables import accounts
from scoring.book import Book

__all__ = ["firms_by_industry", "load_peers", "statements_stamp"]

_REPORTING = (
    sa.and_(
        statements.c.account_system == accounts.c.system,
        statements.c.account_id == accounts.c.record_id,
    ),
    sa.and_(
        statements.c.gone_at.is_(None),
        accounts.c.gone_at.is_(None),
        accounts.c.entity.is_not(None),
    ),
)


def statements_stamp(conn: sa.Connection) -> tuple[object, ...]:
    """Tell what changes whenever a statement, or who hands one in, does."""
    link, here = _REPORTING
    newest = sa.func.max(statements.c.modified_at), sa.func.max(accounts.c.modified_at)
    asked = sa.select(sa.func.count(), *newest).select_from(statements).join(accounts, link)
    return tuple(conn.execute(asked.where(here)).one())


def firms_by_industry(conn: sa.Connection) -> dict[str, int]:
    """Count the companies that handed in statements, by industry."""
    link, here = _REPORTING
    industry = accounts.c.industry
    firms = sa.func.count(accounts.c.entity.distinct())
    asked = sa.select(industry, firms).select_from(statements).join(accounts, link)
    counted = asked.where(here, industry.is_not(None)).group_by(industry)
    return {row[0]: row[1] for row in conn.execute(counted)}


def load_peers(conn: sa.Connection, industries: Collection[str]) -> Book:
    """Load the companies of these industries that handed in statements, and nothing else of them."""
    link, here = _REPORTING
    asked = sa.select(accounts.c.entity).select_from(statements).join(accounts, link)
    of_these = is_one_of(conn, accounts.c.industry, sorted(industries))
    found = [
        entity
        for entity in conn.execute(asked.where(here, of_these).distinct()).scalars()
        if entity is not None
    ]
    return Book.of(
        entities=Trading(conn, found).entities(), statements=CreditFile(conn, found).statements()
    )
