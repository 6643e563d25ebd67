"""What stands in the way of sleeping well: read from the database, each minute, on every node.

Nothing is asked of a CRM. A connection whose credentials do not work is told once, as that: its
late schedules and its old mirror follow from it.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import sqlalchemy as sa

from adapters.budget import BudgetPlan
from connector.flow.assess import Scope
from connector.store.deletions import held_deletions
from connector.store.queue_tables import channels, inbox, paused, runs
from connector.store.spending import room_at
from connector.store.tables import cursors
from connector.work.alert import Alert
from connector.work.alerts import Channel, observe, tell
from connector.work.lateness import schedule_states
from connector.work.parked import count_parked
from connector.work.schedule import Schedule
from scoring.records import Kind

__all__ = ["WATCHED", "Watch", "alerts_standing", "look"]

WATCHED = (
    "schedule_late",
    "run_unfinished",
    "run_incomplete",
    "connection_halted",
    "budget_used_up",
    "channel_ending",
    "parked_work",
    "brake_pulled",
    "mirror_behind",
)
"""The codes of what stands or does not; others happen and are noted where they happen."""

ENDING_AT_LIFE = 0.8
MOST_OF_A_RUN = timedelta(hours=2)
_PAGE = 3  # credits of a full page: where a budget has no room for one, reading rests
_FOLLOWING = ("schedule_late", "mirror_behind")  # of credentials that do not work
_QUOTA = "QuotaExhausted"
_MAIN = (Kind.ACCOUNTS.value, Kind.INVOICES.value, Kind.PAYMENTS.value)


@dataclass(frozen=True, kw_only=True)
class Watch:
    """What is watched, by which measures. ``behind_after``: a mirror not read for so long is old."""

    schedules: Sequence[Schedule]
    systems: Sequence[str]
    zone: ZoneInfo
    behind_after: timedelta
    budgets: Mapping[str, BudgetPlan | None] = field(default_factory=dict)
    repeat: timedelta = timedelta(hours=12)


def look(
    conn: sa.Connection,
    watch: Watch,
    to: Sequence[Channel],
    *,
    now: datetime,
) -> int:
    """Put down what stands now and make the messages that are due. Tells how many."""
    observe(conn, WATCHED, alerts_standing(conn, watch, now), now=now)
    return tell(conn, to, now=now, repeat=watch.repeat)


def alerts_standing(conn: sa.Connection, watch: Watch, now: datetime) -> list[Alert]:
    """Name all that stands now."""
    halted = _halted(conn, watch.systems)
    follows = {alert.subject for alert in halted}
    found = [*halted, *_late(conn, watch, now), *_budgets(conn, watch, now)]
    found += [*_channels(conn, watch, now), *_parked(conn, watch.systems)]
    found += [*_brake(conn, watch.systems), *_behind(conn, watch, now), *_runs(conn, watch, now)]
    return [
        alert
        for alert in found
        if alert.code not in _FOLLOWING or alert.params.get("system") not in follows
    ]


def _halted(conn: sa.Connection, systems: Collection[str]) -> list[Alert]:
    statement = sa.select(paused.c.system).where(
        paused.c.until.is_(None), paused.c.system.in_(sorted(systems))
    )
    return [
        Alert(code="connection_halted", subject=system, params={"system": system})
        for system in conn.execute(statement.order_by(paused.c.system)).scalars()
    ]


def _late(conn: sa.Connection, watch: Watch, now: datetime) -> Iterator[Alert]:
    for state in schedule_states(conn, watch.schedules, now):
        if state.overdue:
            good = state.last_good_at
            yield Alert(
                code="schedule_late",
                subject=f"{state.schedule} {state.system}".strip(),
                params={
                    "schedule": state.schedule,
                    "system": state.system,
                    "good": "–" if good is None else _local(good, watch.zone),
                    "error": _kind_of(state.last_error),
                },
            )


def _runs(conn: sa.Connection, watch: Watch, now: datetime) -> Iterator[Alert]:
    """Tell of shared runs that nobody finishes, and of companies the last one could not assess.

    The schedule that put a run down ended well; what its workers make of it shows here alone.
    """
    late = sa.select(runs.c.begun_at, runs.c.open).where(
        runs.c.finished_at.is_(None), runs.c.begun_at < now - MOST_OF_A_RUN
    )
    for row in conn.execute(late.order_by(runs.c.id)):
        begun = _local(row.begun_at, watch.zone)
        params = {"begun": begun, "open": str(row.open)}
        yield Alert(code="run_unfinished", subject=begun, params=params)
    last = (
        sa.select(runs.c.begun_at, runs.c.failed)
        .where(runs.c.finished_at.is_not(None), runs.c.scope == Scope.DUE.value)
        .order_by(runs.c.id.desc())
        .limit(1)
    )
    for row in conn.execute(last):
        if row.failed:
            params = {"begun": _local(row.begun_at, watch.zone), "count": str(row.failed)}
            yield Alert(code="run_incomplete", subject="assess", params=params)


def _budgets(conn: sa.Connection, watch: Watch, now: datetime) -> Iterator[Alert]:
    """Tell whose allowance is used up: ours by the plan, or the CRM's by what it answered."""
    refused = sa.select(paused.c.system, paused.c.until).where(
        paused.c.until > now, paused.c.reason.startswith(_QUOTA)
    )
    until: dict[str, datetime] = {row.system: row.until for row in conn.execute(refused)}
    for system in watch.systems:
        plan = watch.budgets.get(system)
        free_at = (
            None if plan is None else room_at(conn, system, now, _PAGE, plan.ceiling(wrote=False))
        )
        rests = max((at for at in (free_at, until.get(system)) if at is not None), default=None)
        if rests is not None:
            params = {"system": system, "until": _local(rests, watch.zone)}
            yield Alert(code="budget_used_up", subject=system, params=params)


def _channels(conn: sa.Connection, watch: Watch, now: datetime) -> Iterator[Alert]:
    """Tell whose notifications end soon: renewal at half of their life must have failed."""
    statement = sa.select(channels).where(channels.c.expires_at.is_not(None))
    ends: dict[str, datetime] = {}
    for row in conn.execute(statement):
        if now >= row.renewed_at + (row.expires_at - row.renewed_at) * ENDING_AT_LIFE:
            ends[row.system] = min(row.expires_at, ends.get(row.system, row.expires_at))
    for system in watch.systems:
        if system in ends:
            params = {"system": system, "until": _local(ends[system], watch.zone)}
            yield Alert(code="channel_ending", subject=system, params=params)


def _parked(conn: sa.Connection, systems: Collection[str]) -> Iterator[Alert]:
    """Count work and messages that wait for a person; wrong records are their CRM's affair."""
    counts = count_parked(conn)
    unread = (
        sa.select(inbox.c.system, sa.func.count().label("number"))
        .where(inbox.c.state == "unhandled")
        .group_by(inbox.c.system)
    )
    for row in conn.execute(unread):
        counts[row.system] = counts.get(row.system, 0) + row.number
    for system in systems:
        if counts.get(system):
            params = {"system": system, "count": str(counts[system])}
            yield Alert(code="parked_work", subject=system, params=params)


def _brake(conn: sa.Connection, systems: Collection[str]) -> Iterator[Alert]:
    for (system, kind), count in sorted(held_deletions(conn).items()):
        if system in systems:
            params = {"system": system, "kind": kind, "count": str(count)}
            yield Alert(code="brake_pulled", subject=f"{system} {kind}", params=params)


def _behind(conn: sa.Connection, watch: Watch, now: datetime) -> Iterator[Alert]:
    """Tell whose main feeds were not read lately; others may be read seldom, or no more."""
    statement = (
        sa.select(cursors.c.system, sa.func.min(cursors.c.saved_at).label("oldest"))
        .where(cursors.c.kind.in_(_MAIN))
        .group_by(cursors.c.system)
    )
    oldest = {row.system: row.oldest for row in conn.execute(statement)}
    for system in watch.systems:
        read_at = oldest.get(system)
        if read_at is not None and read_at < now - watch.behind_after:
            params = {"system": system, "since": _local(read_at, watch.zone)}
            yield Alert(code="mirror_behind", subject=system, params=params)


def _kind_of(error: str) -> str:
    """Name the kind of an error; what follows it may quote a CRM and is not for every channel."""
    kind = error.removeprefix("failed for ").split("\n")[0].split(" < ")[0]
    words = [word for word in kind.replace(":", " ").split() if word.isidentifier()]
    return next((word for word in words if word[:1].isupper()), "–")


def _local(moment: datetime, zone: ZoneInfo) -> str:
    return f"{moment.astimezone(zone):%Y-%m-%d %H:%M}"
