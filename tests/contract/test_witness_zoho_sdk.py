"""Zoho's own SDK for API v8 must be at home in the sandbox: our client alone proves nothing."""

from pathlib import Path

from tests.contract.witnesses.run import run_zoho_witness


def test_zohos_v8_sdk_reads_updates_creates_a_task_queries_exports_and_writes_in_bulk(
    tmp_path: Path,
) -> None:
    org, seen = run_zoho_witness("zoho_sdk", tmp_path)

    accounts = org.records("Accounts")
    assert sorted(seen["names"]) == [str(account["Account_Name"]) for account in accounts]
    assert sorted(seen["ids"]) == [account["id"] for account in accounts]
    assert seen["owner"] == "Sample Administrator"
    assert seen["updates"] == ["success"] * 150

    rated = [account for account in accounts if account["Credit_Rating"] == "BBB"]
    assert {account["id"] for account in rated} == set(seen["ids"][:150]) == set(seen["queried"])
    assert {account["Credit_Limit"] for account in rated} == {50000.5}
    assert {account["Credit_Next_Review"] for account in rated} == {"2027-01-31"}

    exported = seen["exported"]
    assert (exported["http"], exported["state"], exported["count"]) == ("201", "COMPLETED", 450)
    assert exported["header"] == ["Id", "Account_Name"]
    assert exported["ids"] == [account["id"] for account in accounts]

    written = seen["written"]
    assert (written["uploaded"], written["http"]) == ("FILE_UPLOAD_SUCCESS", "201")
    assert (written["status"], written["file"]) == ("COMPLETED", ["COMPLETED", 3, 3])
    assert written["rows"][0] == ["id", "Credit_Summary", "STATUS", "RECORD_ID", "ERRORS"]
    assert [row[3] for row in written["rows"][1:]] == seen["ids"][:3]
    summed = {account["id"] for account in accounts if account["Credit_Summary"] == "bulk"}
    assert summed == set(seen["ids"][:3])

    (task,) = org.records("Tasks")
    assert seen["task"] == {"http": "201", "status": "success", "id": task["id"]}
    assert task["What_Id"] == {"id": seen["ids"][0], "name": seen["names"][0]}
    assert (task["Subject"], task["Priority"]) == ("Overdue 45 d: INV-1001", "High")
    assert (task["Credit_Ref"], task["Due_Date"]) == ("witness:1", "2026-12-01")
