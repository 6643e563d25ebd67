"""Decisions that began or ended of late: their companies are looked at again, unasked.

The daily assessment would find them, too; this is for the hours before it, and costs only those
companies.
"""

from datetime import date, timedelta

import sqlalchemy as sa

from connector.store.file_frames import IN_FORCE
from connector.store.file_tables import decisions
from connector.store.staleness import mark_stale

__all__ = ["LOOKED_BACK", "mark_turned"]

LOOKED_BACK = timedelta(days=7)
"""How far back ends are looked for: a host may have been down, and looking twice changes nothing."""


def mark_turned(conn: sa.Connection, today: date) -> int:
    """Note accounts of which an override, limit, hold or exemption began or ended. Tells how many.

    The last day of a decision is in force: it has ended from the day after.
    """
    since = today - LOOKED_BACK
    began = sa.and_(decisions.c.from_on > since, decisions.c.from_on <= today)
    ran_out = sa.and_(decisions.c.to_on >= since, decisions.c.to_on < today)
    was_ended = sa.and_(decisions.c.ended_on > since, decisions.c.ended_on <= today)
    statement = (
        sa.select(decisions.c.account_system, decisions.c.account_id)
        .where(decisions.c.state.in_(IN_FORCE), sa.or_(began, ran_out, was_ended))
        .distinct()
    )
    turned: dict[str, set[str]] = {}
    for row in conn.execute(statement):
        turned.setdefault(row.account_system, set()).add(row.account_id)
    return sum(mark_stale(conn, system, ids) for system, ids in sorted(turned.items()))
