"""The wire: styles, envelope, tokens, lost answers, pacing."""

import contextlib
import json
import re
from collections.abc import Callable
from decimal import Decimal

import pytest
import requests
import responses
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.errors import (
    ContractBroken,
    CredentialsRejected,
    CrmError,
    CrmUnavailable,
    NotPermitted,
    OutcomeUnknown,
    QuotaExhausted,
    RateLimited,
    RecordInvalid,
)
from adapters.fxiaoke.client import rows_of
from adapters.fxiaoke.clouds import CLOUDS
from adapters.fxiaoke.port import FxiaokePort
from adapters.fxiaoke.settings import api_url
from adapters.port import CreditField, Cursor, FieldUpdate, Receipt
from adapters.settings import Secret
from scoring.records import AccountRef, Invoice, Kind
from tests.adapters.fxiaoke.gateway import (
    SECRETS,
    Gateway,
    Time,
    a_field,
    a_port,
    described,
    rows,
    some_settings,
    token_answer,
)

QUERY = "/cgi/crm/v2/data/query"
UPDATE = "/cgi/crm/v2/data/update"
DESCRIBE = "/cgi/crm/v2/object/describe"
TOKEN = "/oauth2.0/token"
AN_UPDATE = FieldUpdate(
    account=AccountRef("fx", "a1"), values={CreditField.LIMIT: Decimal("200000.5")}
)


def with_limit_field(gateway: Gateway) -> None:
    gateway.on(
        DESCRIBE, described("AccountObj", a_field("credit_limit__c", "currency", decimal_places=2))
    )


def read(port: FxiaokePort) -> None:
    port.missing(Kind.ACCOUNTS, ["a1"])


def test_header_style_carries_token_tenant_and_actor_in_headers(gateway: Gateway) -> None:
    gateway.on(QUERY, rows())
    read(a_port())

    headers = gateway.headers[-1]
    assert headers["authorization"] == "Bearer T0KEN-1"
    assert (headers["x-fs-ea"], headers["x-fs-userid"]) == ("acme001", "1000")
    assert set(gateway.calls(QUERY)[0]) == {"data"}


def test_body_style_carries_token_tenant_and_actor_in_the_body(gateway: Gateway) -> None:
    gateway.on(
        "/cgi/corpAccessToken/get/V2",
        {"corpAccessToken": "B0DY", "corpId": "FSCID_A1", "expiresIn": 7200},
    )
    gateway.on(QUERY, rows())
    read(a_port(settings=some_settings(options={"style": "body", "user_id": "FSUID_0A1B"})))

    body = gateway.calls(QUERY)[0]
    assert (body["corpAccessToken"], body["corpId"]) == ("B0DY", "FSCID_A1")
    assert body["currentOpenUserId"] == "FSUID_0A1B"
    assert "authorization" not in gateway.headers[-1]
    assert "grantType" not in gateway.calls("/cgi/corpAccessToken/get/V2")[0]


def test_the_token_call_names_the_application(gateway: Gateway) -> None:
    gateway.on(QUERY, rows())
    read(a_port())

    assert gateway.calls(TOKEN) == [
        {
            "appId": "FSAID_1",
            "appSecret": "s3cret-app",
            "permanentCode": "perm-code-1",
            "grantType": "app_secret",
        }
    ]


def test_a_token_serves_many_calls(gateway: Gateway) -> None:
    gateway.on(QUERY, rows())
    port = a_port()
    for _ in range(3):
        read(port)

    assert len(gateway.calls(TOKEN)) == 1
    assert port.usage().calls == 4


def test_a_dead_token_is_replaced_and_the_call_repeated_once(gateway: Gateway) -> None:
    gateway.on(QUERY, {"errorCode": 20016}, rows())
    read(a_port())

    assert (len(gateway.calls(TOKEN)), len(gateway.calls(QUERY))) == (2, 2)
    assert gateway.headers[-1]["authorization"] == "Bearer T0KEN-2"


def test_a_token_that_is_dead_twice_means_the_credentials_are(gateway: Gateway) -> None:
    gateway.on(QUERY, {"errorCode": 20016})

    with pytest.raises(CredentialsRejected):
        read(a_port())
    assert len(gateway.calls(QUERY)) == 2


def test_a_write_with_a_dead_token_is_repeated_too_for_nothing_was_done(gateway: Gateway) -> None:
    with_limit_field(gateway)
    gateway.on(UPDATE, {"errorCode": 20016}, {})

    a_port().update_fields([AN_UPDATE])

    assert len(gateway.calls(UPDATE)) == 2


@pytest.mark.parametrize("code", [10006, 20015, 40010])
def test_a_refused_secret_rejects_the_credentials(gateway: Gateway, code: int) -> None:
    message = "the parameter appSecret is missing or illegal"
    gateway.on(TOKEN, {"errorCode": code, "errorMessage": message})

    with pytest.raises(CredentialsRejected) as caught:
        read(a_port())
    assert not any(secret in str(caught.value) for secret in SECRETS.values())


def test_a_missing_secret_is_named_and_nothing_is_sent(gateway: Gateway) -> None:
    port = a_port(settings=some_settings(secrets={"app_id": Secret("FSAID_1")}))

    with pytest.raises(CredentialsRejected, match=r"secrets\.app_secret is missing"):
        read(port)
    assert gateway.asked == []


@pytest.mark.parametrize("answer", [{"accessToken": ""}, {"accessToken": "T", "expiresIn": -5}])
def test_a_token_answer_without_a_token_breaks_the_contract(
    gateway: Gateway, answer: dict[str, object]
) -> None:
    gateway.on(TOKEN, token_answer("T") | answer)

    with pytest.raises(ContractBroken):
        read(a_port())


def test_every_call_has_a_trace_id_of_its_own(gateway: Gateway) -> None:
    # Seen on the requests library's own record, for the id travels in the address.
    gateway.on(QUERY, rows())
    port = a_port()
    read(port)
    read(port)

    assert len(gateway.traces) == len(set(gateway.traces)) == 3
    assert all(re.fullmatch(r"[0-9a-f-]{36}", trace) for trace in gateway.traces)


@pytest.mark.parametrize("code", [-1, -2, 50009])
def test_a_busy_platform_is_asked_again_when_reading(
    gateway: Gateway, time: Time, code: int
) -> None:
    gateway.on(QUERY, {"errorCode": code}, rows())
    read(a_port(time))

    assert len(gateway.calls(QUERY)) == 2
    assert sum(time.slept) > 0


def test_a_throttled_read_waits_twenty_seconds(gateway: Gateway, time: Time) -> None:
    gateway.on(QUERY, {"errorCode": 30004}, rows())
    read(a_port(time))

    assert sum(time.slept) == pytest.approx(20.5)


def test_a_used_up_day_is_not_asked_again(gateway: Gateway) -> None:
    gateway.on(QUERY, {"errorCode": 30002})

    with pytest.raises(QuotaExhausted):
        read(a_port())
    assert len(gateway.calls(QUERY)) == 1


@pytest.mark.parametrize("page", ["<html>login</html>", '{"errorCode": 0, "da', "", "\x00"])
def test_html_or_half_an_answer_to_a_read_is_tried_again(
    gateway: Gateway, time: Time, page: str
) -> None:
    gateway.on(QUERY, page)

    with pytest.raises(CrmUnavailable):
        read(a_port(time))
    assert len(gateway.calls(QUERY)) > 1


@pytest.mark.parametrize("page", ["{}", "[]", '{"errorCode": "x"}', '{"errorCode": null}'])
def test_json_without_a_code_breaks_the_contract(gateway: Gateway, page: str) -> None:
    gateway.on(QUERY, page)

    with pytest.raises(ContractBroken):
        read(a_port())


@pytest.mark.parametrize(
    "answer",
    [
        "<html>login</html>",
        '{"errorCode": 0, "da',
        "{}",
        {"errorCode": -1},
        {"errorCode": 50009, "errorMessage": "timeout"},
        requests.ReadTimeout(),
        requests.ConnectionError("reset"),
    ],
)
def test_a_write_without_a_readable_answer_has_an_unknown_outcome(
    gateway: Gateway, answer: dict[str, object] | str | Exception
) -> None:
    with_limit_field(gateway)
    gateway.on(UPDATE, answer)

    outcome = a_port().update_fields([AN_UPDATE])[0]

    assert isinstance(outcome, OutcomeUnknown)
    assert len(gateway.calls(UPDATE)) == 1


@pytest.mark.parametrize(
    ("code", "message", "kind"),
    [
        (50009, "以下这些数据已被锁定。", NotPermitted),
        (32000, "unknown field", RecordInvalid),
        (30004, "frequency", RateLimited),
    ],
)
def test_a_refused_write_is_an_outcome(
    gateway: Gateway, code: int, message: str, kind: type[Exception]
) -> None:
    with_limit_field(gateway)
    gateway.on(UPDATE, {"errorCode": code, "errorMessage": message})

    assert type(a_port().update_fields([AN_UPDATE])[0]) is kind


def test_a_write_that_never_left_is_merely_unavailable(gateway: Gateway) -> None:
    with_limit_field(gateway)
    gateway.on(UPDATE, requests.ConnectTimeout())

    assert isinstance(a_port().update_fields([AN_UPDATE])[0], CrmUnavailable)


def test_a_code_as_text_is_understood(gateway: Gateway) -> None:
    gateway.on(QUERY, {"errorCode": "0", **rows()})

    read(a_port())


def test_half_a_character_costs_one_record_and_not_the_page(gateway: Gateway) -> None:
    good = {
        "_id": "a1", "name": "好", "last_modified_time": 1767225600000, "life_status": "normal",
    }  # fmt: skip
    page = json.dumps({"errorCode": 0, **rows(good, good | {"_id": "a2", "name": "坏\ud800"})})
    gateway.on(DESCRIBE, described("AccountObj", a_field("name")))
    gateway.on(QUERY, page)

    page_read = a_port().fetch(Kind.ACCOUNTS, ["a1", "a2"])

    assert [record.record_id for record in page_read.records] == ["a1"]
    assert [problem.reason for problem in page_read.problems] == ["bad_text"]


def test_numbers_written_without_quotes_stay_exact(gateway: Gateway) -> None:
    page = (
        '{"errorCode": 0, "data": {"dataList": [{"_id": "n1", "name": "N", "account_id": "a1", '
        '"note_date": 1517328000000, "due_date": 1517328000000, "price_tax_amount": 0.29, '
        '"last_modified_time": 1767225600000}]}}'
    )
    gateway.on(DESCRIBE, described("AccountsReceivableNoteObj"))
    gateway.on(QUERY, page)

    gateway.on("/cgi/crm/v2/object/list", {"data": {"objects": []}})
    settings = some_settings(mapping={"receivables": "notes"})
    invoice = a_port(settings=settings).fetch(Kind.INVOICES, ["n1"]).records[0]

    assert isinstance(invoice, Invoice)
    assert invoice.amount.minor == 29


def test_a_single_record_in_place_of_a_list_is_wrapped() -> None:
    assert rows_of({"_id": "a1"}) == [{"_id": "a1"}]
    assert rows_of({"total": 0}) is None
    assert rows_of(None) is None
    assert rows_of({"dataList": {}}) is None


@pytest.mark.parametrize("data", [None, {}, {"dataList": [{"name": "no id"}]}, {"dataList": ["x"]}])
def test_a_page_without_records_breaks_the_contract(gateway: Gateway, data: object) -> None:
    gateway.on(QUERY, {"data": data})

    with pytest.raises(ContractBroken):
        read(a_port())


def test_calls_are_paced_per_path(gateway: Gateway, time: Time) -> None:
    gateway.on(QUERY, rows())
    options = {"window_calls": 2, "window_seconds": 20.0}
    port = a_port(time, settings=some_settings(options=options))
    for _ in range(5):
        read(port)

    assert time.slept == [20.0, 10.0, 10.0]


def test_a_wrong_option_is_told_with_its_key() -> None:
    with pytest.raises(ValueError, match=r"options: .*window_callz"):
        a_port(settings=some_settings(options={"window_callz": 2}))


def test_no_secret_and_no_token_shows_in_an_error(gateway: Gateway) -> None:
    gateway.on(QUERY, {"errorCode": 40010, "errorMessage": "refused"})
    secrets = {key: Secret(text) for key, text in SECRETS.items()}

    with pytest.raises(Exception, match="refused") as caught:
        a_port(settings=some_settings(secrets=secrets)).changes(Kind.ACCOUNTS, Cursor())

    shown = f"{caught.value!r}{caught.value}{vars(caught.value)}"
    assert not any(text in shown for text in (*SECRETS.values(), "T0KEN"))


_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=10),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                [
                    *("errorCode", "errorMessage", "traceId", "data", "dataList", "_id", "total"),
                    *("describe", "fields", "objects", "options", "type", "userList", "dataId"),
                    *("name", "expiresIn", "accessToken", "life_status", "last_modified_time"),
                ]
            ),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)
_pages = st.text(max_size=40) | _json.map(json.dumps)
_good_pages = st.dictionaries(st.sampled_from(["data", "userList", "dataId"]), _json).map(
    lambda answer: json.dumps({**answer, "errorCode": 0})
)
_JOBS: dict[str, Callable[[FxiaokePort], object]] = {
    QUERY: lambda port: port.changes(Kind.ACCOUNTS, Cursor()),
    DESCRIBE: lambda port: port.owned_values(["a1"]),
    "/cgi/user/list": lambda port: port.changes(Kind.OWNERS, Cursor()),
    TOKEN: lambda port: port.missing(Kind.ACCOUNTS, ["a1"]),
    "/cgi/crm/v2/object/list": lambda port: port.check(),
}


@settings(max_examples=300)
@given(st.sampled_from(sorted(_JOBS)), _pages | _good_pages)
def test_whatever_a_read_answers_only_our_errors_come_out(path: str, page: str) -> None:
    with responses.RequestsMock(assert_all_requests_are_fired=False) as mock:
        gateway = Gateway(mock)
        gateway.on(DESCRIBE, described("AccountObj", a_field("name")))
        gateway.on(QUERY, rows())
        gateway.on("/cgi/user/list", {"userList": []})
        gateway.on(path, page)

        with contextlib.suppress(CrmError):
            _JOBS[path](a_port())


@given(_pages | _good_pages)
def test_whatever_a_write_answers_it_is_an_outcome_and_sent_once(page: str) -> None:
    with responses.RequestsMock(assert_all_requests_are_fired=False) as mock:
        gateway = Gateway(mock)
        with_limit_field(gateway)
        gateway.on(UPDATE, page)

        (outcome,) = a_port().update_fields([AN_UPDATE])

        assert isinstance(outcome, Receipt | CrmError)
        dead = isinstance(outcome, CredentialsRejected)
        assert len(gateway.calls(UPDATE)) == (2 if dead and "20016" in page else 1)


@pytest.mark.parametrize(("cloud", "host"), CLOUDS.items())
def test_a_cloud_names_its_host(cloud: str, host: str) -> None:
    options = {"cloud": cloud}

    assert api_url(some_settings(base_url="", options=options)) == host
    own = some_settings(base_url="https://open.crm.example.com/", options=options)
    assert api_url(own) == "https://open.crm.example.com"


def test_an_unknown_cloud_is_told_with_its_key() -> None:
    with pytest.raises(ValueError, match=r"options: Invalid enum value 'moon' - at `\$.cloud`"):
        a_port(settings=some_settings(options={"cloud": "moon"}))
