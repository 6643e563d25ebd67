"""An order checked against the stored books: facts as of a date, what is usual, how old the data is."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta

import msgspec
import polars as pl
import sqlalchemy as sa

from connector.store.engine import reading
from connector.store.groups import load_group_book
from connector.store.tables import cursors
from scoring.assess import Assessments
from scoring.book import Book
from scoring.calendar import WorkCalendar
from scoring.known import known, priced
from scoring.limits.segments import segments
from scoring.money import Money
from scoring.ordercheck import AccountFacts, OrderDecision, OrderRequest, check_order, facts_of
from scoring.policy import Policy
from scoring.rates import Rate

__all__ = ["Checked", "LookedAt", "OrderChecks", "data_age_hours"]

_YEAR = timedelta(days=365)
_LEAST_ORDERS = 3  # fewer show no average


class Checked(msgspec.Struct, frozen=True, kw_only=True):
    """An order, the facts it was checked on, and what the check says."""

    entity: str
    facts: AccountFacts
    decision: OrderDecision


@dataclass(frozen=True, kw_only=True)
class OrderChecks:
    """Checks orders on the stored facts of a day. ``now``: the moment, ``None`` for a past day."""

    engine: sa.Engine
    assess: Callable[[Book, Policy, date], Assessments]
    policy: Policy
    rates: Mapping[str, Rate]
    calendar: WorkCalendar
    as_of: date
    now: datetime | None

    def look_at(self, entities: Iterable[str]) -> "LookedAt":
        """Load and assess some companies with their groups."""
        names = sorted(set(entities))
        with reading(self.engine) as conn:
            book = load_group_book(
                conn, names, self.rates, policy_currency=self.policy.currency, as_of=self.as_of
            )
            ages = {name: self._age(conn, book, name) for name in names}
        decided = self.assess(book, self.policy, self.as_of)
        return LookedAt(decided=decided, ages=ages, calendar=self.calendar)

    def _age(self, conn: sa.Connection, book: Book, entity: str) -> int | None:
        if self.now is None:  # of a past day nobody knows any more
            return None
        systems = set(book.accounts.filter(pl.col("entity") == entity)["system"])
        return data_age_hours(conn, systems, self.now)


@dataclass(frozen=True, kw_only=True)
class LookedAt:
    """Assessed companies, ready for the check of orders."""

    decided: Assessments
    ages: Mapping[str, int | None]
    calendar: WorkCalendar

    def currency(self, entity: str) -> str:
        """Tell a company's currency. Raises ``KeyError``."""
        return str(self.decided.figures(entity)["currency"])

    def check(self, entity: str, order: OrderRequest) -> Checked:
        """Check an order of one of the companies. Raises ``KeyError``.

        What the company usually orders, and whether it ever did, is read off its orders and
        invoices and stands in the decision's order.
        """
        decided = self.decided
        row, book, as_of = decided.figures(entity), decided.book, decided.as_of
        facts = facts_of(row, rates=book.rates, data_age_hours=self.ages[entity])
        if order.segment is not None:
            facts = _with_segment(facts, decided, entity, order.segment, self.calendar)
        average, first = _usual(book, entity, as_of)
        asked = msgspec.structs.replace(
            order,
            first_order=first,
            average_order=None if average is None else Money(average, facts.currency),
        )
        decision = check_order(facts, asked, decided.policy, as_of)
        return Checked(entity=entity, facts=facts, decision=decision)


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
