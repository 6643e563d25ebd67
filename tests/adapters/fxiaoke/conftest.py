from collections.abc import Iterator
from datetime import UTC, datetime
from random import Random

import pytest
import responses

from adapters.fxiaoke.port import FxiaokePort
from sandbox.clock import SandboxClock
from sandbox.faults import Faults
from sandbox.fxiaoke.options import TenantOptions
from sandbox.fxiaoke.tenant import FxiaokeTenant
from sandbox.journal import Journal
from sandbox.notifier import Notifier
from sandbox.server import Sandbox
from tests.adapters.fxiaoke.gateway import Gateway, Time
from tests.adapters.fxiaoke.tenant import open_on

STYLES = ("header", "body")


@pytest.fixture
def time() -> Time:
    return Time()


@pytest.fixture
def gateway() -> Iterator[Gateway]:
    with responses.RequestsMock(assert_all_requests_are_fired=False) as mock:
        yield Gateway(mock)


@pytest.fixture
def tenant() -> FxiaokeTenant:
    """A provisioned tenant that lives in 2020, to prove that our clock does not matter."""
    clock = SandboxClock(datetime(2020, 3, 31, 2, 0, tzinfo=UTC), frozen=True)
    options = TenantOptions(provisioned=True)
    return FxiaokeTenant(clock, Journal(), Faults(), Notifier(), options, rng=Random(1))


@pytest.fixture
def url(tenant: FxiaokeTenant) -> Iterator[str]:
    sandbox = Sandbox()
    address = sandbox.mount(tenant)
    with sandbox:
        yield address


@pytest.fixture(params=STYLES)
def port(request: pytest.FixtureRequest, tenant: FxiaokeTenant, url: str) -> FxiaokePort:
    return open_on(tenant, url, style=request.param)


@pytest.fixture
def plain(tenant: FxiaokeTenant, url: str) -> FxiaokePort:
    return open_on(tenant, url)
