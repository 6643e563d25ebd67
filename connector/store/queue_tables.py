"""The tables of durable work: what came in, what must go out, what is shared, due and paused.

``run_after`` does three jobs: it is the schedule, the back-off and the lease. Claiming a row moves
it ahead by the lease, failing moves it to the next try, so the row of a worker that died becomes due
again by itself.

States: ``ready``, ``running``, ``done``, ``parked`` (waits for a person), ``dropped`` (a person gave
it up, or a newer wish took its place), ``unhandled`` (a message nobody could read; kept for replay).
"""

from typing import Any

import sqlalchemy as sa

from connector.store.columns import UtcDateTime
from connector.store.tables import metadata

__all__ = [
    "alert_mail",
    "alerts",
    "channels",
    "chunks",
    "inbox",
    "nodes",
    "outbox",
    "paused",
    "runs",
    "ticks",
]

# SQLite numbers rows by itself only when the key is a plain INTEGER.
_RowId = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def _work_columns() -> tuple[sa.Column[Any], ...]:
    return (
        sa.Column("state", sa.Text, nullable=False, server_default="ready"),
        sa.Column("lane", sa.Text, nullable=False),
        sa.Column("run_after", UtcDateTime, nullable=False),
        sa.Column("attempts", sa.Integer, nullable=False, server_default="0"),
        sa.Column("lease", sa.Text),
        sa.Column("last_error", sa.Text, nullable=False, server_default=""),
        sa.Column("settled_at", UtcDateTime),
    )


inbox = sa.Table(
    "inbox",
    metadata,
    sa.Column("id", _RowId, primary_key=True),
    sa.Column("system", sa.Text, nullable=False),
    sa.Column("kind", sa.Text, nullable=False, server_default="message"),
    sa.Column("message_id", sa.Text, nullable=False),
    sa.Column("received_at", UtcDateTime, nullable=False),
    sa.Column("headers", sa.LargeBinary, nullable=False),
    sa.Column("body", sa.LargeBinary, nullable=False),
    *_work_columns(),
    sa.UniqueConstraint("system", "message_id", name="uq_inbox_system_message_id"),
)
"""Verified bytes waiting. ``system`` is the connection the message came from."""

outbox = sa.Table(
    "outbox",
    metadata,
    sa.Column("id", _RowId, primary_key=True),
    sa.Column("system", sa.Text, nullable=False),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("account_id", sa.Text, nullable=False),
    sa.Column("task_key", sa.Text),
    sa.Column("collapse_key", sa.Text),
    sa.Column("body", sa.LargeBinary, nullable=False),
    sa.Column("assessment_id", sa.Text),
    sa.Column("created_at", UtcDateTime, nullable=False),
    # When a send began that nobody settled: it may have reached the CRM.
    sa.Column("sent_at", UtcDateTime),
    # Values of such sends: found in the CRM they are our own, not a person's.
    sa.Column("unconfirmed", sa.LargeBinary),
    # When the first look after an unknown outcome found nothing.
    sa.Column("missed_at", UtcDateTime),
    # A person decided that our value replaces what stands in the CRM.
    sa.Column("overwrite", sa.Boolean, nullable=False, server_default=sa.false()),
    *_work_columns(),
)
"""WriteBacks waiting: ``fields``, ``task``, ``task_change`` or ``note``, in our own words."""

alert_mail = sa.Table(
    "alert_mail",
    metadata,
    sa.Column("id", _RowId, primary_key=True),
    sa.Column("system", sa.Text, nullable=False),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("body", sa.LargeBinary, nullable=False),
    sa.Column("created_at", UtcDateTime, nullable=False),
    *_work_columns(),
)
"""Alerts on their way to people. ``system``: the channel; the lane keeps one alert in order."""

alerts = sa.Table(
    "alerts",
    metadata,
    sa.Column("code", sa.Text, primary_key=True),
    sa.Column("subject", sa.Text, primary_key=True),
    sa.Column("nature", sa.Text, nullable=False),  # state: it stands or not; event: it happens
    sa.Column("params", sa.LargeBinary, nullable=False),
    sa.Column("first_at", UtcDateTime, nullable=False),
    sa.Column("last_at", UtcDateTime, nullable=False),
    sa.Column("seen", sa.Integer, nullable=False),
    sa.Column("told_at", UtcDateTime),
    sa.Column("resolved_at", UtcDateTime),
    # Everybody who was told of it knows that it is over.
    sa.Column("closed", sa.Boolean, nullable=False),
)
"""What there is to tell, once for each code and subject."""


runs = sa.Table(
    "runs",
    metadata,
    sa.Column("id", _RowId, primary_key=True),
    sa.Column("scope", sa.Text, nullable=False),
    sa.Column("as_of", sa.Date, nullable=False),
    sa.Column("companies", sa.Integer, nullable=False),
    # Chunks that are not settled. Who brings it to nought puts the row that finishes the run.
    sa.Column("open", sa.Integer, nullable=False),
    sa.Column("failed", sa.Integer, nullable=False, server_default="0"),
    sa.Column("begun_at", UtcDateTime, nullable=False),
    sa.Column("finished_at", UtcDateTime),
)
"""Assessment runs that all workers share."""

chunks = sa.Table(
    "chunks",
    metadata,
    sa.Column("id", _RowId, primary_key=True),
    sa.Column("system", sa.Text, nullable=False, server_default=""),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("run", sa.BigInteger, nullable=False),
    sa.Column("body", sa.LargeBinary, nullable=False),
    *_work_columns(),
)
"""Parts of a run: ``assess`` some companies, or ``finish`` when all are assessed."""


def _index_where(name: str, condition: str, *columns: sa.Column[Any], unique: bool = True) -> None:
    where = sa.text(condition)
    sa.Index(name, *columns, unique=unique, sqlite_where=where, postgresql_where=where)


_OPEN = "state IN ('ready', 'running')"
for _table in (inbox, outbox, alert_mail, chunks):
    _index_where(f"uq_{_table.name}_lane_running", "state = 'running'", _table.c.lane)
    sa.Index(f"ix_{_table.name}_lane", _table.c.lane, _table.c.state, _table.c.id)
    # The same text as in the claim: only so does SQLite see that it may use them.
    _index_where(f"ix_{_table.name}_open", _OPEN, _table.c.id, unique=False)
    _index_where(f"ix_{_table.name}_open_of", _OPEN, _table.c.system, _table.c.id, unique=False)

# One run of a scope at a time, however many hosts put one down.
_index_where("uq_runs_open", "finished_at IS NULL", runs.c.scope)
sa.Index("ix_chunks_run", chunks.c.run)

# For ever, whatever the state: a task that was asked for once is never asked for again.
_index_where("uq_outbox_task_key", "kind = 'task'", outbox.c.task_key)
# One waiting wish an account (or task): a newer one joins it.
_index_where("uq_outbox_collapse_key", "state = 'ready'", outbox.c.collapse_key)
_index_where("ix_outbox_parked", "state = 'parked'", outbox.c.collapse_key, unique=False)

ticks = sa.Table(
    "ticks",
    metadata,
    sa.Column("schedule", sa.Text, primary_key=True),
    sa.Column("due_at", UtcDateTime, primary_key=True),
    sa.Column("lease", sa.Text, nullable=False),
    sa.Column("lease_until", UtcDateTime, nullable=False),
    sa.Column("started_at", UtcDateTime, nullable=False),
    sa.Column("finished_at", UtcDateTime),
    sa.Column("error", sa.Text, nullable=False, server_default=""),
)
"""One due time of a schedule: whoever inserts it, runs it."""

paused = sa.Table(
    "paused",
    metadata,
    sa.Column("system", sa.Text, primary_key=True),
    sa.Column("since", UtcDateTime, nullable=False),
    sa.Column("until", UtcDateTime),
    sa.Column("reason", sa.Text, nullable=False),
)
"""Systems that get no work for now; ``until`` NULL: halted, waits for a person."""

channels = sa.Table(
    "channels",
    metadata,
    sa.Column("system", sa.Text, primary_key=True),
    sa.Column("channel_id", sa.Text, primary_key=True),
    sa.Column("url", sa.Text, nullable=False),
    sa.Column("renewed_at", UtcDateTime, nullable=False),
    sa.Column("expires_at", UtcDateTime),
    sa.Column("opened_at", UtcDateTime),
)
"""Notification channels we hold in a CRM; ``expires_at`` NULL: lives until removed.

``opened_at``: since when it has been renewed again and again."""

nodes = sa.Table(
    "nodes",
    metadata,
    sa.Column("name", sa.Text, primary_key=True),
    sa.Column("parts", sa.Text, nullable=False),
    sa.Column("host", sa.Text, nullable=False),
    sa.Column("started_at", UtcDateTime, nullable=False),
    sa.Column("expires_at", UtcDateTime, nullable=False),
)
"""Processes that serve, by the database's clock: one that is not heard of in time is gone."""
