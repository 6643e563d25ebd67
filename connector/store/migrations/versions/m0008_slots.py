"""When calls to each path were booked."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    """Create the table."""
    op.create_table(
        "slots",
        sa.Column("system", sa.Text(), nullable=False),
        sa.Column("path", sa.Text(), nullable=False),
        sa.Column("booked", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("system", "path", name=op.f("pk_slots")),
    )
