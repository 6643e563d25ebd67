"""The accounts server says everything in the body and nothing in the status."""

import json
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import responses

from adapters.errors import (
    ContractBroken,
    CredentialsRejected,
    CrmError,
    CrmUnavailable,
    RateLimited,
)
from adapters.http import HttpClient, Pace
from adapters.settings import Secret
from adapters.zoho.auth import (
    BOOKS_SCOPES,
    RECOMMENDED_SCOPES,
    TokenDesk,
    authorisation_url,
    lacking_scopes,
    redeem_code,
    revoke,
)
from adapters.zoho.centres import CENTRES, centre_of, is_zohos_api
from adapters.zoho.settings import ZohoOptions, accounts_url, api_url
from tests.adapters.zoho.answers import ACCOUNTS, NOW, SECRETS, some_settings

URL = f"{ACCOUNTS}/oauth/v2/token"


def a_desk(**changes: Any) -> TokenDesk:
    http = HttpClient("acme", pace=Pace(now=lambda: NOW, sleep=lambda _: None))
    return TokenDesk(some_settings(**changes), http)


def the_form() -> dict[str, list[str]]:
    body = responses.calls[0].request.body
    assert isinstance(body, bytes)
    return parse_qs(body.decode())


@responses.activate
def test_a_refresh_token_becomes_an_access_token() -> None:
    answer = {"access_token": "1000.a", "api_domain": "https://www.zohoapis.eu", "expires_in": 3600}
    responses.post(URL, json=answer)

    token = a_desk().ask()

    sent = the_form()
    assert sent["grant_type"] == ["refresh_token"]
    assert sent["refresh_token"] == [SECRETS["refresh_token"]]
    assert token.value == "1000.a"
    assert (token.expires_at - token.issued_at).total_seconds() == 3600
    assert token.details == {"api_domain": "https://www.zohoapis.eu"}


@responses.activate
@pytest.mark.parametrize(
    "host",
    [
        "https://www.zohoapis.com.evil.test",
        "https://evil.test/www.zohoapis.com",
        "http://www.zohoapis.com",
        "https://www.zohoapis.com:8443",
        "https://www.zohoapis.com@evil.test",
        "https://wwwzohoapis.com",
        "https://[www.zohoapis.com",
    ],
)
def test_a_token_is_never_carried_to_a_foreign_host(host: str) -> None:
    responses.post(URL, json={"access_token": "1000.a", "api_domain": host, "expires_in": 3600})

    with pytest.raises(ContractBroken, match="none of Zoho's"):
        a_desk().ask()
    assert a_desk(options={"follow_api_domain": False}).ask().value == "1000.a"


@responses.activate
@pytest.mark.parametrize(
    "host",
    [
        "https://www.zohoapis.eu",
        "https://sandbox.zohoapis.com.cn/",
        "https://developer.zohoapis.in",
    ],
)
def test_zohos_own_hosts_are_followed(host: str) -> None:
    responses.post(URL, json={"access_token": "1000.a", "api_domain": host, "expires_in": 3600})

    assert a_desk().ask().details == {"api_domain": host}


@pytest.mark.parametrize("code", CENTRES)
def test_a_data_centre_names_its_hosts(code: str) -> None:
    settings = some_settings(base_url="", accounts_url="", options={"data_centre": code})

    assert (accounts_url(settings), api_url(settings)) == (
        CENTRES[code].accounts,
        CENTRES[code].api,
    )
    assert is_zohos_api(CENTRES[code].api)
    assert centre_of(CENTRES[code].accounts) == code
    assert centre_of(CENTRES[code].api) is None
    assert not is_zohos_api(CENTRES[code].accounts)


@responses.activate
def test_old_answers_give_milliseconds() -> None:
    answer = {"access_token": "1000.a", "expires_in": 3_600_000, "expires_in_sec": 3600}
    responses.post(URL, json=answer)

    token = a_desk().ask()

    assert (token.expires_at - token.issued_at).total_seconds() == 3600


@pytest.mark.parametrize(
    ("status", "body", "expected"),
    [
        (200, {"error": "invalid_code"}, CredentialsRejected),
        (200, {"error": "invalid_client"}, CredentialsRejected),
        (400, {"error": "invalid_client_secret"}, CredentialsRejected),
        (
            400,
            {
                "error": "Access Denied",
                "error_description": "You have made too many requests continuously.",
                "status": "failure",
            },
            RateLimited,
        ),
        (200, {"error": "general_error"}, CrmUnavailable),
        (502, {"error": "invalid_code"}, CrmUnavailable),
        (200, "<html>", CrmUnavailable),
        (200, {"status": "well"}, ContractBroken),
        (200, {"access_token": "1000.a"}, ContractBroken),
    ],
)
@responses.activate
def test_a_refusal_has_its_meaning(status: int, body: Any, expected: type[CrmError]) -> None:
    responses.post(URL, status=status, body=body if isinstance(body, str) else json.dumps(body))

    with pytest.raises(CrmError) as caught:
        a_desk().ask()
    assert type(caught.value) is expected
    assert not any(secret in str(caught.value) for secret in SECRETS.values())
    assert len(responses.calls) == 1


def test_a_missing_secret_is_named() -> None:
    with pytest.raises(CredentialsRejected, match=r"secrets\.refresh_token is missing"):
        a_desk(secrets={"client_id": Secret("a"), "client_secret": Secret("b")}).ask()


@responses.activate
def test_a_grant_code_becomes_a_refresh_token() -> None:
    answer = {"access_token": "1000.a", "refresh_token": "1000.r", "expires_in": 3600}
    responses.post(URL, json=answer)

    secret = redeem_code(some_settings(), HttpClient("acme"), "code", "https://here.test/back")

    sent = the_form()
    assert secret.reveal() == "1000.r"
    assert (sent["code"], sent["redirect_uri"]) == (["code"], ["https://here.test/back"])


@responses.activate
def test_an_online_grant_says_what_was_forgotten() -> None:
    responses.post(URL, json={"access_token": "1000.a", "expires_in": 3600})

    with pytest.raises(CredentialsRejected, match="access_type=offline"):
        redeem_code(some_settings(), HttpClient("acme"), "code")


def test_the_consent_page_asks_for_a_refresh_token() -> None:
    url = urlsplit(authorisation_url(some_settings(), "https://here.test/back", "state"))

    asked = parse_qs(url.query)
    assert asked["access_type"] == ["offline"]
    assert "ZohoCRM.coql.READ" in asked["scope"][0].split(",")
    assert SECRETS["client_secret"] not in url.query


@responses.activate
@pytest.mark.parametrize("body", [{"status": "success"}, {"error": "invalid_code"}])
def test_a_token_is_ended_whether_it_lived_or_not(body: dict[str, str]) -> None:
    responses.post(f"{URL}/revoke", json=body)

    revoke(some_settings(), HttpClient("acme"))

    assert the_form() == {"token": [SECRETS["refresh_token"]]}


@responses.activate
def test_an_accounts_server_in_trouble_has_ended_nothing() -> None:
    responses.post(f"{URL}/revoke", status=502, body="<html>")

    with pytest.raises(CrmUnavailable):
        revoke(some_settings(), HttpClient("acme"))


@pytest.mark.parametrize(
    ("granted", "lacking"),
    [
        ("", []),
        (" ".join(RECOMMENDED_SCOPES), []),
        (",".join(RECOMMENDED_SCOPES), []),
        (
            (
                "ZohoCRM.modules.ALL ZohoCRM.settings.ALL ZohoCRM.coql.READ ZohoCRM.bulk.ALL "
                "ZohoCRM.notifications.ALL zohocrm.org.read ZohoCRM.users.ALL ZohoFiles.files.ALL"
            ),
            [],
        ),
        (
            " ".join(RECOMMENDED_SCOPES).replace("modules.ALL", "modules.READ"),
            ["ZohoCRM.modules.ALL"],
        ),
        ("ZohoCRM.modules.ALL", list(RECOMMENDED_SCOPES[1:])),
    ],
)
def test_scopes_that_are_not_granted_are_named(granted: str, lacking: list[str]) -> None:
    assert lacking_scopes(granted, ZohoOptions()) == lacking


def test_books_needs_scopes_of_its_own() -> None:
    granted = " ".join(RECOMMENDED_SCOPES)

    assert lacking_scopes(granted, ZohoOptions(ledger="books")) == list(BOOKS_SCOPES)
