"""The life of a token: 7200 s, the same one until 6600 s, ten calls a minute."""

from datetime import timedelta
from typing import Any

import pytest

from sandbox.fxiaoke import FxiaokeTenant
from tests.sandbox.fxiaoke.caller import Caller


def _advance(tenant: FxiaokeTenant, seconds: int) -> None:
    tenant.clock.advance(timedelta(seconds=seconds))


def test_the_oauth_answer_names_the_tenant(caller: Caller) -> None:
    answer = caller.fetch_token()
    assert answer["errorCode"] == 0
    assert answer["ea"] == "acme001"
    assert answer["openUserId"] == caller.tenant.credentials()["corp_id"]
    assert answer["expiresIn"] == 7200


def test_both_endpoints_hand_out_the_same_token(caller: Caller, legacy_caller: Caller) -> None:
    answer = legacy_caller.fetch_token()
    assert answer["corpAccessToken"] == caller.fetch_token()["accessToken"]


def test_until_6600_seconds_the_same_token_comes_with_less_time(caller: Caller) -> None:
    first = caller.fetch_token()
    _advance(caller.tenant, 6599)
    again = caller.fetch_token()
    assert again["accessToken"] == first["accessToken"]
    assert again["expiresIn"] == 601


def test_from_6600_seconds_a_new_token_comes_and_both_work(caller: Caller) -> None:
    caller.call("/cgi/crm/v2/object/list")
    old = caller.token
    _advance(caller.tenant, 6600)
    new = caller.fetch_token()["accessToken"]
    assert new != old
    for token in (old, new):
        caller.token = token
        assert caller.call("/cgi/crm/v2/object/list")["errorCode"] == 0


def test_after_7200_seconds_the_token_is_dead(caller: Caller) -> None:
    caller.call("/cgi/crm/v2/object/list")
    _advance(caller.tenant, 7200)
    answer = caller.call("/cgi/crm/v2/object/list")
    assert answer["errorCode"] == 20016
    assert answer["errorMessage"] == "the cropId,cropAccessToken or authorization is error"


def test_a_revoked_token_is_dead_at_once(caller: Caller) -> None:
    caller.call("/cgi/crm/v2/object/list")
    caller.tenant.tokens.revoke()
    assert caller.call("/cgi/crm/v2/object/list")["errorCode"] == 20016


def test_the_eleventh_token_call_within_a_minute_is_refused(caller: Caller) -> None:
    codes = [caller.fetch_token()["errorCode"] for _ in range(11)]
    assert codes == [0] * 10 + [30004]
    _advance(caller.tenant, 60)
    assert caller.fetch_token()["errorCode"] == 0


def test_an_overlapping_token_call_is_refused(caller: Caller) -> None:
    assert caller.tenant.tokens._busy.acquire(blocking=False)
    try:
        assert caller.fetch_token()["errorCode"] == 30004
    finally:
        caller.tenant.tokens._busy.release()
    assert caller.fetch_token()["errorCode"] == 0


@pytest.mark.parametrize(
    ("change", "code", "text"),
    [
        ({"appSecret": "wrong"}, 10006, "the parameter appSecret is missing or illegal"),
        ({"appSecret": None}, 10006, "the parameter appSecret is missing or illegal"),
        ({"appId": "FSAID_X"}, 10006, "the parameter appId is missing or illegal"),
        ({"permanentCode": "wrong"}, 20015, "the permanentCode is invalid"),
        ({"grantType": "password"}, 10006, "the parameter grantType is missing or illegal"),
    ],
)
def test_wrong_secrets_are_named(
    caller: Caller, change: dict[str, Any], code: int, text: str
) -> None:
    known = caller.tenant.credentials()
    body = {
        "appId": known["app_id"],
        "appSecret": known["app_secret"],
        "permanentCode": known["permanent_code"],
        "grantType": "app_secret",
    }
    answer = caller.raw("/oauth2.0/token", body | change)
    assert (answer["errorCode"], answer["errorMessage"]) == (code, text)
    assert answer["error_description"] == text
