"""The look-alike's answers must have the keys and types of Zoho's own OpenAPI files."""

import json
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from adapters.port import CreditField, FieldUpdate, FieldValue, Receipt, WritesInBulk
from scoring.records import AccountRef
from tests.contract.bench import ZOHO, open_bench
from tests.contract.openapi import mismatches, needs_files, request_mismatches
from tests.sandbox.zoho.organisation import SignedIn, first, organisation

pytestmark = [pytest.mark.realdata, needs_files]

_MODULE = "/crm/v8/{module_api_name}"
_WATCH = "/crm/v8/actions/watch"
_FIELDS = "/crm/v8/settings/fields"
_EXPORT = "/crm/bulk/v8/read"
_UPLOAD, _JOB = "/crm/v8/upload", "/crm/bulk/v8/write"
_CHANNEL = {
    "channel_id": "1001",
    "events": ["Accounts.all"],
    "notify_url": "http://127.0.0.1:9/hook",
    "token": "t",
}


@pytest.fixture
def filled() -> Iterator[SignedIn]:
    """An organisation with two accounts."""
    with organisation(provisioned=True) as crm:
        crm.add("Accounts", Account_Name="甲")
        crm.add("Accounts", Account_Name="乙")
        yield crm


@pytest.mark.parametrize(
    ("file", "path", "url", "args"),
    [
        ("record.json", _MODULE, "/Accounts", {"fields": "Account_Name,Owner,Modified_Time"}),
        ("record.json", _MODULE, "/Accounts", {"fields": "id", "per_page": 1}),
        ("record.json", _MODULE, "/Accounts", {}),
        ("record.json", _MODULE, "/Nothing", {"fields": "id"}),
        ("record.json", f"{_MODULE}/{{id}}", "/Accounts/5000000000100001", {}),
        ("modules.json", "/crm/v8/settings/modules", "/settings/modules", {}),
        ("modules.json", "/crm/v8/settings/modules/{api_name}", "/settings/modules/Tasks", {}),
        ("fields.json", _FIELDS, "/settings/fields", {"module": "Accounts"}),
        ("fields.json", _FIELDS, "/settings/fields", {"module": "Tasks"}),
        ("fields.json", _FIELDS, "/settings/fields", {}),
        ("layouts.json", "/crm/v8/settings/layouts", "/settings/layouts", {"module": "Tasks"}),
        (
            "related_lists.json",
            "/crm/v8/settings/related_lists",
            "/settings/related_lists",
            {"module": "Accounts"},
        ),
        ("org.json", "/crm/v8/org", "/org", {}),
        ("currencies.json", "/crm/v8/org/currencies", "/org/currencies", {}),
        ("users.json", "/crm/v8/users", "/users", {"type": "CurrentUser"}),
        ("users.json", "/crm/v8/users/{user}", "/users/5000000000000001", {}),
    ],
)
def test_reads_answer_as_the_openapi_file_says(
    filled: SignedIn, file: str, path: str, url: str, args: dict[str, Any]
) -> None:
    answer = filled.get(url, **args)
    assert mismatches(file, "get", path, answer.status_code, answer.json) == []


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ("select id, Account_Name, Owner from Accounts where id is not null", 200),
        ("select id from Accounts", 400),
        ("select Nothing from Accounts where id is not null", 400),
    ],
)
def test_coql_answers_as_the_openapi_file_says(filled: SignedIn, query: str, status: int) -> None:
    answer = filled.query(query)
    assert answer.status_code == status
    assert mismatches("coql.json", "post", "/crm/v8/coql", status, answer.json) == []


def test_exports_answer_as_the_openapi_file_says(filled: SignedIn) -> None:
    query = {"module": {"api_name": "Accounts"}, "fields": ["id", "Account_Name"]}
    created = filled.send("POST", _EXPORT, {"query": query, "file_type": "csv"})
    job = first(created)["details"]["id"]
    refused = filled.send("POST", _EXPORT, {"query": {"module": {"api_name": "Nothing"}}})
    unfinished = filled.get(f"{_EXPORT}/{job}")
    filled.org.clock.advance(timedelta(seconds=filled.org.options.bulk_job_seconds))
    looks = [unfinished, filled.get(f"{_EXPORT}/{job}"), filled.get(f"{_EXPORT}/1")]

    for answer in (created, refused):
        assert mismatches("bulk_read.json", "post", _EXPORT, answer.status_code, answer.json) == []
    for answer in looks:
        path = f"{_EXPORT}/{{job_id}}"
        assert mismatches("bulk_read.json", "get", path, answer.status_code, answer.json) == []


def test_bulk_writes_ask_and_answer_as_the_openapi_file_says() -> None:
    """What our adapter asks, and what the look-alike answers, from the upload to the last look."""
    with open_bench(ZOHO, bulk_job_seconds=4.0, upload_ids_are_numbers=True) as bench:
        bench.time.clock = bench.crm.clock
        port = bench.open(options={"bulk_write": "always"})
        assert isinstance(port, WritesInBulk)
        values: dict[CreditField, FieldValue] = {CreditField.RATING: "A", CreditField.LIMIT: 5}
        accounts = [AccountRef("crm", bench.add_account()) for _ in range(2)]
        updates = [FieldUpdate(account=account, values=values) for account in accounts]
        outcomes = port.update_fields_in_bulk(updates, go_on=lambda: True)
        calls = [
            call for call in bench.crm.journal if "upload" in call.path or "write" in call.path
        ]

    assert all(isinstance(outcome, Receipt) for outcome in outcomes)
    upload, create, *looks, result = calls
    answers = [("post", _UPLOAD, upload), ("post", _JOB, create)]
    answers += [("get", f"{_JOB}/{{job_id}}", look) for look in looks]
    for method, path, call in answers:
        answer = json.loads(call.answer)
        assert mismatches("bulk_write.json", method, path, call.status, answer) == []
    assert request_mismatches("bulk_write.json", "post", _JOB, json.loads(create.request)) == []
    assert [json.loads(look.answer)["status"] for look in looks] == ["INPROGRESS", "COMPLETED"]
    assert result.path.endswith(".zip")


def test_refused_bulk_writes_answer_as_the_openapi_file_says(filled: SignedIn) -> None:
    answers = [
        ("post", _UPLOAD, filled.call("POST", _UPLOAD)),
        ("post", _JOB, filled.send("POST", _JOB, {"operation": "update"})),
        ("get", f"{_JOB}/{{job_id}}", filled.get(f"{_JOB}/1")),
        ("get", "/{download_url}", filled.get("/v2/crm/700000001/bulk-write/1/1.zip")),
    ]
    for method, path, answer in answers:
        assert answer.status_code >= 400
        found = mismatches("bulk_write.json", method, path, answer.status_code, answer.json)
        assert found == []


def test_writes_answer_as_the_openapi_file_says(filled: SignedIn) -> None:
    good: dict[str, object] = {"id": "5000000000100001", "Credit_Score": 71.5}
    wrong: dict[str, object] = {"id": "5000000000100002", "Credit_Score": "many"}
    answers = [
        ("put", _MODULE, filled.write("PUT", "Accounts", good, wrong)),
        ("post", _MODULE, filled.write("POST", "Accounts", {"Account_Name": "丙"}, {})),
        ("delete", _MODULE, filled.call("DELETE", "/Accounts?ids=5000000000100002,1")),
        ("get", f"{_MODULE}/deleted", filled.get("/Accounts/deleted")),
    ]
    for method, path, answer in answers:
        assert mismatches("record.json", method, path, answer.status_code, answer.json) == []


def test_notes_answer_as_the_openapi_file_says(filled: SignedIn) -> None:
    parent = {"module": {"api_name": "Accounts"}, "id": "5000000000100001"}
    note = {"Note_Title": "T", "Note_Content": "C", "Parent_Id": parent}
    created = filled.send("POST", "/Notes", {"data": [note]})
    wrong: list[dict[str, object]] = [{**note, "Note_Title": "x" * 121}, {"Note_Title": "T"}]
    refused = filled.send("POST", "/Notes", {"data": wrong})
    listed = filled.get("/Notes", fields="Note_Title,Note_Content,Parent_Id,Owner,Modified_Time")

    for method, answer in (("post", created), ("post", refused), ("get", listed)):
        path = "/crm/v8/Notes"
        assert mismatches("notes.json", method, path, answer.status_code, answer.json) == []


def test_field_creation_answers_as_the_openapi_file_says(filled: SignedIn) -> None:
    wanted = [{"field_label": "Region", "data_type": "text"}, {"field_label": "Wrong"}]
    answer = filled.send("POST", "/settings/fields?module=Accounts", {"fields": wanted})
    assert answer.status_code == 207
    assert mismatches("fields.json", "post", _FIELDS, 201, answer.json) == []


@pytest.mark.parametrize(
    ("method", "body"),
    [
        ("POST", {"watch": [_CHANNEL]}),
        ("PUT", {"watch": [_CHANNEL]}),
        ("PATCH", {"watch": [{"channel_id": "1001", "token": "u"}]}),
        ("POST", {"watch": [{"channel_id": "1001"}]}),
    ],
)
def test_watch_answers_as_the_openapi_file_says(
    filled: SignedIn, method: str, body: dict[str, Any]
) -> None:
    filled.send("POST", "/actions/watch", {"watch": [_CHANNEL]})
    answer = filled.send(method, "/actions/watch", body)
    found = mismatches("notifications.json", method, _WATCH, answer.status_code, answer.json)
    assert found == []


def test_the_list_of_channels_answers_as_the_openapi_file_says(filled: SignedIn) -> None:
    filled.send("POST", "/actions/watch", {"watch": [_CHANNEL]})
    answer = filled.get("/actions/watch")
    assert mismatches("notifications.json", "get", _WATCH, 200, answer.json) == []
    stopped = filled.call("DELETE", "/actions/watch?channel_ids=1001")
    assert mismatches("notifications.json", "delete", _WATCH, 200, stopped.json) == []
