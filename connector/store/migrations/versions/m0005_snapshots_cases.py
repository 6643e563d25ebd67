"""Ageing as seen day by day, and credit decision cases."""

import sqlalchemy as sa
from alembic import op

from connector.store import columns

revision = "0005"
down_revision = "0004"

_AMOUNTS = ("current", "days_1_30", "days_31_60", "days_61_90", "over_90", "overdue", "exposure")


def upgrade() -> None:
    """Create the tables."""
    op.create_table(
        "snapshots",
        sa.Column("entity", sa.Text(), nullable=False),
        sa.Column("taken_on", sa.Date(), nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        *(sa.Column(name, sa.BigInteger(), nullable=True) for name in _AMOUNTS),
        sa.PrimaryKeyConstraint("entity", "taken_on", name=op.f("pk_snapshots")),
    )
    op.create_index("ix_snapshots_taken_on", "snapshots", ["taken_on"], unique=False)
    op.create_table(
        "cases",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("account_system", sa.Text(), nullable=False),
        sa.Column("account_id", sa.Text(), nullable=False),
        sa.Column("number", sa.Text(), nullable=True),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("opened_on", sa.Date(), nullable=False),
        sa.Column("author", sa.Text(), nullable=False),
        sa.Column("supporters", sa.Text(), nullable=True),
        sa.Column("record", columns.JsonBytes(), nullable=False),
        sa.Column("changed_at", columns.UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_cases")),
    )
    op.create_index("ix_cases_state", "cases", ["state"], unique=False)
