"""Users, departments, messages."""

import pytest

from tests.sandbox.fxiaoke.caller import Caller

ALL = {"departmentId": 999_999, "fetchChild": True}


def test_the_user_list_has_everybody_and_says_who_left(caller: Caller) -> None:
    users = caller.call("/cgi/user/list", ALL)["userList"]
    assert {user["openUserId"]: user["isStop"] for user in users} == {
        "1000": False,
        "1001": False,
        "1002": True,
    }
    assert {user["leaderId"] for user in users} == {"1000"}


def test_the_legacy_user_list_speaks_of_open_ids(legacy_caller: Caller) -> None:
    users = legacy_caller.call("/cgi/user/list", ALL)["userList"]
    assert all(user["openUserId"].startswith("FSUID_") for user in users)


def test_the_simple_list_has_three_keys(caller: Caller) -> None:
    users = caller.call("/cgi/user/simpleList", ALL)["userList"]
    assert set(users[0]) == {"openUserId", "name", "nickName"}


def test_one_user_stands_at_the_root(caller: Caller) -> None:
    assert caller.call("/cgi/user/get", {"openUserId": "1001"})["name"] == "李销售"
    assert caller.call("/cgi/user/get", {"openUserId": "4711"})["errorCode"] == 30027


def test_a_user_is_found_by_mobile(caller: Caller) -> None:
    (found,) = caller.call("/cgi/user/getByMobile", {"mobile": "13800000001"})["empList"]
    assert (found["openUserId"], found["status"]) == ("1001", "NORMAL")
    assert caller.call("/cgi/user/getByMobile", {"mobile": "0"})["empList"] == []
    assert caller.call("/cgi/user/getByMobile", {})["errorCode"] == 10006


def test_users_changed_since_come_in_pages(caller: Caller) -> None:
    body = {"startTime": 0, "endTime": 2**50, "pageSize": 2, "pageNumber": 2}
    answer = caller.call("/cgi/user/get/batchByUpdTime", body)
    assert (answer["pageCount"], answer["totalCount"]) == (2, 3)
    assert [each["openUserId"] for each in answer["employees"]] == ["1002"]
    assert caller.call("/cgi/user/get/batchByUpdTime", {"pageSize": 1001})["errorCode"] == 32000


def test_departments_form_a_tree(caller: Caller) -> None:
    departments = caller.call("/cgi/department/list", ALL)["departments"]
    assert [(each["id"], each["parentId"]) for each in departments] == [
        (999_999, 0),
        (1100, 999_999),
    ]
    assert caller.call("/cgi/department/list", {"departmentId": 5})["errorCode"] == 30007


def test_a_message_is_kept(caller: Caller) -> None:
    body = {"toUser": ["1001"], "msgType": "text", "text": {"content": "客户 示例客户 逾期"}}
    answer = caller.call("/cgi/message/send", body)
    assert set(answer) == {"errorCode", "errorMessage", "errorDescription", "traceId"}
    assert caller.tenant.messages == [body]


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"toUser": []}, 10006),
        ({"toUser": ["1001"] * 501}, 32000),
        ({"toUser": ["4711"]}, 30027),
        ({"msgType": "carrier pigeon"}, 10006),
        ({"text": None}, 10006),
    ],
)
def test_a_wrong_message_is_refused_and_not_kept(
    caller: Caller, change: dict[str, object], code: int
) -> None:
    body: dict[str, object] = {"toUser": ["1001"], "msgType": "text", "text": {"content": "x"}}
    assert caller.call("/cgi/message/send", body | change)["errorCode"] == code
    assert caller.tenant.messages == []
