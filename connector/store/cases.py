"""Credit decision cases as they are kept (credit-management 7.3): one row a case, whole.

A case belongs to the account it was opened for, whatever company that is grouped into later.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import msgspec
import sqlalchemy as sa

from connector.store.engine import upsert
from connector.store.file_tables import cases
from connector.store.tables import accounts
from scoring.ordercheck import Case
from scoring.records import AccountRef

__all__ = ["UNDECIDED", "StoredCase", "find_case", "find_cases", "save_case"]

#: States in which somebody still has to decide.
UNDECIDED = ("open", "may_pass")
_SEPARATOR = "; "


class StoredCase(msgspec.Struct, frozen=True, kw_only=True):
    """A case, whose it is, and who asked for it.

    ``number`` is the order's, ``None`` where nobody told it. ``supporters`` approved where one
    approval is not enough. ``entity`` is the account's company today, ``None`` where the account
    is gone.
    """

    id: str
    account: AccountRef
    entity: str | None
    number: str | None
    author: str
    supporters: tuple[str, ...]
    case: Case


def save_case(conn: sa.Connection, stored: StoredCase, *, now: datetime) -> None:
    """Keep a case, new or changed."""
    row = {
        "id": stored.id,
        "account_system": stored.account.system,
        "account_id": stored.account.record_id,
        "number": stored.number,
        "state": stored.case.state,
        "opened_on": stored.case.opened_on,
        "author": stored.author,
        "supporters": _SEPARATOR.join(stored.supporters) or None,
        "record": msgspec.json.encode(stored.case),
        "changed_at": now,
    }
    changes = ("state", "supporters", "record", "changed_at")
    conn.execute(upsert(conn, cases, update=changes), row)


def find_case(conn: sa.Connection, case_id: str) -> StoredCase | None:
    """Load a case to work on it: nobody else changes it until this commit."""
    row = conn.execute(_selected().where(cases.c.id == case_id).with_for_update(of=cases)).first()
    return None if row is None else _stored(row)


def find_cases(
    conn: sa.Connection,
    *,
    states: Sequence[str] | None = None,
    entity: str | None = None,
    account: AccountRef | None = None,
) -> list[StoredCase]:
    """Load cases, the newest first; of some states, of one company or one account."""
    statement = _selected().order_by(cases.c.opened_on.desc(), cases.c.id)
    if states is not None:
        statement = statement.where(cases.c.state.in_(states))
    if entity is not None:
        statement = statement.where(accounts.c.entity == entity)
    if account is not None:
        statement = statement.where(
            cases.c.account_system == account.system, cases.c.account_id == account.record_id
        )
    return [_stored(row) for row in conn.execute(statement)]


def _selected() -> sa.Select[Any]:
    same = sa.and_(
        accounts.c.system == cases.c.account_system,
        accounts.c.record_id == cases.c.account_id,
        accounts.c.gone_at.is_(None),
    )
    return sa.select(cases, accounts.c.entity).outerjoin(accounts, same)


def _stored(row: sa.Row[Any]) -> StoredCase:
    return StoredCase(
        id=row.id,
        account=AccountRef(row.account_system, row.account_id),
        entity=row.entity,
        number=row.number,
        author=row.author,
        supporters=tuple(row.supporters.split(_SEPARATOR)) if row.supporters else (),
        case=msgspec.json.decode(row.record, type=Case),
    )
