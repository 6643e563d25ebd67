from datetime import UTC, datetime

import pytest
from flask.testing import FlaskClient

from sandbox.lookalike import AccountView
from sandbox.panel import panel_app
from tests.sandbox.tiny_crm import HandMadeCrm, TinyCrm, an_account


def _client(crm: TinyCrm) -> FlaskClient:
    return panel_app(crm).test_client()


def _rated(number: int, **changes: object) -> AccountView:
    return an_account(
        number, rating="BBB", limit="120,000.00", overdue="3,500.00", hold="No", **changes
    )


def test_the_list_shows_rating_limit_and_overdue() -> None:
    page = _client(TinyCrm([_rated(1)])).get("/_sandbox/")

    assert page.status_code == 200
    for text in ("Zoho CRM 沙盒", "Customer 1", "王芳", "120,000.00", "3,500.00"):
        assert text in page.text
    assert '<span class="badge fair">BBB</span>' in page.text


def test_the_list_is_paged_and_searched() -> None:
    client = _client(TinyCrm([an_account(n) for n in range(120)]))

    first, last = client.get("/_sandbox/"), client.get("/_sandbox/?page=3")
    assert first.text.count("<bdi>Customer") == 50
    assert last.text.count("<bdi>Customer") == 20
    assert client.get("/_sandbox/?page=99").text == last.text
    assert client.get("/_sandbox/?q=customer+119").text.count("<bdi>Customer") == 1
    assert "No account matches" in client.get("/_sandbox/?q=nobody").text


def test_one_account_shows_its_credit_fields_tasks_and_contacts() -> None:
    crm = TinyCrm([_rated(1, credit={"Credit Limit": "120,000.00"}, details={"USCC": "9135"})])

    page = _client(crm).get("/_sandbox/accounts/a1").text

    for text in ("Credit Limit", "120,000.00", "催收", "未完成 Open", "李雷", "USCC", "9135"):
        assert text in page


def test_a_name_cannot_break_the_page() -> None:
    evil = "<script>alert(1)</script> \u202eABC 😀"
    client = _client(TinyCrm([an_account(1, name=evil)]))

    for page in (client.get("/_sandbox/"), client.get("/_sandbox/accounts/a1")):
        assert "<script>" not in page.text
        assert "&lt;script&gt;" in page.text
        assert "default-src 'none'" in page.headers["Content-Security-Policy"]


def test_the_style_sheet_is_served() -> None:
    with _client(TinyCrm()).get("/_sandbox/static/panel.css") as answer:
        assert answer.mimetype == "text/css"


def test_an_unknown_account_is_not_found() -> None:
    assert _client(TinyCrm()).get("/_sandbox/accounts/none").status_code == 404


def test_records_are_created_changed_listed_and_removed() -> None:
    client = _client(TinyCrm())

    made = client.post("/_sandbox/records/Accounts", json={"Name": "甲"}).get_json()["id"]
    client.patch(f"/_sandbox/records/Accounts/{made}", json={"Owner": "乙"})
    state = client.get("/_sandbox/state?module=Accounts").get_json()
    everything = client.get("/_sandbox/state").get_json()
    gone = client.delete(f"/_sandbox/records/Accounts/{made}")

    assert state == everything == {"Accounts": [{"id": made, "Name": "甲", "Owner": "乙"}]}
    assert gone.status_code == 200
    assert client.get("/_sandbox/state").get_json() == {"Accounts": []}


def test_a_wrong_request_gets_a_sentence() -> None:
    client = _client(TinyCrm())

    unknown = client.post("/_sandbox/records/Nonsense", json={})
    gone = client.delete("/_sandbox/records/Accounts/9")
    no_object = client.post("/_sandbox/records/Accounts", json=[1])
    no_json = client.post("/_sandbox/records/Accounts", data="Name=x")

    assert (unknown.status_code, unknown.get_json()) == (400, {"error": "no module Nonsense"})
    assert gone.get_json() == {"error": "no record has this id"}
    assert no_object.status_code == 400
    assert no_json.status_code == 415


def test_the_clock_is_set_and_moved() -> None:
    crm = TinyCrm()
    client = _client(crm)

    client.put("/_sandbox/clock", json={"now": "2026-03-31T09:00:00+08:00", "frozen": True})
    assert crm.clock.now() == datetime(2026, 3, 31, 1, tzinfo=UTC)

    client.put("/_sandbox/clock", json={"advance_seconds": 60})
    assert client.get("/_sandbox/clock").get_json() == {"now": "2026-03-31T01:01:00+00:00"}


@pytest.mark.parametrize(
    "body", [{"now": "2026-03-31T09:00:00"}, {"now": "soon"}, {}, {"advance_seconds": "1"}]
)
def test_a_clock_that_cannot_be_is_refused(body: dict[str, object]) -> None:
    assert _client(TinyCrm()).put("/_sandbox/clock", json=body).status_code == 400


def test_the_journal_is_read_and_cleared() -> None:
    crm = TinyCrm()
    crm.journal.add(at=crm.clock.now(), crm="zoho", method="GET", path="/x", status=200)
    client = _client(crm)

    assert client.get("/_sandbox/journal").get_json()["calls"][0]["path"] == "/x"
    assert client.delete("/_sandbox/journal").get_json() == {"calls": []}


def test_faults_and_knobs_are_set_and_read_back() -> None:
    crm = TinyCrm()
    client = _client(crm)
    rule = {"match": "GET /crm", "kind": "error_500", "times": 3}

    rules = client.put("/_sandbox/faults", json={"rules": [rule]}).get_json()["rules"]
    knobs = client.put("/_sandbox/notifications", json={"drop": 0.2, "seed": 4}).get_json()
    refused = client.put("/_sandbox/faults", json=[{"match": "GET /", "kind": "x"}])

    assert rules[0].items() >= rule.items()
    assert crm.faults.take("error_500", "GET", "/crm/v8") is not None
    assert (knobs["drop"], knobs["seed"], knobs["counters"]["sent"]) == (0.2, 4, 0)
    assert refused.status_code == 400


def test_credentials_name_the_address() -> None:
    answer = _client(TinyCrm()).get("/_sandbox/credentials").get_json()

    assert answer == {"url": "http://localhost", "client_id": "tiny"}


def test_only_a_crm_set_up_by_hand_takes_a_callback_and_fields() -> None:
    crm = HandMadeCrm()
    callback = {"url": "http://127.0.0.1:1/in", "key": "k"}

    assert _client(TinyCrm()).put("/_sandbox/callback", json=callback).status_code == 404
    assert _client(crm).put("/_sandbox/callback", json=callback).status_code == 200
    assert crm.callback == ("http://127.0.0.1:1/in", "k")

    _client(crm).post("/_sandbox/objects/AccountObj/fields", json={"api_name": "rating__c"})
    assert crm.fields == [("AccountObj", {"api_name": "rating__c"})]
