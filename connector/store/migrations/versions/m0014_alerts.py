"""What is told to the people who run Zixin, and the messages that tell it."""

import sqlalchemy as sa
from alembic import op

from connector.store import columns

revision = "0014"
down_revision = "0013"


def upgrade() -> None:
    """Create the tables."""
    op.create_table(
        "alerts",
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("nature", sa.Text(), nullable=False),
        sa.Column("params", sa.LargeBinary(), nullable=False),
        sa.Column("first_at", columns.UtcDateTime(), nullable=False),
        sa.Column("last_at", columns.UtcDateTime(), nullable=False),
        sa.Column("seen", sa.Integer(), nullable=False),
        sa.Column("told_at", columns.UtcDateTime(), nullable=True),
        sa.Column("resolved_at", columns.UtcDateTime(), nullable=True),
        sa.Column("closed", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("code", "subject", name=op.f("pk_alerts")),
    )
    op.create_table(
        "alert_mail",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("system", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", columns.UtcDateTime(), nullable=False),
        sa.Column("state", sa.Text(), server_default="ready", nullable=False),
        sa.Column("lane", sa.Text(), nullable=False),
        sa.Column("run_after", columns.UtcDateTime(), nullable=False),
        sa.Column("attempts", sa.Integer(), server_default="0", nullable=False),
        sa.Column("lease", sa.Text(), nullable=True),
        sa.Column("last_error", sa.Text(), server_default="", nullable=False),
        sa.Column("settled_at", columns.UtcDateTime(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_alert_mail")),
    )
    is_open = "state IN ('ready', 'running')"
    op.create_index("ix_alert_mail_lane", "alert_mail", ["lane", "state", "id"], unique=False)
    _index_where("ix_alert_mail_open", ["id"], is_open)
    _index_where("ix_alert_mail_open_of", ["system", "id"], is_open)
    _index_where("uq_alert_mail_lane_running", ["lane"], "state = 'running'", unique=True)


def _index_where(name: str, names: list[str], condition: str, *, unique: bool = False) -> None:
    where = sa.text(condition)
    op.create_index(
        name, "alert_mail", names, unique=unique, sqlite_where=where, postgresql_where=where
    )
