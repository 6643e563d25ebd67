"""How many calls and API credits each connection spent, by day."""

from datetime import date

import sqlalchemy as sa

from adapters.port import Usage
from connector.store.engine import insert_or_ignore
from connector.store.tables import usage

__all__ = ["add_usage", "usage_between", "usage_on"]


def add_usage(conn: sa.Connection, system: str, day: date, spent: Usage) -> None:
    """Add to what a connection spent on a day."""
    none = {"system": system, "day": day, "calls": 0, "credits": 0}
    conn.execute(insert_or_ignore(conn, usage), none)
    conn.execute(
        usage.update()
        .where(usage.c.system == system, usage.c.day == day)
        .values(calls=usage.c.calls + spent.calls, credits=usage.c.credits + spent.credits)
    )


def usage_between(conn: sa.Connection, system: str, first: date, last: date) -> dict[date, Usage]:
    """Tell what a connection spent on each of some days, first and last included."""
    statement = sa.select(usage.c.day, usage.c.calls, usage.c.credits).where(
        usage.c.system == system, usage.c.day.between(first, last)
    )
    return {row.day: Usage(row.calls, row.credits) for row in conn.execute(statement)}


def usage_on(conn: sa.Connection, system: str, day: date) -> Usage:
    """Tell what a connection spent on a day."""
    statement = sa.select(usage.c.calls, usage.c.credits)
    row = conn.execute(statement.where(usage.c.system == system, usage.c.day == day)).first()
    return Usage(0, 0) if row is None else Usage(row.calls, row.credits)
