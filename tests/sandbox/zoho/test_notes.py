"""Notes: written with a parent, found in its list and in all, refused one by one."""

from typing import Any

from tests.sandbox.zoho.organisation import SignedIn, first, organisation


def _note(account: str, **values: object) -> dict[str, Any]:
    parent = {"module": {"api_name": "Accounts"}, "id": account}
    return {"Note_Title": "T", "Note_Content": "C", "Parent_Id": parent, **values}


def test_a_note_stands_in_its_parents_list_newest_first(crm: SignedIn) -> None:
    account = crm.add("Accounts", Account_Name="A")
    other = crm.add("Accounts", Account_Name="B")
    created = crm.send("POST", "/Notes", {"data": [_note(account), _note(other)]})
    crm.send("POST", f"/Accounts/{account}/Notes", {"data": [{"Note_Content": "second"}]})
    listed = crm.get(f"/Accounts/{account}/Notes", fields="Note_Title,Note_Content")
    everything = crm.get("/Notes", fields="Parent_Id", per_page=2)

    assert created.status_code == 201
    assert listed.json is not None
    assert [each["Note_Content"] for each in listed.json["data"]] == ["second", "C"]
    assert listed.json["info"] == {"per_page": 200, "count": 2, "page": 1, "more_records": False}
    assert everything.json is not None
    assert everything.json["info"]["more_records"] is True
    assert first(everything)["Parent_Id"]["module"]["api_name"] == "Accounts"
    assert first(everything)["Parent_Id"]["name"] == "A"


def test_each_note_is_judged_alone(crm: SignedIn) -> None:
    account = crm.add("Accounts", Account_Name="A")
    wrong = [
        {"Parent_Id": _note(account)["Parent_Id"]},
        {"Note_Title": "T"},
        _note("1"),
        _note(account, Note_Title="x" * 121),
        _note(account, Parent_Id=account),
    ]
    answer = crm.send("POST", "/Notes", {"data": [_note(account), *wrong]})
    none = crm.send("POST", "/Notes", {"data": wrong[:1]})

    assert answer.json is not None
    assert (answer.status_code, none.status_code) == (207, 400)
    assert [each["code"] for each in answer.json["data"]] == [
        "SUCCESS",
        "EXPECTED_FIELD_MISSING",
        "MANDATORY_NOT_FOUND",
        "INVALID_DATA",
        "INVALID_DATA",
        "MANDATORY_NOT_FOUND",
    ]
    assert len(crm.org.notes.shown()) == 1


def test_lists_need_fields_and_are_empty_without_a_body(crm: SignedIn) -> None:
    account = crm.add("Accounts", Account_Name="A")

    assert crm.get("/Notes").status_code == 400
    assert crm.get(f"/Accounts/{account}/Notes", fields="Note_Title").status_code == 204


def test_notes_need_a_scope_of_their_own() -> None:
    with organisation(scopes=("ZohoCRM.modules.accounts.ALL",)) as crm:
        assert crm.get("/Notes", fields="Note_Title").status_code == 401
        assert crm.send("POST", "/Notes", {"data": []}).status_code == 401
