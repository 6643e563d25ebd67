"""Writes: each record judged alone, results in order, the status of a mixed outcome."""

from datetime import timedelta
from typing import Any

import pytest
from werkzeug.test import TestResponse

from tests.sandbox.zoho.organisation import SignedIn, first, organisation


def _items(answer: TestResponse) -> list[Any]:
    assert answer.json is not None
    return list(answer.json["data"])


def _refusal(answer: TestResponse) -> tuple[str, Any]:
    assert answer.status_code == 400, answer.text
    (item,) = _items(answer)
    assert item["status"] == "error"
    return item["code"], item["details"]


@pytest.fixture
def account(crm: SignedIn) -> str:
    return crm.add("Accounts", Account_Name="Acme")


def test_an_insert_answers_201_with_id_times_and_people(crm: SignedIn) -> None:
    answer = crm.write("POST", "Accounts", {"Account_Name": "Acme", "Unknown_Key": 1})
    assert answer.status_code == 201
    assert answer.json == {
        "data": [
            {
                "code": "SUCCESS",
                "details": {
                    "id": "5000000000100001",
                    "Created_Time": "2026-11-24T09:00:00+08:00",
                    "Modified_Time": "2026-11-24T09:00:00+08:00",
                    "Created_By": {"name": "Zixin Connector", "id": "5000000000000001"},
                    "Modified_By": {"name": "Zixin Connector", "id": "5000000000000001"},
                    "$approval_state": "approved",
                },
                "message": "record added",
                "status": "success",
            }
        ]
    }


def test_results_keep_the_order_of_the_records_and_a_mix_is_207(
    crm: SignedIn, account: str
) -> None:
    answer = crm.write(
        "PUT",
        "Accounts",
        {"id": "1", "Industry": "x"},
        {"id": int(account), "Industry": "Retail"},
        {"Industry": "y"},
    )
    assert answer.status_code == 207
    codes = [item["code"] for item in _items(answer)]
    assert codes == ["INVALID_DATA", "SUCCESS", "MANDATORY_NOT_FOUND"]
    assert _items(answer)[2]["details"] == {"api_name": "id", "json_path": "$.data[2].id"}
    assert crm.org.records("Accounts")[0]["Industry"] == "Retail"


@pytest.mark.parametrize(
    ("field", "value", "details"),
    [
        ("Credit_Limit", "many", {"expected_data_type": "double"}),
        ("Credit_Limit", True, {"expected_data_type": "double"}),
        ("Credit_Limit", 10**15, {"maximum_length": 16}),
        ("Credit_Oldest_Days", 1.5, {"expected_data_type": "integer"}),
        ("Credit_Oldest_Days", 1234567890, {"maximum_length": 9}),
        ("Credit_Next_Review", "31.01.2027", {"expected_data_type": "date"}),
        ("Credit_Next_Review", "2027-02-30", {"expected_data_type": "date"}),
        ("Credit_Computed_At", "2026-11-24T09:00:00", {"expected_data_type": "datetime"}),
        ("Credit_Summary", "x" * 256, {"maximum_length": 255}),
        ("Credit_Summary", 5, {"expected_data_type": "text"}),
        ("Credit_Hold", "maybe", {"supported_values": ["none", "hold", "stop"]}),
        ("Parent_Account", "x", {"id": "x"}),
        ("Parent_Account", True, {"expected_data_type": "jsonobject"}),
        ("Owner", {"id": "7"}, {}),
    ],
)
def test_a_value_that_does_not_fit_its_field_is_refused(
    crm: SignedIn, account: str, field: str, value: object, details: dict[str, object]
) -> None:
    answer = crm.write("PUT", "Accounts", {"id": account, field: value})
    place = {"api_name": field, "json_path": f"$.data[0].{field}"}
    assert _refusal(answer) == ("INVALID_DATA", {**details, **place})


def test_values_are_stored_as_zoho_stores_them(crm: SignedIn, account: str) -> None:
    written = {
        "Credit_Limit": 50000.999,
        "Credit_Score": 71.25,
        "Credit_Oldest_Days": 45,
        "Credit_Computed_At": "2026-11-24T01:00:00Z",
        "Credit_Next_Review": "2027-01-31",
        "Credit_Reasons": "一\n二 🙂 \u202eabc",
        "Owner": {"email": "admin@example.com"},
        "Modified_Time": "1999-01-01T00:00:00Z",
    }
    assert crm.write("PUT", "Accounts", {"id": account, **written}).status_code == 200
    (record,) = crm.org.records("Accounts")
    assert record["Credit_Limit"] == 50000.99
    assert record["Credit_Score"] == 71.2
    assert record["Credit_Computed_At"] == "2026-11-24T09:00:00+08:00"
    assert record["Credit_Reasons"] == written["Credit_Reasons"]
    assert record["Owner"] == {
        "name": "Sample Administrator",
        "id": "5000000000000002",
        "email": "admin@example.com",
    }
    assert record["Modified_Time"] == "2026-11-24T09:00:00+08:00"
    crm.write("PUT", "Accounts", {"id": account, "Credit_Limit": None})
    (record,) = crm.org.records("Accounts")
    assert (record["Credit_Limit"], record["Credit_Oldest_Days"]) == (None, 45)


def test_an_unlisted_choice_may_be_kept_as_a_switch_says() -> None:
    with organisation(provisioned=True, keeps_unlisted_choices=True) as crm:
        account = crm.add("Accounts", Account_Name="Acme", Credit_Hold="maybe")
        assert crm.org.records("Accounts")[0]["id"] == account
        assert crm.org.records("Accounts")[0]["Credit_Hold"] == "maybe"


def test_a_mandatory_field_must_be_there_and_stay(crm: SignedIn, account: str) -> None:
    place = {"api_name": "Account_Name", "json_path": "$.data[0].Account_Name"}
    for method, record in (("POST", {}), ("PUT", {"id": account, "Account_Name": None})):
        answer = crm.write(method, "Accounts", record)
        assert _refusal(answer) == ("MANDATORY_NOT_FOUND", place)


def test_a_unique_value_names_the_record_that_holds_it(crm: SignedIn) -> None:
    holder = crm.add("Tasks", Subject="Call", Credit_Ref="ref:1")
    other = crm.add("Tasks", Subject="Call again", Credit_Ref="ref:2")
    details = {
        "duplicate_record": {
            "id": holder,
            "Owner": {"name": "Zixin Connector", "id": "5000000000000001"},
            "module": {"api_name": "Tasks", "id": crm.org.state.modules["Tasks"].id},
        },
        "more_records": False,
        "api_name": "Credit_Ref",
        "json_path": "$.data[0].Credit_Ref",
    }
    again = crm.write("POST", "Tasks", {"Subject": "Call", "Credit_Ref": "REF:1"})
    assert _refusal(again) == ("DUPLICATE_DATA", details)
    taken = crm.write("PUT", "Tasks", {"id": other, "Credit_Ref": "ref:1"})
    assert _refusal(taken) == ("DUPLICATE_DATA", details)
    own = crm.write("PUT", "Tasks", {"id": holder, "Credit_Ref": "ref:1"})
    assert own.status_code == 200
    crm.call("DELETE", f"/Tasks/{holder}")
    assert crm.add("Tasks", Subject="Call", Credit_Ref="ref:1") != holder


def test_a_call_takes_at_most_100_records(crm: SignedIn) -> None:
    answer = crm.write("POST", "Accounts", *[{"Account_Name": str(n)} for n in range(101)])
    assert answer.status_code == 400
    assert answer.json is not None
    assert answer.json["code"] == "LIMIT_EXCEEDED"
    assert answer.json["details"]["maximum_length"] == 100
    assert crm.org.records("Accounts") == []


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"{", "INVALID_REQUEST"),
        (b"[]", "INVALID_DATA"),
        (b"{}", "MANDATORY_NOT_FOUND"),
        (b'{"data":[]}', "INVALID_DATA"),
        (b'{"data":[{"Account_Name":"A"}],"trigger":["x"]}', "INVALID_DATA"),
    ],
)
def test_a_malformed_body_is_refused_as_a_whole(crm: SignedIn, body: bytes, code: str) -> None:
    answer = crm.call("POST", "/Accounts", data=body)
    assert answer.status_code == 400
    assert answer.json is not None
    assert answer.json["code"] == code
    assert crm.org.records("Accounts") == []


def test_an_update_moves_modified_time_by_whole_seconds(crm: SignedIn, account: str) -> None:
    crm.org.clock.advance(timedelta(milliseconds=999))
    same = crm.write("PUT", "Accounts", {"id": account, "Industry": "a"})
    assert first(same)["details"]["Modified_Time"] == "2026-11-24T09:00:00+08:00"
    crm.org.clock.advance(timedelta(milliseconds=1))
    later = crm.write("PUT", "Accounts", {"id": account, "Industry": "b"})
    assert first(later)["details"]["Modified_Time"] == "2026-11-24T09:00:01+08:00"


def test_if_unmodified_since_guards_against_a_later_change(crm: SignedIn, account: str) -> None:
    body = {"data": [{"Industry": "x"}]}
    headers = {"If-Unmodified-Since": "2026-11-24T08:59:59+08:00"}
    answer = crm.send("PUT", f"/Accounts/{account}", body, headers=headers)
    assert answer.status_code == 412
    assert first(answer)["code"] == "ALREADY_MODIFIED"
    assert first(answer)["details"]["id"] == account
    headers = {"If-Unmodified-Since": "2026-11-24T09:00:00+08:00"}
    assert crm.send("PUT", f"/Accounts/{account}", body, headers=headers).status_code == 200


def test_a_locked_record_refuses_the_api_until_it_is_unlocked(crm: SignedIn, account: str) -> None:
    crm.org.put_record("Accounts", {"Locked__s": True}, account)
    answer = crm.write("PUT", "Accounts", {"id": account, "Industry": "x"})
    assert _refusal(answer) == (
        "RECORD_LOCKED",
        {"action": "record_locking", "api_name": "id", "json_path": "$.data[0].id"},
    )
    crm.org.put_record("Accounts", {"Locked__s": False}, account)
    answer = crm.write("PUT", "Accounts", {"id": account, "Industry": "x"})
    assert answer.status_code == 200


def test_an_empty_trigger_runs_no_workflow_and_none_given_runs_them(crm: SignedIn) -> None:
    crm.write("POST", "Accounts", {"Account_Name": "quiet"})
    assert crm.org.workflow_runs() == []
    answer = crm.send("POST", "/Accounts", {"data": [{"Account_Name": "loud"}]})
    (run,) = crm.org.workflow_runs()
    assert (run.record_id, run.operation) == (first(answer)["details"]["id"], "insert")


def test_an_upsert_finds_by_the_field_given_or_the_systems_own(crm: SignedIn, account: str) -> None:
    body = {"data": [{"Account_Name": "acme", "USCC": "X"}, {"Account_Name": "New", "USCC": "Y"}]}
    answer = crm.send("POST", "/Accounts/upsert", body)
    shown = [(item["action"], item["duplicate_field"]) for item in _items(answer)]
    assert shown == [("update", "Account_Name"), ("insert", None)]
    body = {"data": [{"Account_Name": "Renamed", "USCC": "X"}]}
    answer = crm.send("POST", "/Accounts/upsert", {**body, "duplicate_check_fields": ["USCC"]})
    assert first(answer)["details"]["id"] == account
    assert crm.org.records("Accounts")[0]["Account_Name"] == "Renamed"


@pytest.mark.parametrize(("allowed", "status"), [(False, 400), (True, 200)])
def test_tasks_are_upserted_only_where_a_switch_allows_it(*, allowed: bool, status: int) -> None:
    with organisation(provisioned=True, upserts_tasks=allowed) as crm:
        body = {"data": [{"Subject": "Call", "Credit_Ref": "ref:1"}]}
        answer = crm.send("POST", "/Tasks/upsert", body)
        assert answer.status_code == status
        assert answer.json is not None
        assert answer.json.get("code") == (None if allowed else "INVALID_MODULE")


def test_a_task_needs_the_module_of_its_record_and_closes_with_a_time(
    crm: SignedIn, account: str
) -> None:
    lone = crm.write("POST", "Tasks", {"Subject": "Call", "What_Id": {"id": account}})
    assert _refusal(lone)[0] == "MANDATORY_NOT_FOUND"
    task = crm.add("Tasks", Subject="Call", What_Id=account, **{"$se_module": "Accounts"})
    (record,) = crm.org.records("Tasks")
    assert (record["Status"], record["Priority"]) == ("Not Started", "Normal")
    assert (record["What_Id"], record["$se_module"]) == (
        {"id": account, "name": "Acme"},
        "Accounts",
    )
    crm.write("PUT", "Tasks", {"id": task, "Status": "Completed"})
    assert crm.org.records("Tasks")[0]["Closed_Time"] == "2026-11-24T09:00:00+08:00"
    crm.write("PUT", "Tasks", {"id": task, "Status": "In Progress"})
    assert crm.org.records("Tasks")[0]["Closed_Time"] is None


def test_a_delete_answers_per_id(crm: SignedIn, account: str) -> None:
    answer = crm.call("DELETE", f"/Accounts?ids={account},1")
    assert answer.status_code == 207
    assert [item["status"] for item in _items(answer)] == ["success", "error"]
    assert crm.org.records("Accounts") == []


def test_a_write_by_hand_says_what_is_wrong_in_a_sentence(crm: SignedIn) -> None:
    with pytest.raises(ValueError, match="MANDATORY_NOT_FOUND: Account_Name"):
        crm.org.put_record("Accounts", {})
    with pytest.raises(ValueError, match="no module Nothing"):
        crm.org.put_record("Nothing", {})
    with pytest.raises(ValueError, match="INVALID_DATA: id"):
        crm.org.remove_record("Accounts", "1")
