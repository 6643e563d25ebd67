"""Records that do not fit together: a named record is not here, a payment is laid out twice.

Their money cannot be counted where it belongs, so a person is told. The problem goes away by
itself when the named record arrives, or the allocations are corrected.
"""

from collections.abc import Iterator
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from connector.store.file_tables import FILE_TABLES
from connector.store.problems import REFERENCES, Problem, replace_problems
from connector.store.tables import accounts, allocations, invoices, orders, payments
from scoring.money import Money
from scoring.records import Kind

__all__ = ["check_references"]

_LINKS = (
    (invoices, Kind.INVOICES, "account_id", accounts, "unknown_account"),
    (payments, Kind.PAYMENTS, "account_id", accounts, "unknown_account"),
    (orders, Kind.ORDERS, "account_id", accounts, "unknown_account"),
    (allocations, Kind.ALLOCATIONS, "invoice_id", invoices, "unknown_invoice"),
    (allocations, Kind.ALLOCATIONS, "payment_id", payments, "unknown_payment"),
    *(
        (table, kind, "account_id", accounts, "unknown_account")
        for kind, table in FILE_TABLES.items()
    ),
)


def check_references(conn: sa.Connection, *, now: datetime) -> int:
    """Bring the list of such records up to date. Tells how many there are."""
    every = (*_overlaid(conn, now), *_broken(conn, now))
    found = {(problem.system, problem.record_id): problem for problem in every}
    replace_problems(conn, REFERENCES, None, list(found.values()))
    return len(found)


def _broken(conn: sa.Connection, now: datetime) -> Iterator[Problem]:
    for table, kind, column, target, reason in _LINKS:
        for row in conn.execute(_without_target(table, table.c[column], target)):
            account_id = row.named if target is accounts else None
            yield Problem(
                system=row.system,
                topic=REFERENCES,
                record_id=row.record_id,
                account_id=account_id,
                reason=reason,
                detail=f"{kind.value}: {column} names {row.named}, which is not here",
                seen_at=now,
            )


def _without_target(
    table: sa.Table, column: sa.Column[Any], target: sa.Table
) -> sa.Select[str, str, Any]:
    # A target that is gone is known: its records left with it, that is no riddle.
    system = table.c.account_system if "account_system" in table.c else table.c.system
    here = sa.exists().where(target.c.system == system, target.c.record_id == column)
    return sa.select(table.c.system, table.c.record_id, column.label("named")).where(
        table.c.gone_at.is_(None), ~here
    )


def _overlaid(conn: sa.Connection, now: datetime) -> Iterator[Problem]:
    """Find payments of which more was laid on invoices than was received, in one currency."""
    whole, laid = payments.c.amount_minor, sa.func.sum(allocations.c.amount_minor)
    same = (
        (payments.c.system == allocations.c.system)
        & (payments.c.record_id == allocations.c.payment_id)
        & (payments.c.amount_currency == allocations.c.amount_currency)
    )
    columns = (payments.c.system, payments.c.record_id, payments.c.account_id)
    statement = (
        sa.select(*columns, whole, payments.c.amount_currency, laid.label("laid"))
        .join(allocations, same)
        .where(payments.c.gone_at.is_(None), allocations.c.gone_at.is_(None))
        .group_by(*columns, whole, payments.c.amount_currency)
        .having(laid > whole)
    )
    for row in conn.execute(statement):
        received, used = (
            Money(int(minor), row.amount_currency) for minor in (row.amount_minor, row.laid)
        )
        yield Problem(
            system=row.system,
            topic=REFERENCES,
            record_id=row.record_id,
            account_id=row.account_id,
            reason="allocated_too_much",
            detail=(
                f"payments: {used} laid on invoices, {received} received; "
                "the excess does not count, correct the allocations"
            ),
            seen_at=now,
        )
