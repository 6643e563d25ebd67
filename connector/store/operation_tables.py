"""The tables of operations: connections taken back to a backup, and persons who were erased."""

import sqlalchemy as sa

from connector.store.table_parts import metadata, text, time

__all__ = ["forgotten", "restores"]

restores = sa.Table(
    "restores",
    metadata,
    # The last restore of each connection; nothing is written to it until ``ended_at``.
    text("system", key=True),
    time("backup_at"),
    time("restored_at"),
    sa.Column("adopt", sa.Boolean, nullable=False),  # what stands in our fields counts as ours
    time("read_at", null=True),  # all of the CRM was read since
    time("ended_at", null=True),
)

forgotten = sa.Table(
    "forgotten",
    metadata,
    # Records whose personal data must not come back: a hash of connection, kind and id.
    text("digest", key=True),
    text("kind"),
    time("erased_at"),
)
