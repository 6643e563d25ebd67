"""The tables of operations: connections taken back to a backup, and the stop-list of erasure."""

import sqlalchemy as sa

from connector.store.table_parts import metadata, text, time

__all__ = ["erased", "restores"]

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

erased = sa.Table(
    "erased",
    metadata,
    # Records whose personal fields are not taken in again, each by the hash of its id.
    text("system", key=True),
    text("kind", key=True),
    text("digest", key=True),
    time("erased_at"),
)
