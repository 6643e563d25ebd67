"""Durable work."""

from typing import Any

import sqlalchemy as sa
from alembic import op

from connector.store import columns

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Create the tables."""
    _inbox()
    _outbox()
    _ticks()
    _paused()
    _channels()


def _inbox() -> None:
    op.create_table(
        "inbox",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("system", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), server_default="message", nullable=False),
        sa.Column("message_id", sa.Text(), nullable=False),
        sa.Column("received_at", columns.UtcDateTime(), nullable=False),
        sa.Column("headers", sa.LargeBinary(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        *_work_columns(),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_inbox")),
        sa.UniqueConstraint("system", "message_id", name="uq_inbox_system_message_id"),
    )
    _work_indexes("inbox")


def _outbox() -> None:
    op.create_table(
        "outbox",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("system", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("account_id", sa.Text(), nullable=False),
        sa.Column("task_key", sa.Text(), nullable=True),
        sa.Column("collapse_key", sa.Text(), nullable=True),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("assessment_id", sa.Text(), nullable=True),
        sa.Column("created_at", columns.UtcDateTime(), nullable=False),
        sa.Column("sent_at", columns.UtcDateTime(), nullable=True),
        sa.Column("unconfirmed", sa.LargeBinary(), nullable=True),
        sa.Column("missed_at", columns.UtcDateTime(), nullable=True),
        sa.Column("overwrite", sa.Boolean(), server_default=sa.false(), nullable=False),
        *_work_columns(),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_outbox")),
    )
    _work_indexes("outbox")
    _index_where("ix_outbox_parked", "outbox", ["collapse_key"], "state = 'parked'")
    _index_where(
        "uq_outbox_collapse_key", "outbox", ["collapse_key"], "state = 'ready'", unique=True
    )
    _index_where("uq_outbox_task_key", "outbox", ["task_key"], "kind = 'task'", unique=True)


def _work_columns() -> tuple[sa.Column[Any], ...]:
    return (
        sa.Column("state", sa.Text(), server_default="ready", nullable=False),
        sa.Column("lane", sa.Text(), nullable=False),
        sa.Column("run_after", columns.UtcDateTime(), nullable=False),
        sa.Column("attempts", sa.Integer(), server_default="0", nullable=False),
        sa.Column("lease", sa.Text(), nullable=True),
        sa.Column("last_error", sa.Text(), server_default="", nullable=False),
        sa.Column("settled_at", columns.UtcDateTime(), nullable=True),
    )


def _work_indexes(table: str) -> None:
    """Index what both boxes claim by."""
    is_open = "state IN ('ready', 'running')"
    op.create_index(f"ix_{table}_lane", table, ["lane", "state", "id"], unique=False)
    _index_where(f"ix_{table}_open", table, ["id"], is_open)
    _index_where(f"ix_{table}_open_of", table, ["system", "id"], is_open)
    _index_where(f"uq_{table}_lane_running", table, ["lane"], "state = 'running'", unique=True)


def _index_where(
    name: str, table: str, names: list[str], condition: str, *, unique: bool = False
) -> None:
    where = sa.text(condition)
    op.create_index(name, table, names, unique=unique, sqlite_where=where, postgresql_where=where)


def _ticks() -> None:
    op.create_table(
        "ticks",
        sa.Column("schedule", sa.Text(), nullable=False),
        sa.Column("due_at", columns.UtcDateTime(), nullable=False),
        sa.Column("lease", sa.Text(), nullable=False),
        sa.Column("lease_until", columns.UtcDateTime(), nullable=False),
        sa.Column("started_at", columns.UtcDateTime(), nullable=False),
        sa.Column("finished_at", columns.UtcDateTime(), nullable=True),
        sa.Column("error", sa.Text(), server_default="", nullable=False),
        sa.PrimaryKeyConstraint("schedule", "due_at", name=op.f("pk_ticks")),
    )


def _paused() -> None:
    op.create_table(
        "paused",
        sa.Column("system", sa.Text(), nullable=False),
        sa.Column("since", columns.UtcDateTime(), nullable=False),
        sa.Column("until", columns.UtcDateTime(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("system", name=op.f("pk_paused")),
    )


def _channels() -> None:
    op.create_table(
        "channels",
        sa.Column("system", sa.Text(), nullable=False),
        sa.Column("channel_id", sa.Text(), nullable=False),
        sa.Column("url", sa.Text(), nullable=False),
        sa.Column("renewed_at", columns.UtcDateTime(), nullable=False),
        sa.Column("expires_at", columns.UtcDateTime(), nullable=True),
        sa.PrimaryKeyConstraint("system", "channel_id", name=op.f("pk_channels")),
    )
