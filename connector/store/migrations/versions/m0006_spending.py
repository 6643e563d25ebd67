"""What each connection's calls cost, minute by minute."""

import sqlalchemy as sa
from alembic import op

from connector.store import columns

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    """Create the table."""
    op.create_table(
        "spending",
        sa.Column("system", sa.Text(), nullable=False),
        sa.Column("minute", columns.UtcDateTime(), nullable=False),
        sa.Column("credits", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("system", "minute", name=op.f("pk_spending")),
    )
