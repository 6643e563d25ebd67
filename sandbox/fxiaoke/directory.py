"""The endpoints about people: users, departments, and messages to them."""

from typing import Any

from sandbox.fxiaoke.answers import EMPLOYEE_UNKNOWN, PARAMETER, Refusal, illegal_parameter
from sandbox.fxiaoke.people import COMPANY_DEPARTMENT, Employee
from sandbox.fxiaoke.state import Asked, State

__all__ = [
    "changed_users",
    "get_user",
    "list_departments",
    "list_users",
    "send_message",
    "simple_users",
    "users_by_mobile",
]

_SALES_DEPARTMENT = 1100
_MAX_RECEIVERS = 500
_MESSAGE_TYPES = frozenset({"text", "composite", "articles"})


def list_users(state: State, asked: Asked) -> dict[str, Any]:
    """Answer ``user/list``."""
    _department(asked)
    return {"userList": [_full(state, asked, each) for each in state.staff.everybody()]}


def simple_users(state: State, asked: Asked) -> dict[str, Any]:
    """Answer ``user/simpleList``."""
    _department(asked)
    keys = ("openUserId", "name", "nickName")
    people = (_full(state, asked, each) for each in state.staff.everybody())
    return {"userList": [{key: each[key] for key in keys} for each in people]}


def get_user(state: State, asked: Asked) -> dict[str, Any]:
    """Answer ``user/get``: the fields at the root."""
    found = state.staff.find(asked.body.get("openUserId"))
    if found is None:
        raise Refusal(EMPLOYEE_UNKNOWN, "employee not found", "员工不存在")
    return _full(state, asked, found)


def users_by_mobile(state: State, asked: Asked) -> dict[str, Any]:
    """Answer ``user/getByMobile``."""
    mobile = asked.body.get("mobile")
    if not isinstance(mobile, str) or not mobile:
        raise illegal_parameter("mobile")
    found = [each for each in state.staff.everybody() if each.mobile == mobile]
    return {"empList": [_short(state, asked, each) for each in found]}


def changed_users(state: State, asked: Asked) -> dict[str, Any]:
    """Answer ``user/get/batchByUpdTime``."""
    start, end = asked.body.get("startTime", 0), asked.body.get("endTime", 2**62)
    size, number = asked.body.get("pageSize", 1000), asked.body.get("pageNumber", 1)
    if not all(type(each) is int for each in (start, end, size, number)):
        raise Refusal(PARAMETER, "startTime, endTime, pageSize and pageNumber must be numbers")
    if not 1 <= size <= 1000 or number < 1:
        raise Refusal(PARAMETER, "pageSize or pageNumber is out of range")
    found = [each for each in state.staff.everybody() if start <= each.updated_ms <= end]
    page = found[(number - 1) * size : number * size]
    return {
        "pageNumber": number,
        "pageCount": -(-len(found) // size),
        "totalCount": len(found),
        "lastChangedTime": max((each.updated_ms for each in found), default=0),
        "employees": [_short(state, asked, each) for each in page],
    }


def list_departments(state: State, asked: Asked) -> dict[str, Any]:
    """Answer ``department/list``."""
    del state
    _department(asked)
    whole = {"id": COMPANY_DEPARTMENT, "name": "全公司", "parentId": 0, "order": 0, "isStop": False}
    sales = {
        "id": _SALES_DEPARTMENT,
        "name": "销售部",
        "parentId": COMPANY_DEPARTMENT,
        "order": 1,
        "isStop": False,
    }
    return {"departments": [whole, sales]}


def send_message(state: State, asked: Asked) -> dict[str, Any]:
    """Answer ``message/send``; the message is stored for assertions, receivers as plain ids."""
    receivers, kind = asked.body.get("toUser"), asked.body.get("msgType")
    if not isinstance(receivers, list) or not receivers:
        raise illegal_parameter("toUser")
    if len(receivers) > _MAX_RECEIVERS:
        raise Refusal(PARAMETER, f"toUser has more than {_MAX_RECEIVERS} receivers")
    if not isinstance(kind, str) or kind not in _MESSAGE_TYPES:
        raise illegal_parameter("msgType")
    if not isinstance(asked.body.get(kind), dict):
        raise illegal_parameter(kind)
    found = [state.staff.find(each) for each in receivers]
    if any(each is None for each in found):
        raise Refusal(EMPLOYEE_UNKNOWN, "toUser has an unknown employee", "员工不存在")
    plain = [each.id for each in found if each is not None]
    state.messages.append({"toUser": plain, "msgType": kind, kind: asked.body[kind]})
    return {}


def _department(asked: Asked) -> None:
    given = asked.body.get("departmentId", asked.data.get("departmentId"))
    if str(given) not in {str(COMPANY_DEPARTMENT), str(_SALES_DEPARTMENT)}:
        raise Refusal(30007, "department not found", "部门不存在")


def _id(state: State, asked: Asked, employee: Employee) -> str:
    open_ids = asked.open_ids or state.options.list_with_open_ids
    return employee.open_id if open_ids else employee.id


def _full(state: State, asked: Asked, employee: Employee) -> dict[str, Any]:
    leader = state.staff.find(employee.leader_id)
    return {
        "openUserId": _id(state, asked, employee),
        "account": employee.email,
        "name": employee.name,
        "nickName": employee.name,
        "isStop": employee.stopped,
        "email": employee.email,
        "mobile": employee.mobile,
        "gender": "",
        "position": "",
        "departmentIds": [_SALES_DEPARTMENT],
        "mainDepartmentId": _SALES_DEPARTMENT,
        "attachingDepartmentIds": [],
        "employeeNumber": employee.id,
        "hireDate": "",
        "createTime": 0,
        "leaderId": _id(state, asked, leader) if leader else "",
    }


def _short(state: State, asked: Asked, employee: Employee) -> dict[str, Any]:
    full = _full(state, asked, employee)
    keys = ("openUserId", "name", "mobile", "email", "departmentIds")
    return {
        **{key: full[key] for key in keys},
        "status": "STOP" if employee.stopped else "NORMAL",
        "mainDepartmentIds": [_SALES_DEPARTMENT],
    }
