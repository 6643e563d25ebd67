"""How old is what waits: the figures behind ``zixin status`` and ``/metrics`` (reliability, M16).

Ages rather than counts: a thousand messages of the last second are well, one of yesterday is not.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

import msgspec
import sqlalchemy as sa

from adapters.budget import DAY, BudgetPlan
from connector.store.cursors import whole_scans
from connector.store.deletions import HELD
from connector.store.queue_tables import channels, inbox, outbox, paused, ticks
from connector.store.restores import load_restores
from connector.store.spending import room_at, spent_since
from connector.store.tables import connections, problems

__all__ = ["ConnectionHealth", "Health", "ScheduleHealth", "look"]

_OPEN = ("ready", "running")
_WAITS = ("parked", "unhandled")
_CONFLICT = "RecordConflict"
_PAGE = 3  # credits of a full page


class ConnectionHealth(msgspec.Struct, kw_only=True):
    """One connection; ``None``: there is nothing of that age, or no limit of that kind.

    ``unknown_seconds``: since the oldest write-back was sent whose outcome is not known.
    ``rests``: ``halted`` waits for a person, ``paused`` ends by itself. ``token``: ``ready``,
    ``none`` before the first sign-in, ``halted`` when our credentials were refused.
    """

    connection: str
    inbox_seconds: float | None = None
    outbox_seconds: float | None = None
    unknown_seconds: float | None = None
    parked: int = 0
    parked_seconds: float | None = None
    conflicts: int = 0
    held_deletions: int = 0
    problems: int = 0
    token: str = "none"  # noqa: S105 a state
    rests: str | None = None
    rests_seconds: float | None = None
    credits_left: int | None = None
    reading_rests_seconds: float | None = None
    channel_expires_seconds: float | None = None
    restoring: bool = False
    data_seconds: dict[str, float] = {}


class ScheduleHealth(msgspec.Struct, frozen=True, kw_only=True):
    """One schedule. ``good_seconds``: since it last ended well; ``None``: never in its memory."""

    schedule: str
    good_seconds: float | None
    failed: bool


class Health(msgspec.Struct, frozen=True, kw_only=True):
    """All of it, at one time."""

    at: datetime
    connections: list[ConnectionHealth]
    schedules: list[ScheduleHealth]


def look(conn: sa.Connection, plans: Mapping[str, BudgetPlan | None], now: datetime) -> Health:
    """Look at everything that may become old. ``plans`` are the connections' budgets, by name."""
    found = {name: ConnectionHealth(connection=name) for name in plans}
    for part in (_boxes, _parked, _held, _rests, _channels, _data):
        part(conn, found, now)
    for name in load_restores(conn):
        if name in found:
            found[name].restoring = True
    for name, plan in plans.items():
        if plan is not None:
            _budget(conn, found[name], plan, now)
    return Health(at=now, connections=list(found.values()), schedules=_schedules(conn, now))


_Found = Mapping[str, ConnectionHealth]


def _boxes(conn: sa.Connection, found: _Found, now: datetime) -> None:
    """Tell how long the oldest of what is to be done waits: not what is put off to a later time."""
    for name, box, since in (
        ("inbox_seconds", inbox, inbox.c.received_at),
        ("outbox_seconds", outbox, outbox.c.created_at),
    ):
        oldest = _oldest(box, since, box.c.state.in_(_OPEN), box.c.run_after <= now)
        _put_ages(conn.execute(oldest), found, name, now)
    unknown = outbox.c.state.in_(_OPEN), outbox.c.sent_at.is_not(None)
    _put_ages(
        conn.execute(_oldest(outbox, outbox.c.sent_at, *unknown)), found, "unknown_seconds", now
    )


def _oldest(
    table: sa.Table, since: sa.Column[Any], *conditions: sa.ColumnElement[bool]
) -> sa.Select[tuple[str, datetime]]:
    return (
        sa.select(table.c.system, sa.func.min(since).label("since"))
        .where(*conditions)
        .group_by(table.c.system)
    )


def _put_ages(rows: Iterable[sa.Row[Any]], found: _Found, name: str, now: datetime) -> None:
    for row in rows:
        if row.system in found:
            setattr(found[row.system], name, _seconds(now, row.since))


def _seconds(later: datetime, earlier: datetime) -> float:
    return round((later - earlier).total_seconds(), 3)


def _parked(conn: sa.Connection, found: _Found, now: datetime) -> None:
    for box in (inbox, outbox):
        conflict = sa.case((box.c.last_error.startswith(_CONFLICT), 1), else_=0)
        statement = (
            sa.select(
                box.c.system,
                sa.func.count().label("parked"),
                sa.func.min(box.c.settled_at).label("since"),
                sa.func.sum(conflict).label("conflicts"),
            )
            .where(box.c.state.in_(_WAITS))
            .group_by(box.c.system)
        )
        for row in conn.execute(statement):
            one = found.get(row.system)
            if one is None:
                continue
            one.parked += row.parked
            one.conflicts += row.conflicts
            age = None if row.since is None else _seconds(now, row.since)
            one.parked_seconds = max((a for a in (age, one.parked_seconds) if a), default=age)


def _held(conn: sa.Connection, found: _Found, _now: datetime) -> None:
    held = sa.case((problems.c.reason == HELD, 1), else_=0)
    statement = (
        sa.select(problems.c.system, sa.func.count().label("all"), sa.func.sum(held).label("held"))
        .where(problems.c.cleared_at.is_(None))
        .group_by(problems.c.system)
    )
    for system, count, held_count in conn.execute(statement):
        if system in found:
            found[system].problems, found[system].held_deletions = count, int(held_count)


def _rests(conn: sa.Connection, found: _Found, now: datetime) -> None:
    for row in conn.execute(sa.select(connections.c.name).where(connections.c.token.is_not(None))):
        if row.name in found:
            found[row.name].token = "ready"  # noqa: S105 a state
    for row in conn.execute(sa.select(paused)):
        one = found.get(row.system)
        if one is None or (row.until is not None and row.until <= now):
            continue
        one.rests = "halted" if row.until is None else "paused"
        one.rests_seconds = None if row.until is None else _seconds(row.until, now)
        if row.until is None:
            one.token = "halted"  # noqa: S105 a state


def _channels(conn: sa.Connection, found: _Found, now: datetime) -> None:
    """Tell when the first channel of each connection expires; what has expired is below zero."""
    statement = (
        sa.select(channels.c.system, sa.func.min(channels.c.expires_at).label("at"))
        .where(channels.c.expires_at.is_not(None))
        .group_by(channels.c.system)
    )
    for row in conn.execute(statement):
        if row.system in found:
            found[row.system].channel_expires_seconds = _seconds(row.at, now)


def _data(conn: sa.Connection, found: _Found, now: datetime) -> None:
    for system, kind, began_at in whole_scans(conn):
        if system in found:
            found[system].data_seconds[kind] = _seconds(now, began_at)


def _budget(conn: sa.Connection, one: ConnectionHealth, plan: BudgetPlan, now: datetime) -> None:
    spent = spent_since(conn, one.connection, now - DAY)
    one.credits_left = max(0, plan.credits_per_day - spent)
    until = room_at(conn, one.connection, now, _PAGE, plan.ceiling(wrote=False))
    one.reading_rests_seconds = None if until is None else _seconds(until, now)


def _schedules(conn: sa.Connection, now: datetime) -> list[ScheduleHealth]:
    ended = ticks.c.finished_at.is_not(None)
    good_at = sa.case((ticks.c.error == "", ticks.c.finished_at))
    ages = sa.select(
        ticks.c.schedule,
        sa.func.max(good_at).label("good"),
        sa.func.max(ticks.c.due_at).label("due"),
    ).where(ended)
    last = ages.group_by(ticks.c.schedule).subquery()
    statement = (
        sa.select(last.c.schedule, last.c.good, ticks.c.error)
        .join(
            ticks,
            sa.and_(ticks.c.schedule == last.c.schedule, ticks.c.due_at == last.c.due),
        )
        .order_by(last.c.schedule)
    )
    return [
        ScheduleHealth(
            schedule=row.schedule,
            good_seconds=None if row.good is None else _seconds(now, row.good),
            failed=bool(row.error),
        )
        for row in conn.execute(statement)
    ]
