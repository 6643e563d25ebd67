"""Zoho's error codes become ours, in one table.

The text Zoho sends is shown to people only where it is Zoho's own sentence about a field; a value
of the customer's is never repeated.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

import msgspec

from adapters.errors import (
    ContractBroken,
    CredentialsRejected,
    CrmError,
    CrmUnavailable,
    NotPermitted,
    OutcomeUnknown,
    QuotaExhausted,
    RateLimited,
    RecordConflict,
    RecordInvalid,
    RecordNotFound,
    Refused,
)

__all__ = ["DEAD_TOKEN_CODES", "Refusal", "duplicate_id", "to_error"]

# Zoho names no reset time: the day's credits come back one by one, 24 hours after each call.
QUOTA_PAUSE = timedelta(minutes=30)
DEAD_TOKEN_CODES = frozenset({"INVALID_TOKEN", "AUTHENTICATION_FAILURE"})

_LINK_FIELDS = frozenset({"id", "What_Id"})
_SENTENCES = {
    "MANDATORY_NOT_FOUND": "a mandatory value is missing",
    "DUPLICATE_DATA": "a record with this unique value exists",
    "RECORD_LOCKED": "the record is locked",
    "NOT_APPROVED": "the record waits for approval",
    "NOT_REVIEWED": "the record waits for review",
    "BLOCKED_RECORD": "the record is blocked",
    "RESOURCE_NOT_FOUND": "Zoho does not have it",
    "RECORD_IN_BLUEPRINT": "a blueprint holds the record",
    "ALREADY_MODIFIED": "somebody changed the record meanwhile",
    "OAUTH_SCOPE_MISMATCH": "the connection lacks a scope: authorise it again with all scopes",
    "NO_PERMISSION": "the CRM user of the connection lacks a right",
    "TOO_MANY_REQUESTS": "too many calls for now",
    "INVALID_MODULE": "the module does not exist",
}
_KINDS: dict[str, type[CrmError]] = (
    dict.fromkeys(
        (
            "INVALID_DATA",
            "MANDATORY_NOT_FOUND",
            "DEPENDENT_FIELD_MISSING",
            "DEPENDENT_MISMATCH",
            "MAPPING_MISMATCH",
            "MULTIPLE_OR_MULTI_ERRORS",
            "EXPECTED_FIELD_MISSING",
            "LIMIT_EXCEEDED",
            "NOT_ALLOWED",
            "PATTERN_NOT_MATCHED",
            "AMBIGUITY_DURING_PROCESSING",
        ),
        RecordInvalid,
    )
    | dict.fromkeys(
        (
            "DUPLICATE_DATA",
            "DUPLICATE_LINKING_DATA",
            "ALREADY_MODIFIED",
            "RECORD_LOCKED",
            "NOT_APPROVED",
            "NOT_REVIEWED",
            "RECORD_IN_BLUEPRINT",
            "BLOCKED_RECORD",
            "CONVERTED_RECORD",
        ),
        RecordConflict,
    )
    | dict.fromkeys(
        (
            "NO_PERMISSION",
            "OAUTH_SCOPE_MISMATCH",
            "AUTHORIZATION_FAILED",
            "FEATURE_NOT_SUPPORTED",
            "STORAGE_SPACE_EXCEEDED",
            "LIMIT_REACHED",
            "FIELD_LIMIT_EXCEEDED",
        ),
        NotPermitted,
    )
    | dict.fromkeys(
        (
            "INVALID_MODULE",
            "INVALID_URL_PATTERN",
            "INVALID_REQUEST_METHOD",
            "INVALID_QUERY",
            "SYNTAX_ERROR",
            "DUPLICATE_ALIAS",
            "INVALID_ALIAS",
            "API_NOT_SUPPORTED",
            "REQUIRED_PARAM_MISSING",
            "DISCRETE_PAGINATION_LIMIT_EXCEEDED",
            "PAGINATION_LIMIT_EXCEEDED",
            "TOKEN_BOUND_DATA_MISMATCH",
            "EXPIRED_VALUE",
        ),
        ContractBroken,
    )
    | dict.fromkeys(
        ("RECORD_NOT_FOUND", "NOT_FOUND", "NO_RECORDS_FOUND", "RESOURCE_NOT_FOUND"), RecordNotFound
    )
    | dict.fromkeys(("TOO_MANY_REQUESTS", "RATE_LIMIT_EXCEEDED", "429"), RateLimited)
    | dict.fromkeys(DEAD_TOKEN_CODES, CredentialsRejected)
    # The service behind refused and says so: nothing was written.
    | {"DEPENDENT_SERVICE_ERROR": CrmUnavailable}
)
_IN_DOUBT = frozenset({"INTERNAL_ERROR", "INTERNAL_SERVER_ERROR"})


class Refusal(msgspec.Struct, frozen=True, kw_only=True):
    """One error object of Zoho, of a whole call or of one record in it."""

    code: str
    message: str = ""
    details: Mapping[str, Any] = {}
    status: int = 0
    system: str
    operation: str
    wrote: bool

    def error(
        self,
        kind: type[CrmError],
        message: str,
        **more: Any,  # noqa: ANN401 what the class of error adds to the constructor
    ) -> CrmError:
        """Build an error of ours that carries this refusal's names."""
        return kind(
            message,
            system=self.system,
            operation=self.operation,
            vendor_code=self.code,
            **more,
        )


def to_error(
    refusal: Refusal, *, now: datetime, our_names: Mapping[str, str] | None = None
) -> CrmError:
    """Translate. ``our_names`` maps API names to the names our own fields have."""
    if refusal.code in _IN_DOUBT or refusal.status >= 500:
        kind = OutcomeUnknown if refusal.wrote else CrmUnavailable
        return refusal.error(kind, "the CRM failed inside")
    found = _KINDS.get(refusal.code)
    api_name = str(refusal.details.get("api_name") or "")
    if found is None:
        found = NotPermitted if refusal.status == 403 else Refused
    if found is RateLimited:
        return _throttled(refusal, now)
    if found is RecordInvalid:
        return _invalid(refusal, api_name, our_names or {})
    if found is RecordConflict:
        return refusal.error(
            RecordConflict, _sentence(refusal, api_name), duplicate_id=duplicate_id(refusal)
        )
    return refusal.error(found, _sentence(refusal, api_name))


def duplicate_id(refusal: Refusal) -> str | None:
    """Return the id of the record that holds the unique value already."""
    record = refusal.details.get("duplicate_record")
    found = record.get("id") if isinstance(record, Mapping) else None
    found = found or refusal.details.get("id")
    return str(found) if found else None


def _throttled(refusal: Refusal, now: datetime) -> CrmError:
    """Guess the cause from the text, which is all Zoho gives: the day's credits, or haste."""
    text = f"{refusal.message} {refusal.details.get('error_info', '')}".lower()
    if "24 hour" in text or "credit" in text:
        return refusal.error(
            QuotaExhausted, "the day's API credits are used up", retry_at=now + QUOTA_PAUSE
        )
    return refusal.error(RateLimited, "too many calls for now")


def _invalid(refusal: Refusal, api_name: str, our_names: Mapping[str, str]) -> CrmError:
    if refusal.code == "INVALID_DATA" and api_name in _LINK_FIELDS:
        return refusal.error(RecordNotFound, f"no record with the id given as {api_name}")
    fields = {}
    if api_name:
        fields[our_names.get(api_name, api_name)] = _complaint(refusal)
    return refusal.error(RecordInvalid, _sentence(refusal, api_name), fields=fields)


def _sentence(refusal: Refusal, api_name: str) -> str:
    said = _SENTENCES.get(refusal.code) or _complaint(refusal)
    return f"{api_name}: {said}" if api_name else said


def _complaint(refusal: Refusal) -> str:
    """Say what is wrong with a value from Zoho's details, which hold rules and no values."""
    details = refusal.details
    parts = [_SENTENCES.get(refusal.code, "the CRM does not take it")]
    if expected := details.get("expected_data_type"):
        parts.append(f"expected {expected}")
    if longest := details.get("maximum_length"):
        parts.append(f"at most {longest} long")
    if isinstance(allowed := details.get("supported_values"), list):
        parts.append("allowed are " + ", ".join(map(str, allowed[:30])))
    if isinstance(limits := details.get("range"), Mapping):
        parts.append(f"from {limits.get('from')} to {limits.get('to')}")
    if column := details.get("column_name"):
        parts.append(f"column {column}")
    return ", ".join(parts)
