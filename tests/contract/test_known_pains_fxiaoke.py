"""The pains that clients of 纷享销客 are known by (fxiaoke 12), and our answers, in both styles."""

import base64
import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from decimal import Decimal
from typing import Any, cast

import pytest
import sqlalchemy as sa

from adapters.errors import CrmUnavailable, NotPermitted, OutcomeUnknown, RecordInvalid
from adapters.port import CreditField, Cursor, FindingLevel, WriteEffect
from adapters.settings import Secret
from sandbox.faults import FaultKind
from sandbox.fxiaoke.tenant import FxiaokeTenant
from scoring.money import Money
from scoring.records import Account, Kind, Payment
from tests.contract.bench import (
    FXIAOKE,
    FXIAOKE_BODY,
    Bench,
    RunningTime,
    Vendor,
    a_change,
    a_draft,
    open_bench,
    read_all,
)
from tests.contract.crm_port.asking import an_update, ids_of, receipt_of
from tests.contract.spoiling import spoil

QUERY = "/cgi/crm/v2/data/query"
UPDATE = "/cgi/crm/v2/data/update"


@pytest.fixture(params=[FXIAOKE, FXIAOKE_BODY], ids=["header", "body"])
def bench(request: pytest.FixtureRequest) -> Iterator[Bench]:
    vendor: Vendor = request.param
    with open_bench(vendor) as running:
        running.time.clock = running.crm.clock
        yield running


def tenant_of(bench: Bench) -> FxiaokeTenant:
    return cast("FxiaokeTenant", bench.crm)


def sent(bench: Bench, path: str) -> list[dict[str, Any]]:
    return [json.loads(call.request) for call in bench.crm.journal if call.path == path]


def test_pain_offsets_end_at_10_000_and_are_never_used(bench: Bench) -> None:
    added = [bench.add_account() for _ in range(330)]

    assert sorted(ids_of(read_all(bench.open(), Kind.ACCOUNTS))) == sorted(added)
    searches = [body["data"]["search_query_info"] for body in sent(bench, QUERY)]
    assert {search["offset"] for search in searches} == {0}


def test_pain_an_actor_without_rights_sees_fewer_rows_and_the_doctor_counts_them(
    bench: Bench,
) -> None:
    bench.add_account()
    bench.add_account(owner=["1000"])
    seller = bench.open(options={**bench.vendor.options, "user_id": bench.vendor.seller})

    def told(findings: list[Any]) -> str:
        (found,) = [each for each in findings if each.topic == "records"]
        assert found.remedy
        return str(found.message)

    assert "sees 2 records" in told(bench.open().check())
    assert "sees 1 records" in told(seller.check())


def test_pain_the_token_desk_is_asked_by_one_at_a_time(bench: Bench, engine: sa.Engine) -> None:
    bench.engine = engine
    bench.time = RunningTime()
    added = bench.add_account()
    ports = [bench.open() for _ in range(6)]

    with ThreadPoolExecutor(6) as pool:
        pages = list(pool.map(lambda port: port.fetch(Kind.ACCOUNTS, [added]), ports))

    assert [ids_of([page]) for page in pages] == [[added]] * 6
    assert bench.calls(bench.vendor.tokens) == 1


def test_pain_an_error_under_http_200_is_an_error(bench: Bench) -> None:
    spoil(bench, QUERY, lambda told: {**told, "errorCode": -1, "data": None}, times=9)

    with pytest.raises(CrmUnavailable):
        bench.open().changes(Kind.ACCOUNTS, Cursor())


def test_pain_a_code_that_is_in_no_table_costs_its_record_alone(bench: Bench) -> None:
    first, second = bench.add_account(), bench.add_account()
    port = bench.open()
    port.owned_values([first])
    spoil(bench, UPDATE, lambda _: {"errorCode": 987654, "errorMessage": "神秘的错误"})

    refused, written = port.update_fields([an_update(first), an_update(second)])

    assert isinstance(refused, RecordInvalid)
    assert (refused.vendor_code, "神秘的错误" in str(refused)) == ("987654", True)
    receipt_of(written)


def test_pain_amounts_are_texts_and_single_people_are_lists(bench: Bench) -> None:
    account = bench.add_account()
    port = bench.open()
    port.update_fields([an_update(account, limit=Decimal("7.5"), rating="A")])

    (body,) = sent(bench, UPDATE)
    written = body["data"]["object_data"]
    assert (written["credit_limit__c"], written["credit_rating__c"]) == ("7.50", "A")
    (found,) = port.fetch(Kind.ACCOUNTS, [account]).records
    assert isinstance(found, Account)
    assert found.owner_id == bench.vendor.seller


def test_pain_custom_names_differ_by_tenant_and_the_mapping_says_them(bench: Bench) -> None:
    own = {"api_name": "field_x7Kd2__c", "label": "额度", "type": "currency", "decimal_places": 2}
    tenant_of(bench).add_fields("AccountObj", [own])
    mapping = {"credit_fields": {"limit": "field_x7Kd2__c"}}
    account = bench.add_account()
    port = bench.open(mapping=mapping)

    receipt_of(port.update_fields([an_update(account, limit=5)])[0])

    assert bench.account(account)["field_x7Kd2__c"] == "5.00"
    assert port.owned_values([account])[account][CreditField.LIMIT] == 5
    wrong = bench.open(mapping={"credit_fields": {"limit": "field_other__c"}}).check()
    assert any("field_other__c" in each.message and each.remedy for each in wrong)


def test_pain_the_amount_of_a_payment_has_one_of_two_names(bench: Bench) -> None:
    payment = bench.add_payment(bench.add_account(), "12.34")
    port = bench.open()

    (found,) = port.fetch(Kind.PAYMENTS, [payment]).records

    assert isinstance(found, Payment)
    assert found.amount == Money(1234, "CNY")


def test_pain_our_writes_start_no_workflow_and_no_approval(bench: Bench) -> None:
    account = bench.add_account()
    port = bench.open()
    port.update_fields([an_update(account)])
    port.create_tasks([a_draft(account)])

    bodies = sent(bench, UPDATE) + sent(bench, "/cgi/crm/custom/v2/data/create")
    assert len(bodies) == 2
    assert {body["triggerWorkFlow"] for body in bodies} == {False}
    assert {body["triggerApprovalFlow"] for body in bodies} == {False}


def test_pain_an_update_cannot_change_the_owner(bench: Bench) -> None:
    tenant_of(bench).options.strict_owner = True
    draft = a_draft(bench.add_account(), owner_id=bench.vendor.own)
    port = bench.open()
    (created,) = port.create_tasks([draft])
    task_id = receipt_of(created).record_id

    (changed,) = port.change_tasks([a_change(draft, task_id, owner_id=bench.vendor.seller)])

    receipt_of(changed)
    (task,) = bench.tasks()
    assert task["owner"] == ["1001"]


def test_pain_a_locked_record_answers_with_the_code_of_a_timeout(bench: Bench) -> None:
    locked = bench.add_account()
    bench.put(Kind.ACCOUNTS, dict(bench.vendor.locked), locked)

    (outcome,) = bench.open().update_fields([an_update(locked)])

    assert isinstance(outcome, NotPermitted)
    assert (outcome.vendor_code, "unlock" in outcome.user_message) == ("50009", True)


def test_pain_a_write_that_answers_50009_may_have_been_stored_and_is_looked_for(
    bench: Bench,
) -> None:
    draft = a_draft(bench.add_account())
    port = bench.open()
    assert port.enforces_task_key
    spoil(
        bench,
        "/cgi/crm/custom/v2/data/create",
        lambda _: {"errorCode": 50009, "errorMessage": "service timeout"},
    )
    (lost,) = port.create_tasks([draft])
    (again,) = port.create_tasks([draft])

    assert isinstance(lost, OutcomeUnknown)
    assert receipt_of(again).effect is WriteEffect.ADOPTED
    assert len(bench.tasks()) == 1


def test_pain_a_callback_key_of_the_console_is_warned_of(bench: Bench) -> None:
    secrets = bench.vendor.settings(bench.crm, bench.url).secrets
    ours = Secret(base64.b64encode(bytes(range(32))).decode())
    theirs = Secret("abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG=")

    def told(key: Secret) -> list[Any]:
        port = bench.open(secrets={**secrets, "callback_key": key})
        return [each for each in port.check() if each.topic == "callback"]

    assert [each.level for each in told(ours)] in ([], [FindingLevel.OK])
    (warned,) = told(theirs)
    assert warned.level is FindingLevel.WARNING
    assert warned.remedy


def test_pain_a_calling_employee_who_left_is_told_of_and_nothing_is_parked_for_him(
    bench: Bench,
) -> None:
    port = bench.open()
    account = bench.add_account()
    port.owned_values([account])
    staff = tenant_of(bench).state.staff
    own = staff.find(bench.vendor.own)
    assert own is not None
    staff.add(replace(own, stopped=True))

    errors = [each for each in port.check() if each.level is FindingLevel.ERROR]

    assert errors
    assert all(each.remedy for each in errors)


def test_pain_objects_differ_by_licence_and_the_doctor_asks_what_there_is(bench: Bench) -> None:
    tenant_of(bench).store.tables.pop("MatchNoteDetailObj")

    told = [each for each in bench.open().check() if each.level is not FindingLevel.OK]
    without = bench.open(mapping={"allocations": {"object": ""}})

    assert any("MatchNoteDetailObj" in each.message and each.remedy for each in told)
    assert Kind.ALLOCATIONS not in without.kinds
    assert not any("MatchNoteDetailObj" in each.message for each in without.check())


def test_pain_orders_are_read_and_never_written(bench: Bench) -> None:
    account = bench.add_account()
    bench.crm.put_record("SalesOrderObj", {"account_id": account, "order_amount": "9.90"})
    port = bench.open()
    read_all(port, Kind.ORDERS)
    port.update_fields([an_update(account)])
    port.create_tasks([a_draft(account)])

    writes = [
        json.loads(call.request)["data"]["object_data"]["dataObjectApiName"]
        for call in bench.crm.journal
        if call.path.endswith(("/update", "/create"))
    ]
    assert sorted(writes) == ["AccountObj", "credit_task__c"]


def test_pain_people_come_from_the_user_list_where_their_object_is_empty(bench: Bench) -> None:
    assert not tenant_of(bench).options.personnel_visible

    owners = bench.open().changes(Kind.OWNERS, Cursor()).records

    assert {bench.vendor.own, bench.vendor.seller} <= {each.record_id for each in owners}


def test_pain_an_answer_cut_off_after_the_write_is_told_as_unknown(bench: Bench) -> None:
    account = bench.add_account()
    port = bench.open()
    port.owned_values([account])
    bench.fail(bench.vendor.updates, FaultKind.RESET_AFTER)

    (outcome,) = port.update_fields([an_update(account)])

    assert isinstance(outcome, OutcomeUnknown)
    assert port.owned_values([account])[account][CreditField.RATING] == "A"
