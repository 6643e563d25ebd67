"""query, findSimple, findOne: filters, order, pages, projection, totals."""

from datetime import timedelta
from typing import Any

import pytest

from sandbox.fxiaoke import FxiaokeTenant
from sandbox.fxiaoke.values import date_ms
from tests.sandbox.fxiaoke.caller import Caller
from tests.sandbox.fxiaoke.conftest import NOW

DAY = NOW.date()


@pytest.fixture
def shop(tenant: FxiaokeTenant, caller: Caller) -> Caller:
    """Five accounts, one of them invalidated."""
    rows: list[dict[str, object]] = [
        {"name": "甲", "country": "CN", "terms_days__c": 30, "owner": ["1001"]},
        {"name": "乙", "country": "CN", "terms_days__c": 60, "customer_since__c": "2026-01-31"},
        {"name": "丙贸易", "country": "US", "terms_days__c": 9, "owner": ["1000"]},
        {"name": "丁贸易"},
        {"name": "戊", "country": "CN"},
    ]
    ids = [tenant.put_record("AccountObj", values) for values in rows]
    tenant.remove_record("AccountObj", ids[-1])
    return caller


@pytest.mark.parametrize(
    ("condition", "found"),
    [
        (("country", "EQ", ["CN"]), "甲乙"),
        (("country", "N", ["CN"]), "丙丁"),
        (("country", "IN", ["CN", "US"]), "甲乙丙"),
        (("country", "NIN", ["CN"]), "丙丁"),
        (("country", "IS", []), "丁"),
        (("country", "ISN", []), "甲乙丙"),
        (("terms_days__c", "GT", ["9"]), "甲乙"),
        (("terms_days__c", "GTE", [9]), "甲乙丙"),
        (("terms_days__c", "LT", ["30.0"]), "丙"),
        (("terms_days__c", "LTE", [30]), "甲丙"),
        (("terms_days__c", "BETWEEN", ["9", "30"]), "甲丙"),
        (("terms_days__c", "NBETWEEN", ["9", "30"]), "乙丁"),
        (("terms_days__c", "EQ", ["60"]), "乙"),
        (("name", "LIKE", ["贸易"]), "丙丁"),
        (("name", "CONTAINS", ["贸易"]), "丙丁"),
        (("name", "NLIKE", ["贸易"]), "甲乙"),
        (("name", "STARTWITH", ["丙"]), "丙"),
        (("name", "ENDWITH", ["易"]), "丙丁"),
        (("owner", "IN", ["1000"]), "丙"),
        (("owner", "HASANYOF", ["1000", "1001"]), "甲乙丙丁"),
        (("owner", "NHASANYOF", ["1000"]), "甲乙丁"),
        (("customer_since__c", "EQ", [str(date_ms(DAY.replace(month=1)))]), "乙"),
        (("customer_since__c", "LT", [date_ms(DAY)]), "乙"),
        (("life_status", "EQ", ["normal"]), "甲乙丙丁"),
        (("life_status", "EQ", ["invalid"]), ""),
        (("is_deleted", "EQ", ["false"]), "甲乙丙丁"),
        (("lock_status", "EQ", ["0"]), "甲乙丙丁"),
    ],
)
def test_each_operator_finds_its_rows(
    shop: Caller, condition: tuple[str, str, list[object]], found: str
) -> None:
    assert "".join(name[0] for name in shop.names("AccountObj", condition)) == found


def test_filters_are_anded(shop: Caller) -> None:
    found = shop.names("AccountObj", ("country", "EQ", ["CN"]), ("terms_days__c", "GT", ["40"]))
    assert found == ["乙"]


@pytest.mark.parametrize(
    "condition",
    [
        ("no_such_field", "EQ", ["1"]),
        ("name", "NEQ", ["1"]),
        ("name", "EQ", []),
        ("name", "BETWEEN", ["1"]),
        ("terms_days__c", "GT", ["many"]),
        ("create_time", "GT", ["2026-01-01"]),
        ("owner", "GT", ["1000"]),
    ],
)
def test_a_filter_that_makes_no_sense_is_refused(
    shop: Caller, condition: tuple[str, str, list[object]]
) -> None:
    assert shop.query("AccountObj", condition)["errorCode"] == 32000


def test_values_of_a_filter_must_be_a_list(shop: Caller) -> None:
    info = {"limit": 1, "filters": [{"field_name": "name", "operator": "EQ", "field_values": "甲"}]}
    answer = shop.data("query", "AccountObj", {"search_query_info": info})
    assert answer["errorCode"] == 32000


def test_orders_sort_numbers_as_numbers_with_the_empty_first(shop: Caller) -> None:
    answer = shop.query("AccountObj", orders=[("terms_days__c", True)], fields=["name"])
    assert [row["name"] for row in answer["data"]["dataList"]] == ["丁贸易", "丙贸易", "甲", "乙"]

    answer = shop.query("AccountObj", orders=[("country", False), ("name", True)], fields=["name"])
    assert [row["name"] for row in answer["data"]["dataList"]] == ["丙贸易", "乙", "甲", "丁贸易"]


def test_projection_keeps_the_id_and_the_companions(shop: Caller) -> None:
    answer = shop.query("AccountObj", ("name", "EQ", ["甲"]), fields=["name", "owner"])
    (row,) = answer["data"]["dataList"]
    assert set(row) == {"_id", "name", "owner", "owner__r", "owner__l"}
    assert row["owner__r"]["id"] == "1001"


def test_empty_fields_come_only_on_request(shop: Caller) -> None:
    (row,) = shop.query("AccountObj", ("name", "EQ", ["丁贸易"]))["data"]["dataList"]
    assert "country" not in row

    answer = shop.query("AccountObj", ("name", "EQ", ["丁贸易"]), includeNull=True)
    assert answer["data"]["dataList"][0]["country"] is None


def test_the_system_fields_have_their_forms(shop: Caller) -> None:
    (row,) = shop.query("AccountObj", ("name", "EQ", ["乙"]))["data"]["dataList"]
    assert len(row["_id"]) == 24
    assert int(row["_id"], 16) > 0
    assert row["terms_days__c"] == "60"
    assert row["customer_since__c"] == 1_769_788_800_000  # 2026-01-31 00:00 +08:00
    assert row["version"] == "1"
    assert row["record_type"] == "default__c"
    assert row["life_status"] == "normal"
    assert row["is_deleted"] is False


@pytest.mark.parametrize(
    ("root", "total"),
    [
        ({}, 4),
        ({"find_explicit_total_num": False}, 0),
        ({"find_explicit_total_num": True}, 4),
        ({"returnTotalNum": 1}, 4),
        ({"returnTotalNum": 3}, 0),
        ({"need_return_count_num": False}, 0),
    ],
)
def test_the_total_has_three_switches(shop: Caller, root: dict[str, object], total: int) -> None:
    answer = shop.query("AccountObj", **root)  # type: ignore[arg-type] # root parameters only
    assert answer["data"]["total"] == total


def test_the_total_counts_what_the_filters_leave(shop: Caller) -> None:
    answer = shop.query("AccountObj", ("country", "EQ", ["CN"]), limit=1)
    assert answer["data"]["total"] == 2
    assert len(answer["data"]["dataList"]) == 1


@pytest.mark.parametrize(
    ("limit", "offset", "code"),
    [
        (100, 0, 0),
        (101, 0, 32000),
        (0, 0, 32000),
        (100, 50, 32000),
        (100, 10_000, 0),
        (100, 10_100, 10013),
        (50, -50, 32000),
    ],
)
def test_pages_have_bounds(shop: Caller, limit: int, offset: int, code: int) -> None:
    assert shop.query("AccountObj", limit=limit, offset=offset)["errorCode"] == code


def test_keyset_pages_see_every_row_once(tenant: FxiaokeTenant, caller: Caller) -> None:
    for number in range(250):
        tenant.put_record("AccountObj", {"name": f"客户{number}"})
    seen: list[str] = []
    sizes: list[int] = []
    while True:
        after: list[tuple[str, str, list[object]]] = [("_id", "GT", [seen[-1]])] if seen else []
        answer = caller.query("AccountObj", *after, orders=[("_id", True)], fields=["_id"])
        page = [row["_id"] for row in answer["data"]["dataList"]]
        seen += page
        sizes.append(len(page))
        if len(page) < 100:
            break
    assert sizes == [100, 100, 50]
    assert seen == sorted(set(seen))


def test_ids_can_be_asked_for_all_at_once(shop: Caller) -> None:
    answer = shop.query("AccountObj", fields=["_id"])
    ids = [row["_id"] for row in answer["data"]["dataList"]]
    wanted: list[object] = [ids[2], ids[0], "f" * 24]
    found = shop.query("AccountObj", ("_id", "IN", wanted), fields=["_id"])
    assert [row["_id"] for row in found["data"]["dataList"]] == [ids[0], ids[2]]

    bounded = shop.query("AccountObj", ("_id", "IN", wanted), ("_id", "GT", [ids[0]]))
    assert [row["_id"] for row in bounded["data"]["dataList"]] == [ids[2]]
    assert shop.names("AccountObj", ("_id", "LTE", [ids[1]]), ("_id", "GTE", [ids[1]])) == ["乙"]
    assert shop.names("AccountObj", ("_id", "LT", [ids[0]])) == []


def test_an_incremental_window_finds_what_changed(shop: Caller, tenant: FxiaokeTenant) -> None:
    tenant.clock.advance(timedelta(hours=1))
    start = str(int(tenant.clock.now().timestamp() * 1000))
    (row,) = shop.query("AccountObj", ("name", "EQ", ["甲"]))["data"]["dataList"]
    tenant.put_record("AccountObj", {"country": "DE"}, row["_id"])
    assert shop.names("AccountObj", ("last_modified_time", "GTE", [start])) == ["甲"]


def test_find_one_finds_the_key(caller: Caller, account_id: str) -> None:
    for number in range(3):
        caller.create(
            "credit_task__c",
            name=f"任务{number}",
            account__c=account_id,
            ext_key__c=f"key-{number}",
        )

    def find(key: str) -> dict[str, Any]:
        filters = [{"field_name": "ext_key__c", "operator": "EQ", "field_values": [key]}]
        data = {
            "dataObjectApiName": "credit_task__c",
            "search_query_info": {"limit": 1, "offset": 0, "filters": filters, "orders": []},
            "field_projection": ["name"],
        }
        answer = caller.call("/cgi/crm/custom/v2/data/findOne", {"data": data})
        assert answer["errorCode"] == 0
        found = answer["data"]
        assert isinstance(found, dict)
        return found

    assert find("key-1")["objectData"]["name"] == "任务1"
    assert find("key-9") == {}


def test_find_simple_serves_standard_objects_too(shop: Caller) -> None:
    data = {
        "dataObjectApiName": "AccountObj",
        "search_query_info": {"limit": 10, "offset": 0, "filters": [], "orders": []},
        "field_projection": ["name"],
    }
    answer = shop.call("/cgi/crm/custom/v2/data/findSimple", {"data": data})
    assert len(answer["data"]["dataList"]) == 4


@pytest.mark.parametrize(
    ("path", "api_name"),
    [
        ("/cgi/crm/custom/v2/data/query", "AccountObj"),
        ("/cgi/crm/v2/data/query", "credit_task__c"),
    ],
)
def test_the_wrong_prefix_is_refused(caller: Caller, path: str, api_name: str) -> None:
    data = {"dataObjectApiName": api_name, "search_query_info": {"limit": 1, "offset": 0}}
    assert caller.call(path, {"data": data})["errorCode"] == 32000


def test_a_query_without_an_object_is_10006(caller: Caller) -> None:
    answer = caller.call("/cgi/crm/v2/data/query", {"data": {"search_query_info": {"limit": 1}}})
    assert answer["errorCode"] == 10006
    assert answer["errorMessage"] == "the parameter apiName is missing or illegal"


def test_a_sales_employee_sees_only_his_own(shop: Caller, tenant: FxiaokeTenant) -> None:
    found = Caller(tenant, user="1001").names("AccountObj")
    assert "丙贸易" not in found
    assert "甲" in found


def test_personnel_is_hidden_from_everybody_by_default(caller: Caller) -> None:
    assert caller.query("PersonnelObj")["data"]["dataList"] == []


def test_body_style_speaks_of_people_by_open_id(
    shop: Caller, legacy_caller: Caller, tenant: FxiaokeTenant
) -> None:
    sales = tenant.state.staff.find("1001")
    assert sales is not None
    found = legacy_caller.query("AccountObj", ("owner", "IN", [sales.open_id]))
    row = found["data"]["dataList"][0]
    assert row["owner"] == [sales.open_id]
    assert row["owner__r"]["id"] == "1001"  # the bridge between the two forms

    converted = shop.query("AccountObj", ("owner", "IN", ["1001"]), convertUserId=True)
    assert converted["data"]["dataList"][0]["owner"] == [sales.open_id]
