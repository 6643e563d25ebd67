"""When the CRM says it took what we wrote."""

import sqlalchemy as sa
from alembic import op

from connector.store import columns

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    """Add the column."""
    op.add_column("last_written", sa.Column("crm_at", columns.UtcDateTime(), nullable=True))
