"""What the receiver needs from others: who proves a message, and who keeps it."""

from collections.abc import Mapping
from datetime import datetime
from typing import Protocol

__all__ = [
    "Accepted",
    "HostileMessage",
    "Inbox",
    "InboxUnavailable",
    "Source",
    "VerificationError",
    "Verifier",
]


class VerificationError(Exception):
    """A message does not prove its origin. ``reason`` is for the log; the sender sees only 401."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class HostileMessage(VerificationError):
    """A message proves its origin and asks for what none may ask; the sender sees only 400."""


class InboxUnavailable(Exception):
    """The message could not be kept now; the sender shall try again.

    ``full``: nothing is wrong but that too much waits already, or the disk is nearly full.
    """

    def __init__(self, reason: str, *, full: bool = False) -> None:
        super().__init__(reason)
        self.full = full


class Accepted(Protocol):
    """A genuine message. ``message_id`` is the same when it is delivered again."""

    @property
    def message_id(self) -> str:
        """Name the message; the inbox keeps one of each."""
        ...

    @property
    def answer(self) -> bytes | None:
        """The body the sender expects back; ``None``: none."""
        ...

    @property
    def content_type(self) -> str:
        """The type of ``answer``."""
        ...


class Verifier(Protocol):
    """Proves the origin of a message from its raw bytes, in constant time."""

    def verify(self, headers: Mapping[str, str], body: bytes) -> Accepted:
        """Accept a genuine message. ``headers`` are keyed in lower case.

        Raises ``VerificationError`` for everything else, whatever the bytes are, and
        ``HostileMessage`` for a genuine one that asks for what none may ask.
        """
        ...


class Source(Protocol):
    """A sender of messages, known by an unguessable part of the path."""

    @property
    def name(self) -> str:
        """The connection whose messages these are."""
        ...

    @property
    def verifier(self) -> Verifier:
        """Who proves its messages."""
        ...

    @property
    def kept_headers(self) -> tuple[str, ...]:
        """Headers (lower case) that a reader of the message will need; the rest is forgotten."""
        ...

    @property
    def status(self) -> int:
        """The HTTP status this sender takes for success."""
        ...


class Inbox(Protocol):
    """Keeps messages durably."""

    def put(
        self,
        source: str,
        message_id: str,
        received_at: datetime,
        headers: Mapping[str, str],
        body: bytes,
    ) -> bool:
        """Keep a message; when this returns it survives a power cut. False: it was there already.

        Raises ``InboxUnavailable`` when it could not be kept.
        """
        ...

    def ready(self) -> bool:
        """Tell whether messages can be kept now."""
        ...
