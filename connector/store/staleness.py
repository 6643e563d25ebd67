"""Which accounts have to be assessed again, because something about them changed."""

from collections.abc import Collection, Iterable, Sequence

import sqlalchemy as sa

from connector.store.engine import is_one_of, listed
from connector.store.tables import accounts, stale

__all__ = [
    "anything_new",
    "clear_stale",
    "drop_idle_marks",
    "mark_accounts_of",
    "mark_everybody",
    "mark_stale",
    "stale_entities",
    "stale_marks",
]

_IDS_PER_STATEMENT = 1000


def mark_stale(conn: sa.Connection, system: str, account_ids: Collection[str]) -> int:
    """Note that these accounts changed. Tells how many."""
    if account_ids:
        these = listed(conn, sorted(account_ids))
        marks = sa.select(sa.literal(system), these.c.value)
        conn.execute(stale.insert().from_select(["system", "account_id"], marks))
    return len(account_ids)


def mark_accounts_of(conn: sa.Connection, entities: Sequence[str]) -> None:
    """Note that everything about these legal entities changed."""
    if entities:
        marks = sa.select(accounts.c.system, accounts.c.record_id).where(
            is_one_of(conn, accounts.c.entity, entities), accounts.c.gone_at.is_(None)
        )
        conn.execute(stale.insert().from_select(["system", "account_id"], marks))


def mark_everybody(conn: sa.Connection) -> None:
    """Note that something changed that everybody is measured by."""
    marks = sa.select(accounts.c.system, accounts.c.record_id).where(accounts.c.gone_at.is_(None))
    conn.execute(stale.insert().from_select(["system", "account_id"], marks))


def anything_new(conn: sa.Connection) -> bool:
    """Tell whether a change is noted, or an account belongs to no company yet."""
    noted = sa.exists(sa.select(stale.c.id))
    homeless = sa.exists().where(accounts.c.entity.is_(None))
    return conn.execute(sa.select(sa.or_(noted, homeless))).scalar_one() is True


def stale_entities(conn: sa.Connection) -> list[str]:
    """Name the legal entities with a changed account, sorted."""
    statement = (
        sa.select(accounts.c.entity)
        .join(stale, _same_account())
        .where(accounts.c.gone_at.is_(None), accounts.c.entity.is_not(None))
        .distinct()
        .order_by(accounts.c.entity)
    )
    return [entity for entity in conn.execute(statement).scalars() if entity is not None]


def stale_marks(conn: sa.Connection, entities: Sequence[str]) -> list[int]:
    """List the marks of these entities as they stand now; hand them to ``clear_stale`` later."""
    statement = (
        sa.select(stale.c.id)
        .join(accounts, _same_account())
        .where(accounts.c.entity.in_(list(entities)))
    )
    return list(conn.execute(statement).scalars())


def clear_stale(conn: sa.Connection, marks: Iterable[int]) -> None:
    """Remove exactly these marks: what changed after they were listed stays noted."""
    ids = list(marks)
    for start in range(0, len(ids), _IDS_PER_STATEMENT):
        chunk = ids[start : start + _IDS_PER_STATEMENT]
        conn.execute(stale.delete().where(stale.c.id.in_(chunk)))


def drop_idle_marks(conn: sa.Connection) -> None:
    """Remove marks of accounts that are gone or unknown; one that comes is marked anew."""
    here = sa.exists().where(_same_account(), accounts.c.gone_at.is_(None))
    idle = sa.select(stale.c.id).where(~here)
    clear_stale(conn, conn.execute(idle).scalars().all())


def _same_account() -> sa.ColumnElement[bool]:
    return sa.and_(accounts.c.system == stale.c.system, accounts.c.record_id == stale.c.account_id)
