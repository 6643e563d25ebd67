"""Since when a notification channel is held, however often it was renewed."""

import sqlalchemy as sa
from alembic import op

from connector.store.columns import UtcDateTime

revision = "0013"
down_revision = "0011"


def upgrade() -> None:
    """Add the column; of channels held already it is not known."""
    op.add_column("channels", sa.Column("opened_at", UtcDateTime()))
