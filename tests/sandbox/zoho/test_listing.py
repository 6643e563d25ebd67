"""Lists: required fields, page limits, page tokens, conditional reads, deletions, counts."""

from datetime import timedelta
from typing import Any

import pytest
from werkzeug.test import TestResponse

from tests.sandbox.zoho.organisation import SignedIn, organisation


def _add(crm: SignedIn, count: int) -> list[str]:
    return [
        crm.org.put_record("Accounts", {"Account_Name": f"A{number:04d}"})
        for number in range(count)
    ]


def _ids(answer: TestResponse) -> list[str]:
    assert answer.json is not None
    return [row["id"] for row in answer.json["data"]]


def _error(answer: TestResponse) -> tuple[str, Any]:
    assert answer.status_code == 400, answer.text
    assert answer.json is not None
    assert set(answer.json) == {"code", "details", "message", "status"}
    return answer.json["code"], answer.json["details"]


def test_the_answer_has_all_keys_of_info_and_the_fields_asked_for(crm: SignedIn) -> None:
    (account,) = _add(crm, 1)
    answer = crm.get("/Accounts", fields="Account_Name,Modified_Time,Owner,Nonsense")
    assert answer.json == {
        "data": [
            {
                "id": account,
                "Account_Name": "A0000",
                "Modified_Time": "2026-11-24T09:00:00+08:00",
                "Owner": {
                    "name": "Sample Administrator",
                    "id": "5000000000000002",
                    "email": "admin@example.com",
                },
            }
        ],
        "info": {
            "per_page": 200,
            "count": 1,
            "page": 1,
            "more_records": False,
            "sort_by": "id",
            "sort_order": "desc",
            "next_page_token": None,
            "previous_page_token": None,
            "page_token_expiry": None,
        },
    }


@pytest.mark.parametrize(
    ("args", "code", "details"),
    [
        ({}, "REQUIRED_PARAM_MISSING", {"param_name": "fields"}),
        (
            {"fields": ",".join(f"F{n}" for n in range(51))},
            "LIMIT_EXCEEDED",
            {"limit": 50, "param_name": "fields"},
        ),
        (
            {"fields": "id", "per_page": 201},
            "LIMIT_EXCEEDED",
            {"limit": 200, "param_name": "per_page"},
        ),
        ({"fields": "id", "per_page": "x"}, "PATTERN_NOT_MATCHED", {"param_name": "per_page"}),
        ({"fields": "id", "page": 11}, "DISCRETE_PAGINATION_LIMIT_EXCEEDED", {"limit": 2000}),
        (
            {"fields": "id", "sort_by": "Account_Name"},
            "INVALID_DATA",
            {"param_name": "sort_by", "supported_values": ["id", "Created_Time", "Modified_Time"]},
        ),
        (
            {"fields": "id", "page_token": "unknown"},
            "TOKEN_BOUND_DATA_MISMATCH",
            {"param_name": "page_token"},
        ),
        (
            {"fields": "id", "page_token": "t", "page": 2},
            "AMBIGUITY_DURING_PROCESSING",
            {"ambiguity_due_to": [{"param_name": "page"}, {"param_name": "page_token"}]},
        ),
    ],
)
def test_a_wrong_parameter_is_refused(
    crm: SignedIn, args: dict[str, Any], code: str, details: Any
) -> None:
    assert _error(crm.get("/Accounts", **args)) == (code, details)


def test_an_unknown_module_and_an_unknown_path_are_refused(crm: SignedIn) -> None:
    assert _error(crm.get("/Nothing", fields="id")) == (
        "INVALID_MODULE",
        {"resource_path_index": 0},
    )
    for path in ("/crm/v9/Accounts", "/crm/v8/Accounts/1/2/3/4"):
        answer = crm.call("GET", path)
        assert answer.status_code == 404
        assert answer.json is not None
        assert answer.json["code"] == "INVALID_URL_PATTERN"
    assert _error(crm.call("PATCH", "/Accounts/1"))[0] == "INVALID_REQUEST_METHOD"


def test_an_empty_list_is_204_without_body_or_content_type(crm: SignedIn) -> None:
    answer = crm.get("/Accounts", fields="id")
    assert (answer.status_code, answer.data) == (204, b"")
    assert "Content-Type" not in answer.headers


@pytest.mark.parametrize("sort_order", ["asc", "desc"])
@pytest.mark.parametrize("sort_by", ["id", "Modified_Time"])
def test_page_tokens_lead_through_everything_once(
    crm: SignedIn, sort_by: str, sort_order: str
) -> None:
    ids = _add(crm, 25)
    args: dict[str, Any] = {
        "fields": "id",
        "per_page": 10,
        "sort_by": sort_by,
        "sort_order": sort_order,
    }
    seen: list[str] = []
    token: dict[str, Any] = {}
    for page in (1, 2, 3):
        answer = crm.get("/Accounts", **args, **token)
        assert answer.json is not None
        info = answer.json["info"]
        assert (info["page"], info["more_records"]) == (page, page < 3)
        seen += _ids(answer)
        token = {"page_token": info["next_page_token"]}
    assert token == {"page_token": None}
    assert seen == (ids if sort_order == "asc" else ids[::-1])


def test_a_page_token_is_bound_to_its_parameters_and_lives_a_day(crm: SignedIn) -> None:
    _add(crm, 3)
    answer = crm.get("/Accounts", fields="id", per_page=2)
    assert answer.json is not None
    info = answer.json["info"]
    assert info["page_token_expiry"] == "2026-11-25T09:00:00+08:00"
    token = info["next_page_token"]
    assert len(token) <= 96
    changed = crm.get("/Accounts", fields="id,Owner", per_page=2, page_token=token)
    assert _error(changed)[0] == "TOKEN_BOUND_DATA_MISMATCH"
    crm.org.clock.advance(timedelta(hours=24))
    crm.sign_in()
    assert _error(crm.get("/Accounts", fields="id", per_page=2, page_token=token)) == (
        "EXPIRED_VALUE",
        {"api_name": "page_token", "json_path": "$.query.page_token"},
    )


def test_only_the_first_2000_are_read_without_a_token(crm: SignedIn) -> None:
    ids = _add(crm, 2010)
    tenth = crm.get("/Accounts", fields="id", page=10)
    assert tenth.json is not None
    assert len(_ids(tenth)) == 200
    assert tenth.json["info"]["more_records"] is True
    token = tenth.json["info"]["next_page_token"]
    rest = crm.get("/Accounts", fields="id", page_token=token)
    assert _ids(rest) == ids[9::-1]


def test_ids_choose_records(crm: SignedIn) -> None:
    ids = _add(crm, 4)
    answer = crm.get("/Accounts", fields="id", ids=f"{ids[2]},{ids[0]}", sort_order="asc")
    assert _ids(answer) == [ids[0], ids[2]]


@pytest.mark.parametrize("sort_by", ["id", "Modified_Time"])
@pytest.mark.parametrize("status", [304, 204])
def test_if_modified_since_shows_later_changes_only(sort_by: str, status: int) -> None:
    with organisation(unmodified_status=status) as crm:
        old, new = _add(crm, 2)
        crm.org.clock.advance(timedelta(seconds=1))
        crm.org.put_record("Accounts", {"Industry": "Retail"}, new)
        args: dict[str, Any] = {"fields": "id", "sort_by": sort_by}
        headers = {"If-Modified-Since": "2026-11-24T09:00:00+08:00"}
        assert _ids(crm.get("/Accounts", headers, **args)) == [new]
        headers = {"If-Modified-Since": "2026-11-24T01:00:01+00:00"}
        nothing = crm.get("/Accounts", headers, **args)
        assert (nothing.status_code, nothing.data) == (status, b"")
        assert crm.get(f"/Accounts/{old}", headers).status_code == status


def test_an_http_date_is_no_time_for_if_modified_since(crm: SignedIn) -> None:
    headers = {"If-Modified-Since": "Tue, 24 Nov 2026 01:00:00 GMT"}
    assert _error(crm.get("/Accounts", headers, fields="id"))[0] == "INVALID_DATA"


def test_one_record_has_all_fields_and_an_unknown_one_is_204(crm: SignedIn) -> None:
    (account,) = _add(crm, 1)
    answer = crm.get(f"/Accounts/{account}")
    assert answer.json is not None
    (record,) = answer.json["data"]
    assert record["Account_Name"] == "A0000"
    assert record["Credit_Rating"] is None
    assert crm.get("/Accounts/123").status_code == 204


def test_deleted_records_are_listed_newest_first(crm: SignedIn) -> None:
    first, second = _add(crm, 2)
    crm.org.remove_record("Accounts", first)
    crm.org.clock.advance(timedelta(seconds=5))
    crm.call("DELETE", f"/Accounts/{second}")
    answer = crm.get("/Accounts/deleted")
    assert _ids(answer) == [second, first]
    assert answer.json is not None
    assert answer.json["data"][1] == {
        "id": first,
        "display_name": "A0000",
        "type": "recycle",
        "deleted_time": "2026-11-24T09:00:00+08:00",
        "deleted_by": {"name": "Sample Administrator", "id": "5000000000000002"},
        "created_by": {"name": "Sample Administrator", "id": "5000000000000002"},
    }
    assert answer.json["info"] == {"per_page": 200, "count": 2, "page": 1, "more_records": False}
    since = {"If-Modified-Since": "2026-11-24T09:00:00+08:00"}
    assert _ids(crm.get("/Accounts/deleted", since)) == [second]
    crm.org.purge_record("Accounts", first)
    assert _ids(crm.get("/Accounts/deleted", type="permanent")) == [first]
    assert crm.get("/Contacts/deleted").status_code == 204
    refused = crm.get("/Accounts/deleted", type="gone").json
    assert refused is not None
    assert refused["data"][0]["code"] == "PATTERN_NOT_MATCHED"


def test_a_count_counts(crm: SignedIn) -> None:
    _add(crm, 3)
    assert crm.get("/Accounts/actions/count").json == {"count": 3}


def test_the_search_index_lags_behind_writes(crm: SignedIn) -> None:
    (account,) = _add(crm, 1)
    args: dict[str, Any] = {
        "criteria": "((Account_Name:equals:A0000)and(Industry:not_equal:Retail))"
    }
    assert crm.get("/Accounts/search", **args).status_code == 204
    crm.org.clock.advance(timedelta(seconds=30))
    assert _ids(crm.get("/Accounts/search", **args)) == [account]
    assert _ids(crm.get("/Accounts/search", word="a000")) == [account]
    assert _error(crm.get("/Accounts/search"))[0] == "REQUIRED_PARAM_MISSING"


def test_related_records_are_those_whose_lookup_leads_here(crm: SignedIn) -> None:
    one, other = _add(crm, 2)
    task = crm.add("Tasks", Subject="Call", What_Id={"id": one}, **{"$se_module": "Accounts"})
    assert _ids(crm.get(f"/Accounts/{one}/Tasks", fields="Subject")) == [task]
    assert crm.get(f"/Accounts/{other}/Tasks", fields="Subject").status_code == 204
    assert _error(crm.get(f"/Accounts/{one}/Nothing", fields="id"))[0] == "INVALID_DATA"
