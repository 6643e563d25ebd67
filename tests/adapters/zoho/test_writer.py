"""What is sent to Zoho, and what is made of its answers."""

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest

from adapters.errors import (
    ContractBroken,
    CrmUnavailable,
    NotPermitted,
    OutcomeUnknown,
    RecordConflict,
    RecordInvalid,
)
from adapters.port import CreditField, FieldUpdate, FieldValue, Receipt, WriteEffect
from adapters.zoho.fields import decode, encode
from adapters.zoho.metadata import Choice, FieldMeta
from sandbox.faults import FaultKind
from sandbox.zoho import ZohoOrg
from scoring.records import AccountRef, Kind
from tests.adapters.zoho.answers import API, CannedZoho, a_field, a_port
from tests.contract.bench import Bench, a_change, a_draft, read_all

AN_ID = "5000000000000101"


def an_update(account_id: str, **values: FieldValue) -> FieldUpdate:
    return FieldUpdate(
        account=AccountRef("acme", account_id),
        values={CreditField(name): value for name, value in (values or {"rating": "A"}).items()},
    )


def a_success(record_id: str) -> dict[str, Any]:
    return {"code": "SUCCESS", "status": "success", "details": {"id": record_id}}


@pytest.fixture
def rated(zoho: CannedZoho) -> CannedZoho:
    zoho.fields(
        "Accounts",
        a_field("Credit_Rating", "picklist", options=["A", "B"]),
        a_field("Credit_Limit", "currency", decimal_place=2),
    )
    return zoho


def test_an_update_runs_no_workflow_and_keeps_every_digit(rated: CannedZoho) -> None:
    rated.on("PUT", "Accounts", (200, {"data": [a_success(AN_ID)]}))

    a_port(rated).update_fields([an_update(AN_ID, limit=Decimal("12345678901.255"))])

    body = rated.mock.calls[-1].request.body
    assert body == (
        b'{"data":[{"id":"5000000000000101","Credit_Limit":12345678901.26}],"trigger":[]}'
    )


def test_workflows_run_where_the_customer_wants_them(rated: CannedZoho) -> None:
    rated.on("PUT", "Accounts", (200, {"data": [a_success(AN_ID)]}))

    a_port(rated, options={"run_workflows": True}).update_fields([an_update(AN_ID)])

    assert "trigger" not in rated.asked[-1][1]


def test_a_field_that_is_not_there_is_not_sent(rated: CannedZoho) -> None:
    (outcome,) = a_port(rated).update_fields([an_update(AN_ID, score=Decimal("81.5"))])

    assert isinstance(outcome, RecordInvalid)
    assert outcome.fields == {"score": "no field Credit_Score: run `zixin provision`"}
    assert rated.asked == []


def test_a_field_that_appeared_meanwhile_is_seen(bench: Bench) -> None:
    port = bench.open()
    account = bench.add_account()
    crm = bench.crm
    assert isinstance(crm, ZohoOrg)
    kept = crm.state.modules["Accounts"].fields.pop("Credit_Rating")
    (missing,) = port.update_fields([an_update(account)])
    crm.state.modules["Accounts"].fields["Credit_Rating"] = kept
    bench.time.sleep(31)
    (written,) = port.update_fields([an_update(account)])

    assert isinstance(missing, RecordInvalid)
    assert isinstance(written, Receipt)


def test_a_refusal_of_the_whole_call_is_narrowed_to_its_record(rated: CannedZoho) -> None:
    refused = (400, {"code": "INVALID_DATA", "details": {"api_name": "data"}})
    well = (200, {"data": [a_success("1")]})
    rated.on("PUT", "Accounts", refused, well, refused)

    outcomes = a_port(rated).update_fields([an_update("1"), an_update("2")])

    assert [type(each) for each in outcomes] == [Receipt, RecordInvalid]
    assert [len(body["data"]) for path, body in rated.asked] == [2, 1, 1]


def test_a_missing_right_stops_the_batches_that_follow(rated: CannedZoho) -> None:
    rated.on("PUT", "Accounts", (403, {"code": "NO_PERMISSION", "details": {}}))

    outcomes = a_port(rated).update_fields([an_update(str(n)) for n in range(1, 251)])

    assert {type(each) for each in outcomes} == {NotPermitted}
    assert len(outcomes) == 250
    assert len(rated.asked) == 1


def test_what_was_not_sent_is_not_in_doubt(rated: CannedZoho) -> None:
    rated.on("PUT", "Accounts", (502, "<html>"))

    outcomes = a_port(rated).update_fields([an_update(str(n)) for n in range(1, 131)])

    assert {type(each) for each in outcomes[:100]} == {OutcomeUnknown}
    assert {type(each) for each in outcomes[100:]} == {CrmUnavailable}
    assert len(rated.asked) == 1


def test_without_metadata_nothing_is_sent(zoho: CannedZoho) -> None:
    zoho.mock.get(f"{API}/crm/v8/settings/fields", status=500)

    outcomes = a_port(zoho).update_fields([an_update("1"), an_update("2")])

    assert [type(each) for each in outcomes] == [CrmUnavailable, CrmUnavailable]


def test_two_hundred_and_fifty_updates_are_three_calls_and_25_credits(bench: Bench) -> None:
    ids = [bench.add_account() for _ in range(250)]
    port = bench.open()
    port.owned_values(ids[:1])
    before = port.usage()

    outcomes = port.update_fields([an_update(each) for each in ids])

    assert [each.record_id for each in outcomes if isinstance(each, Receipt)] == ids
    assert port.usage().calls - before.calls == 3
    assert port.usage().credits - before.credits == 25
    crm = bench.crm
    assert isinstance(crm, ZohoOrg)
    assert [run for run in crm.workflow_runs() if run.operation == "update"] == []


def test_a_result_that_is_missing_leaves_its_batch_in_doubt(bench: Bench) -> None:
    """Which record the missing result was of cannot be told."""
    accounts = [bench.add_account(Account_Name=name) for name in ("A", "B", "C")]
    port = bench.open()
    port.owned_values(accounts)
    bench.fail(bench.vendor.updates, FaultKind.MISSING_ENTRY)

    outcomes = port.update_fields([an_update(account) for account in accounts])

    assert [type(outcome) for outcome in outcomes] == [OutcomeUnknown] * 3


def test_a_receipt_has_zohos_stamp(bench: Bench) -> None:
    (outcome,) = bench.open().update_fields([an_update(bench.add_account())])

    assert isinstance(outcome, Receipt)
    assert outcome.modified_at == bench.crm.clock.now()


class TestTasks:
    """Tasks of the standard module."""

    def test_an_inactive_or_unknown_owner_is_replaced(self, bench: Bench) -> None:
        owners = read_all(bench.open(), Kind.OWNERS)[0].records
        default = owners[-1].record_id
        account = bench.add_account()
        bench.open(default_owner=default).create_tasks([a_draft(account, "a", owner_id="999")])
        bench.open().create_tasks([a_draft(account, "b", owner_id="999")])
        bench.open().create_tasks([a_draft(account, "c", owner_id=default)])

        by_key = {str(task["Credit_Ref"]): task["Owner"] for task in bench.tasks()}
        ids = {key: owner["id"] for key, owner in by_key.items() if isinstance(owner, dict)}
        assert ids["a"] == default
        assert ids["b"] in {owner.record_id for owner in owners}
        assert ids["c"] == default

    def test_a_task_leads_to_its_account(self, bench: Bench) -> None:
        account = bench.add_account()
        bench.open().create_tasks([a_draft(account, subject="x" * 300)])

        (task,) = bench.tasks()
        lookup = task["What_Id"]
        assert isinstance(lookup, dict)
        assert lookup["id"] == account
        assert len(str(task["Subject"])) == 255
        assert task["Priority"] == "High"
        assert task["Due_Date"] == "2026-11-25"

    def test_an_open_task_keeps_the_status_its_owner_gave_it(self, bench: Bench) -> None:
        port = bench.open()
        draft = a_draft(bench.add_account())
        (created,) = port.create_tasks([draft])
        assert isinstance(created, Receipt)
        bench.crm.put_record("Tasks", {"Status": "In Progress"}, created.record_id)
        port.change_tasks([a_change(draft, created.record_id, subject="新")])

        (task,) = bench.tasks()
        assert (task["Status"], task["Subject"]) == ("In Progress", "新")

    def test_a_key_that_another_task_holds_is_a_conflict(self, zoho: CannedZoho) -> None:
        zoho.fields("Tasks", a_field("Credit_Ref", unique={"casesensitive": "false"}))
        users = {"users": [{"id": "7", "status": "active"}], "info": {"more_records": False}}
        zoho.mock.get(f"{API}/crm/v8/users", json=users)
        duplicate = {"api_name": "Credit_Ref", "duplicate_record": {"id": "77"}}
        item = {"code": "DUPLICATE_DATA", "status": "error", "details": duplicate}
        zoho.on("POST", "Tasks", (400, {"data": [item]}))
        zoho.on("POST", "coql", (204, ""))

        (outcome,) = a_port(zoho).create_tasks([a_draft(AN_ID)])

        assert isinstance(outcome, RecordConflict)
        assert outcome.duplicate_id == "77"

    def test_without_its_key_no_task_is_sent(self, zoho: CannedZoho) -> None:
        zoho.fields("Tasks", a_field("Subject"))

        (outcome,) = a_port(zoho).create_tasks([a_draft(AN_ID)])

        assert isinstance(outcome, RecordInvalid)
        assert not a_port(zoho).enforces_task_key
        assert zoho.asked == []

    def test_of_one_key_in_a_hundred_tasks_one_is_new(self, bench: Bench) -> None:
        port = bench.open()
        account = bench.add_account()
        drafts = [a_draft(account, f"k{number}") for number in range(120)]
        bench.fail("POST /crm/v8/Tasks", FaultKind.RESET_AFTER)
        first = port.create_tasks(drafts)
        second = port.create_tasks(drafts)

        assert [type(each) for each in first[:100]] == [OutcomeUnknown] * 100
        effects = [each.effect for each in second if isinstance(each, Receipt)]
        assert effects == [WriteEffect.ADOPTED] * 100 + [WriteEffect.CREATED] * 20
        assert len(bench.tasks()) == 120
        assert len(port.find_tasks([draft.key for draft in drafts])) == 120


_PICKLIST = FieldMeta(
    api_name="X",
    data_type="picklist",
    pick_list_values=[
        Choice(display_value="甲", actual_value="A"),
        Choice(display_value="B", actual_value="B", type="unused"),
    ],
)


@pytest.mark.parametrize(
    ("value", "field", "expected"),
    [
        (Decimal("1.005"), FieldMeta(api_name="X", data_type="currency", decimal_place=2), "1.01"),
        (Decimal("1.005"), FieldMeta(api_name="X", data_type="double", decimal_place=1), "1.0"),
        (7, FieldMeta(api_name="X", data_type="integer"), "7"),
        (date(2026, 1, 2), FieldMeta(api_name="X", data_type="date"), "2026-01-02"),
        (datetime(2026, 1, 2, 3, 4, 5, 6, tzinfo=UTC),
         FieldMeta(api_name="X", data_type="datetime"), "2026-01-02T03:04:05+00:00"),
        (True, FieldMeta(api_name="X", data_type="boolean"), "True"),
        (None, _PICKLIST, "None"),
        ("A", _PICKLIST, "A"),
        ("甲", _PICKLIST, "A"),
        ("one", _PICKLIST, "A"),
    ],
)  # fmt: skip
def test_a_value_is_written_as_its_field_takes_it(
    value: FieldValue, field: FieldMeta, expected: str
) -> None:
    assert str(encode(value, field, {"one": "A"})) == expected


@pytest.mark.parametrize(
    ("value", "field", "told"),
    [
        ("B", _PICKLIST, "allowed are: A"),
        ("long", FieldMeta(api_name="X", data_type="text", length=3), "4 characters"),
        (5, FieldMeta(api_name="X", data_type="date"), "cannot hold a value of type int"),
        (date(2026, 1, 2), FieldMeta(api_name="X", data_type="datetime"), "cannot hold"),
        ("x", FieldMeta(api_name="X", data_type="text", read_only=True), "may not change"),
        (True, FieldMeta(api_name="X", data_type="integer"), "cannot hold"),
    ],
)
def test_a_value_its_field_cannot_hold_is_refused(
    value: FieldValue, field: FieldMeta, told: str
) -> None:
    with pytest.raises(ValueError, match=told):
        encode(value, field, {})


@pytest.mark.parametrize(
    ("value", "credit", "expected"),
    [
        (Decimal("1.50"), CreditField.LIMIT, Decimal("1.5")),
        (3, CreditField.OLDEST_DAYS, 3),
        ("3.5", CreditField.OLDEST_DAYS, Decimal("3.5")),
        ("2026-01-02", CreditField.DATA_AS_OF, date(2026, 1, 2)),
        ("2026-01-02T11:04:05+08:00", CreditField.COMPUTED_AT,
         datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)),
        ("Top", CreditField.RATING, "AAA"),
        ("", CreditField.SUMMARY, None),
        ("soon", CreditField.DATA_AS_OF, "soon"),
        ("much", CreditField.LIMIT, "much"),
    ],
)  # fmt: skip
def test_a_value_comes_back_as_its_type(
    value: object, credit: CreditField, expected: FieldValue
) -> None:
    assert decode(value, credit, {"AAA": "Top"}) == expected


def test_a_token_of_nobody_is_an_outcome(zoho: CannedZoho) -> None:
    zoho.fields("Tasks", a_field("Credit_Ref", unique={"casesensitive": "false"}))
    zoho.mock.get(f"{API}/crm/v8/users", status=204)

    (outcome,) = a_port(zoho).create_tasks([a_draft("1")])

    assert isinstance(outcome, ContractBroken)
    assert "whose token" in str(outcome)
