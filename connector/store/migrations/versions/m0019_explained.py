"""Explanations that are kept, by their day: retention finds the old ones without reading all."""

import sqlalchemy as sa
from alembic import op

revision = "0019"
down_revision = "0017"


def upgrade() -> None:
    """Create the index."""
    kept = sa.text("length(explanation) > 8")  # nothing, packed, takes 8 bytes
    op.create_index(
        "ix_assessments_explained",
        "assessments",
        ["as_of"],
        sqlite_where=kept,
        postgresql_where=kept,
    )
