"""Metadata: fields shown and created, modules, the organisation, currencies, people."""

from datetime import timedelta
from typing import Any

import pytest

from tests.sandbox.zoho.organisation import SignedIn, first, organisation


def _fields(crm: SignedIn, module: str = "Accounts") -> dict[str, Any]:
    answer = crm.get("/settings/fields", module=module)
    assert answer.json is not None
    return {field["api_name"]: field for field in answer.json["fields"]}


def _create(crm: SignedIn, *wanted: dict[str, object], module: str = "Accounts") -> tuple[int, Any]:
    answer = crm.send("POST", f"/settings/fields?module={module}", {"fields": list(wanted)})
    assert answer.json is not None
    return answer.status_code, answer.json


def test_credit_fields_are_not_there_before_they_are_created() -> None:
    with organisation() as crm:
        assert not [name for name in _fields(crm) if name.startswith("Credit_")]
        assert "Credit_Ref" not in _fields(crm, "Tasks")


def test_a_field_is_created_under_a_name_the_server_derives(crm: SignedIn) -> None:
    options = [{"display_value": text, "actual_value": text} for text in ("A", "B")]
    status, body = _create(
        crm,
        {"field_label": "Sales Region", "data_type": "picklist", "pick_list_values": options},
        {"field_label": "Sales-Region", "data_type": "text", "length": 120},
        {"field_label": "Sales_Region", "data_type": "currency", "decimal_place": 2},
    )
    assert status == 201
    assert [item["message"] for item in body["fields"]] == ["field created"] * 3
    fields = _fields(crm)
    assert [v["actual_value"] for v in fields["Sales_Region"]["pick_list_values"]] == ["A", "B"]
    assert fields["SalesRegion"]["length"] == 120
    assert fields["Sales_Region1"]["decimal_place"] == 2
    assert fields["Sales_Region"]["id"] == body["fields"][0]["details"]["id"]
    assert fields["Sales_Region"]["custom_field"] is True
    crm.add("Accounts", Account_Name="A", Sales_Region="B")


def test_a_unique_field_refuses_the_second_value(crm: SignedIn) -> None:
    unique: dict[str, object] = {"casesensitive": "false"}
    _create(crm, {"field_label": "Ext Id", "data_type": "text", "unique": unique})
    assert _fields(crm)["Ext_Id"]["unique"] != {}
    assert _fields(crm)["USCC"]["unique"] == {}
    crm.add("Accounts", Account_Name="A", Ext_Id="1")
    assert crm.write("POST", "Accounts", {"Account_Name": "B", "Ext_Id": "1"}).status_code == 400


@pytest.mark.parametrize(
    ("wanted", "code", "details"),
    [
        ({"data_type": "text"}, "MANDATORY_NOT_FOUND", {"api_name": "field_label"}),
        ({"field_label": "X"}, "MANDATORY_NOT_FOUND", {"api_name": "data_type"}),
        ({"field_label": "X", "data_type": "colour"}, "INVALID_DATA", {"api_name": "data_type"}),
        ({"field_label": "x" * 26, "data_type": "text"}, "INVALID_DATA", {"maximum_length": 25}),
        ({"field_label": "Credit Rating", "data_type": "text"}, "DUPLICATE_DATA", {}),
        (
            {"field_label": "X", "data_type": "text", "length": 256},
            "INVALID_DATA",
            {"range": {"from": 1, "to": 255}},
        ),
        (
            {"field_label": "X", "data_type": "picklist"},
            "MANDATORY_NOT_FOUND",
            {"api_name": "pick_list_values"},
        ),
    ],
)
def test_a_field_that_cannot_be_is_refused_alone(
    crm: SignedIn, wanted: dict[str, object], code: str, details: dict[str, object]
) -> None:
    status, body = _create(crm, wanted, {"field_label": "Good", "data_type": "date"})
    assert status == 207
    refused, well = body["fields"]
    assert refused["code"] == code
    assert details.items() <= refused["details"].items()
    assert well["status"] == "success"


def test_a_call_takes_at_most_five_fields(crm: SignedIn) -> None:
    wanted: list[dict[str, object]] = [
        {"field_label": f"F {n}", "data_type": "text"} for n in range(6)
    ]
    status, body = _create(crm, *wanted)
    assert (status, body["code"], body["details"]["maximum_length"]) == (400, "LIMIT_EXCEEDED", 5)


def test_a_field_is_changed_and_deleted_but_a_system_field_is_not(crm: SignedIn) -> None:
    fields = _fields(crm)
    path = f"/settings/fields/{fields['Credit_Hold']['id']}?module=Accounts"
    options = [{"display_value": text, "actual_value": text} for text in ("none", "maybe")]
    answer = crm.send("PATCH", path, {"fields": [{"pick_list_values": options}]})
    assert answer.status_code == 200
    crm.add("Accounts", Account_Name="A", Credit_Hold="maybe")
    assert crm.call("DELETE", path).status_code == 200
    assert "Credit_Hold" not in _fields(crm)
    assert "Credit_Hold" not in crm.org.records("Accounts")[0]
    system = f"/settings/fields/{fields['Account_Name']['id']}?module=Accounts"
    assert crm.call("DELETE", system).status_code == 400


def test_the_module_of_a_field_call_must_be_named(crm: SignedIn) -> None:
    answer = crm.get("/settings/fields")
    assert answer.json is not None
    assert answer.json["code"] == "REQUIRED_PARAM_MISSING"
    assert answer.json["details"] == {"param_name": "module"}


def test_modules_layouts_and_related_lists_are_shown(crm: SignedIn) -> None:
    modules: Any = crm.get("/settings/modules").json
    assert {m["api_name"]: m["generated_type"] for m in modules["modules"]}["Payments"] == "custom"
    assert crm.get("/settings/modules/Nothing").status_code == 204
    layouts: Any = crm.get("/settings/layouts", module="Tasks").json
    required = [
        f["api_name"] for f in layouts["layouts"][0]["sections"][0]["fields"] if f["required"]
    ]
    assert required == ["Subject"]
    lists: Any = crm.get("/settings/related_lists", module="Accounts").json
    assert "Tasks" in [each["api_name"] for each in lists["related_lists"]]


def test_the_organisation_its_currencies_and_people_are_shown(crm: SignedIn) -> None:
    org: Any = crm.get("/org").json
    assert (org["org"][0]["iso_code"], org["org"][0]["time_zone"]) == ("CNY", "Asia/Shanghai")
    currencies: Any = crm.get("/org/currencies").json
    rates = {each["iso_code"]: each["exchange_rate"] for each in currencies["currencies"]}
    assert rates["CNY"] == "1.000000000"
    crm.org.state.add_user("Gone", "gone@example.com", active=False)
    me: Any = crm.get("/users", type="CurrentUser").json
    assert [user["id"] for user in me["users"]] == ["5000000000000001"]
    active: Any = crm.get("/users", type="ActiveUsers").json
    assert "gone@example.com" not in [user["email"] for user in active["users"]]


def test_without_multi_currency_there_are_no_currencies() -> None:
    with organisation(multi_currency=False) as crm:
        assert crm.get("/org/currencies").status_code == 204


def test_a_formula_is_read_only_and_changes_without_a_trace(crm: SignedIn) -> None:
    value = {"now": 1.5}
    crm.org.add_formula("Accounts", "Grade", lambda _row: value["now"])
    account = crm.add("Accounts", Account_Name="A")
    refused = crm.write("PUT", "Accounts", {"id": account, "Grade": 9})
    shown = crm.query("select id, Grade, Modified_Time from Accounts where id is not null")
    value["now"] = 2.5
    crm.org.clock.advance(timedelta(minutes=30))
    again = crm.query("select id, Grade, Modified_Time from Accounts where id is not null")
    field = _fields(crm)["Grade"]

    assert first(shown) == {
        "id": account,
        "Grade": 1.5,
        "Modified_Time": "2026-11-24T09:00:00+08:00",
    }
    assert first(again) == {**first(shown), "Grade": 2.5}
    assert (field["data_type"], field["formula"]) == ("formula", {"return_type": "double"})
    assert field["operation_type"]["api_update"] is False
    assert first(refused)["code"] == "NOT_ALLOWED"
