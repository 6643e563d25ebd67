"""When calls to each path were booked, for all processes: one short row for each path."""

from array import array
from datetime import UTC, datetime

import sqlalchemy as sa

from adapters.slots import Rate, next_moment, remembered
from connector.store.engine import in_one_commit, insert_or_ignore
from connector.store.tables import slots

__all__ = ["DatabaseSlots"]


class DatabaseSlots:
    """The slots in the database; it fits ``adapters.slots.Slots``."""

    def __init__(self, engine: sa.Engine) -> None:
        self._engine = engine

    def book(self, system: str, path: str, at: datetime, rate: Rate) -> datetime:
        """Book a call. Nobody waits for its moment inside the transaction."""

        def book(conn: sa.Connection) -> float:
            mine = (slots.c.system == system, slots.c.path == path)
            conn.execute(
                insert_or_ignore(conn, slots), {"system": system, "path": path, "booked": b""}
            )
            packed = conn.execute(
                sa.select(slots.c.booked).where(*mine).with_for_update()
            ).scalar_one()
            booked = array("d", packed)
            moment = next_moment(booked, at.timestamp(), rate)
            kept = array("d", remembered([*booked, moment], rate)).tobytes()
            conn.execute(slots.update().where(*mine).values(booked=kept))
            return moment

        return datetime.fromtimestamp(in_one_commit(self._engine, book), UTC)
