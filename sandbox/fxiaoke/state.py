"""What the tenant consists of, and what one call carries: the ground every endpoint stands on."""

from dataclasses import dataclass, field
from typing import Any

from sandbox.clock import SandboxClock
from sandbox.fxiaoke.options import TenantOptions
from sandbox.fxiaoke.people import Employee, Staff
from sandbox.fxiaoke.store import RecordStore

__all__ = [
    "APP_ID",
    "APP_SECRET",
    "CORP_ID",
    "EA",
    "PERMANENT_CODE",
    "TENANT_NUMBER",
    "Asked",
    "State",
]

# Public by design: they open nothing but a sandbox on this machine.
APP_ID = "FSAID_5ANDB0X1"
APP_SECRET = "sandbox-app-secret-fxiaoke"
PERMANENT_CODE = "sandbox-permanent-code-fxiaoke"
EA = "acme001"
CORP_ID = "FSCID_5ANDB0XC0RP1D0000000000000001"
TENANT_NUMBER = 700_001


@dataclass(slots=True)
class State:
    """One tenant. ``messages`` are the bodies given to ``message/send``, oldest first.

    ``native_tasks`` are those that the tenant's APL function made.
    """

    clock: SandboxClock
    options: TenantOptions
    staff: Staff
    store: RecordStore
    messages: list[dict[str, Any]] = field(default_factory=list)
    native_tasks: list[dict[str, Any]] = field(default_factory=list)


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """One authorised call. ``legacy`` is the style with the token in the body."""

    path: str
    body: dict[str, Any]
    actor: Employee
    legacy: bool
    custom: bool | None = None  # the path's prefix; None: it serves any object

    @property
    def data(self) -> dict[str, Any]:
        """The business parameters."""
        data = self.body.get("data")
        return data if isinstance(data, dict) else {}

    @property
    def open_ids(self) -> bool:
        """Whether people travel as ``FSUID_…``."""
        return self.legacy or self.body.get("convertUserId") is True

    @property
    def include_null(self) -> bool:
        """Whether empty fields are answered as null instead of being left out."""
        return self.body.get("includeNull") is True
