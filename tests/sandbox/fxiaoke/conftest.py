"""A tenant whose clock stands still, and callers of it."""

from collections.abc import Iterator
from datetime import UTC, datetime
from random import Random

import pytest

from sandbox.clock import SandboxClock
from sandbox.faults import Faults
from sandbox.fxiaoke import FxiaokeTenant, TenantOptions
from sandbox.journal import Journal
from sandbox.notifier import Notifier
from tests.sandbox.fxiaoke.caller import Caller

NOW = datetime(2026, 3, 31, 1, 0, tzinfo=UTC)


@pytest.fixture
def tenant() -> Iterator[FxiaokeTenant]:
    notifier = Notifier()
    yield FxiaokeTenant(
        SandboxClock(NOW, frozen=True),
        Journal(),
        Faults(),
        notifier,
        TenantOptions(provisioned=True),
        rng=Random(7),
    )
    notifier.stop()


@pytest.fixture
def bare_tenant() -> Iterator[FxiaokeTenant]:
    """Without the credit fields and the task object."""
    notifier = Notifier()
    yield FxiaokeTenant(SandboxClock(NOW, frozen=True), Journal(), Faults(), notifier)
    notifier.stop()


@pytest.fixture
def caller(tenant: FxiaokeTenant) -> Caller:
    return Caller(tenant)


@pytest.fixture
def legacy_caller(tenant: FxiaokeTenant) -> Caller:
    return Caller(tenant, legacy=True)


@pytest.fixture
def account_id(caller: Caller) -> str:
    answer = caller.create("AccountObj", name="示例客户", owner=["1001"])
    return str(answer["dataId"])
