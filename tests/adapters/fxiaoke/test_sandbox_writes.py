"""Writing to the look-alike tenant over HTTP, in both styles."""

from datetime import UTC, date, datetime
from decimal import Decimal
from random import Random

import pytest

from adapters.errors import (
    NotPermitted,
    OutcomeUnknown,
    RecordInvalid,
    RecordNotFound,
    Transient,
)
from adapters.fxiaoke.port import FxiaokePort
from adapters.port import (
    CreditField,
    Cursor,
    FieldUpdate,
    FieldValue,
    Receipt,
    WriteEffect,
)
from sandbox.clock import SandboxClock
from sandbox.faults import FaultKind, FaultRule, Faults
from sandbox.fxiaoke.options import TenantOptions
from sandbox.fxiaoke.tenant import FxiaokeTenant
from sandbox.journal import Journal
from sandbox.notifier import Notifier
from sandbox.server import Sandbox
from scoring.records import AccountRef, Kind, Owner
from tests.adapters.fxiaoke.gateway import NOW
from tests.adapters.fxiaoke.tenant import a_change, a_draft, an_account, open_on


def test_credit_fields_are_written_and_read_back(tenant: FxiaokeTenant, port: FxiaokePort) -> None:
    account = an_account(tenant)
    values: dict[CreditField, FieldValue] = {
        CreditField.RATING: "AA",
        CreditField.SCORE: Decimal("81.5"),
        CreditField.CURRENCY: "CNY",
        CreditField.LIMIT: Decimal("200000.00"),
        CreditField.LIMIT_VALID_TO: date(2020, 12, 31),
        CreditField.UTILISATION: Decimal("42.5"),
        CreditField.OLDEST_DAYS: 32,
        CreditField.HOLD: "hold",
        CreditField.WATCH_LEVEL: "attention",
        CreditField.OUTLOOK: "down",
        CreditField.REASONS: "− 逾期\n+ 老客户",
        CreditField.COMPUTED_AT: datetime(2020, 3, 31, 2, tzinfo=UTC),
        CreditField.ASSESSMENT_ID: "as-1",
    }

    (outcome,) = port.update_fields([FieldUpdate(account=AccountRef("fx", account), values=values)])

    assert isinstance(outcome, Receipt)
    stored = port.owned_values([account])[account]
    assert {field: stored[field] for field in values} == values
    assert stored[CreditField.SUMMARY] is None
    cleared = FieldUpdate(
        account=AccountRef("fx", account),
        values={CreditField.REASONS: None, CreditField.LIMIT: None, CreditField.HOLD: None},
    )
    assert isinstance(port.update_fields([cleared])[0], Receipt)
    after = port.owned_values([account])[account]
    assert (after[CreditField.REASONS], after[CreditField.LIMIT]) == (None, None)
    assert after[CreditField.RATING] == "AA"


def test_locked_gone_and_good_accounts_are_judged_one_by_one(
    tenant: FxiaokeTenant, plain: FxiaokePort
) -> None:
    good, locked, gone = (an_account(tenant) for _ in range(3))
    tenant.put_record("AccountObj", {"lock_status": "1"}, locked)
    tenant.remove_record("AccountObj", gone)
    updates = [
        FieldUpdate(account=AccountRef("fx", each), values={CreditField.SCORE: Decimal(50)})
        for each in (locked, gone, good)
    ]

    outcomes = plain.update_fields(updates)

    assert [type(outcome) for outcome in outcomes] == [NotPermitted, RecordNotFound, Receipt]


def a_score(account: str) -> FieldUpdate:
    values: dict[CreditField, FieldValue] = {CreditField.SCORE: Decimal(50)}
    return FieldUpdate(account=AccountRef("fx", account), values=values)


def test_a_locked_account_may_be_unlocked_for_the_moment_and_is_locked_again(
    tenant: FxiaokeTenant, url: str
) -> None:
    account = an_account(tenant)
    tenant.put_record("AccountObj", {"lock_status": "1"}, account)
    port = open_on(tenant, url, unlock=True)

    assert isinstance(port.update_fields([a_score(account)])[0], Receipt)

    (row,) = tenant.records("AccountObj")
    assert (row["credit_score__c"], row["lock_status"]) == ("50.00", "1")
    bad = FieldUpdate(account=AccountRef("fx", account), values={CreditField.SUMMARY: "x"})
    tenant.faults.add(
        FaultRule(match="POST /cgi/crm/v2/object/lock", kind=FaultKind.ERROR_503, times=1)
    )
    tenant.put_record("AccountObj", {"life_status": "in_change"}, account)

    outcome = port.update_fields([bad])[0]

    assert isinstance(outcome, Transient)  # an approval is under way
    assert tenant.records("AccountObj")[0]["lock_status"] == "1"


def test_a_record_that_may_have_been_unlocked_is_locked_again(
    tenant: FxiaokeTenant, url: str
) -> None:
    account = an_account(tenant)
    tenant.put_record("AccountObj", {"lock_status": "1"}, account)
    lost = FaultRule(match="POST /cgi/crm/v2/object/unlock", kind=FaultKind.RESET_AFTER, times=1)
    tenant.faults.add(lost)

    outcome = open_on(tenant, url, unlock=True).update_fields([a_score(account)])[0]

    assert isinstance(outcome, OutcomeUnknown)
    (row,) = tenant.records("AccountObj")
    assert (row.get("credit_score__c"), row["lock_status"]) == (None, "1")


def test_a_lock_that_cannot_be_put_back_is_logged(
    tenant: FxiaokeTenant, url: str, caplog: pytest.LogCaptureFixture
) -> None:
    account = an_account(tenant)
    tenant.put_record("AccountObj", {"lock_status": "1"}, account)
    broken = FaultRule(match="POST /cgi/crm/v2/object/lock", kind=FaultKind.ERROR_503, times=9)
    tenant.faults.add(broken)

    outcome = open_on(tenant, url, unlock=True).update_fields([a_score(account)])[0]

    assert isinstance(outcome, Receipt)
    assert f"AccountObj {account} could not be locked again" in caplog.text


def test_a_record_in_an_approval_is_tried_later_and_one_in_a_pool_waits_for_a_person(
    tenant: FxiaokeTenant, plain: FxiaokePort
) -> None:
    tenant.options.pool_refuses_edits = True
    reviewed, pooled, good = (an_account(tenant) for _ in range(3))
    tenant.put_record("AccountObj", {"life_status": "under_review"}, reviewed)
    tenant.put_record("AccountObj", {"high_seas_id": "0" * 24}, pooled)

    outcomes = plain.update_fields([a_score(each) for each in (reviewed, pooled, good)])

    assert [type(outcome) for outcome in outcomes] == [Transient, NotPermitted, Receipt]


def test_a_locked_task_is_written_all_the_same(tenant: FxiaokeTenant, plain: FxiaokePort) -> None:
    draft = a_draft(an_account(tenant))
    created = plain.create_tasks([draft])[0]
    assert isinstance(created, Receipt)
    tenant.put_record("credit_task__c", {"lock_status": "1"}, created.record_id)

    change = a_change(draft, created.record_id, subject="第二次")

    assert isinstance(plain.change_tasks([change])[0], Receipt)
    assert tenant.records("credit_task__c")[0]["name"] == "第二次"


def test_a_task_lives_its_whole_life(tenant: FxiaokeTenant, port: FxiaokePort) -> None:
    account = an_account(tenant)
    (sales,) = (
        owner.record_id
        for owner in port.changes(Kind.OWNERS, Cursor()).records
        if isinstance(owner, Owner) and owner.name == "李销售"
    )
    draft = a_draft(account, owner_id=sales)
    (created,) = port.create_tasks([draft])
    assert isinstance(created, Receipt)
    assert created.effect is WriteEffect.CREATED
    assert [message["toUser"] for message in tenant.messages] == [["1001"]]

    (again,) = port.create_tasks([draft])
    assert again == Receipt(effect=WriteEffect.ADOPTED, record_id=created.record_id)

    change = a_change(draft, created.record_id, level=2, subject="再次跟进")
    assert isinstance(port.change_tasks([change])[0], Receipt)
    assert port.find_tasks(["k1"])["k1"].subject == "再次跟进"

    closing = a_change(draft, created.record_id, closed=True, body="已付清")
    assert isinstance(port.change_tasks([closing])[0], Receipt)
    assert port.find_tasks(["k1", "k9"])["k1"].closed
    (task,) = tenant.records("credit_task__c")
    assert (task["status__c"], task["result__c"], task["owner"]) == ("done", "已付清", ["1001"])
    assert len(tenant.messages) == 1


def test_a_task_follows_its_new_owner(tenant: FxiaokeTenant, plain: FxiaokePort) -> None:
    draft = a_draft(an_account(tenant), owner_id="1001")
    (created,) = plain.create_tasks([draft])
    assert isinstance(created, Receipt)

    plain.change_tasks([a_change(draft, created.record_id, owner_id="1000")])

    assert tenant.records("credit_task__c")[0]["owner"] == ["1000"]


@pytest.mark.parametrize("unique", [True, False])
def test_a_task_exists_once_per_key_with_and_without_the_unique_rule(unique: bool) -> None:  # noqa: FBT001
    clock = SandboxClock(NOW, frozen=True)
    options = TenantOptions(provisioned=True, unique_task_key=unique, omit_custom_data_id=True)
    tenant = FxiaokeTenant(clock, Journal(), Faults(), Notifier(), options, rng=Random(1))
    sandbox = Sandbox()
    address = sandbox.mount(tenant)
    with sandbox:
        port = open_on(tenant, address)
        account = an_account(tenant)
        for _ in range(2):
            port.create_tasks([a_draft(account, "k1"), a_draft(account, "k2")])

        assert port.enforces_task_key is unique
        assert len(tenant.records("credit_task__c")) == 2


def test_an_answer_lost_after_the_commit_is_an_unknown_outcome(
    tenant: FxiaokeTenant, plain: FxiaokePort
) -> None:
    account = an_account(tenant)
    path = "POST /cgi/crm/custom/v2/data/create"
    tenant.faults.add(FaultRule(match=path, kind=FaultKind.RESET_AFTER, times=1))

    (lost,) = plain.create_tasks([a_draft(account)])
    (again,) = plain.create_tasks([a_draft(account)])

    assert isinstance(lost, OutcomeUnknown)
    assert isinstance(again, Receipt)
    assert again.effect is WriteEffect.ADOPTED
    assert len(tenant.records("credit_task__c")) == 1


def test_without_the_task_object_a_task_waits_with_the_remedy() -> None:
    crm = FxiaokeTenant(SandboxClock(), Journal(), Faults(), Notifier(), TenantOptions())
    sandbox = Sandbox()
    url = sandbox.mount(crm)
    with sandbox:
        port = open_on(crm, url)

        with pytest.raises(RecordInvalid, match="credit_task__c: see `zixin provision`"):
            port.create_tasks([a_draft(an_account(crm))])


NATIVE = {"tasks": {"native_id": "native_task_id__c"}}


def test_the_tenants_function_makes_a_native_task_and_cancels_it(
    tenant: FxiaokeTenant, url: str
) -> None:
    tenant.options.native_task_function = True
    account = an_account(tenant)
    draft = a_draft(account, owner_id="1001")
    port = open_on(tenant, url, mapping=NATIVE)

    created = port.create_tasks([draft])[0]

    assert isinstance(created, Receipt)
    (native,) = tenant.native_tasks
    assert tenant.records("credit_task__c")[0]["native_task_id__c"] == native["taskId"]
    assert (native["executeUsers"], native["cancelled"]) == (["1001"], False)
    assert {"object_api_name": "AccountObj", "id": account} in native["objects"]
    assert port.change_tasks([a_change(draft, created.record_id, closed=True)])
    assert native["cancelled"]


def test_without_its_field_no_workflow_runs_on_a_task(
    tenant: FxiaokeTenant, plain: FxiaokePort
) -> None:
    tenant.options.native_task_function = True

    plain.create_tasks([a_draft(an_account(tenant))])

    assert tenant.native_tasks == []


def test_the_doctor_tells_when_the_function_is_not_bound(tenant: FxiaokeTenant, url: str) -> None:
    port = open_on(tenant, url, mapping=NATIVE)
    port.create_tasks([a_draft(an_account(tenant))])

    told = [each for each in port.check() if "--apl" in each.remedy]
    assert [each.topic for each in told] == ["tasks"]

    tenant.options.native_task_function = True
    port.create_tasks([a_draft(an_account(tenant), key="k2")])
    assert not [each for each in port.check() if "--apl" in each.remedy]
