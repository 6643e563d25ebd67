"""Groups of companies: who hangs together by parent links (credit-management 6.4).

A group is everybody reachable over parents and subsidiaries. Gates and group headroom are right
only where the whole group is assessed together.
"""

from collections.abc import Collection, Mapping, Sequence
from datetime import date

import sqlalchemy as sa

from connector.store.book import load_book
from connector.store.engine import is_one_of
from connector.store.staleness import mark_accounts_of, stale_entities
from connector.store.tables import accounts
from scoring.book import Book
from scoring.rates import Rate

__all__ = ["load_group_book", "spread_marks", "with_groups"]

_PARENT = accounts.alias("parent")
_CHILD = accounts.alias("child")


def load_group_book(
    conn: sa.Connection,
    entities: Sequence[str],
    rates: Mapping[str, Rate],
    *,
    policy_currency: str,
    as_of: date,
) -> Book:
    """Load what an assessment of these entities as of a date looks at: them and their groups.

    Whoever assesses, explains or replays loads it here, so that all see the same.
    """
    members = with_groups(conn, entities)
    return load_book(conn, members, rates, policy_currency=policy_currency, as_of=as_of)


def with_groups(conn: sa.Connection, entities: Sequence[str]) -> list[str]:
    """Name these entities and all members of their groups, sorted."""
    found = set(entities)
    reached = sorted(found)
    while reached:
        reached = sorted(_neighbours(conn, reached) - found)
        found.update(reached)
    return sorted(found)


def spread_marks(conn: sa.Connection) -> int:
    """Mark the groups of changed companies as changed, too. Tells how many companies more."""
    changed = stale_entities(conn)
    others = sorted(set(with_groups(conn, changed)) - set(changed))
    mark_accounts_of(conn, others)
    return len(others)


def _neighbours(conn: sa.Connection, entities: Collection[str]) -> set[str]:
    """Name the parents and the subsidiaries of these entities."""
    wanted = list(entities)
    linked = sa.and_(_PARENT.c.system == _CHILD.c.system, _PARENT.c.record_id == _CHILD.c.parent_id)
    here = sa.and_(_PARENT.c.gone_at.is_(None), _CHILD.c.gone_at.is_(None))
    up = (
        sa.select(_PARENT.c.entity)
        .select_from(_CHILD)
        .join(_PARENT, linked)
        .where(here, is_one_of(conn, _CHILD.c.entity, wanted))
    )
    down = (
        sa.select(_CHILD.c.entity)
        .select_from(_PARENT)
        .join(_CHILD, linked)
        .where(here, is_one_of(conn, _PARENT.c.entity, wanted))
    )
    return {entity for entity in conn.execute(sa.union(up, down)).scalars() if entity}
