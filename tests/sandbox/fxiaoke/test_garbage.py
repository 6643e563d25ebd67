"""Whatever a body holds, the gateway answers JSON with a code, and stays consistent."""

from datetime import UTC, datetime
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sandbox.clock import SandboxClock
from sandbox.faults import Faults
from sandbox.fxiaoke import FxiaokeTenant, TenantOptions
from sandbox.fxiaoke.routes import ROUTES
from sandbox.journal import Journal
from sandbox.notifier import Notifier
from tests.sandbox.fxiaoke.caller import Caller

_SCALARS = (
    st.none()
    | st.booleans()
    | st.integers(-(2**40), 2**40)
    | st.sampled_from(["", "AccountObj", "credit_task__c", "name", "EQ", "owner", "1001", "_id"])
)
_ANYTHING = st.recursive(
    _SCALARS,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["name", "owner", "field_name", "limit"]), inner)
    ),
    max_leaves=6,
)
_DATA_KEYS = (
    "dataObjectApiName",
    "search_query_info",
    "object_data",
    "objectDataId",
    "object_data_id",
    "idList",
    "dataIds",
    "Data",
    "details",
    "apiName",
)
_INFO = st.fixed_dictionaries(
    {},
    optional={
        "limit": _ANYTHING,
        "offset": _ANYTHING,
        "filters": st.lists(
            st.fixed_dictionaries(
                {"field_name": _ANYTHING, "operator": _ANYTHING, "field_values": _ANYTHING}
            )
            | _ANYTHING,
            max_size=2,
        ),
        "orders": st.lists(st.fixed_dictionaries({"fieldName": _ANYTHING}) | _ANYTHING, max_size=2),
        "fieldProjection": _ANYTHING,
    },
)
_WRITTEN = st.dictionaries(
    st.sampled_from(["dataObjectApiName", "_id", "name", "owner", "record_type", "terms_days__c"]),
    _ANYTHING,
)
_DATA = st.fixed_dictionaries(
    {"dataObjectApiName": st.sampled_from(["AccountObj", "credit_task__c", "PaymentObj"])},
    optional={
        **dict.fromkeys(_DATA_KEYS[2:], _ANYTHING),
        "search_query_info": _INFO,
        "object_data": _WRITTEN,
        "details": st.dictionaries(st.just("OrderPaymentObj"), _ANYTHING),
    },
)
_ROOT_KEYS = (
    *("returnTotalNum", "departmentId", "openUserId", "mobile", "toUser", "msgType"),
    *("pageSize", "pageNumber", "startTime", "apiName", "text"),
)
_BODIES = st.fixed_dictionaries(
    {"data": _DATA | _ANYTHING}, optional=dict.fromkeys(_ROOT_KEYS, _ANYTHING)
)


def _tenant() -> FxiaokeTenant:
    clock = SandboxClock(datetime(2026, 3, 31, 1, tzinfo=UTC), frozen=True)
    options = TenantOptions(
        provisioned=True, frequency_limit=None, daily_limit=None, token_calls_per_minute=None
    )
    return FxiaokeTenant(clock, Journal(), Faults(), Notifier(), options)


@settings(max_examples=300, deadline=None, suppress_health_check=list(HealthCheck))
@given(path=st.sampled_from(sorted(ROUTES)), body=_BODIES, legacy=st.booleans())
def test_no_body_makes_the_gateway_fall_over(
    path: str, body: dict[str, Any], *, legacy: bool
) -> None:
    tenant = _tenant()
    tenant.put_record("AccountObj", {"name": "客户", "owner": ["1001"]})
    caller = Caller(tenant, legacy=legacy)
    answer = caller.call(path, body)
    assert isinstance(answer["errorCode"], int)
    assert all(record["_id"] for module in tenant.modules() for record in tenant.records(module))
    assert len(tenant.accounts()) == len(tenant.records("AccountObj"))
