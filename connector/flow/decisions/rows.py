"""Decisions as rows of the database: put down, locked, changed, listed."""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

import msgspec
import sqlalchemy as sa

from connector.flow.decisions.decision import Decision, DecisionError, Wish
from connector.store.file_tables import decisions
from connector.store.tables import accounts
from scoring.money import Money
from scoring.records import AccountRef

__all__ = [
    "Row",
    "account_at",
    "amount_at",
    "approvers_at",
    "change_row",
    "decision_of",
    "draft_row",
    "insert_row",
    "list_decisions",
    "locked_row",
    "of_approvers",
    "shown",
    "temporary_limits_since",
]

_SEPARATOR = "; "

Row = sa.Row[Any]


def draft_row(
    wish: Wish, account: AccountRef, *, decision_id: str, rating: str | None, now: datetime
) -> dict[str, Any]:
    """Describe the row of a draft; ``rating`` is the one the company had before."""
    return {
        "id": decision_id,
        "account_system": account.system,
        "account_id": account.record_id,
        "kind": wish.kind,
        "state": "draft",
        "from_on": wish.from_on,
        "to_on": wish.to_on,
        "grade": wish.grade,
        "amount_minor": None if wish.amount is None else wish.amount.minor,
        "amount_currency": None if wish.amount is None else wish.amount.currency,
        "scope": wish.scope,
        "reason": wish.reason,
        "text": wish.text.strip(),
        "evidence": wish.evidence,
        "before": rating,
        "author": wish.author,
        "created_at": now,
    }


def insert_row(conn: sa.Connection, row: Mapping[str, Any]) -> None:
    """Put a decision down."""
    conn.execute(decisions.insert(), row)


def locked_row(conn: sa.Connection, decision_id: str) -> Row:
    """Read a decision that nobody else changes before the commit. Raises ``DecisionError``."""
    statement = sa.select(decisions).where(decisions.c.id == decision_id).with_for_update()
    row = conn.execute(statement).first()
    if row is None:
        raise DecisionError("unknown_id", id=decision_id)
    return row


def change_row(conn: sa.Connection, decision_id: str, change: Mapping[str, object]) -> None:
    """Change some columns of a decision."""
    conn.execute(decisions.update().where(decisions.c.id == decision_id).values(change))


def list_decisions(
    conn: sa.Connection, *, state: str | None = None, entity: str | None = None
) -> list[Decision]:
    """List decisions, the newest first; of one state, of one company."""
    statement = (
        sa.select(decisions, accounts.c.entity)
        .outerjoin(accounts, _of_account())
        .order_by(decisions.c.created_at.desc(), decisions.c.id)
    )
    if state is not None:
        statement = statement.where(decisions.c.state == state)
    if entity is not None:
        statement = statement.where(accounts.c.entity == entity)
    return [decision_of(row, row.entity) for row in conn.execute(statement)]


def temporary_limits_since(conn: sa.Connection, entity: str, day: date) -> int:
    """Count a company's temporary limits that were approved to begin after a day."""
    statement = (
        sa.select(sa.func.count())
        .select_from(decisions)
        .join(accounts, _of_account())
        .where(
            accounts.c.entity == entity,
            decisions.c.kind == "temporary_limit",
            decisions.c.state.in_(("approved", "ended")),
            decisions.c.from_on > day,
        )
    )
    return conn.execute(statement).scalar_one()


def _of_account() -> sa.ColumnElement[bool]:
    return sa.and_(
        accounts.c.system == decisions.c.account_system,
        accounts.c.record_id == decisions.c.account_id,
    )


def decision_of(row: Row, entity: str | None) -> Decision:
    """Read a decision off its row."""
    names = set(Decision.__struct_fields__) - {"entity", "account", "amount"}
    return Decision(
        **{name: getattr(row, name) for name in names},
        entity=entity,
        account=str(account_at(row)),
        amount=amount_at(row),
    )


def account_at(row: Row) -> AccountRef:
    """Name the account a decision is kept at."""
    return AccountRef(row.account_system, row.account_id)


def amount_at(row: Row) -> Money | None:
    """Give a decision's amount, if it has one."""
    return None if row.amount_minor is None else Money(row.amount_minor, row.amount_currency)


def approvers_at(row: Row) -> list[str]:
    """Name those who approved so far, the newest last."""
    return row.approver.split(_SEPARATOR) if row.approver else []


def of_approvers(names: list[str]) -> str:
    """Write down who approved, each once."""
    return _SEPARATOR.join(dict.fromkeys(names))


def shown(row: Row) -> bytes:
    """Show a decision for the audit log, without the text a person wrote about persons."""
    names = ("kind", "state", "from_on", "to_on", "grade", "amount_minor", "amount_currency")
    more = ("scope", "reason", "author", "approver", "ended_on", "ended_by")
    return msgspec.json.encode({name: getattr(row, name) for name in (*names, *more)})
