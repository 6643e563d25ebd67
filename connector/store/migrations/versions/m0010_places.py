"""Which calls to each CRM are under way."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    """Create the table."""
    op.create_table(
        "places",
        sa.Column("system", sa.Text(), nullable=False),
        sa.Column("crowd", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("system", name=op.f("pk_places")),
    )
