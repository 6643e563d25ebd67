"""The currency most of an entity's invoices are in, the open ones first."""

from collections.abc import Sequence

import sqlalchemy as sa

from connector.store.tables import accounts, allocations, invoices
from scoring.records import InvoiceKind

__all__ = ["currencies_of_open_items"]

_IDS_PER_STATEMENT = 1000


def currencies_of_open_items(conn: sa.Connection, entities: Sequence[str]) -> dict[str, str]:
    """Tell the most frequent currency of open invoices, by entity.

    Of equals the one of more invoices, paid ones included, then the first by name. Entities without
    any invoice are absent. An invoice is open while allocations do not cover it.
    """
    found: dict[str, str] = {}
    for start in range(0, len(entities), _IDS_PER_STATEMENT):
        chunk = entities[start : start + _IDS_PER_STATEMENT]
        statement = _count().where(accounts.c.entity.in_(chunk))
        for entity, currency in conn.execute(statement):
            found.setdefault(entity, currency)
    return found


def _count() -> sa.Select[str, str]:
    paid = (
        sa.select(sa.func.coalesce(sa.func.sum(allocations.c.amount_minor), 0))
        .where(
            allocations.c.system == invoices.c.system,
            allocations.c.invoice_id == invoices.c.record_id,
            allocations.c.gone_at.is_(None),
        )
        .scalar_subquery()
    )
    still_open = sa.func.sum(sa.case((invoices.c.amount_minor > paid, 1), else_=0))
    return (
        sa.select(accounts.c.entity, invoices.c.amount_currency)
        .join(
            invoices,
            sa.and_(
                invoices.c.system == accounts.c.system,
                invoices.c.account_id == accounts.c.record_id,
            ),
        )
        .where(
            accounts.c.gone_at.is_(None),
            invoices.c.gone_at.is_(None),
            invoices.c.kind == InvoiceKind.INVOICE.value,
        )
        .group_by(accounts.c.entity, invoices.c.amount_currency)
        .order_by(
            accounts.c.entity,
            still_open.desc(),
            sa.func.count().desc(),
            invoices.c.amount_currency,
        )
    )
