"""When the last scan of a feed began."""

import sqlalchemy as sa
from alembic import op

from connector.store import columns

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    """Add the column."""
    op.add_column("cursors", sa.Column("began_at", columns.UtcDateTime(), nullable=True))
