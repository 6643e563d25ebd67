"""The tables of calls to CRMs: what they cost, when they may leave, and which are under way."""

import sqlalchemy as sa

from connector.store.columns import UtcDateTime
from connector.store.table_parts import metadata, text

__all__ = ["places", "slots", "spending", "usage"]

usage = sa.Table(
    "usage",
    metadata,
    text("system", key=True),
    sa.Column("day", sa.Date, primary_key=True),
    sa.Column("calls", sa.BigInteger, nullable=False),
    sa.Column("credits", sa.BigInteger, nullable=False),
)

spending = sa.Table(
    "spending",
    metadata,
    # What calls cost in a minute of the last day, booked before they are sent.
    text("system", key=True),
    sa.Column("minute", UtcDateTime, primary_key=True),
    sa.Column("credits", sa.BigInteger, nullable=False),
)

slots = sa.Table(
    "slots",
    metadata,
    # When the last calls to a path were booked: packed seconds, oldest first.
    text("system", key=True),
    text("path", key=True),
    sa.Column("booked", sa.LargeBinary, nullable=False),
)

places = sa.Table(
    "places",
    metadata,
    # The calls of a connection that are under way, packed.
    text("system", key=True),
    sa.Column("crowd", sa.LargeBinary, nullable=False),
)
