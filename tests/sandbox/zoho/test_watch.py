"""Notification channels: their life, and what they send."""

from datetime import timedelta
from typing import Any

import orjson
import pytest

from sandbox.notifier import Notification
from tests.sandbox.zoho.organisation import SignedIn

_URL = "http://127.0.0.1:9/hook?connection=zoho"


class _Sent:
    """Stands where the notifier would, and keeps what it is handed."""

    def __init__(self) -> None:
        self.messages: list[dict[str, Any]] = []

    def send(self, message: Notification) -> None:
        assert message.url == _URL
        self.messages.append(orjson.loads(message.body))


@pytest.fixture
def sent(crm: SignedIn, monkeypatch: pytest.MonkeyPatch) -> _Sent:
    kept = _Sent()
    monkeypatch.setattr(crm.org.notifier, "send", kept.send)
    return kept


def _channel(**changes: object) -> dict[str, object]:
    return {
        "channel_id": "1001",
        "events": ["Accounts.all", "Tasks.edit"],
        "notify_url": _URL,
        "token": "secret",
        **changes,
    }


def _subscribe(crm: SignedIn, method: str = "POST", **changes: object) -> Any:
    answer = crm.send(method, "/actions/watch", {"watch": [_channel(**changes)]})
    assert answer.json is not None
    return answer.status_code, answer.json["watch"][0]


def test_a_subscription_answers_an_entry_a_module_and_lives_an_hour(crm: SignedIn) -> None:
    status, item = _subscribe(crm)
    assert status == 201
    assert item["details"]["events"][0] == {
        "channel_id": "1001",
        "resource_name": "Accounts",
        "resource_id": crm.org.state.modules["Accounts"].id,
        "resource_uri": "http://localhost/crm/v8/Accounts",
        "channel_expiry": "2026-11-24T10:00:00+08:00",
    }
    listed = crm.get("/actions/watch").json
    assert listed is not None
    assert [entry["resource_name"] for entry in listed["watch"]] == ["Accounts", "Tasks"]
    crm.org.clock.advance(timedelta(hours=1))
    crm.sign_in()
    assert crm.get("/actions/watch").status_code == 204


@pytest.mark.parametrize(
    ("asked", "given"),
    [
        ("2026-12-01T09:00:00+08:00", "2026-12-01T09:00:00+08:00"),
        ("2026-12-01T09:00:01+08:00", "2026-11-24T10:00:00+08:00"),
    ],
)
def test_an_end_beyond_a_week_falls_back_to_an_hour(crm: SignedIn, asked: str, given: str) -> None:
    _, item = _subscribe(crm, channel_expiry=asked)
    assert item["details"]["events"][0]["channel_expiry"] == given


@pytest.mark.parametrize(
    ("changes", "code", "api_name"),
    [
        ({"channel_id": None}, "MANDATORY_NOT_FOUND", "channel_id"),
        ({"channel_id": "x"}, "INVALID_DATA", "channel_id"),
        ({"events": ["Notes.all"]}, "INVALID_DATA", "events"),
        ({"events": []}, "MANDATORY_NOT_FOUND", "events"),
        ({"notify_url": None}, "MANDATORY_NOT_FOUND", "notify_url"),
        ({"notify_url": "https://example.com/hook"}, "INVALID_DATA", "notify_url"),
        ({"token": "x" * 51}, "INVALID_DATA", "token"),
        ({"channel_expiry": "2020-01-01T00:00:00Z"}, "INVALID_DATA", "channel_expiry"),
        ({"notification_condition": [{}]}, "EXPECTED_FIELD_MISSING", "notification_condition"),
    ],
)
def test_a_wrong_subscription_is_refused(
    crm: SignedIn, changes: dict[str, Any], code: str, api_name: str
) -> None:
    status, item = _subscribe(crm, **changes)
    assert (status, item["code"], item["details"]["api_name"]) == (400, code, api_name)


def test_a_batch_makes_one_message_and_the_apis_own_writes_count(
    crm: SignedIn, sent: _Sent
) -> None:
    _subscribe(crm, return_affected_field_values=True)
    crm.write("POST", "Accounts", {"Account_Name": "A"}, {"Account_Name": "B", "USCC": "X"})
    ids = ["5000000000100001", "5000000000100002"]
    assert sent.messages == [
        {
            "server_time": 1795482000000,
            "module": "Accounts",
            "resource_uri": "http://localhost/crm/v8/Accounts",
            "ids": ids,
            "operation": "insert",
            "channel_id": "1001",
            "token": "secret",
            "query_params": {"connection": "zoho"},
            "affected_fields": [{ids[0]: ["Account_Name"]}, {ids[1]: ["Account_Name", "USCC"]}],
            "affected_values": [
                {"record_id": ids[0], "values": {"Account_Name": "A"}},
                {"record_id": ids[1], "values": {"Account_Name": "B", "USCC": "X"}},
            ],
        }
    ]


def test_events_choose_modules_and_operations(crm: SignedIn, sent: _Sent) -> None:
    _subscribe(crm)
    task = crm.org.put_record("Tasks", {"Subject": "Call"})
    crm.org.put_record("Contacts", {"Last_Name": "Wang"})
    assert sent.messages == []
    crm.org.put_record("Tasks", {"Status": "Completed"}, task)
    account = crm.org.put_record("Accounts", {"Account_Name": "A"})
    crm.org.remove_record("Accounts", account)
    told = [(message["module"], message["operation"]) for message in sent.messages]
    assert told == [("Tasks", "update"), ("Accounts", "insert"), ("Accounts", "delete")]


def test_a_condition_on_fields_lets_only_those_edits_through(crm: SignedIn, sent: _Sent) -> None:
    account = crm.org.put_record("Accounts", {"Account_Name": "A"})
    group = [{"field": {"api_name": "USCC"}}, {"field": {"api_name": "Payment_Terms_Days"}}]
    condition = {
        "type": "field_selection",
        "module": {"api_name": "Accounts"},
        "field_selection": {"group_operator": "or", "group": group},
    }
    _subscribe(crm, notification_condition=[condition])
    crm.org.put_record("Accounts", {"Industry": "Retail"}, account)
    assert sent.messages == []
    crm.org.put_record("Accounts", {"USCC": "X"}, account)
    assert [message["ids"] for message in sent.messages] == [[account]]


def test_an_expired_channel_says_nothing_more(crm: SignedIn, sent: _Sent) -> None:
    _subscribe(crm)
    crm.org.clock.advance(timedelta(hours=1))
    crm.org.put_record("Accounts", {"Account_Name": "A"})
    assert sent.messages == []


def test_a_channel_is_renewed_changed_and_stopped(crm: SignedIn) -> None:
    _subscribe(crm)
    crm.org.clock.advance(timedelta(minutes=30))
    _, item = _subscribe(crm)
    assert item["details"]["events"][0]["channel_expiry"] == "2026-11-24T10:30:00+08:00"
    status, item = _subscribe(crm, "PUT", events=["Invoices.edit", "Tasks.edit"])
    assert (status, len(crm.org.watch.channels())) == (200, 1)
    drop = {"channel_id": "1001", "events": ["Invoices.edit"], "_delete_events": True}
    answer = crm.send("PATCH", "/actions/watch", {"watch": [drop]}).json
    assert answer is not None
    assert answer["watch"][0]["message"] == "Successfully removed the subscribe details"
    assert crm.org.watch.channels()[0].events == ("Tasks.edit",)
    answer = crm.call("DELETE", "/actions/watch?channel_ids=1001,1002").json
    assert answer is not None
    assert [item["code"] for item in answer["watch"]] == ["SUCCESS", "NOT_SUBSCRIBED"]
    assert crm.org.watch.channels() == []
