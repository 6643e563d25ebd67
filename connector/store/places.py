"""Which calls to each CRM are under way, for all processes: one short row for each connection."""

import logging
from collections.abc import Callable

import msgspec
import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError

from adapters.gate import Crowd
from connector.store.engine import in_one_commit, insert_or_ignore
from connector.store.tables import places

__all__ = ["DatabasePlaces"]

_LOG = logging.getLogger(__name__)
_EMPTY = msgspec.json.encode(Crowd())


class DatabasePlaces:
    """The places in the database; it fits ``adapters.gate.Places``."""

    def __init__(self, engine: sa.Engine) -> None:
        self._engine = engine

    def change(self, system: str, step: Callable[[Crowd], Crowd | None]) -> bool:
        """Change the crowd. Nobody waits for a place inside the transaction."""

        def change(conn: sa.Connection) -> bool:
            mine = places.c.system == system
            conn.execute(insert_or_ignore(conn, places), {"system": system, "crowd": _EMPTY})
            packed = conn.execute(
                sa.select(places.c.crowd).where(mine).with_for_update()
            ).scalar_one()
            crowd = step(msgspec.json.decode(packed, type=Crowd))
            if crowd is None:
                return False
            conn.execute(places.update().where(mine).values(crowd=msgspec.json.encode(crowd)))
            return True

        return in_one_commit(self._engine, change)

    def leave(self, system: str, name: str) -> None:
        """Let a call out; where the database cannot be written, its place frees itself."""
        try:
            self.change(system, lambda crowd: crowd.without(name))
        except DBAPIError:
            _LOG.warning("a place for calls was not given back; it frees itself")
