"""Records that wait for a person because something about them is wrong."""

from collections.abc import Collection, Iterable
from datetime import datetime

import msgspec
import sqlalchemy as sa

from adapters.port import RecordProblem
from connector.store.engine import upsert
from connector.store.tables import problems

__all__ = [
    "IDENTITY",
    "REFERENCES",
    "Problem",
    "clear_problems",
    "count_problems",
    "list_problems",
    "note_problems",
    "replace_problems",
]

IDENTITY = "identity"
"""The topic of problems with a company code; others have the ``Kind`` of their record."""
REFERENCES = "references"
"""The topic of records that name an account, invoice or payment that is not here."""

_IDS_PER_STATEMENT = 1000


class Problem(msgspec.Struct, frozen=True, kw_only=True):
    """One open problem. ``topic`` is a ``Kind``, ``identity`` or ``references``."""

    system: str
    topic: str
    record_id: str
    account_id: str | None
    reason: str
    detail: str
    seen_at: datetime


def note_problems(
    conn: sa.Connection, system: str, found: Iterable[RecordProblem], *, now: datetime
) -> int:
    """Keep records that could not be translated or stored. Tells how many."""
    return _note(
        conn,
        [
            Problem(
                system=system,
                topic=problem.kind.value,
                record_id=problem.record_id,
                account_id=problem.account_id,
                reason=problem.reason,
                detail=problem.detail,
                seen_at=now,
            )
            for problem in found
        ],
    )


def replace_problems(
    conn: sa.Connection, topic: str, keys: Collection[tuple[str, str]] | None, found: list[Problem]
) -> None:
    """Make ``found`` the open problems of a topic among these (system, record id) keys.

    ``None``: among all. Those of the topic that are no longer wrong are removed.
    """
    standing = {(problem.system, problem.record_id) for problem in _open(conn, topic)}
    wrong = {(problem.system, problem.record_id) for problem in found}
    looked_at = standing if keys is None else standing & set(keys)
    for system, record_id in sorted(looked_at - wrong):
        conn.execute(
            problems.delete().where(
                problems.c.system == system,
                problems.c.kind == topic,
                problems.c.record_id == record_id,
            )
        )
    _note(conn, found)


def clear_problems(
    conn: sa.Connection, system: str, topic: str, record_ids: Collection[str], *, now: datetime
) -> None:
    """Note that these records are good now."""
    of_topic = (problems.c.system == system, problems.c.kind == topic)
    still_open = conn.execute(
        sa.select(problems.c.record_id).where(*of_topic, problems.c.cleared_at.is_(None))
    ).scalars()
    good = sorted(set(still_open) & set(record_ids))
    for start in range(0, len(good), _IDS_PER_STATEMENT):
        chunk = good[start : start + _IDS_PER_STATEMENT]
        conn.execute(
            problems.update()
            .where(*of_topic, problems.c.record_id.in_(chunk))
            .values(cleared_at=now)
        )


def list_problems(conn: sa.Connection, *, system: str | None = None) -> list[Problem]:
    """List open problems, by connection, topic and record."""
    return [problem for problem in _open(conn, None) if system is None or problem.system == system]


def count_problems(conn: sa.Connection) -> dict[str, int]:
    """Count open problems of each connection that has some."""
    statement = (
        sa.select(problems.c.system, sa.func.count())
        .where(problems.c.cleared_at.is_(None))
        .group_by(problems.c.system)
    )
    return {row[0]: row[1] for row in conn.execute(statement)}


def _open(conn: sa.Connection, topic: str | None) -> list[Problem]:
    statement = (
        sa.select(problems)
        .where(problems.c.cleared_at.is_(None))
        .order_by(problems.c.system, problems.c.kind, problems.c.record_id)
    )
    if topic is not None:
        statement = statement.where(problems.c.kind == topic)
    return [
        Problem(
            system=row.system,
            topic=row.kind,
            record_id=row.record_id,
            account_id=row.account_id,
            reason=row.reason,
            detail=row.detail,
            seen_at=row.seen_at,
        )
        for row in conn.execute(statement)
    ]


def _note(conn: sa.Connection, found: list[Problem]) -> int:
    rows = [
        {
            "system": problem.system,
            "kind": problem.topic,
            "record_id": problem.record_id,
            "account_id": problem.account_id,
            "reason": problem.reason,
            "detail": problem.detail,
            "seen_at": problem.seen_at,
            "cleared_at": None,
        }
        for problem in found
    ]
    if rows:
        update = ("account_id", "reason", "detail", "seen_at", "cleared_at")
        conn.execute(upsert(conn, problems, update=update), rows)
    return len(rows)
