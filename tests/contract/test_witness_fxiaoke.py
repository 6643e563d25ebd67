"""An independent witness: the public client ``fxiaoke-python`` reads the sandbox over real HTTP.

The client has its host written into it, so the one thing changed is where that host is found.
"""

from collections.abc import Iterator
from typing import Any

import pytest
import requests
from fxiaoke.api import FxiaokeApi
from fxiaoke.baseObj import baseObj
from requests.adapters import HTTPAdapter

from sandbox.clock import SandboxClock
from sandbox.faults import Faults
from sandbox.fxiaoke import FxiaokeTenant, TenantOptions
from sandbox.journal import Journal
from sandbox.notifier import Notifier
from sandbox.server import Sandbox

_HOST = "https://open.fxiaoke.com"
_ACCOUNTS = 250


class _Detour(HTTPAdapter):
    """Sends what is meant for the platform's host to the sandbox."""

    def __init__(self, address: str) -> None:
        super().__init__()
        self._address = address

    def send(self, request: requests.PreparedRequest, *args: Any, **kwargs: Any) -> Any:
        assert request.url is not None
        request.url = request.url.replace(_HOST, self._address, 1)
        return super().send(request, *args, **kwargs)


@pytest.fixture
def tenant() -> FxiaokeTenant:
    options = TenantOptions(provisioned=True)
    made = FxiaokeTenant(SandboxClock(), Journal(), Faults(), Notifier(), options)
    for number in range(_ACCOUNTS):
        made.put_record("AccountObj", {"name": f"客户{number:03d}", "owner": ["1001"]})
    return made


@pytest.fixture
def client(tenant: FxiaokeTenant) -> Iterator[Any]:
    with Sandbox() as sandbox:
        address = sandbox.mount(tenant)
        sandbox.start()
        known = tenant.credentials()
        api = FxiaokeApi.init(
            app_id=known["app_id"],
            app_secret=known["app_secret"],
            permanent_code=known["permanent_code"],
            open_user_id=known["open_user_id"],
            timeout=10,
        )
        api._session.requests.trust_env = False
        api._session.requests.mount(_HOST, _Detour(address))
        yield baseObj(api)
        api._session.requests.close()


def test_the_witness_pages_through_all_accounts(client: Any, tenant: FxiaokeTenant) -> None:
    cursor = client.query("AccountObj", limit=50)
    names = [record["name"] for record in cursor]

    assert cursor.total() == _ACCOUNTS
    assert sorted(names) == [f"客户{number:03d}" for number in range(_ACCOUNTS)]
    paths = [call.path for call in tenant.journal]
    assert paths.count("/cgi/corpAccessToken/get/V2") == 1
    assert paths.count("/cgi/crm/v2/data/query") == 5


def test_the_witness_filters_orders_and_projects(client: Any) -> None:
    filters = [{"field_name": "name", "field_values": ["客户10"], "operator": "STARTWITH"}]
    orders = [{"fieldName": "name", "isAsc": False}]
    found = client.query("AccountObj", filters, orders, ["name", "owner"])
    records = list(found)

    assert [record["name"] for record in records] == [f"客户{n}" for n in range(109, 99, -1)]
    assert records[0]["owner"][0].startswith("FSUID_")


def test_the_witness_reads_the_describe(client: Any) -> None:
    fields = client.describe("AccountObj")["describe"]["fields"]
    assert fields["name"]["is_required"] is True
    assert fields["credit_limit__c"]["type"] == "currency"


def test_the_witness_creates_and_gets_on_both_kinds_of_object(client: Any) -> None:
    made = client.create({"name": "新客户"}, dataObjectApiName="AccountObj")
    account_id = made["dataId"]
    task = client.create(
        {"name": "逾期跟进", "account__c": account_id, "ext_key__c": "witness"},
        dataObjectApiName="credit_task__c",
    )
    assert client.get(account_id, "AccountObj")["name"] == "新客户"
    found = client.get(task["dataId"], "credit_task__c")
    assert found["account__c__r"] == "新客户"
    assert next(client.query("credit_task__c"))["ext_key__c"] == "witness"


def test_the_witness_understands_a_refusal(client: Any) -> None:
    with pytest.raises(RuntimeError, match="40010"):
        client.create({"colour": "red"}, dataObjectApiName="AccountObj")
