"""The connection to the look-alike tenant: faults, tokens, checklist, callbacks."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from random import Random

import pytest

from adapters.errors import (
    CredentialsRejected,
    QuotaExhausted,
)
from adapters.events import Hint
from adapters.fxiaoke.events import FxiaokeVerifier
from adapters.fxiaoke.names import FxiaokeMapping
from adapters.fxiaoke.port import FxiaokePort
from adapters.port import (
    CreditField,
    Cursor,
    FieldUpdate,
    FieldValue,
    FindingLevel,
    Receipt,
)
from adapters.settings import Secret
from sandbox.faults import FaultKind, FaultRule, Faults
from sandbox.fxiaoke.options import TenantOptions
from sandbox.fxiaoke.store import Change
from sandbox.fxiaoke.tenant import FxiaokeTenant
from sandbox.journal import Journal
from sandbox.notifier import Notifier
from sandbox.server import Sandbox
from scoring.records import Account, AccountRef, Kind
from tests.adapters.fxiaoke.gateway import a_port, some_settings
from tests.adapters.fxiaoke.tenant import a_draft, an_account, open_on

KEY = "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY="


@pytest.mark.parametrize(
    "kind",
    [
        FaultKind.ERROR_500,
        FaultKind.ERROR_502_HTML,
        FaultKind.HTML_200,
        FaultKind.RESET_BEFORE,
        FaultKind.RESET_AFTER,
        FaultKind.TRUNCATED_JSON,
        FaultKind.RATE_LIMIT,
    ],
)
def test_a_read_survives_a_passing_fault(
    tenant: FxiaokeTenant, plain: FxiaokePort, kind: FaultKind
) -> None:
    an_account(tenant)
    tenant.faults.add(FaultRule(match="POST /cgi/crm/v2/data/query", kind=kind, times=2))

    assert len(plain.changes(Kind.ACCOUNTS, Cursor()).records) == 1


def test_a_used_up_day_is_told(tenant: FxiaokeTenant, plain: FxiaokePort) -> None:
    tenant.faults.add(FaultRule(match="POST /cgi/crm", kind=FaultKind.QUOTA))

    with pytest.raises(QuotaExhausted) as caught:
        plain.changes(Kind.ACCOUNTS, Cursor())
    assert caught.value.retry_at == datetime(2026, 11, 24, 16, 0, tzinfo=UTC)


def test_a_token_that_died_early_is_replaced(tenant: FxiaokeTenant, plain: FxiaokePort) -> None:
    plain.changes(Kind.ACCOUNTS, Cursor())
    tenant.clock.advance(timedelta(hours=3))

    assert plain.changes(Kind.ACCOUNTS, Cursor()).finished


def test_a_wrong_secret_is_told_without_being_shown(tenant: FxiaokeTenant, url: str) -> None:
    secrets = {name: Secret("wr0ng-secret") for name in ("app_id", "app_secret", "permanent_code")}
    port = a_port(settings=some_settings(base_url=url, secrets=secrets))

    with pytest.raises(CredentialsRejected) as caught:
        port.changes(Kind.ACCOUNTS, Cursor())

    assert "wr0ng" not in f"{caught.value!r}{caught.value}"
    assert [finding.topic for finding in port.check()] == ["credentials"]


def test_following_the_checklist_makes_the_doctor_content(url: str, tenant: FxiaokeTenant) -> None:
    options = TenantOptions(generated_option_values=True)
    bare = FxiaokeTenant(tenant.clock, Journal(), Faults(), Notifier(), options, rng=Random(1))
    sandbox = Sandbox()
    address = sandbox.mount(bare)
    with sandbox:
        port = open_on(bare, address)
        steps = port.provision(dry_run=False)
        for step in steps:
            described: dict[str, object] = {
                "api_name": step.api_name,
                "label": step.label,
                "type": step.type,
                "options": list(step.options),
            }
            bare.add_fields(step.target, [described])
        port = open_on(bare, address)
        complaints = [each.topic for each in port.check() if each.level is not FindingLevel.OK]
        again = {step.state for step in port.provision(dry_run=True)}
        account = an_account(bare)
        values: dict[CreditField, FieldValue] = {
            CreditField.RATING: "BBB",
            CreditField.HOLD: "stop",
        }
        update = FieldUpdate(account=AccountRef("fx", account), values=values)
        outcome = port.update_fields([update])[0]
        stored = port.owned_values([account])[account]
        created = port.create_tasks([a_draft(account)])[0]

    assert {step.state for step in steps} == {"by_hand"}
    assert set(complaints) <= {"callback", "clock", "employees", "fields", "records"}
    assert again == {"exists"}
    assert isinstance(outcome, Receipt)
    assert {field: stored[field] for field in values} == values
    assert isinstance(created, Receipt)


def test_the_tenants_callbacks_are_verified_and_name_the_record(tenant: FxiaokeTenant) -> None:
    tenant.set_callback("http://127.0.0.1:9/hooks/x", KEY)
    verifier = a_verifier(tenant.clock.now)
    change = Change(event="invalid", api_name="AccountObj", record_id="a1", at_ms=1)
    body = tenant.callbacks.body(change)

    verified = verifier.verify({}, body)

    assert tenant.callbacks.accepts(200, verified.answer or b"", KEY)
    assert verifier.parse_hints(body) == (Hint(Kind.ACCOUNTS, ("a1",)),)


def a_verifier(now: Callable[[], datetime]) -> FxiaokeVerifier:
    return FxiaokeVerifier(
        [KEY],
        mapping=FxiaokeMapping(),
        now=now,
        nonce=lambda: "123456",
        enterprise_account="acme001",
    )


def test_calls_are_counted(tenant: FxiaokeTenant, plain: FxiaokePort) -> None:
    plain.changes(Kind.ACCOUNTS, Cursor())

    assert plain.usage().calls == len(list(tenant.journal))
    assert plain.usage().credits == plain.usage().calls


def test_owners_and_employees_meet_under_one_form_of_id_or_the_doctor_says_so(
    tenant: FxiaokeTenant, url: str
) -> None:
    tenant.options.list_with_open_ids = True
    account = an_account(tenant)
    plain, converting = open_on(tenant, url), open_on(tenant, url, convert_user_id=True)

    (told,) = (each for each in plain.check() if "options.convert_user_id" in each.remedy)
    assert (told.topic, told.level) == ("employees", FindingLevel.WARNING)
    assert not [each for each in converting.check() if "convert_user_id" in each.remedy]

    owners = {each.record_id for each in converting.changes(Kind.OWNERS, Cursor()).records}
    (read,) = converting.fetch(Kind.ACCOUNTS, [account]).records
    assert isinstance(read, Account)
    assert read.owner_id in owners
    created = converting.create_tasks([a_draft(account, owner_id=read.owner_id)])[0]
    assert isinstance(created, Receipt)
    assert tenant.records("credit_task__c")[0]["owner"] == ["1001"]
    assert tenant.messages[0]["toUser"] == ["1001"]
