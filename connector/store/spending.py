"""What each connection's calls cost in the last day, minute by minute, for all processes."""

from collections.abc import Sequence
from datetime import datetime, timedelta

import sqlalchemy as sa

from adapters.budget import DAY
from connector.store.engine import in_one_commit, insert_or_ignore
from connector.store.tables import spending

__all__ = ["DatabaseSpending", "room_at", "spent_since"]

_MINUTE = timedelta(minutes=1)
_KEPT = DAY + timedelta(hours=1)


class DatabaseSpending:
    """The spending in the database; it fits ``adapters.budget.Spending``."""

    def __init__(self, engine: sa.Engine) -> None:
        self._engine = engine

    def book(self, system: str, at: datetime, credits: int, ceiling: int) -> datetime | None:  # noqa: A002 the trade's word
        """Book a call, or tell when there will be room for it."""

        def book(conn: sa.Connection) -> datetime | None:
            minute = at.replace(second=0, microsecond=0)
            _lock(conn, system, [minute - _MINUTE, minute])
            free_at = room_at(conn, system, at, credits, ceiling)
            if free_at is not None:
                return free_at
            conn.execute(
                spending.update()
                .where(spending.c.system == system, spending.c.minute == minute)
                .values(credits=spending.c.credits + credits)
            )
            old = (spending.c.system == system, spending.c.minute < at - _KEPT)
            conn.execute(spending.delete().where(*old))
            return None

        return in_one_commit(self._engine, book)


def _lock(conn: sa.Connection, system: str, minutes: Sequence[datetime]) -> None:
    """Let others who book in these minutes wait, in whatever second of them; make missing rows."""
    rows = [{"system": system, "minute": minute, "credits": 0} for minute in minutes]
    conn.execute(insert_or_ignore(conn, spending), rows)
    conn.execute(
        sa.select(spending.c.minute)
        .where(spending.c.system == system, spending.c.minute.in_(minutes))
        .order_by(spending.c.minute)
        .with_for_update()
    )


def spent_since(conn: sa.Connection, system: str, since: datetime) -> int:
    """Sum what a connection's calls cost after a time; a minute counts until all of it is over."""
    statement = sa.select(sa.func.coalesce(sa.func.sum(spending.c.credits), 0)).where(
        spending.c.system == system, spending.c.minute > since - _MINUTE
    )
    return int(conn.execute(statement).scalar_one())


def room_at(
    conn: sa.Connection,
    system: str,
    at: datetime,
    credits: int,  # noqa: A002 the trade's word
    ceiling: int,
) -> datetime | None:
    """Tell when there will be room for a call; ``None``: there is.

    Room comes when enough of the oldest spending is a day old; where it never suffices, in a day.
    """
    over = spent_since(conn, system, at - DAY) + credits - ceiling
    if over <= 0:
        return None
    statement = (
        sa.select(spending.c.minute, spending.c.credits)
        .where(spending.c.system == system, spending.c.minute > at - DAY - _MINUTE)
        .order_by(spending.c.minute)
    )
    for minute, credits_ in conn.execute(statement):
        over -= credits_
        if over <= 0:
            freed: datetime = minute + DAY + _MINUTE
            return freed
    return at + DAY
