"""Codes and envelopes of the open platform: HTTP 200 for everything, the code tells."""

from typing import Any

__all__ = [
    "BUSY",
    "DAILY_QUOTA",
    "EMPLOYEE_UNKNOWN",
    "FREQUENCY",
    "ILLEGAL_PARAMETER",
    "LOCKED",
    "MISSING_BODY",
    "MISSING_TOKEN",
    "NO_PACK",
    "OFFSET_TOO_FAR",
    "PARAMETER",
    "REFUSED",
    "WRONG_TOKEN",
    "Refusal",
    "envelope",
    "illegal_parameter",
    "refusal_envelope",
]

BUSY = -1
ILLEGAL_PARAMETER = 10006
OFFSET_TOO_FAR = 10013
MISSING_BODY = 12004
WRONG_TOKEN = 20016
MISSING_TOKEN = 20017
DAILY_QUOTA = 30002
NO_PACK = 30003
FREQUENCY = 30004
EMPLOYEE_UNKNOWN = 30027
PARAMETER = 32000
REFUSED = 40010  # the platform does not document its codes for business errors
LOCKED = 50009

Payload = dict[str, Any]


class Refusal(Exception):
    """The call is answered with this code; nothing was changed."""

    def __init__(self, code: int, message: str, description: str = "") -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.description = description


def illegal_parameter(name: str) -> Refusal:
    """Return the live gateway's answer for any missing or illegal parameter."""
    return Refusal(
        ILLEGAL_PARAMETER,
        f"the parameter {name} is missing or illegal",
        "缺少参数或参数不合法",
    )


def envelope(payload: Payload, trace_id: str) -> Payload:
    """Wrap the payload of a call that went well."""
    return {
        "errorCode": 0,
        "errorMessage": "OK",
        "errorDescription": "success",
        "traceId": trace_id,
        **payload,
    }


def refusal_envelope(refusal: Refusal, trace_id: str) -> Payload:
    """Wrap a refusal."""
    return {
        "errorCode": refusal.code,
        "errorMessage": refusal.message,
        "errorDescription": refusal.description or refusal.message,
        "traceId": trace_id,
    }
