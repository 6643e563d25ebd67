"""The inbox: verified messages and our own hints, waiting to be read.

A message is kept once per (connection, message id). A hint of our own ("read this account again")
lies among them and is put down in the commit that found it necessary.
"""

import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from hashlib import sha256
from typing import Any, Protocol

import msgspec
import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import SQLAlchemyError

from adapters.events import ForgedMessage, Hint, HostileContent, Verified
from connector.store.engine import in_one_commit, reading
from connector.store.queue_tables import inbox
from connector.work.pressure import Pressure
from webhooks.port import HostileMessage, InboxUnavailable, VerificationError

__all__ = [
    "HINT",
    "MESSAGE",
    "DatabaseInbox",
    "EventCodec",
    "EventSource",
    "UnreadableMessage",
    "hints_of",
    "put_hints",
]

MESSAGE = "message"
HINT = "hint"
MOST_IDS = 1000
_LONGEST_ID = 200


class EventCodec(Protocol):
    """How one vendor's messages are proven and read; ``adapters/<vendor>/events.py`` has them."""

    def verify(self, headers: Mapping[str, str], body: bytes) -> Verified:
        """Prove the origin of raw bytes. Raises ``ForgedMessage``."""
        ...

    def parse_hints(self, body: bytes) -> Sequence[Hint]:
        """Say what a verified body asks to read again."""
        ...


class UnreadableMessage(ValueError):
    """A genuine message that says nothing we understand; it is kept for replay."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EventSource:
    """Hands a vendor's codec to the receiver, in the receiver's words."""

    name: str
    codec: EventCodec
    status: int = 200
    kept_headers: tuple[str, ...] = ()

    @property
    def verifier(self) -> "EventSource":
        """Who proves the messages: this object."""
        return self

    def verify(self, headers: Mapping[str, str], body: bytes) -> Verified:
        """Prove a message. Raises ``VerificationError``."""
        try:
            return self.codec.verify(headers, body)
        except HostileContent as error:
            raise HostileMessage(error.reason) from None
        except ForgedMessage as error:
            raise VerificationError(error.reason) from None


class DatabaseInbox:
    """Keeps messages in our database; fits ``webhooks.port.Inbox``.

    ``woken`` is called after each new message, so that a worker in this process starts at once.
    With ``pressure`` nothing is taken while that says there is too much.

    Messages that arrive while another commit is under way go together in the next one: the disk
    is waited for once for all of them, and threads do not compete for SQLite's one writer.
    """

    def __init__(
        self,
        engine: sa.Engine,
        woken: Callable[[], None] = lambda: None,
        pressure: Pressure | None = None,
    ) -> None:
        self._engine = engine
        self._woken = woken
        self._pressure = pressure
        self._arriving = threading.Lock()
        self._committing = threading.Lock()
        self._arrived: list[_Arrived] = []

    def put(
        self,
        source: str,
        message_id: str,
        received_at: datetime,
        headers: Mapping[str, str],
        body: bytes,
    ) -> bool:
        """Commit a message. False: it was there. Raises ``InboxUnavailable``."""
        row = _row(source, MESSAGE, _storable(message_id), received_at, body, headers)
        try:
            if self._pressure is not None and self._pressure.full():
                raise InboxUnavailable("too much waits, or the disk is nearly full", full=True)
            new = self._commit(_Arrived(row))
        except SQLAlchemyError as error:
            raise InboxUnavailable(f"the database refused: {type(error).__name__}") from error
        if new:
            self._woken()
        return new

    def _commit(self, mine: "_Arrived") -> bool:
        with self._arriving:
            self._arrived.append(mine)
        with self._committing:  # whoever comes first commits for all who wait behind it
            if mine.new is None and mine.error is None:
                with self._arriving:
                    together, self._arrived = self._arrived, []
                self._commit_together(together)
        if mine.error is not None:
            raise mine.error
        return bool(mine.new)

    def _commit_together(self, together: Sequence["_Arrived"]) -> None:
        try:
            found = in_one_commit(
                self._engine, lambda conn: [_insert(conn, each.row) for each in together]
            )
        except Exception as error:  # noqa: BLE001 told to each by its own thread
            if len(together) == 1:
                together[0].error = error
                return
            for each in together:  # one of them may have been at fault
                self._commit_together([each])
            return
        for each, new in zip(together, found, strict=True):
            each.new = new

    def ready(self) -> bool:
        """Tell whether the inbox can be reached."""
        try:
            with reading(self._engine) as conn:
                conn.execute(sa.select(inbox.c.id).limit(1)).first()
        except SQLAlchemyError:
            return False
        return True


@dataclass(slots=True)
class _Arrived:
    """A message before its commit; then ``new`` tells whether it was, or ``error`` what hindered."""

    row: dict[str, Any]
    new: bool | None = None
    error: Exception | None = None


def put_hints(
    conn: sa.Connection, system: str, name: str, hints: Sequence[Hint], *, now: datetime
) -> bool:
    """Ask for records to be read again, in the caller's transaction.

    ``name`` tells this request from others; asking again under it does nothing. True: it is new.
    """
    return _insert(conn, _row(system, HINT, f"hint:{name}", now, msgspec.json.encode(hints), {}))


def hints_of(row: sa.Row[Any], codec: EventCodec | None) -> tuple[Hint, ...]:
    """Read what an inbox row asks for; nothing, for a message about records that are not read.

    Raises ``UnreadableMessage`` for a message that no codec reads or that names more records than
    a notification may.
    """
    if row.kind == HINT:
        return msgspec.json.decode(row.body, type=tuple[Hint, ...])
    if codec is None:
        msg = f"no connection named {row.system} reads messages"
        raise UnreadableMessage(msg)
    try:
        hints = tuple(codec.parse_hints(row.body))
    except ForgedMessage as error:  # its key was replaced meanwhile
        msg = f"the stored message cannot be read any more: {error.reason}"
        raise UnreadableMessage(msg) from error
    if sum(len(hint.record_ids) for hint in hints) > MOST_IDS:
        msg = f"the message names more than {MOST_IDS} records"
        raise UnreadableMessage(msg)
    return hints


def _storable(message_id: str) -> str:
    # A database's text takes neither NUL nor half a surrogate pair, and an index no long text.
    if message_id.isascii() and message_id.isprintable() and len(message_id) <= _LONGEST_ID:
        return message_id
    return sha256(message_id.encode("utf-8", "surrogatepass")).hexdigest()


def _row(
    system: str,
    kind: str,
    message_id: str,
    received_at: datetime,
    body: bytes,
    headers: Mapping[str, str],
) -> dict[str, Any]:
    return {
        "system": system,
        "kind": kind,
        "message_id": message_id,
        "received_at": received_at,
        "headers": msgspec.json.encode(dict(headers)),
        "body": body,
        "lane": f"{system}/{message_id}",  # messages do not wait for each other
        "run_after": received_at,
    }


def _insert(conn: sa.Connection, row: dict[str, Any]) -> bool:
    return conn.execute(_insert_new(conn.dialect.name), row).first() is not None


@cache
def _insert_new(dialect: str) -> sa.Executable:
    # Built once: building it for each message would cost more than running it.
    insert = postgresql.insert(inbox) if dialect == "postgresql" else sqlite.insert(inbox)
    return insert.on_conflict_do_nothing().returning(inbox.c.id)
