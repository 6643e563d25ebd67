"""Where each feed of each connection stands, saved in the commit of the page that moved it."""

from collections.abc import Sequence
from datetime import datetime

import msgspec
import sqlalchemy as sa

from adapters.port import Cursor
from connector.store.columns import UtcDateTime
from connector.store.engine import upsert
from connector.store.tables import cursors
from scoring.records import Kind

__all__ = ["FeedState", "load_feed", "read_once", "save_feed", "whole_scans"]

_COLUMNS = (
    "watermark",
    "position",
    "promise",
    "seen_count",
    "gone_count",
    "generation",
    "sweeping",
    "began_at",
    "saved_at",
)


class FeedState(msgspec.Struct, frozen=True, kw_only=True):
    """A feed's cursor and the tally of the scan under way.

    ``generation`` numbers full scans. While ``sweeping``, a full scan is under way whose end will
    tell which records are gone. ``began_at``: when the scan under way, or else the last one, asked
    for its first page; what changed later it may have missed.
    """

    cursor: Cursor = Cursor()
    seen_count: int = 0
    gone_count: int = 0
    generation: int = 0
    sweeping: bool = False
    began_at: datetime | None = None


def load_feed(conn: sa.Connection, system: str, kind: Kind) -> FeedState:
    """Return where a feed stands; a feed never read stands at its beginning."""
    statement = sa.select(cursors).where(cursors.c.system == system, cursors.c.kind == kind.value)
    row = conn.execute(statement).first()
    if row is None:
        return FeedState()
    return FeedState(
        cursor=Cursor(watermark=row.watermark, position=row.position, promise=row.promise),
        seen_count=row.seen_count,
        gone_count=row.gone_count,
        generation=row.generation,
        sweeping=row.sweeping,
        began_at=row.began_at,
    )


def read_once(conn: sa.Connection, system: str, kinds: Sequence[Kind]) -> bool:
    """Tell whether each of these feeds was read to its end at least once."""
    # A full scan begins only after a first reading, and forgets the watermark.
    ended = sa.or_(cursors.c.watermark.is_not(None), cursors.c.position == "", cursors.c.sweeping)
    statement = sa.select(cursors.c.kind).where(cursors.c.system == system, ended)
    found = set(conn.execute(statement).scalars())
    return found.issuperset(kind.value for kind in kinds)


def whole_scans(conn: sa.Connection) -> list[tuple[str, str, datetime]]:
    """Tell when the last scan of each feed began, where it has ended: (connection, feed, time).

    Of a feed whose scan is under way the last page counts.
    """
    since = sa.case((cursors.c.position == "", cursors.c.began_at), else_=cursors.c.saved_at)
    statement = (
        sa.select(cursors.c.system, cursors.c.kind, sa.type_coerce(since, UtcDateTime).label("at"))
        .where(cursors.c.saved_at.is_not(None))
        .order_by(cursors.c.system, cursors.c.kind)
    )
    return [(row.system, row.kind, row.at) for row in conn.execute(statement) if row.at is not None]


def save_feed(
    conn: sa.Connection, system: str, kind: Kind, state: FeedState, *, now: datetime
) -> None:
    """Keep where a feed stands."""
    conn.execute(
        upsert(conn, cursors, update=_COLUMNS),
        {
            "system": system,
            "kind": kind.value,
            "watermark": state.cursor.watermark,
            "position": state.cursor.position,
            "promise": state.cursor.promise,
            "seen_count": state.seen_count,
            "gone_count": state.gone_count,
            "generation": state.generation,
            "sweeping": state.sweeping,
            "began_at": state.began_at,
            "saved_at": now,
        },
    )
