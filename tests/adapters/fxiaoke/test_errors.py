"""Every code the client must act on, walked for a read and for a write."""

from datetime import UTC, datetime, timedelta

import pytest

from adapters.errors import (
    ContractBroken,
    CredentialsRejected,
    CrmError,
    CrmUnavailable,
    NotPermitted,
    OutcomeUnknown,
    QuotaExhausted,
    RateLimited,
    RecordConflict,
    RecordInvalid,
    RecordNotFound,
    Refused,
    Transient,
)
from adapters.fxiaoke.errors import Refusal, quota_reset, to_error

NOW = datetime(2026, 11, 24, 2, 0, tzinfo=UTC)

# code, text, error of a read, error of a write
TABLE: list[tuple[int, str, type[CrmError], type[CrmError]]] = [
    (
        20016,
        "the cropId,cropAccessToken or authorization is error",
        CredentialsRejected,
        CredentialsRejected,
    ),
    (20017, "corpAccessToken is required", CredentialsRejected, CredentialsRejected),
    (20005, "appId", CredentialsRejected, CredentialsRejected),
    (20006, "appSecret", CredentialsRejected, CredentialsRejected),
    (20015, "permanentCode", CredentialsRejected, CredentialsRejected),
    (15003, "no permission", CredentialsRejected, CredentialsRejected),
    (20020, "stopped", CredentialsRejected, CredentialsRejected),
    (20021, "", CredentialsRejected, CredentialsRejected),
    (20022, "", CredentialsRejected, CredentialsRejected),
    (20023, "", CredentialsRejected, CredentialsRejected),
    (30003, "no pack", CredentialsRejected, CredentialsRejected),
    (
        77777,
        "the source ip[10.0.0.1] is not in the ip white list",
        CredentialsRejected,
        CredentialsRejected,
    ),
    (20010, "", NotPermitted, NotPermitted),
    (20012, "openUserId", NotPermitted, NotPermitted),
    (20014, "", NotPermitted, NotPermitted),
    (30004, "frequency", RateLimited, RateLimited),
    (14001, "frequency", RateLimited, RateLimited),
    (30002, "quota", QuotaExhausted, QuotaExhausted),
    (-1, "busy", CrmUnavailable, OutcomeUnknown),
    (-2, "system error", CrmUnavailable, OutcomeUnknown),
    (50009, "timeout", CrmUnavailable, OutcomeUnknown),
    (50009, "不能进行[编辑]操作，以下这些数据已被锁定。", NotPermitted, NotPermitted),
    (10013, "offset 不能超过10000", ContractBroken, ContractBroken),
    (10006, "the request uri /x is not exists", ContractBroken, ContractBroken),
    (10006, "the parameter apiName is missing or illegal", ContractBroken, ContractBroken),
    (10006, "the parameter name is missing or illegal", ContractBroken, RecordInvalid),
    (11009, "departmentId", ContractBroken, RecordInvalid),
    (15002, "parameter", ContractBroken, RecordInvalid),
    (32000, "parameter", ContractBroken, RecordInvalid),
    (12004, "empty body", ContractBroken, RecordInvalid),
    (30007, "department not found", RecordInvalid, RecordInvalid),
    (30027, "employee not found", RecordInvalid, RecordInvalid),
    (40010, "数据已被锁定", NotPermitted, NotPermitted),
    (40010, "数据正在审批中，不能进行[编辑]操作", Refused, Transient),
    (40010, "公海中的客户不能更换负责人", NotPermitted, NotPermitted),
    (40010, "无此操作的数据权限", NotPermitted, NotPermitted),
    (40010, "字段[外部键]的值重复，已存在相同的数据", RecordConflict, RecordConflict),
    (40010, "数据不存在或已删除", RecordNotFound, RecordNotFound),
    (40010, "必填字段[客户]不能为空", Refused, RecordInvalid),
    (99999, "", Refused, RecordInvalid),
]


def a_refusal(code: int, message: str = "", *, wrote: bool = False) -> Refusal:
    return Refusal(
        code=code,
        message=message,
        trace_id="E-O.acme001.1000-1",
        system="fx",
        operation="query AccountObj",
        wrote=wrote,
    )


@pytest.mark.parametrize(("code", "message", "reading", "writing"), TABLE)
def test_each_code_has_its_error(
    code: int, message: str, reading: type[CrmError], writing: type[CrmError]
) -> None:
    read = to_error(a_refusal(code, message), now=NOW, jitter=0.0)
    written = to_error(a_refusal(code, message, wrote=True), now=NOW, jitter=0.0)

    assert (type(read), type(written)) == (reading, writing)
    assert (read.vendor_code, read.request_id) == (str(code), "E-O.acme001.1000-1")


def test_a_throttled_call_may_be_repeated_after_twenty_seconds_and_a_bit() -> None:
    error = to_error(a_refusal(30004), now=NOW, jitter=0.5)

    assert isinstance(error, RateLimited)
    assert error.retry_at == NOW + timedelta(seconds=20.5)


def test_the_quota_begins_anew_at_midnight_in_china() -> None:
    assert quota_reset(NOW) == datetime(2026, 11, 24, 16, 0, tzinfo=UTC)
    assert quota_reset(datetime(2026, 11, 24, 16, 0, tzinfo=UTC)).day == 25


def test_a_long_vendor_text_is_cut_and_made_printable() -> None:
    error = to_error(a_refusal(40010, "a\x00\n" + "b" * 5_000), now=NOW, jitter=0.0)

    assert len(error.user_message) < 260
    assert error.user_message.isprintable()
