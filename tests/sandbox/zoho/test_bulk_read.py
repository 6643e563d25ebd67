"""Bulk Read: jobs that take time, slices, limits, the CSV in its zip, refusals, the callback."""

import csv
import io
import zipfile
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from werkzeug.test import TestResponse

from tests.sandbox.zoho.organisation import SignedIn, first, organisation

_READ = "/crm/bulk/v8/read"


@pytest.fixture
def small() -> Iterator[SignedIn]:
    """An organisation whose exports have two rows."""
    with organisation(provisioned=True, bulk_rows=2) as signed_in:
        yield signed_in


def _create(crm: SignedIn, /, **query: object) -> TestResponse:
    return crm.send("POST", _READ, {"query": {"module": {"api_name": "Accounts"}, **query}})


def _job(crm: SignedIn, /, **query: object) -> str:
    answer = _create(crm, **query)
    assert answer.status_code == 201, answer.text
    return str(first(answer)["details"]["id"])


def _show(crm: SignedIn, job: str) -> Any:
    return first(crm.get(f"{_READ}/{job}"))


def _done(crm: SignedIn, job: str) -> Any:
    crm.org.clock.advance(timedelta(seconds=crm.org.options.bulk_job_seconds))
    return _show(crm, job)


def _rows(crm: SignedIn, job: str) -> list[dict[str, str]]:
    answer = crm.get(f"{_READ}/{job}/result")
    assert answer.status_code == 200, answer.text
    with zipfile.ZipFile(io.BytesIO(answer.data)) as archive:
        (name,) = archive.namelist()
        text = archive.read(name).decode("utf-8")
    assert name == f"{job}.csv"
    return list(csv.DictReader(io.StringIO(text)))


def _code(answer: TestResponse) -> tuple[int, str]:
    assert answer.json is not None
    return answer.status_code, answer.json["code"]


def test_a_job_waits_works_and_is_done(crm: SignedIn) -> None:
    crm.add("Accounts", Account_Name="Acme")
    job = _job(crm, fields=["id", "Account_Name"])
    seen = [_show(crm, job)["state"]]
    assert _code(crm.get(f"{_READ}/{job}/result")) == (404, "RESOURCE_NOT_FOUND")
    for _ in range(3):
        crm.org.clock.advance(timedelta(seconds=1))
        seen.append(_show(crm, job)["state"])

    assert seen == ["ADDED", "IN PROGRESS", "IN PROGRESS", "COMPLETED"]
    assert _show(crm, job)["result"] == {
        "page": 1,
        "per_page": 200_000,
        "count": 1,
        "more_records": False,
        "next_page_token": None,
        "download_url": f"{_READ}/{job}/result",
    }


def test_the_csv_has_bare_ids_and_plain_words(crm: SignedIn) -> None:
    parent = crm.add("Accounts", Account_Name="Mother")
    crm.add("Accounts", Account_Name='A, "B"\nC', Parent_Account={"id": parent})
    names = ["id", "Account_Name", "Parent_Account", "Owner", "Modified_Time", "Industry"]
    job = _job(crm, fields=names)
    _done(crm, job)
    _, child = _rows(crm, job)

    assert child["Account_Name"] == 'A, "B"\nC'
    assert (child["Parent_Account"], child["Owner"]) == (parent, "5000000000000001")
    assert (child["Modified_Time"], child["Industry"]) == ("2026-11-24T09:00:00+08:00", "")
    assert child["Id"].isdecimal()


def test_slices_follow_by_token_or_by_page(small: SignedIn) -> None:
    ids = [small.add("Accounts", Account_Name=f"A{number}") for number in range(5)]
    job, seen = _job(small, fields=["id"]), []
    while True:
        result = _done(small, job)["result"]
        seen.append([row["Id"] for row in _rows(small, job)])
        if not result["more_records"]:
            break
        answer = small.send("POST", _READ, {"query": {"page_token": result["next_page_token"]}})
        job = str(first(answer)["details"]["id"])
    second = _job(small, fields=["id"], page=2)
    _done(small, second)

    assert seen == [ids[:2], ids[2:4], ids[4:]]
    assert [row["Id"] for row in _rows(small, second)] == ids[2:4]


@pytest.mark.parametrize(
    ("comparator", "value", "found"),
    [
        ("equal", "A1", ["A1"]),
        ("not_equal", "A1", ["A0", "A2"]),
        ("in", ["A0", "A2"], ["A0", "A2"]),
        ("not_in", ["A0", "A2"], ["A1"]),
        ("greater_than", "A1", ["A2"]),
        ("between", ["A0", "A1"], ["A0", "A1"]),
        ("not_between", ["A1", "A1"], ["A0", "A2"]),
        ("contains", "1", ["A1"]),
        ("not_contains", "1", ["A0", "A2"]),
        ("starts_with", "A", ["A0", "A1", "A2"]),
        ("ends_with", "2", ["A2"]),
    ],
)
def test_criteria_choose_rows(
    crm: SignedIn, comparator: str, value: object, found: list[str]
) -> None:
    for number in range(3):
        crm.add("Accounts", Account_Name=f"A{number}")
    one = {"field": {"api_name": "Account_Name"}, "comparator": comparator, "value": value}
    job = _job(crm, fields=["Account_Name"], criteria={"group_operator": "and", "group": [one]})
    _done(crm, job)

    assert [row["Account_Name"] for row in _rows(crm, job)] == found


def test_what_a_job_cannot_be_is_refused_by_its_code(crm: SignedIn) -> None:
    one = {"field": {"api_name": "Account_Name"}, "comparator": "equal", "value": "A"}

    def refused(**query: object) -> str:
        return _code(_create(crm, **query))[1]

    def criteria(given: object, operator: str = "or") -> str:
        return refused(criteria={"group_operator": operator, "group": given})

    assert refused(module={"api_name": "Nothing"}) == "MODULE_NOT_AVAILABLE"
    assert refused(module={"api_name": "Notes"}) == "MODULE_NOT_SUPPORTED"
    assert refused(fields=["Nothing"]) == "FIELD_NOT_AVAILABLE"
    assert refused(fields=["id"] * 1_001) == "FIELD_NOT_SUPPORTED"
    assert refused(page=51) == "PAGE_RANGE_EXCEEDED"
    assert refused(page_token="foreign") == "INVALID_DATA"
    assert criteria([one] * 26) == "CRITERIA_LIMIT_EXCEEDED"
    assert criteria([one], "xor") == "GROUP_OPERATOR_NOT_SUPPORTED"
    assert criteria([one | {"comparator": "in", "value": ["A"] * 201}]) == (
        "VALUE_LIMIT_EXCEEDED_IN_CRITERIA"
    )
    assert criteria([one | {"comparator": "like"}]) == "FIELD_COMPARATOR_IN_CRITERIA_NOT_SUPPORTED"
    assert criteria([one | {"field": {"api_name": "Nothing"}}]) == "FIELD_NOT_AVAILABLE"
    callback = {"url": "https://example.com/x", "method": "get"}
    answer = crm.send(
        "POST", _READ, {"query": {"module": {"api_name": "Accounts"}}, "callback": callback}
    )
    assert _code(answer)[1] == "INVALID_CALLBACK_METHOD"
    assert _code(crm.get(f"{_READ}/123")) == (404, "RESOURCE_NOT_FOUND")


def test_a_job_costs_fifty_credits_and_results_come_ten_a_minute(crm: SignedIn) -> None:
    before = crm.org.credits.spent()
    job = _job(crm, fields=["id"])
    assert crm.org.credits.spent() - before == 50
    _done(crm, job)
    for _ in range(10):
        assert crm.get(f"{_READ}/{job}/result").status_code == 200
    assert _code(crm.get(f"{_READ}/{job}/result")) == (429, "TOO_MANY_REQUESTS")
    crm.org.clock.advance(timedelta(minutes=1))
    assert crm.get(f"{_READ}/{job}/result").status_code == 200


def test_results_and_tokens_last_a_day(small: SignedIn) -> None:
    for number in range(3):
        small.add("Accounts", Account_Name=f"A{number}")
    job = _job(small, fields=["id"])
    token = _done(small, job)["result"]["next_page_token"]
    small.org.clock.advance(timedelta(hours=24))
    small.sign_in()

    assert _code(small.get(f"{_READ}/{job}")) == (404, "RESOURCE_NOT_FOUND")
    assert _code(_create(small, page_token=token))[1] == "EXPIRED_VALUE"


def test_a_job_may_fail(crm: SignedIn) -> None:
    with organisation(bulk_jobs_fail=True) as failing:
        job = _job(failing, fields=["id"])
        assert _done(failing, job)["state"] == "FAILURE"
        assert _code(failing.get(f"{_READ}/{job}/result")) == (404, "RESOURCE_NOT_FOUND")


def test_reading_in_bulk_needs_its_scope_and_that_of_the_module() -> None:
    with organisation(scopes=("ZohoCRM.modules.ALL",)) as crm:
        assert _code(_create(crm)) == (401, "OAUTH_SCOPE_MISMATCH")
    with organisation(scopes=("ZohoCRM.bulk.READ", "ZohoCRM.modules.contacts.READ")) as crm:
        assert _code(_create(crm)) == (401, "OAUTH_SCOPE_MISMATCH")


def test_the_callback_waits_until_the_job_is_over(crm: SignedIn) -> None:
    callback = {"url": "http://127.0.0.1:9/hook", "method": "post"}
    body = {"query": {"module": {"api_name": "Accounts"}}, "callback": callback}

    assert crm.send("POST", _READ, body).status_code == 201
    assert crm.org.notifier.counters()["waiting"] == 1
    callback["url"] = "https://example.com/hook"
    assert _code(crm.send("POST", _READ, body)) == (400, "INVALID_CALLBACK_URL")
