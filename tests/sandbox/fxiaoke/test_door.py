"""Who may call, and what an unwelcome call is answered: always HTTP 200."""

import pytest
from werkzeug.test import Client

from sandbox.fxiaoke import FxiaokeTenant
from tests.sandbox.fxiaoke.caller import Caller

LIST = "/cgi/crm/v2/object/list"


def test_no_credentials_is_20017(caller: Caller) -> None:
    answer = caller.raw(LIST, {"includeNull": False})
    assert answer["errorCode"] == 20017
    assert "corpAccessToken" in answer["errorMessage"]


@pytest.mark.parametrize("legacy", [False, True])
def test_a_wrong_token_is_20016_in_both_styles(tenant: FxiaokeTenant, *, legacy: bool) -> None:
    answer = Caller(tenant, legacy=legacy, token="nonsense").call(LIST)
    assert answer["errorCode"] == 20016


def test_another_tenant_is_20016(caller: Caller) -> None:
    caller.call(LIST)
    headers = {
        "authorization": f"Bearer {caller.token}",
        "x-fs-ea": "someone-else",
        "x-fs-userid": "1000",
    }
    assert caller.raw(LIST, {"x": 1}, headers)["errorCode"] == 20016


@pytest.mark.parametrize("user", ["9999", "1002", ""])
def test_an_unknown_or_stopped_actor_is_refused(tenant: FxiaokeTenant, user: str) -> None:
    assert Caller(tenant, user=user).call(LIST)["errorCode"] == 30027
    tenant.options.unknown_actor_code = 20012
    assert Caller(tenant, user=user).call(LIST)["errorCode"] == 20012


def test_the_styles_are_not_to_be_mixed(caller: Caller) -> None:
    caller.call(LIST)
    answer = caller.call(LIST, {"corpAccessToken": caller.token})
    assert answer["errorCode"] == 32000


def test_an_unknown_path_is_10006_before_any_check(caller: Caller) -> None:
    answer = caller.raw("/cgi/crm/v3/data/query", {"x": 1})
    assert answer["errorCode"] == 10006
    assert "/cgi/crm/v3/data/query is not exists" in answer["errorMessage"]


def test_only_post_is_known(tenant: FxiaokeTenant) -> None:
    answer = Client(tenant.wsgi()).get(LIST)
    assert answer.status_code == 200
    assert answer.json is not None
    assert answer.json["errorCode"] == 10006


@pytest.mark.parametrize(("raw", "code"), [(b"", 12004), (b"{", 32000), (b"[]", 32000)])
def test_a_body_that_is_no_object_is_refused(tenant: FxiaokeTenant, raw: bytes, code: int) -> None:
    answer = Client(tenant.wsgi()).post(LIST, data=raw)
    assert answer.status_code == 200
    assert answer.json is not None
    assert answer.json["errorCode"] == code


def test_every_answer_has_a_trace_of_its_own(caller: Caller) -> None:
    traces = {caller.call(LIST)["traceId"] for _ in range(5)}
    assert len(traces) == 5
    assert all(trace.startswith("E-O.acme001.1000-") for trace in traces)


def test_a_missing_third_trace_is_refused_only_when_strict(tenant: FxiaokeTenant) -> None:
    tenant.options.strict_trace = True
    answer = Client(tenant.wsgi()).post(LIST, json={"a": 1})
    assert answer.json is not None
    assert answer.json["errorCode"] == 32000


def test_the_white_list_names_the_address(caller: Caller) -> None:
    caller.tenant.options.ip_white_list = ("10.0.0.1",)
    answer = caller.raw(LIST, {"a": 1})
    assert answer["errorMessage"] == "the source ip[127.0.0.1] is not in the ip white list"


def test_the_journal_has_every_call_and_no_secret(caller: Caller, legacy_caller: Caller) -> None:
    caller.call(LIST)
    legacy_caller.call(LIST)
    caller.raw("/nowhere", {})

    calls = list(caller.tenant.journal)
    assert [call.path for call in calls] == [
        "/oauth2.0/token",
        LIST,
        "/cgi/corpAccessToken/get/V2",
        LIST,
        "/nowhere",
    ]
    assert [call.credits for call in calls] == [0, 1, 0, 1, 0]
    known = caller.tenant.credentials()
    text = "".join(call.request + call.answer for call in calls)
    for secret in (known["app_secret"], known["permanent_code"], str(caller.token)):
        assert secret not in text
