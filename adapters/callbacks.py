"""How an adapter hears that a job of its connection is over: the CRM calls, and the call is kept."""

from typing import Protocol

__all__ = ["JOB_MESSAGE", "Callbacks", "NoCallbacks"]

JOB_MESSAGE = "job:"
"""How the ids of messages about jobs begin; they tell of no change in the CRM."""


class Callbacks(Protocol):
    """Where a CRM may call, and what has been kept of its calls, by whichever process."""

    def address(self) -> str:
        """Name the address that a CRM is to call; empty while nobody would hear it."""
        ...

    def came(self, message_id: str) -> bool:
        """Tell whether a message was taken in. It costs no call to the CRM."""
        ...


class NoCallbacks:
    """Nobody can be called."""

    def address(self) -> str:
        """Name none."""
        return ""

    def came(self, message_id: str) -> bool:
        """Tell that nothing came."""
        _ = message_id
        return False
