"""What every vendor's event codec speaks: a proof of origin, and hints at what changed.

A hint is never the truth: the record it names is read again.
"""

import msgspec

from scoring.records import Kind

__all__ = ["ForgedMessage", "Hint", "HostileContent", "Verified"]


class ForgedMessage(ValueError):
    """The message does not prove that it comes from the CRM. ``reason`` is for the log alone."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class HostileContent(ForgedMessage):
    """The message proves its origin and asks for what no message of this CRM asks for."""


class Verified(msgspec.Struct, frozen=True, kw_only=True):
    """A message that is genuine.

    ``message_id`` is the same when the CRM delivers the message again. ``answer`` is the body the
    CRM expects back; ``None``: an empty 200 will do.
    """

    message_id: str
    answer: bytes | None = None
    content_type: str = "text/plain"


class Hint(msgspec.Struct, frozen=True):
    """These records of one feed were created, changed or deleted; read them again."""

    kind: Kind
    record_ids: tuple[str, ...]
