"""Frequency, daily quota, the bought pack, and faults on request."""

from datetime import timedelta

from sandbox.faults import FaultKind, FaultRule
from sandbox.fxiaoke import FxiaokeTenant
from tests.sandbox.fxiaoke.caller import Caller

LIST = "/cgi/crm/v2/object/list"
USERS = "/cgi/user/simpleList"


def _codes(caller: Caller, path: str, times: int) -> list[int]:
    return [caller.call(path, {"departmentId": 999_999})["errorCode"] for _ in range(times)]


def test_a_path_allows_100_calls_in_20_seconds(caller: Caller) -> None:
    assert _codes(caller, LIST, 101) == [0] * 100 + [30004]
    assert _codes(caller, USERS, 1) == [0]  # each path on its own

    caller.tenant.clock.advance(timedelta(seconds=19))
    assert _codes(caller, LIST, 1) == [30004]
    caller.tenant.clock.advance(timedelta(seconds=1))
    assert _codes(caller, LIST, 1) == [0]


def test_the_frequency_limit_can_be_lifted(caller: Caller) -> None:
    caller.tenant.options.frequency_limit = None
    assert set(_codes(caller, LIST, 150)) == {0}


def test_a_clock_set_back_does_not_block(caller: Caller) -> None:
    _codes(caller, LIST, 100)
    caller.tenant.clock.advance(timedelta(days=-1))
    assert _codes(caller, LIST, 1) == [0]


def test_the_daily_quota_begins_anew_at_midnight_in_china(caller: Caller) -> None:
    caller.tenant.options.daily_limit = 3
    assert _codes(caller, LIST, 4) == [0, 0, 0, 30002]
    caller.tenant.clock.advance(timedelta(hours=14, minutes=59))  # 23:59 at GMT+8
    caller.token = None
    assert _codes(caller, LIST, 1) == [30002]
    caller.tenant.clock.advance(timedelta(minutes=1))
    assert _codes(caller, LIST, 1) == [0]


def test_without_a_pack_every_call_is_30003(caller: Caller) -> None:
    caller.tenant.options.pack_bought = False
    assert caller.fetch_token()["errorCode"] == 0
    assert _codes(caller, LIST, 2) == [30003, 30003]


def test_limits_can_be_asked_for_as_faults(caller: Caller, tenant: FxiaokeTenant) -> None:
    tenant.faults.replace(
        [
            FaultRule(match=f"POST {LIST}", kind=FaultKind.RATE_LIMIT, times=1),
            {"match": "POST /cgi/user", "kind": "quota", "times": 1},
        ]
    )
    assert _codes(caller, LIST, 2) == [30004, 0]
    assert _codes(caller, USERS, 2) == [30002, 0]
