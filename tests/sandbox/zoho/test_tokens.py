"""The accounts server: grants, throttle, expiry and the header that carries a token."""

from datetime import timedelta

import pytest

from tests.sandbox.zoho.organisation import SignedIn, organisation


def test_a_refresh_answers_a_token_and_the_sandboxs_own_address(crm: SignedIn) -> None:
    answer = crm.token(grant_type="refresh_token")
    assert answer.status_code == 200
    assert answer.json is not None
    assert answer.json["api_domain"] == "http://localhost"
    assert (answer.json["token_type"], answer.json["expires_in"]) == ("Bearer", 3600)
    assert "refresh_token" not in answer.json


def test_a_grant_code_works_once_and_answers_a_refresh_token(crm: SignedIn) -> None:
    code = crm.org.credentials()["grant_code"]
    answer = crm.token(grant_type="authorization_code", code=code)
    assert answer.json is not None
    new = crm.token(grant_type="refresh_token", refresh_token=answer.json["refresh_token"])
    assert new.json is not None
    assert "access_token" in new.json
    again = crm.token(grant_type="authorization_code", code=code)
    assert (again.status_code, again.json) == (200, {"error": "invalid_code"})


def test_the_consent_page_redirects_with_a_fresh_code(crm: SignedIn) -> None:
    answer = crm.call("GET", "/oauth/v2/auth?redirect_uri=http://127.0.0.1/back&state=s")
    assert answer.status_code == 302
    query = answer.headers["Location"].partition("?")[2]
    code = dict(pair.split("=") for pair in query.split("&"))["code"]
    taken = crm.token(grant_type="authorization_code", code=code)
    assert taken.json is not None
    assert "refresh_token" in taken.json


@pytest.mark.parametrize(
    ("form", "error"),
    [
        ({"refresh_token": "1000.dead.dead"}, "invalid_code"),
        ({"client_id": "1000.OTHER"}, "invalid_client"),
        ({"client_secret": "wrong"}, "invalid_client_secret"),
    ],
)
def test_wrong_credentials_are_an_error_under_http_200(
    crm: SignedIn, form: dict[str, str], error: str
) -> None:
    answer = crm.token(grant_type="refresh_token", **form)
    assert (answer.status_code, answer.json) == (200, {"error": error})


def test_the_eleventh_token_in_ten_minutes_is_throttled(crm: SignedIn) -> None:
    for _ in range(9):  # the fixture took the first
        assert crm.token(grant_type="refresh_token").status_code == 200
    refused = crm.token(grant_type="refresh_token")
    assert refused.status_code == 400
    assert refused.json is not None
    assert (refused.json["error"], refused.json["status"]) == ("Access Denied", "failure")
    crm.org.clock.advance(timedelta(minutes=10))
    assert crm.token(grant_type="refresh_token").status_code == 200


def test_the_eleventh_active_token_kills_the_oldest() -> None:
    with organisation(tokens_per_window=100) as crm:
        for _ in range(9):
            crm.token(grant_type="refresh_token")
        assert crm.get("/org").status_code == 200
        crm.token(grant_type="refresh_token")
        assert crm.get("/org").status_code == 401


def test_a_token_expires_on_the_sandboxs_clock(crm: SignedIn) -> None:
    crm.org.clock.advance(timedelta(seconds=3599))
    assert crm.get("/org").status_code == 200
    crm.org.clock.advance(timedelta(seconds=1))
    refused = crm.get("/org")
    assert refused.status_code == 401
    assert refused.json == {
        "code": "INVALID_TOKEN",
        "details": {},
        "message": "invalid oauth token",
        "status": "error",
    }


def test_a_revoked_refresh_token_takes_its_access_tokens_along(crm: SignedIn) -> None:
    token = crm.org.credentials()["refresh_token"]
    answer = crm.call("POST", "/oauth/v2/token/revoke", data={"token": token})
    assert answer.json == {"status": "success"}
    assert crm.get("/org").status_code == 401
    assert crm.token(grant_type="refresh_token").json == {"error": "invalid_code"}


@pytest.mark.parametrize("prefix", ["Bearer ", "", "zoho-oauthtoken "])
def test_only_zohos_own_header_prefix_is_taken(crm: SignedIn, prefix: str) -> None:
    token = crm.headers["Authorization"].removeprefix("Zoho-oauthtoken ")
    answer = crm.get("/org", headers={"Authorization": f"{prefix}{token}"})
    assert answer.status_code == 401
    assert answer.json is not None
    assert answer.json["code"] == "AUTHENTICATION_FAILURE"


def test_a_scope_that_was_not_granted_is_refused() -> None:
    with organisation(scopes=("ZohoCRM.modules.accounts.READ", "ZohoCRM.settings.ALL")) as crm:
        assert crm.get("/Accounts", fields="id").status_code == 204
        assert crm.get("/settings/fields", module="Accounts").status_code == 200
        for refused in (crm.get("/Invoices", fields="id"), crm.write("PUT", "Accounts", {})):
            assert refused.status_code == 401
            assert refused.json is not None
            assert refused.json["code"] == "OAUTH_SCOPE_MISMATCH"


def test_no_secret_reaches_the_journal(crm: SignedIn) -> None:
    crm.token(grant_type="authorization_code", code=crm.org.credentials()["grant_code"])
    secrets = {value for key, value in crm.org.credentials().items() if key != "client_id"}
    secrets.add(crm.headers["Authorization"].removeprefix("Zoho-oauthtoken "))
    for call in crm.org.journal:
        written = f"{call.path} {call.query} {call.request} {call.answer}"
        assert not [secret for secret in secrets if secret in written]
