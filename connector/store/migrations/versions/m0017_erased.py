"""Whose personal data is not to be taken in again."""

import sqlalchemy as sa
from alembic import op

from connector.store import columns

revision = "0017"
down_revision = "0016"


def upgrade() -> None:
    """Create the table."""
    op.create_table(
        "erased",
        sa.Column("system", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("erased_at", columns.UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("system", "kind", "digest", name=op.f("pk_erased")),
    )
