"""What can go wrong when talking to a CRM, named by situation.

CrmError
├─ Transient                  try again later
│  ├─ CrmUnavailable          no connection, timeout on a read, 5xx
│  ├─ RateLimited             retry_at from the vendor when given
│  ├─ QuotaExhausted          daily credits gone; retry_at = reset
│  └─ OutcomeUnknown          timeout after a write was sent: look before writing again
├─ Refused                    will not succeed by itself
│  ├─ RecordNotFound          gone or merged
│  ├─ RecordInvalid           field errors, by our field name
│  ├─ RecordConflict          changed underneath us, duplicate
│  └─ NotPermitted            scope, role, or field-level permission
├─ CredentialsRejected        refresh failed or was revoked: nothing of this system can work
└─ ContractBroken             the answer has not the documented shape

What to do about each is decided in one place, ``connector/work/retry.py``. No error holds a token,
a whole body or a bank detail.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Required, TypedDict, Unpack

__all__ = [
    "ContractBroken",
    "CredentialsRejected",
    "CrmError",
    "CrmUnavailable",
    "NotPermitted",
    "OutcomeUnknown",
    "QuotaExhausted",
    "RateLimited",
    "RecordConflict",
    "RecordInvalid",
    "RecordNotFound",
    "Refused",
    "Transient",
]


class _Context(TypedDict, total=False):
    """Where an error happened, and what the vendor's support will ask for."""

    system: Required[str]
    operation: Required[str]
    vendor_code: str
    request_id: str


class CrmError(Exception):
    """A CRM call did not do what was asked. The text is a sentence for a person."""

    def __init__(self, message: str, **context: Unpack[_Context]) -> None:
        self.user_message = message
        self.system = context["system"]
        self.operation = context["operation"]
        self.vendor_code = context.get("vendor_code", "")
        self.request_id = context.get("request_id", "")
        details = " ".join(part for part in (self.vendor_code, self.request_id) if part)
        where = f"{self.system}: {self.operation}: {message}"
        super().__init__(where + (f" [{details}]" if details else ""))


class Transient(CrmError):
    """May succeed later without anybody doing anything; ``retry_at`` when the vendor named it."""

    def __init__(
        self, message: str, *, retry_at: datetime | None = None, **context: Unpack[_Context]
    ) -> None:
        super().__init__(message, **context)
        self.retry_at = retry_at


class CrmUnavailable(Transient):
    """No connection, a read timed out, the CRM answered 5xx or not in its own format."""


class RateLimited(Transient):
    """Too many calls for now; ``retry_at`` when the vendor said it."""


class QuotaExhausted(Transient):
    """The day's calls or credits are used up; ``retry_at`` is the reset."""


class OutcomeUnknown(Transient):
    """A write was sent and no readable answer came: it may or may not have happened."""


class Refused(CrmError):
    """Will not succeed by itself."""


class RecordNotFound(Refused):
    """The record is gone, merged, or not visible to us."""


class RecordInvalid(Refused):
    """The CRM refused values; ``fields`` maps our field name to its complaint."""

    def __init__(
        self, message: str, *, fields: Mapping[str, str] | None = None, **context: Unpack[_Context]
    ) -> None:
        super().__init__(message, **context)
        self.fields = dict(fields or {})


class RecordConflict(Refused):
    """Somebody else changed the record, or a unique value exists; ``duplicate_id`` names it."""

    def __init__(
        self, message: str, *, duplicate_id: str | None = None, **context: Unpack[_Context]
    ) -> None:
        super().__init__(message, **context)
        self.duplicate_id = duplicate_id


class NotPermitted(Refused):
    """A scope, role or field permission is missing."""


class CredentialsRejected(CrmError):
    """The credentials do not work any more: reconnect before anything else."""


class ContractBroken(CrmError):
    """The answer has not the documented shape: the adapter needs care."""
