"""Ageing as it was seen on each business day (账龄快照, credit-management 2.2).

Kept with the assessment that saw it, because history cannot be rebuilt once a CRM overwrites its
documents. One row an entity and day on which it was assessed; a day without one is filled from the
days before, at most a week back.
"""

from collections.abc import Iterable
from datetime import date, timedelta
from typing import Any

import polars as pl
import sqlalchemy as sa

from connector.store.engine import upsert
from connector.store.file_tables import snapshots
from connector.store.tables import assessments
from scoring.assessment import Assessment
from scoring.money import Money

__all__ = ["SNAPSHOT_COLUMNS", "ageing_at", "keep_snapshots", "nothing_overdue"]

#: The method asks for a snapshot a week at least, so an older one says nothing about a day.
FILLED_DAYS = 7

BUCKETS = ("current", "days_1_30", "days_31_60", "days_61_90", "over_90")
#: Amounts are minor units of ``currency``, null where a rate was missing on that day.
SNAPSHOT_COLUMNS = {
    "entity": pl.String,
    "taken_on": pl.Date,
    "currency": pl.String,
    **dict.fromkeys((*BUCKETS, "overdue", "exposure"), pl.Int64),
}


def keep_snapshots(conn: sa.Connection, assessed: Iterable[Assessment]) -> None:
    """Keep the ageing of each assessment under its date; keeping it again changes nothing."""
    rows = sorted((_row(each) for each in assessed), key=lambda row: str(row["entity"]))
    if rows:
        update = tuple(name for name in SNAPSHOT_COLUMNS if name not in {"entity", "taken_on"})
        conn.execute(upsert(conn, snapshots, update=update), rows)


def _row(assessment: Assessment) -> dict[str, Any]:
    ageing = assessment.ageing
    return {
        "entity": assessment.entity,
        "taken_on": assessment.as_of,
        "currency": assessment.currency,
        **{name: None if ageing is None else getattr(ageing, name).minor for name in BUCKETS},
        "overdue": _minor(assessment.overdue),
        "exposure": _minor(assessment.exposure),
    }


def _minor(money: Money | None) -> int | None:
    return None if money is None else money.minor


def ageing_at(conn: sa.Connection, day: date) -> pl.DataFrame:
    """Load every entity's newest snapshot of the week up to ``day``: ``SNAPSHOT_COLUMNS``, by entity."""
    newest = (
        sa.select(snapshots.c.entity, sa.func.max(snapshots.c.taken_on).label("taken_on"))
        .where(
            snapshots.c.taken_on <= day,
            snapshots.c.taken_on > day - timedelta(days=FILLED_DAYS),
        )
        .group_by(snapshots.c.entity)
        .subquery()
    )
    same = sa.and_(snapshots.c.entity == newest.c.entity, snapshots.c.taken_on == newest.c.taken_on)
    statement = sa.select(*(snapshots.c[name] for name in SNAPSHOT_COLUMNS)).join(newest, same)
    rows = [tuple(row) for row in conn.execute(statement.order_by(snapshots.c.entity))]
    return pl.DataFrame(rows, schema=SNAPSHOT_COLUMNS, orient="row")


def nothing_overdue(conn: sa.Connection, day: date, policy_version: str) -> set[str]:
    """Name the entities whose assessment of a day, by a policy, found nothing overdue.

    Those of whom something is not known, as for want of a rate, are not among them.
    """
    that_day = sa.and_(
        assessments.c.entity == snapshots.c.entity,
        assessments.c.as_of == snapshots.c.taken_on,
        assessments.c.policy_version == policy_version,
        assessments.c.latest,
    )
    statement = (
        sa.select(snapshots.c.entity)
        .join(assessments, that_day)
        .where(snapshots.c.taken_on == day, snapshots.c.overdue == 0)
    )
    return set(conn.execute(statement).scalars())
