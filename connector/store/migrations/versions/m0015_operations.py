"""Which connections were taken back to a backup."""

import sqlalchemy as sa
from alembic import op

from connector.store import columns

revision = "0015"
down_revision = "0014"


def upgrade() -> None:
    """Create the table."""
    op.create_table(
        "restores",
        sa.Column("system", sa.Text(), nullable=False),
        sa.Column("backup_at", columns.UtcDateTime(), nullable=False),
        sa.Column("restored_at", columns.UtcDateTime(), nullable=False),
        sa.Column("adopt", sa.Boolean(), nullable=False),
        sa.Column("read_at", columns.UtcDateTime(), nullable=True),
        sa.Column("ended_at", columns.UtcDateTime(), nullable=True),
        sa.PrimaryKeyConstraint("system", name=op.f("pk_restores")),
    )
