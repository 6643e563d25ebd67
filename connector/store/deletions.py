"""Records the CRM no longer has: marked as gone, behind a brake.

A CRM that suddenly shows a fifth of its records less is more often a broken filter, a lost right
or an outage than a clean-up (reliability, M12). Then nothing is marked, and every held deletion
waits as a problem until somebody confirms by pulling with ``allow_mass_change``.
"""

from collections.abc import Collection, Iterable
from datetime import datetime

import msgspec
import sqlalchemy as sa

from adapters.port import RecordProblem
from connector.store.links import accounts_behind
from connector.store.problems import clear_problems, list_problems, note_problems
from connector.store.staleness import mark_stale
from connector.store.tables import RECORD_TABLES, accounts, problems
from scoring.records import Kind

__all__ = [
    "HELD",
    "Deleted",
    "brakes",
    "delete_records",
    "held_deletions",
    "known_ids",
    "of_feed",
    "release_held",
    "sweep",
]

HELD = "deletion_held"

LARGEST_SHARE_GONE = 0.2
ALWAYS_ALLOWED = 5
_IDS_PER_STATEMENT = 1000


class Deleted(msgspec.Struct, frozen=True):
    """How many records were marked as gone, and how many the brake held."""

    gone: int = 0
    held: int = 0


def brakes(known: int, gone: int) -> bool:
    """Tell whether so many deletions among so many known records need a person's word."""
    return gone > max(ALWAYS_ALLOWED, known * LARGEST_SHARE_GONE) or (gone == known > 1)


def delete_records(
    conn: sa.Connection,
    system: str,
    kind: Kind,
    record_ids: Iterable[str],
    *,
    now: datetime,
    gone_before: int = 0,
    allow_mass_change: bool = False,
) -> Deleted:
    """Mark records as gone, or hold the deletion. ``gone_before``: in this scan, until now."""
    here = _still_here(conn, system, kind, record_ids)
    if not here:
        return Deleted()
    if not allow_mass_change and _brake_trips(conn, system, kind, len(here), gone_before):
        _hold(conn, system, kind, here, now)
        return Deleted(held=len(here))
    _mark_gone(conn, system, kind, here, now)
    clear_problems(conn, system, kind.value, here, now=now)
    return Deleted(gone=len(here))


def sweep(
    conn: sa.Connection,
    system: str,
    kind: Kind,
    *,
    generation: int,
    now: datetime,
    allow_mass_change: bool = False,
) -> Deleted:
    """After a complete full scan: what it did not show is gone, behind the brake."""
    table = RECORD_TABLES[kind]
    unseen = sa.select(table.c.record_id).where(
        *of_feed(system, kind), table.c.gone_at.is_(None), table.c.generation < generation
    )
    missing = list(conn.execute(unseen).scalars())
    return delete_records(conn, system, kind, missing, now=now, allow_mass_change=allow_mass_change)


def held_deletions(conn: sa.Connection) -> dict[tuple[str, str], int]:
    """Count the deletions that the brake holds, by connection and kind."""
    statement = (
        sa.select(problems.c.system, problems.c.kind, sa.func.count().label("held"))
        .where(problems.c.reason == HELD, problems.c.cleared_at.is_(None))
        .group_by(problems.c.system, problems.c.kind)
    )
    return {(row.system, row.kind): row.held for row in conn.execute(statement)}


def known_ids(conn: sa.Connection, system: str, kind: Kind) -> set[str]:
    """Name every record of a feed that is not gone."""
    table = RECORD_TABLES[kind]
    statement = sa.select(table.c.record_id).where(
        *of_feed(system, kind), table.c.gone_at.is_(None)
    )
    return set(conn.execute(statement).scalars())


def release_held(
    conn: sa.Connection, system: str, kind: Kind, missing: Collection[str], *, now: datetime
) -> None:
    """Close the held deletions of a feed but those of records that are still missing."""
    still = set(missing)
    back = [
        problem.record_id
        for problem in list_problems(conn, system=system)
        if (problem.topic, problem.reason) == (kind.value, HELD) and problem.record_id not in still
    ]
    clear_problems(conn, system, kind.value, back, now=now)


def of_feed(system: str, kind: Kind) -> tuple[sa.ColumnElement[bool], ...]:
    """Say which rows of the kind's table a feed delivered."""
    table = RECORD_TABLES[kind]
    conditions: tuple[sa.ColumnElement[bool], ...] = (table.c.system == system,)
    return (*conditions, table.c.feed == kind.value) if "feed" in table.c else conditions


def _still_here(
    conn: sa.Connection, system: str, kind: Kind, record_ids: Iterable[str]
) -> list[str]:
    table, wanted = RECORD_TABLES[kind], sorted(set(record_ids))
    here: list[str] = []
    for start in range(0, len(wanted), _IDS_PER_STATEMENT):
        statement = sa.select(table.c.record_id).where(
            table.c.system == system,
            table.c.record_id.in_(wanted[start : start + _IDS_PER_STATEMENT]),
            table.c.gone_at.is_(None),
        )
        here.extend(conn.execute(statement).scalars())
    return here


def _brake_trips(conn: sa.Connection, system: str, kind: Kind, gone: int, gone_before: int) -> bool:
    table = RECORD_TABLES[kind]
    statement = (
        sa.select(sa.func.count())
        .select_from(table)
        .where(*of_feed(system, kind), table.c.gone_at.is_(None))
    )
    known = conn.execute(statement).scalar_one()
    return brakes(known + gone_before, gone + gone_before)


def _hold(
    conn: sa.Connection, system: str, kind: Kind, record_ids: Collection[str], now: datetime
) -> None:
    detail = (
        f"the CRM shows {len(record_ids)} {kind.value} less at once; "
        "confirm by pulling with mass changes allowed"
    )
    held = [
        RecordProblem(kind=kind, record_id=record_id, reason=HELD, detail=detail)
        for record_id in record_ids
    ]
    note_problems(conn, system, held, now=now)


def _mark_gone(
    conn: sa.Connection, system: str, kind: Kind, record_ids: list[str], now: datetime
) -> None:
    table = RECORD_TABLES[kind]
    mark_stale(conn, system, accounts_behind(conn, system, kind, record_ids))
    for start in range(0, len(record_ids), _IDS_PER_STATEMENT):
        chosen = (
            table.c.system == system,
            table.c.record_id.in_(record_ids[start : start + _IDS_PER_STATEMENT]),
        )
        conn.execute(table.update().where(*chosen).values(gone_at=now))
        if table is accounts:  # its company has to be grouped anew without it
            conn.execute(accounts.update().where(*chosen).values(entity=None))
