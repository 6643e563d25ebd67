"""Zoho's old SDK for API v2, too, must be at home in the sandbox."""

from pathlib import Path

from tests.contract.witnesses.run import run_zoho_witness


def test_zohos_v2_sdk_reads_all_updates_150_and_creates_a_task(tmp_path: Path) -> None:
    org, seen = run_zoho_witness("zcrm_sdk", tmp_path)

    accounts = org.records("Accounts")
    assert sorted(seen["names"]) == [str(account["Account_Name"]) for account in accounts]
    assert seen["updates"] == ["success"] * 150

    rated = [account for account in accounts if account["Credit_Rating"] == "BBB"]
    assert {account["id"] for account in rated} == set(seen["ids"][:150])
    assert {account["Credit_Limit"] for account in rated} == {50000.5}
    assert {account["Credit_Next_Review"] for account in rated} == {"2027-01-31"}

    (task,) = org.records("Tasks")
    assert seen["task"] == {"http": "201", "status": "success", "id": task["id"]}
    assert task["What_Id"] == {"id": seen["ids"][0], "name": seen["names"][0]}
