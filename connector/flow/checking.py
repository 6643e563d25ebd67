"""An order checked against the stored books: facts as of a date, what is usual, how old the data is."""

from datetime import date, datetime, timedelta

import msgspec
import polars as pl
import sqlalchemy as sa

from connector.store.tables import cursors
from scoring.assess import Assessments
from scoring.book import Book
from scoring.calendar import WorkCalendar
from scoring.known import known, priced
from scoring.limits.segments import segments
from scoring.money import Money
from scoring.ordercheck import AccountFacts, OrderDecision, OrderRequest, check_order, facts_of

__all__ = ["check_stored", "data_age_hours"]

_YEAR = timedelta(days=365)
_LEAST_ORDERS = 3  # fewer show no average


def check_stored(
    decided: Assessments,
    entity: str,
    order: OrderRequest,
    *,
    age_hours: int | None,
    calendar: WorkCalendar,
) -> OrderDecision:
    """Check an order of one assessed company. Raises ``KeyError``.

    What the company usually orders, and whether it ever did, is read off its orders and invoices.
    """
    row, book, as_of = decided.figures(entity), decided.book, decided.as_of
    facts = facts_of(row, rates=book.rates, data_age_hours=age_hours)
    if order.segment is not None:
        facts = _with_segment(facts, decided, entity, order.segment, calendar)
    average, first = _usual(book, entity, as_of)
    asked = msgspec.structs.replace(
        order,
        first_order=first,
        average_order=None if average is None else Money(average, facts.currency),
    )
    return check_order(facts, asked, decided.policy, as_of)


def _with_segment(
    facts: AccountFacts, decided: Assessments, entity: str, segment: str, calendar: WorkCalendar
) -> AccountFacts:
    found = segments(decided.book, decided.policy, decided.as_of, calendar=calendar).filter(
        (pl.col("entity") == entity) & (pl.col("segment") == segment)
    )
    left = found["available"].to_list()
    return msgspec.structs.replace(facts, segment_headroom=left[0] if left else None)


def _usual(book: Book, entity: str, as_of: date) -> tuple[int | None, bool]:
    """Tell the mean order of the last year in the company's currency, and whether it is a newcomer."""
    of = pl.col("entity") == entity
    orders = known(book, "orders", as_of).filter(
        of & ~pl.col("status").is_in(["draft", "cancelled"])
    )
    items = known(book, "items", as_of).filter(of)
    recent = priced(book, orders.filter(pl.col("ordered_on") > as_of - _YEAR), ["amount"])
    amounts = recent["amount"].drop_nulls()
    enough = amounts.len() >= _LEAST_ORDERS
    average = int(amounts.sum()) // amounts.len() if enough else None
    return average, not (orders.height or items.height)


def data_age_hours(conn: sa.Connection, systems: set[str], now: datetime) -> int | None:
    """Tell the age of the least fresh feed of these connections, in whole hours.

    ``None``: nothing was ever read from them.
    """
    statement = sa.select(sa.func.min(cursors.c.saved_at)).where(cursors.c.system.in_(systems))
    oldest = conn.execute(statement).scalar()
    return None if oldest is None else int((now - oldest).total_seconds() // 3600)
