"""What a CRM told of its jobs: messages in the inbox, looked for by whoever waits for one."""

import logging

import sqlalchemy as sa
from sqlalchemy.exc import SQLAlchemyError

from connector.store.engine import reading
from connector.store.queue_tables import inbox
from connector.work.nodes import present_nodes

__all__ = ["InboxCallbacks"]

_log = logging.getLogger(__name__)
_HEARS = "web"


class InboxCallbacks:
    """The calls to one connection's ``url``; it fits ``adapters.callbacks.Callbacks``."""

    def __init__(self, engine: sa.Engine, system: str, url: str) -> None:
        self._engine = engine
        self._system = system
        self._url = url

    def address(self) -> str:
        """Name the address while a receiver serves: nobody else would hear the call."""
        if not self._url:
            return ""
        try:
            with reading(self._engine) as conn:
                heard = any(_HEARS in node.parts.split() for node, _ in present_nodes(conn))
        except SQLAlchemyError as error:
            _log.warning("%s: who serves is not known: %s", self._system, type(error).__name__)
            return ""
        return self._url if heard else ""

    def came(self, message_id: str) -> bool:
        """Look into the inbox; where it cannot be read, nothing came as far as anybody knows."""
        told = sa.select(inbox.c.id).where(
            inbox.c.system == self._system, inbox.c.message_id == message_id
        )
        try:
            with reading(self._engine) as conn:
                return conn.execute(told).first() is not None
        except SQLAlchemyError as error:
            _log.warning("%s: the inbox cannot be read: %s", self._system, type(error).__name__)
            return False
