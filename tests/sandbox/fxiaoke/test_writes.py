"""create, update, owner, invalid, recover, delete, lock."""

from typing import Any

import pytest

from sandbox.fxiaoke import FxiaokeTenant
from tests.sandbox.fxiaoke.caller import Caller


def _record(caller: Caller, record_id: str, api_name: str = "AccountObj") -> dict[str, Any]:
    answer = caller.get(api_name, record_id)
    assert answer["errorCode"] == 0, answer
    found = answer["data"]
    assert isinstance(found, dict)
    return found


def test_create_answers_the_id_at_the_root(caller: Caller, account_id: str) -> None:
    record = _record(caller, account_id)
    assert record["name"] == "示例客户"
    assert record["owner"] == ["1001"]
    assert record["created_by"] == ["1000"]
    assert record["account_no"]


def test_create_on_a_custom_object_may_leave_the_id_out(caller: Caller, account_id: str) -> None:
    assert len(caller.create("credit_task__c", name="任务", account__c=account_id)["dataId"]) == 24
    caller.tenant.options.omit_custom_data_id = True
    answer = caller.create("credit_task__c", name="任务", account__c=account_id)
    assert answer["errorCode"] == 0
    assert "dataId" not in answer


def test_update_changes_what_it_names_and_nothing_else(caller: Caller, account_id: str) -> None:
    before = _record(caller, account_id)
    caller.update("AccountObj", account_id, credit_limit__c="200000", credit_rating__c="AAA")
    after = _record(caller, account_id)
    assert after["credit_limit__c"] == "200000.00"
    assert after["credit_rating__c"] == "AAA"
    assert after["name"] == before["name"]
    assert after["version"] == "2"
    assert after["last_modified_time"] > before["last_modified_time"]


def test_modified_times_increase_while_the_clock_stands(caller: Caller, account_id: str) -> None:
    times = []
    for number in range(5):
        caller.update("AccountObj", account_id, credit_score__c=number)
        times.append(_record(caller, account_id)["last_modified_time"])
    assert times == sorted(set(times))


@pytest.mark.parametrize("empty", [None, ""])
def test_an_empty_value_clears_a_field(caller: Caller, account_id: str, empty: object) -> None:
    caller.update("AccountObj", account_id, credit_reasons__c="因为")
    caller.update("AccountObj", account_id, credit_reasons__c=empty)
    assert "credit_reasons__c" not in _record(caller, account_id)


@pytest.mark.parametrize(
    ("name", "value", "kept"),
    [
        ("credit_limit__c", "1.5", "1.50"),
        ("credit_limit__c", 12000, "12000.00"),
        ("credit_limit__c", "1E+3", "1000.00"),
        ("credit_score__c", 73.5, "73.50"),
        ("overdue_days_max__c", "32", "32"),
        ("credit_data_as_of__c", 1_774_944_000_000, 1_774_886_400_000),
        ("credit_updated_at__c", 1_774_944_000_123, 1_774_944_000_123),
        ("credit_reasons__c", "两行\n文字 🚀 \u202e", "两行\n文字 🚀 \u202e"),
    ],
)
def test_values_are_kept_in_the_wire_form(
    caller: Caller, account_id: str, name: str, value: object, kept: object
) -> None:
    assert caller.update("AccountObj", account_id, **{name: value})["errorCode"] == 0
    assert _record(caller, account_id)[name] == kept


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("credit_limit__c", "1.005"),
        ("credit_limit__c", "many"),
        ("credit_limit__c", "NaN"),
        ("credit_limit__c", True),
        ("overdue_days_max__c", "1.5"),
        ("credit_data_as_of__c", "2026-01-31"),
        ("credit_data_as_of__c", True),
        ("credit_rating__c", "AAAA"),
        ("credit_rating__c", 1),
        ("credit_summary__c", "长" * 501),
        ("credit_summary__c", 5),
        ("name", ""),
        ("no_such_field__c", "x"),
        ("parent_account_id", "f" * 24),
    ],
)
def test_a_value_that_does_not_fit_is_refused_and_nothing_changes(
    caller: Caller, account_id: str, name: str, value: object
) -> None:
    before = _record(caller, account_id)
    answer = caller.update("AccountObj", account_id, credit_currency__c="CNY", **{name: value})
    assert answer["errorCode"] == 40010
    assert _record(caller, account_id) == before


def test_unknown_fields_pass_when_not_strict(caller: Caller, account_id: str) -> None:
    caller.tenant.options.strict_fields = False
    assert caller.update("AccountObj", account_id, no_such_field__c="x")["errorCode"] == 0
    assert "no_such_field__c" not in _record(caller, account_id)


def test_a_required_field_is_asked_for(caller: Caller) -> None:
    answer = caller.create("AccountObj", country="CN")
    assert answer["errorCode"] == 40010
    assert "name" in answer["errorMessage"]


def test_the_business_code_is_a_setting(caller: Caller) -> None:
    caller.tenant.options.rejection_code = 50009
    assert caller.create("AccountObj", country="CN")["errorCode"] == 50009


def test_an_unknown_owner_is_30027(caller: Caller) -> None:
    assert caller.create("AccountObj", name="客户", owner=["4711"])["errorCode"] == 30027


def test_a_second_task_with_the_same_key_is_refused(caller: Caller, account_id: str) -> None:
    values = {"name": "任务", "account__c": account_id, "ext_key__c": "overdue:1"}
    first = caller.create("credit_task__c", **values)
    again = caller.create("credit_task__c", **values)
    assert again["errorCode"] == 40010
    assert "重复" in again["errorMessage"]

    caller.tenant.options.duplicate_code = 12345
    assert caller.create("credit_task__c", **values)["errorCode"] == 12345
    assert caller.update("credit_task__c", first["dataId"], **values)["errorCode"] == 0

    caller.data("invalid", "credit_task__c", {"object_data_id": first["dataId"]})
    assert caller.create("credit_task__c", **values)["errorCode"] == 0
    answer = caller.data("recover", "credit_task__c", {"idList": [first["dataId"]]})
    assert answer["errorCode"] == 12345


def test_without_the_option_keys_may_repeat(bare_tenant: FxiaokeTenant) -> None:
    bare_tenant.options.unique_task_key = False
    bare_tenant.provision()
    caller = Caller(bare_tenant)
    account = caller.create("AccountObj", name="客户")["dataId"]
    values = {"name": "任务", "account__c": account, "ext_key__c": "overdue:1"}
    assert [caller.create("credit_task__c", **values)["errorCode"] for _ in range(2)] == [0, 0]


def test_update_does_not_move_the_owner(caller: Caller, account_id: str) -> None:
    assert caller.update("AccountObj", account_id, owner=["1000"])["errorCode"] == 0
    assert _record(caller, account_id)["owner"] == ["1001"]
    caller.tenant.options.strict_owner = True
    assert caller.update("AccountObj", account_id, owner=["1000"])["errorCode"] == 40010


def test_change_owner_does(caller: Caller, account_id: str) -> None:
    move = {"objectDataId": account_id, "ownerId": ["1000"]}
    assert caller.data("changeOwner", "AccountObj", {"Data": [move]})["errorCode"] == 0
    assert _record(caller, account_id)["owner"] == ["1000"]
    assert caller.data("changeOwner", "AccountObj", {"idList": [account_id]})["errorCode"] == 10006


def test_a_pool_record_refuses_another_owner(caller: Caller, tenant: FxiaokeTenant) -> None:
    pool = tenant.put_record("AccountObj", {"name": "公海", "owner": [], "high_seas_id": "a" * 24})
    move = {"objectDataId": pool, "ownerId": ["1000"]}
    assert caller.data("changeOwner", "AccountObj", {"Data": [move]})["errorCode"] == 40010


def test_invalid_recover_delete(caller: Caller, account_id: str) -> None:
    one, many = {"object_data_id": account_id}, {"idList": [account_id]}
    assert caller.data("delete", "AccountObj", many)["errorCode"] == 40010
    assert caller.data("invalid", "AccountObj", one)["errorCode"] == 0
    assert caller.names("AccountObj") == []
    assert _record(caller, account_id)["life_status"] == "invalid"
    assert caller.update("AccountObj", account_id, name="新")["errorCode"] == 40010
    assert caller.data("recover", "AccountObj", many)["errorCode"] == 0
    assert caller.names("AccountObj") == ["示例客户"]
    caller.data("invalid", "AccountObj", one)
    assert caller.data("delete", "AccountObj", many)["errorCode"] == 0
    assert caller.get("AccountObj", account_id)["errorCode"] == 40010


def test_the_older_custom_form_invalidates_many(caller: Caller, account_id: str) -> None:
    ids = [
        caller.create("credit_task__c", name="任务", account__c=account_id)["dataId"]
        for _ in range(3)
    ]
    data = {"dataObjectApiName": "credit_task__c", "idList": ids[:2]}
    assert caller.call("/cgi/crm/custom/data/invalid", {"data": data})["errorCode"] == 0
    assert len(caller.names("credit_task__c")) == 1


def test_a_locked_record_answers_the_code_of_a_timeout(caller: Caller, account_id: str) -> None:
    lock = {"data": {"dataObjectApiName": "AccountObj", "dataIds": [account_id]}}
    caller.call("/cgi/crm/v2/object/lock", lock)
    answer = caller.update("AccountObj", account_id, credit_rating__c="A")
    assert answer["errorCode"] == 50009
    assert answer["errorMessage"] == "不能进行[编辑]操作，以下这些数据已被锁定。"
    assert _record(caller, account_id)["lock_status"] == "1"

    caller.call("/cgi/crm/v2/object/unlock", lock)
    assert caller.update("AccountObj", account_id, credit_rating__c="A")["errorCode"] == 0


def test_a_locked_custom_record_can_be_written_on_request(caller: Caller, account_id: str) -> None:
    task = caller.create("credit_task__c", name="任务", account__c=account_id)["dataId"]
    lock = {"data": {"dataObjectApiName": "credit_task__c", "dataIds": [task]}}
    caller.call("/cgi/crm/v2/object/lock", lock)
    given = {"_id": task, "dataObjectApiName": "credit_task__c", "status__c": "done"}
    data: dict[str, Any] = {"object_data": given}
    assert caller.data("update", "credit_task__c", data)["errorCode"] == 50009
    data["skipDataStatusValidate"] = True
    assert caller.data("update", "credit_task__c", data)["errorCode"] == 0


def test_writes_of_another_style_take_open_ids(legacy_caller: Caller) -> None:
    sales = legacy_caller.tenant.state.staff.find("1001")
    assert sales is not None
    answer = legacy_caller.create("AccountObj", name="客户", owner=[sales.open_id])
    assert legacy_caller.get("AccountObj", answer["dataId"])["data"]["owner"] == [sales.open_id]
    (record,) = legacy_caller.tenant.records("AccountObj")
    assert record["owner"] == ["1001"]


def _payment(caller: Caller, account_id: str, details: object) -> dict[str, Any]:
    given = {"dataObjectApiName": "PaymentObj", "account_id": account_id}
    return caller.data("create", "PaymentObj", {"object_data": given, "details": details})


def test_a_payment_takes_its_amount_from_its_details(caller: Caller, account_id: str) -> None:
    rows = [{"payment_amount": "100.10"}, {"payment_amount": "0.90"}]
    made = _payment(caller, account_id, {"OrderPaymentObj": rows})
    record = _record(caller, made["dataId"], "PaymentObj")
    assert record["payment_amount"] == "101.00"
    wrapped = record["details"]["OrderPaymentObj"]
    assert [each["containerDocument"]["payment_amount"] for each in wrapped] == ["100.10", "0.90"]


def test_an_empty_detail_list_removes_the_rows(caller: Caller, account_id: str) -> None:
    made = _payment(caller, account_id, {"OrderPaymentObj": [{"payment_amount": "1"}]})["dataId"]
    given = {"_id": made, "dataObjectApiName": "PaymentObj"}
    caller.data("update", "PaymentObj", {"object_data": given, "details": {}})
    assert len(_record(caller, made, "PaymentObj")["details"]["OrderPaymentObj"]) == 1
    caller.data("update", "PaymentObj", {"object_data": given, "details": {"OrderPaymentObj": []}})
    assert _record(caller, made, "PaymentObj")["details"]["OrderPaymentObj"] == []


def test_details_of_another_object_are_refused(caller: Caller, account_id: str) -> None:
    assert _payment(caller, account_id, {"ContactObj": [{"name": "x"}]})["errorCode"] == 32000
    assert _payment(caller, account_id, [1])["errorCode"] == 32000
    assert caller.names("PaymentObj") == []


def test_a_sales_employee_cannot_touch_what_is_not_his(caller: Caller, account_id: str) -> None:
    made = caller.create("AccountObj", name="别人的", owner=["1000"])["dataId"]
    sales = Caller(caller.tenant, user="1001")
    assert sales.update("AccountObj", made, name="我的")["errorCode"] == 40010
    assert sales.get("AccountObj", made)["errorCode"] == 40010
    assert sales.update("AccountObj", account_id, name="我的")["errorCode"] == 0


def test_a_create_time_of_ones_own_needs_its_flag(caller: Caller) -> None:
    given = {"dataObjectApiName": "AccountObj", "name": "旧", "create_time": 1_700_000_000_000}
    body = {"object_data": given}
    made = caller.data("create", "AccountObj", body)["dataId"]
    assert _record(caller, made)["create_time"] != 1_700_000_000_000
    made = caller.data("create", "AccountObj", body, hasSpecifyTime=True)["dataId"]
    assert _record(caller, made)["create_time"] == 1_700_000_000_000
