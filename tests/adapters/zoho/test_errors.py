"""Every documented code becomes the error whose meaning it has."""

from typing import Any

import pytest

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
from adapters.port import CreditField, Cursor, FieldUpdate
from adapters.zoho.errors import Refusal, to_error
from scoring.records import AccountRef, Kind
from tests.adapters.zoho.answers import NOW, CannedZoho, a_field, a_port

_CODES: list[tuple[str, type[CrmError]]] = [
    ("INVALID_DATA", RecordInvalid),
    ("MANDATORY_NOT_FOUND", RecordInvalid),
    ("DUPLICATE_DATA", RecordConflict),
    ("DEPENDENT_FIELD_MISSING", RecordInvalid),
    ("DEPENDENT_MISMATCH", RecordInvalid),
    ("MAPPING_MISMATCH", RecordInvalid),
    ("MULTIPLE_OR_MULTI_ERRORS", RecordInvalid),
    ("EXPECTED_FIELD_MISSING", RecordInvalid),
    ("LIMIT_EXCEEDED", RecordInvalid),
    ("RECORD_LOCKED", RecordConflict),
    ("NOT_APPROVED", RecordConflict),
    ("NOT_REVIEWED", RecordConflict),
    ("RECORD_IN_BLUEPRINT", RecordConflict),
    ("NOT_ALLOWED", RecordInvalid),
    ("DUPLICATE_LINKING_DATA", RecordConflict),
    ("CANNOT_PROCESS", Refused),
    ("CANNOT_PERFORM_ACTION", Refused),
    ("CONVERTED_RECORD", RecordConflict),
    ("FEATURE_NOT_SUPPORTED", NotPermitted),
    ("STORAGE_SPACE_EXCEEDED", NotPermitted),
    ("LIMIT_REACHED", NotPermitted),
    ("DEPENDENT_SERVICE_ERROR", CrmUnavailable),
    ("INVALID_MODULE", ContractBroken),
    ("INVALID_REQUEST_METHOD", ContractBroken),
    ("AUTHORIZATION_FAILED", NotPermitted),
    ("INVALID_URL_PATTERN", ContractBroken),
    ("INVALID_TOKEN", CredentialsRejected),
    ("AUTHENTICATION_FAILURE", CredentialsRejected),
    ("OAUTH_SCOPE_MISMATCH", NotPermitted),
    ("NO_PERMISSION", NotPermitted),
    ("ALREADY_MODIFIED", RecordConflict),
    ("TOO_MANY_REQUESTS", RateLimited),
    ("RATE_LIMIT_EXCEEDED", RateLimited),
    ("INTERNAL_ERROR", OutcomeUnknown),
    ("API_NOT_SUPPORTED", ContractBroken),
    ("SYNTAX_ERROR", ContractBroken),
    ("INVALID_QUERY", ContractBroken),
    ("REQUIRED_PARAM_MISSING", ContractBroken),
    ("DISCRETE_PAGINATION_LIMIT_EXCEEDED", ContractBroken),
    ("PAGINATION_LIMIT_EXCEEDED", ContractBroken),
    ("TOKEN_BOUND_DATA_MISMATCH", ContractBroken),
    ("EXPIRED_VALUE", ContractBroken),
    ("AMBIGUITY_DURING_PROCESSING", RecordInvalid),
    ("PATTERN_NOT_MATCHED", RecordInvalid),
    ("SOMETHING_NEW", Refused),
]


def a_refusal(code: str, *, wrote: bool = True, **details: Any) -> Refusal:
    return Refusal(code=code, details=details, system="acme", operation="update", wrote=wrote)


@pytest.mark.parametrize(("code", "expected"), _CODES)
def test_a_code_has_its_meaning(code: str, expected: type[CrmError]) -> None:
    error = to_error(a_refusal(code), now=NOW)

    assert type(error) is expected
    assert error.vendor_code == code
    assert str(error).startswith("acme: update: ")


def test_a_failure_inside_zoho_leaves_only_a_write_in_doubt() -> None:
    assert isinstance(to_error(a_refusal("INTERNAL_ERROR", wrote=False), now=NOW), CrmUnavailable)


@pytest.mark.parametrize("api_name", ["id", "What_Id"])
def test_a_wrong_id_is_a_record_that_is_not_there(api_name: str) -> None:
    error = to_error(a_refusal("INVALID_DATA", api_name=api_name), now=NOW)

    assert isinstance(error, RecordNotFound)


def test_field_errors_carry_our_name_and_the_rule() -> None:
    refusal = a_refusal(
        "INVALID_DATA", api_name="Credit_Limit", expected_data_type="double", maximum_length=16
    )

    error = to_error(refusal, now=NOW, our_names={"Credit_Limit": "limit"})

    assert isinstance(error, RecordInvalid)
    assert error.fields == {"limit": "the CRM does not take it, expected double, at most 16 long"}


def test_a_duplicate_names_the_record_that_is_there() -> None:
    refusal = a_refusal("DUPLICATE_DATA", api_name="Credit_Ref", duplicate_record={"id": "77"})

    error = to_error(refusal, now=NOW)

    assert isinstance(error, RecordConflict)
    assert error.duplicate_id == "77"


@pytest.mark.parametrize(
    ("message", "expected"),
    [
        ("You have reached your API limit for the past 24 hours.", QuotaExhausted),
        ("API credits are exhausted", QuotaExhausted),
        ("The concurrency limit is reached", RateLimited),
        ("", RateLimited),
    ],
)
def test_too_many_requests_has_its_cause_in_the_text(
    message: str, expected: type[CrmError]
) -> None:
    refusal = Refusal(
        code="TOO_MANY_REQUESTS", message=message, system="acme", operation="read", wrote=False
    )

    error = to_error(refusal, now=NOW)

    assert type(error) is expected
    if isinstance(error, QuotaExhausted):
        assert error.retry_at is not None
        assert error.retry_at > NOW


@pytest.mark.parametrize(
    ("status", "body", "expected"),
    [
        (400, {"code": "INVALID_QUERY", "details": {"column_name": "X"}}, ContractBroken),
        (401, {"code": "OAUTH_SCOPE_MISMATCH", "details": {}}, NotPermitted),
        (403, {"code": "NO_PERMISSION", "details": {"permissions": ["View"]}}, NotPermitted),
        (404, {"code": "INVALID_URL_PATTERN", "details": {}}, ContractBroken),
        (429, {"code": "TOO_MANY_REQUESTS", "details": {}, "message": "24 hours"}, QuotaExhausted),
        (429, {"code": 429, "error": "TOO_MANY_REQUESTS", "error_info": "past 24 hours"},
         QuotaExhausted),
        (429, {"code": "TOO_MANY_REQUESTS", "details": {}, "message": "concurrency"}, RateLimited),
        (500, {"code": "INTERNAL_ERROR", "details": {}}, CrmUnavailable),
        (502, "<html>Bad gateway</html>", CrmUnavailable),
        (200, "<html>Please sign in</html>", CrmUnavailable),
        (200, '{"data":[{"id":"1"', CrmUnavailable),
        (403, "<html>forbidden</html>", CrmUnavailable),
        (200, {"unexpected": []}, ContractBroken),
        (200, {"data": [{"no_id": 1}], "info": {}}, ContractBroken),
        (200, [], ContractBroken),
    ],
)  # fmt: skip
def test_a_read_that_fails_as_a_whole(
    zoho: CannedZoho, status: int, body: Any, expected: type[CrmError]
) -> None:
    zoho.fields("Contacts", a_field("Full_Name"), a_field("Account_Name", "lookup"))
    zoho.on("POST", "coql", (status, body))

    with pytest.raises(CrmError) as caught:
        a_port(zoho).changes(Kind.CONTACTS, Cursor())
    assert type(caught.value) is expected


_ITEM_WELL = {
    "code": "SUCCESS",
    "status": "success",
    "details": {"id": "11", "Modified_Time": "2026-11-24T10:00:00+08:00"},
}
_UPDATE = FieldUpdate(account=AccountRef("acme", "11"), values={CreditField.RATING: "A"})


def a_rated_zoho(zoho: CannedZoho, *answers: Any) -> CannedZoho:
    zoho.fields("Accounts", a_field("Credit_Rating", "picklist", options=["A", "B"]))
    zoho.on("PUT", "Accounts", *answers)
    return zoho


@pytest.mark.parametrize(
    ("status", "body", "expected"),
    [
        (200, "<html>Please sign in</html>", OutcomeUnknown),
        (200, '{"data":[{"code":"SUCC', OutcomeUnknown),
        (500, {"code": "INTERNAL_ERROR", "details": {}}, OutcomeUnknown),
        (502, "<html>Bad gateway</html>", OutcomeUnknown),
        (400, {"code": "INVALID_DATA", "details": {"api_name": "data"}}, RecordInvalid),
        (412, {"data": [{"code": "ALREADY_MODIFIED", "status": "error", "details": {"id": "11"}}]},
         RecordConflict),
        (400, {"data": [{"code": "RECORD_LOCKED", "status": "error", "details": {}}]},
         RecordConflict),
        (202, {"data": [{"code": "INVALID_DATA", "status": "error", "details": {}}]},
         RecordInvalid),
        (403, {"code": "NO_PERMISSION", "details": {}}, NotPermitted),
        (200, {"data": [_ITEM_WELL, _ITEM_WELL]}, ContractBroken),
        (200, {"data": []}, OutcomeUnknown),
        (200, {"data": [{**_ITEM_WELL, "details": {"id": "12"}}]}, ContractBroken),
        (200, {"data": [7]}, ContractBroken),
        (200, {"unexpected": True}, OutcomeUnknown),
    ],
)  # fmt: skip
def test_a_write_is_judged_by_its_items(
    zoho: CannedZoho, status: int, body: Any, expected: type[CrmError]
) -> None:
    (outcome,) = a_port(a_rated_zoho(zoho, (status, body))).update_fields([_UPDATE])

    assert type(outcome) is expected


def test_a_dead_token_is_replaced_once(zoho: CannedZoho) -> None:
    dead = (401, {"code": "INVALID_TOKEN", "details": {}, "message": "invalid oauth token"})
    a_rated_zoho(zoho, dead, (200, {"data": [_ITEM_WELL]}))

    (outcome,) = a_port(zoho).update_fields([_UPDATE])

    assert not isinstance(outcome, CrmError)
    assert zoho.tokens == 2


def test_a_token_dead_twice_rejects_the_credentials(zoho: CannedZoho) -> None:
    dead = (401, {"code": "INVALID_TOKEN", "details": {}, "message": "invalid oauth token"})

    (outcome,) = a_port(a_rated_zoho(zoho, dead)).update_fields([_UPDATE])

    assert isinstance(outcome, CredentialsRejected)
    assert zoho.tokens == 2
