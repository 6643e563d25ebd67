"""Bulk Write: the upload, jobs that write while time passes, the verdict on each row, refusals."""

import csv
import io
import zipfile
from collections.abc import Sequence
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

import pytest
from werkzeug.test import TestResponse

from tests.sandbox.zoho.organisation import SignedIn, organisation

_UPLOAD, _WRITE = "/crm/v8/upload", "/crm/bulk/v8/write"
_HEADERS = {"feature": "bulk-write", "X-CRM-ORG": "700000001"}
_COLUMNS = ("id", "Credit_Rating", "Credit_Limit")


def _zip(lines: Sequence[Sequence[str]], name: str = "a.csv", delimiter: str = ",") -> bytes:
    text = io.StringIO(newline="")
    csv.writer(text, delimiter=delimiter).writerows(lines)
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr(name, text.getvalue())
    return packed.getvalue()


def _upload(crm: SignedIn, content: bytes, **headers: str) -> TestResponse:
    data = {"file": (io.BytesIO(content), "a.zip")}
    return crm.call("POST", _UPLOAD, data=data, headers=headers or _HEADERS)


def _file(crm: SignedIn, *lines: Sequence[str], **how: str) -> str:
    answer = _upload(crm, _zip(lines, **how))
    assert answer.status_code == 200, answer.text
    assert answer.json is not None
    return str(answer.json["details"]["file_id"])


def _body(file_id: str, columns: Sequence[str] = _COLUMNS, **changes: Any) -> dict[str, Any]:
    mappings = [{"api_name": name, "index": index} for index, name in enumerate(columns)]
    resource: dict[str, Any] = {
        "type": "data",
        "module": {"api_name": "Accounts"},
        "file_id": file_id,
        "file_names": ["a.csv"],
        "find_by": "id",
        "ignore_empty": True,
        "field_mappings": mappings,
    }
    resource |= changes.pop("resource", {})
    return {"operation": "update", "resource": [resource], **changes}


def _start(crm: SignedIn, body: dict[str, Any]) -> str:
    answer = crm.send("POST", _WRITE, body)
    assert answer.status_code == 201, answer.text
    assert answer.json is not None
    return str(answer.json["details"]["id"])


def _pass(crm: SignedIn, seconds: float) -> None:
    crm.org.clock.advance(timedelta(seconds=seconds))


def _show(crm: SignedIn, job: str) -> Any:
    return crm.get(f"{_WRITE}/{job}").json


def _verdicts(crm: SignedIn, job: str) -> list[list[str]]:
    address = urlsplit(_show(crm, job)["result"]["download_url"])
    return _rows(crm.get(address.path))


def _rows(answer: TestResponse) -> list[list[str]]:
    assert answer.status_code == 200, answer.text
    with zipfile.ZipFile(io.BytesIO(answer.data)) as archive:
        (name,) = archive.namelist()
        return list(csv.reader(io.StringIO(archive.read(name).decode("utf-8"))))


def _code(answer: TestResponse) -> tuple[int, str]:
    assert answer.json is not None
    return answer.status_code, answer.json["code"]


@pytest.fixture
def two(crm: SignedIn) -> list[str]:
    """Two accounts."""
    return [crm.add("Accounts", Account_Name=f"A{number}") for number in range(2)]


def _account(crm: SignedIn, record_id: str) -> dict[str, object]:
    return next(each for each in crm.org.records("Accounts") if each["id"] == record_id)


def test_a_job_waits_works_and_is_done(crm: SignedIn, two: list[str]) -> None:
    job = _start(crm, _body(_file(crm, _COLUMNS, *([each, "BBB", "5.5"] for each in two))))
    seen = [_show(crm, job)["status"]]
    for _ in range(3):
        _pass(crm, 1)
        seen.append(_show(crm, job)["status"])
    shown = _show(crm, job)

    assert seen == ["ADDED", "INPROGRESS", "INPROGRESS", "COMPLETED"]
    assert shown["operation"] == "update"
    (resource,) = shown["resource"]
    assert resource["file"] == {
        "status": "COMPLETED",
        "name": "a.csv",
        "added_count": 0,
        "updated_count": 2,
        "skipped_count": 0,
        "total_count": 2,
    }
    assert [_account(crm, each)["Credit_Rating"] for each in two] == ["BBB", "BBB"]


def test_rows_are_written_while_time_passes_whoever_looks(crm: SignedIn, two: list[str]) -> None:
    _start(crm, _body(_file(crm, _COLUMNS, *([each, "BBB", ""] for each in two))))
    seen = []
    for _ in range(3):
        _pass(crm, 1)
        ratings = [_account(crm, each)["Credit_Rating"] for each in two]
        seen.append(ratings.count("BBB"))

    assert seen == [0, 1, 2]


def test_the_result_has_the_first_three_columns_and_a_verdict_on_each_row(
    crm: SignedIn, two: list[str]
) -> None:
    good, locked = two
    crm.org.put_record("Accounts", {"Locked__s": True}, locked)
    columns = (*_COLUMNS, "Credit_Terms_Days")
    rows = [[good, "BBB", "5.5", "30"], [locked, "A", "1", "30"], ["1", "A", "1", "30"]]
    rows += [[good, "A", "much", "30"], ["", "A", "1", "30"], [good, "Z", "1", "30"]]
    job = _start(crm, _body(_file(crm, columns, *rows), columns))
    _pass(crm, 3)
    header, *verdicts = _verdicts(crm, job)

    assert header == [*_COLUMNS, "STATUS", "RECORD_ID", "ERRORS"]
    assert verdicts[0] == [good, "BBB", "5.5", "updated", good, ""]
    assert [line[3:] for line in verdicts[1:]] == [
        ["skipped", "", "BLOCKED_RECORD-id"],
        ["skipped", "", "INVALID_DATA-id"],
        ["skipped", "", "INVALID_DATA-Credit_Limit"],
        ["skipped", "", "MANDATORY_NOT_FOUND-id"],
        ["skipped", "", "INVALID_DATA-Credit_Rating"],
    ]
    assert _show(crm, job)["resource"][0]["file"]["skipped_count"] == 5


@pytest.mark.parametrize(("ignores", "left"), [(True, "BBB"), (False, None)])
def test_an_empty_cell_is_passed_over_or_clears(
    crm: SignedIn, two: list[str], *, ignores: bool, left: str | None
) -> None:
    crm.write("PUT", "Accounts", {"id": two[0], "Credit_Rating": "BBB"})
    file_id = _file(crm, _COLUMNS, [two[0], "", "7"])
    _start(crm, _body(file_id, resource={"ignore_empty": ignores}))
    _pass(crm, 3)
    account = _account(crm, two[0])

    assert (account["Credit_Rating"], account["Credit_Limit"]) == (left, 7.0)


def test_a_write_stamps_and_notifies_like_a_single_one_without_workflows(
    crm: SignedIn, two: list[str]
) -> None:
    channel = {
        "channel_id": "1",
        "events": ["Accounts.edit"],
        "notify_url": "http://127.0.0.1:9/hook",
    }
    crm.send("POST", "/actions/watch", {"watch": [channel]})
    _start(crm, _body(_file(crm, _COLUMNS, *([each, "BBB", ""] for each in two))))
    _pass(crm, 60)

    assert _account(crm, two[0])["Modified_Time"] == "2026-11-24T09:01:00+08:00"
    assert crm.org.notifier.counters()["waiting"] == 1
    assert crm.org.workflow_runs() == []


def test_inserts_and_upserts_add_records(crm: SignedIn, two: list[str]) -> None:
    columns = ("Account_Name", "Credit_Limit")
    new = _file(crm, columns, ["Neu", "5"])
    inserted = _start(crm, _body(new, columns, operation="insert"))
    known = _file(crm, ("id", "Account_Name"), [two[0], "A0 neu"], ["", "Other"])
    upserted = _start(crm, _body(known, ("id", "Account_Name"), operation="upsert"))
    _pass(crm, 3)

    assert _verdicts(crm, inserted)[1][2] == "added"
    assert [line[2] for line in _verdicts(crm, upserted)[1:]] == ["updated", "added"]
    names = {str(each["Account_Name"]) for each in crm.org.records("Accounts")}
    assert names == {"A0 neu", "A1", "Neu", "Other"}


def test_without_mappings_the_header_names_the_fields_and_any_delimiter_will_do(
    crm: SignedIn, two: list[str]
) -> None:
    parent = crm.add("Accounts", Account_Name="Mother")
    lines = [["id", "Parent_Account.id", "Credit_Summary"], [two[0], parent, "a, b"]]
    body = _body(_file(crm, *lines, delimiter=";"))
    del body["resource"][0]["field_mappings"]
    _start(crm, body)
    _pass(crm, 3)
    account = _account(crm, two[0])

    assert account["Parent_Account"] == {"name": "Mother", "id": parent}
    assert account["Credit_Summary"] == "a, b"


def test_an_upload_names_its_purpose_and_its_organisation(crm: SignedIn) -> None:
    content = _zip([["id"], ["1"]])

    def refused(headers: dict[str, str], content: bytes = content) -> tuple[int, str]:
        return _code(_upload(crm, content, **headers))

    one, other = ({name: value} for name, value in _HEADERS.items())
    assert refused(one) == refused(other) == (400, "MANDATORY_NOT_FOUND")
    assert refused({**_HEADERS, "feature": "other"}) == (400, "NOT_SUPPORTED_FEATURE")
    assert refused({**_HEADERS, "X-CRM-ORG": "1"}) == (400, "INVALID_DATA")
    assert refused({}, b"no zip") == (400, "INVALID_FILE_FORMAT")
    assert refused({}, _zip([["id"]], name="a.txt")) == (400, "INVALID_FILE_FORMAT")
    damaged = content[:40] + b"\xff" + content[41:]
    assert refused({}, damaged) == (400, "INVALID_FILE_FORMAT")
    assert _code(crm.call("POST", _UPLOAD, headers=_HEADERS)) == (400, "MANDATORY_NOT_FOUND")


def test_files_have_a_largest_size_and_a_most_of_rows() -> None:
    with organisation(provisioned=True, upload_bytes=400, bulk_write_rows=2) as small:
        large = _upload(small, _zip([["id", "x" * 400]]))
        rows = _file(small, _COLUMNS, *(["1", "A", "1"] for _ in range(3)))
        assert _code(large) == (400, "INVALID_DATA")
        assert _code(small.send("POST", _WRITE, _body(rows))) == (400, "FILE_TOO_LARGE")


def test_what_a_job_cannot_be_is_refused_by_its_code(crm: SignedIn) -> None:
    file_id = _file(crm, _COLUMNS, ["1", "A", "1"])

    def refused(**changes: Any) -> str:
        return _code(crm.send("POST", _WRITE, _body(file_id, **changes)))[1]

    def resource(**changes: Any) -> str:
        return refused(resource=changes)

    answer = crm.send("POST", _WRITE, {"operation": "update"})
    assert answer.json == {
        "code": "MISSING_REQUIRED_KEY",
        "details": {"json_path": "$.resource"},
        "message": "required key resource is not found in request body.",
        "status": "error",
    }
    assert refused(operation="delete") == "INVALID_DATA"
    assert resource(find_by=None) == "MISSING_REQUIRED_KEY"
    assert resource(module={"api_name": "Nothing"}) == "MODULE_NOT_AVAILABLE"
    assert resource(file_id="1") == "INVALID_FILE_ID"
    assert resource(file_names=["b.csv"]) == "FILE_NOT_SUPPORTED"
    assert resource(field_mappings=[{"api_name": "Nothing", "index": 0}]) == "INVALID_FIELD"
    assert resource(field_mappings=[{"api_name": "id", "index": 9}]) == "COLUMN_INDEX_NOT_FOUND"
    assert resource(field_mappings=[{"api_name": "id"}]) == "MISSING_REQUIRED_KEY"
    only_a_rating = [{"api_name": "Credit_Rating", "index": 1}]
    assert resource(field_mappings=only_a_rating) == "MANDATORY_FIELDS_NOT_MAPPED"
    assert refused(operation="insert") == "MANDATORY_FIELDS_NOT_MAPPED"
    assert refused(callback={"url": "http://127.0.0.1:9/x", "method": "get"}) == (
        "INVALID_CALLBACK_METHOD"
    )
    assert refused(callback={"url": "https://example.com/x", "method": "post"}) == (
        "INVALID_CALLBACK_URL"
    )
    assert _code(crm.get(f"{_WRITE}/1")) == (400, "RESOURCE_NOT_FOUND")


def test_a_job_costs_five_hundred_credits_and_the_rest_one_each(
    crm: SignedIn, two: list[str]
) -> None:
    before = crm.org.credits.spent()
    file_id = _file(crm, _COLUMNS, [two[0], "A", "1"])
    assert crm.org.credits.spent() - before == 1
    _show(crm, _start(crm, _body(file_id)))
    assert crm.org.credits.spent() - before == 502


def test_each_part_needs_its_scope(crm: SignedIn) -> None:
    mismatch = (401, "OAUTH_SCOPE_MISMATCH")
    with organisation(scopes=("ZohoCRM.bulk.READ", "ZohoFiles.files.READ")) as narrow:
        assert _code(_upload(narrow, _zip([["id"]]))) == mismatch
        assert _code(narrow.send("POST", _WRITE, {})) == mismatch
        assert _code(narrow.get(f"{_WRITE}/1")) == mismatch
    with organisation(scopes=("ZohoCRM.bulk.CREATE", "ZohoFiles.files.CREATE")) as enough:
        assert _upload(enough, _zip([["id"]])).status_code == 200
        assert _code(enough.get(f"{_WRITE}/1")) == (400, "RESOURCE_NOT_FOUND")


def test_results_are_there_for_a_week_and_only_at_their_address(
    crm: SignedIn, two: list[str]
) -> None:
    job = _start(crm, _body(_file(crm, _COLUMNS, [two[0], "A", "1"])))
    path = f"/v2/crm/700000001/bulk-write/{job}/{job}.zip"
    early = crm.get(path)
    assert "result" not in _show(crm, job)
    _pass(crm, 3)
    assert urlsplit(_show(crm, job)["result"]["download_url"]).path == path
    assert crm.get(path).status_code == 200
    crm.org.clock.advance(timedelta(days=7))
    crm.sign_in()
    late = crm.get(path)

    assert (early.status_code, late.status_code) == (403, 403)
    assert early.json == {"info": "Forbidden", "x-info": "Link not valid", "http_status": "403"}
    assert _code(crm.get(f"{_WRITE}/{job}")) == (400, "RESOURCE_NOT_FOUND")


def test_a_job_may_fail_half_way_and_one_without_rows_is_passed_over(crm: SignedIn) -> None:
    empty = _start(crm, _body(_file(crm, _COLUMNS)))
    _pass(crm, 3)
    assert _show(crm, empty)["status"] == "SKIPPED"
    with organisation(provisioned=True, bulk_writes_fail=True) as failing:
        ids = [failing.add("Accounts", Account_Name=f"A{number}") for number in range(2)]
        rows = [[each, "BBB", ""] for each in ids]
        job = _start(failing, _body(_file(failing, _COLUMNS, *rows)))
        _pass(failing, 3)
        shown = _show(failing, job)
        assert (shown["status"], shown["resource"][0]["file"]["updated_count"]) == ("FAILED", 1)
        assert "result" not in shown


def test_what_the_documents_leave_open_are_switches(crm: SignedIn) -> None:
    switches = {
        "bulk_write_working": "IN PROGRESS",
        "bulk_write_shouts": True,
        "upload_ids_are_numbers": True,
    }
    with organisation(provisioned=True, **switches) as other:
        account = other.add("Accounts", Account_Name="A")
        answer = _upload(other, _zip([_COLUMNS, [account, "A", "1"]]))
        assert answer.json is not None
        file_id = answer.json["details"]["file_id"]
        job = _start(other, _body(file_id))
        _pass(other, 2)
        assert (type(file_id), _show(other, job)["status"]) == (int, "IN PROGRESS")
        _pass(other, 1)
        assert _verdicts(other, job)[1][3] == "UPDATED"


def test_the_callback_waits_until_the_job_is_over(crm: SignedIn, two: list[str]) -> None:
    callback = {"url": "http://127.0.0.1:9/hook", "method": "post"}
    job = _start(crm, _body(_file(crm, _COLUMNS, [two[0], "A", "1"]), callback=callback))

    assert crm.org.notifier.counters()["waiting"] == 1
    assert _show(crm, job)["callback"] == callback
