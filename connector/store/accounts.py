"""Looking accounts up by how people name them."""

from collections.abc import Collection

import sqlalchemy as sa

from connector.store.engine import is_one_of
from connector.store.erased import ERASED
from connector.store.tables import accounts, contacts, entities
from scoring.records import AccountRef

__all__ = ["accounts_apart_from", "entities_in", "entity_names", "entity_of"]


def entity_of(conn: sa.Connection, ref: str) -> str | None:
    """Find the company behind a reference, or ``None``.

    ``ref`` is ``connection:record id``, an entity's own id, a record id, a company code or an
    exact name; what names more than one company names none.
    """
    system, _, record_id = ref.partition(":")
    by_account = sa.select(accounts.c.entity).where(
        accounts.c.entity.is_not(None),
        sa.or_(
            sa.and_(accounts.c.system == system, accounts.c.record_id == record_id),
            accounts.c.record_id == ref,
            accounts.c.name == ref,
        ),
    )
    by_entity = sa.select(entities.c.entity).where(
        sa.or_(entities.c.entity == ref, entities.c.uscc == ref)
    )
    found = set(conn.execute(sa.union(by_account, by_entity)).scalars())
    return found.pop() if len(found) == 1 else None


def entity_names(conn: sa.Connection) -> dict[str, str]:
    """Tell every company's name, by entity."""
    statement = sa.select(entities.c.entity, entities.c.name)
    return {row.entity: row.name for row in conn.execute(statement)}


def entities_in(conn: sa.Connection, systems: Collection[str]) -> set[str]:
    """Name the companies that have an account in one of these connections."""
    statement = sa.select(accounts.c.entity).where(
        accounts.c.system.in_(sorted(systems)), accounts.c.entity.is_not(None)
    )
    return set(conn.execute(statement).scalars())


def accounts_apart_from(conn: sa.Connection, systems: Collection[str]) -> list[AccountRef]:
    """Name the accounts of all companies that stand in none of these connections."""
    there = sa.select(accounts.c.entity).where(
        accounts.c.system.in_(sorted(systems)), accounts.c.entity.is_not(None)
    )
    statement = (
        sa.select(accounts.c.system, accounts.c.record_id)
        .where(accounts.c.entity.not_in(there), accounts.c.gone_at.is_(None))
        .order_by(accounts.c.system, accounts.c.record_id)
    )
    return [AccountRef(row.system, row.record_id) for row in conn.execute(statement)]


def contacts_of(conn: sa.Connection, asked: Collection[AccountRef]) -> dict[AccountRef, str]:
    """Tell whom to ask at each customer: the first contact with a telephone, else the first.

    Name, telephone and mail address in one line; accounts without a contact, or with none but
    such whose data was erased, are absent.
    """
    statement = (
        sa.select(contacts)
        .where(
            is_one_of(conn, contacts.c.account_id, sorted({ref.record_id for ref in asked})),
            contacts.c.system.in_({ref.system for ref in asked}),
            contacts.c.gone_at.is_(None),
            contacts.c.name != ERASED,
        )
        .order_by(contacts.c.phone.is_(None), contacts.c.record_id)
    )
    found: dict[AccountRef, str] = {}
    for row in conn.execute(statement):
        parts = (row.name, row.phone, row.email)
        line = " ".join(part for part in parts if part)
        found.setdefault(AccountRef(row.system, row.account_id), line)
    return found
