"""When the last scan of each feed began, and when all of a connection was last read."""

import sqlalchemy as sa
from alembic import op

from connector.store import columns

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    """Add the column and the table."""
    op.add_column("cursors", sa.Column("began_at", columns.UtcDateTime(), nullable=True))
    op.create_table(
        "full_reads",
        sa.Column("system", sa.Text(), nullable=False),
        sa.Column("ended_at", columns.UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("system", name=op.f("pk_full_reads")),
    )
