"""What is found in a copy of the database when it is opened, whichever kind of copy it is."""

from collections.abc import Iterable

import msgspec
import sqlalchemy as sa

from connector.store.audit import Anchor, head, verify
from connector.store.engine import reading
from connector.store.migrations import stands_at

__all__ = ["BackupFacts", "BackupFailed", "facts_of"]


class BackupFailed(Exception):
    """No backup could be made or used; the text is a sentence for an operator."""


class BackupFacts(msgspec.Struct, frozen=True, kw_only=True):
    """What was found in a copy when it was opened. ``rows``: by table, empty for a dump made."""

    bytes: int
    schema: str
    rows: dict[str, int] = {}
    audit_entries: int = 0
    audit_head: str = ""


def facts_of(
    copy: sa.Engine, rows: dict[str, int], *, size: int, anchors: Iterable[Anchor]
) -> BackupFacts:
    """Check the schema and the audit log of a copy that can be opened, and tell what it holds.

    ``anchors`` are heads that were kept outside; those up to the copy's own end are compared.
    Raises ``BrokenChain`` and ``SchemaNewer``.
    """
    with reading(copy) as conn:
        schema, last, entries = stands_at(conn), (0, ""), 0
        if "audit_head" in rows:  # the first schema had no log
            last = head(conn)
            entries = verify(conn, anchors=[each for each in anchors if each[0] <= last[0]])
    return BackupFacts(
        bytes=size,
        schema=str(schema),
        rows=rows,
        audit_entries=entries,
        audit_head=last[1],
    )
