"""A message of our APL function: over HTTP to the receiver, into the inbox, to its hint."""

from datetime import UTC, datetime
from random import Random

import pytest
import sqlalchemy as sa

from adapters.events import Hint
from adapters.registry import verifier_for
from adapters.settings import ConnectionSettings, Secret
from connector.store.engine import reading
from connector.store.queue_tables import inbox
from connector.work.inbox import DatabaseInbox, EventSource
from sandbox.clock import SandboxClock
from sandbox.faults import Faults
from sandbox.fxiaoke import FxiaokeTenant
from sandbox.fxiaoke.store import Change
from sandbox.journal import Journal
from sandbox.notifier import Notifier
from scoring.records import Kind
from webhooks.app import create_app

NOW = datetime(2026, 11, 24, 2, tzinfo=UTC)
KEY = "s3cret" * 8


@pytest.fixture
def tenant() -> FxiaokeTenant:
    clock = SandboxClock(NOW, frozen=True)
    tenant = FxiaokeTenant(clock, Journal(), Faults(), Notifier(), rng=Random(1))
    tenant.function.bind("http://127.0.0.1:9/hooks/w0rd", KEY)
    return tenant


def test_a_change_told_by_the_function_is_kept_once_and_names_its_record(
    engine: sa.Engine, tenant: FxiaokeTenant
) -> None:
    settings = ConnectionSettings(name="fx", vendor="fxiaoke", secrets={"apl_key": Secret(KEY)})
    codec = verifier_for(settings, now=lambda: NOW, nonce=lambda: "n")
    source = EventSource(name="fx", codec=codec)
    client = create_app({"w0rd": source}, DatabaseInbox(engine), lambda: NOW).test_client()
    change = Change(event="update", api_name="SalesOrderObj", record_id="o1", at_ms=1)
    body, headers = tenant.function.message(change)

    answers = [client.post("/hooks/w0rd", data=body, headers=headers) for _ in range(2)]
    forged = client.post("/hooks/w0rd", data=body + b" ", headers=headers)

    assert [(each.status_code, each.json) for each in answers] == [(200, {"ok": True})] * 2
    assert forged.status_code == 401
    with reading(engine) as conn:
        (kept,) = conn.execute(sa.select(inbox.c.body)).scalars()
    hints = codec.parse_hints(kept)
    assert hints == (Hint(Kind.INVOICES, ("o1",)), Hint(Kind.ORDERS, ("o1",)))
