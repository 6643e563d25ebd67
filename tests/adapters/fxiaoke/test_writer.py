"""Writing credit fields: typed by the tenant's description, only what changed, judged one by one."""

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest

from adapters.errors import CrmError, QuotaExhausted, RecordInvalid
from adapters.fxiaoke.fields import decode, encode
from adapters.fxiaoke.metadata import FieldDescribe
from adapters.port import CreditField, FieldUpdate, FieldValue, Receipt, WriteEffect
from scoring.records import AccountRef
from tests.adapters.fxiaoke.gateway import (
    Gateway,
    Time,
    a_field,
    a_port,
    described,
    rows,
    some_settings,
)

QUERY = "/cgi/crm/v2/data/query"
UPDATE = "/cgi/crm/v2/data/update"
DESCRIBE = "/cgi/crm/v2/object/describe"
RATINGS = {"AAA": "AAA", "kY66aaOQl": "AA", "-": "-"}
FIELDS = (
    a_field("credit_rating__c", "select_one", options=RATINGS),
    a_field("credit_score__c", "number", decimal_places=2),
    a_field("credit_limit__c", "currency", decimal_places=2),
    a_field("credit_limit_valid_to__c", "date"),
    a_field("credit_terms_days__c", "number", decimal_places=0),
    a_field("credit_reasons__c", "long_text", max_length=10),
    a_field("credit_updated_at__c", "date_time"),
    a_field("credit_status__c", "select_one", options={"1": "正常", "2": "冻结"}),
)


@pytest.fixture(autouse=True)
def _described(gateway: Gateway) -> None:
    gateway.on(DESCRIBE, described("AccountObj", *FIELDS))
    gateway.on(UPDATE, {})


def an_update(account: str = "a1", **values: FieldValue) -> FieldUpdate:
    return FieldUpdate(
        account=AccountRef("fx", account),
        values={CreditField(field): value for field, value in values.items()},
    )


def sent(gateway: Gateway) -> dict[str, Any]:
    return dict(gateway.calls(UPDATE)[-1]["data"]["object_data"])


def test_each_value_goes_out_as_its_field_takes_it(gateway: Gateway) -> None:
    update = an_update(
        rating="AA",
        score=Decimal("81.5"),
        limit=Decimal("200000.125"),
        limit_valid_to=date(2018, 1, 31),
        terms_days=30,
        reasons="late",
        computed_at=datetime(2026, 1, 1, tzinfo=UTC),
    )

    outcomes = a_port().update_fields([update])

    assert outcomes == [Receipt(effect=WriteEffect.WRITTEN, record_id="a1")]
    assert sent(gateway) == {
        "_id": "a1",
        "dataObjectApiName": "AccountObj",
        "credit_rating__c": "kY66aaOQl",
        "credit_score__c": "81.50",
        "credit_limit__c": "200000.13",
        "credit_limit_valid_to__c": 1517328000000,
        "credit_terms_days__c": "30",
        "credit_reasons__c": "late",
        "credit_updated_at__c": 1767225600000,
    }


def test_workflows_and_approvals_are_not_started(gateway: Gateway) -> None:
    a_port().update_fields([an_update(score=Decimal(1))])

    body = gateway.calls(UPDATE)[0]
    assert (body["triggerWorkFlow"], body["triggerApprovalFlow"]) == (False, False)
    assert "details" not in body["data"]


def test_nothing_is_cleared_as_null_and_text_as_empty_text(gateway: Gateway) -> None:
    a_port().update_fields([an_update(limit=None, reasons=None)])

    assert (sent(gateway)["credit_limit__c"], sent(gateway)["credit_reasons__c"]) == (None, "")


def test_a_value_that_is_no_option_is_refused_before_it_is_sent(gateway: Gateway) -> None:
    outcome = a_port().update_fields([an_update(rating="ZZZ")])[0]

    assert isinstance(outcome, RecordInvalid)
    assert outcome.fields == {"rating": "'ZZZ' is not an option; allowed are: AAA, AA, -"}
    assert gateway.calls(UPDATE) == []


def test_an_option_added_in_the_console_is_found_by_looking_again(
    gateway: Gateway, time: Time
) -> None:
    port = a_port(time)
    port.update_fields([an_update(rating="AAA")])
    time.seconds += 60
    newer = a_field("credit_rating__c", "select_one", options={**RATINGS, "x9": "ZZZ"})
    gateway.on(DESCRIBE, described("AccountObj", newer))

    outcome = port.update_fields([an_update(rating="ZZZ")])[0]

    assert isinstance(outcome, Receipt)
    assert sent(gateway)["credit_rating__c"] == "x9"


def test_all_complaints_about_a_record_are_told_at_once(gateway: Gateway) -> None:
    update = an_update(rating="ZZZ", reasons="x" * 11, summary="no such field", limit="text")

    outcome = a_port().update_fields([update])[0]

    assert isinstance(outcome, RecordInvalid)
    assert set(outcome.fields) == {"rating", "reasons", "summary", "limit"}
    assert "credit_summary__c" in outcome.fields["summary"]


def test_a_field_that_is_switched_off_is_left_out(gateway: Gateway) -> None:
    settings = some_settings(mapping={"credit_fields": {"summary": ""}})

    outcome = a_port(settings=settings).update_fields([an_update(summary="x", terms_days=5)])[0]

    assert isinstance(outcome, Receipt)
    assert "credit_terms_days__c" in sent(gateway)


def test_options_can_be_renamed_by_configuration(gateway: Gateway) -> None:
    settings = some_settings(mapping={"options": {"hold": {"none": "正常", "hold": "2"}}})
    port = a_port(settings=settings)

    port.update_fields([an_update(hold="none"), an_update(hold="hold")])

    written = [call["data"]["object_data"]["credit_status__c"] for call in gateway.calls(UPDATE)]
    assert written == ["1", "2"]


def test_one_refused_record_does_not_stop_the_others(gateway: Gateway) -> None:
    gateway.on(UPDATE, {}, {"errorCode": 40010, "errorMessage": "数据不存在"}, {})
    updates = [an_update(account, score=Decimal(1)) for account in ("a1", "a2", "a3")]

    outcomes = a_port().update_fields(updates)

    assert [isinstance(outcome, Receipt) for outcome in outcomes] == [True, False, True]


def test_what_concerns_all_stops_the_rest(gateway: Gateway) -> None:
    gateway.on(UPDATE, {}, {"errorCode": 30002})
    updates = [an_update(account, score=Decimal(1)) for account in ("a1", "a2", "a3")]

    outcomes = a_port().update_fields(updates)

    assert isinstance(outcomes[0], Receipt)
    assert all(isinstance(outcome, QuotaExhausted) for outcome in outcomes[1:])
    assert len(gateway.calls(UPDATE)) == 2


@pytest.mark.parametrize("value", [True, False])
def test_truth_goes_out_as_truth(*, value: bool) -> None:
    assert encode(value, FieldDescribe(api_name="f__c", type="true_or_false"), {}) is value


def test_an_empty_batch_sends_nothing(gateway: Gateway) -> None:
    assert a_port().update_fields([]) == []
    assert gateway.asked == []


def test_what_stands_there_comes_back_in_our_own_types(gateway: Gateway) -> None:
    gateway.on(
        QUERY,
        rows(
            {
                "_id": "a1",
                "credit_rating__c": "kY66aaOQl",
                "credit_score__c": "81.50",
                "credit_limit__c": "200000.13",
                "credit_limit_valid_to__c": 1517328000000,
                "credit_terms_days__c": "30",
                "credit_updated_at__c": 1767225600000,
            }
        ),
    )

    values = a_port().owned_values(["a1", "gone"])

    assert values == {
        "a1": {
            CreditField.RATING: "AA",
            CreditField.SCORE: Decimal("81.5"),
            CreditField.LIMIT: Decimal("200000.13"),
            CreditField.LIMIT_VALID_TO: date(2018, 1, 31),
            CreditField.TERMS_DAYS: 30,
            CreditField.REASONS: None,
            CreditField.COMPUTED_AT: datetime(2026, 1, 1, tzinfo=UTC),
            CreditField.HOLD: None,
        }
    }


def test_a_renamed_option_comes_back_as_ours(gateway: Gateway) -> None:
    gateway.on(QUERY, rows({"_id": "a1", "credit_status__c": "2"}))
    settings = some_settings(mapping={"options": {"hold": {"hold": "冻结"}}})

    values = a_port(settings=settings).owned_values(["a1"])

    assert values["a1"][CreditField.HOLD] == "hold"


def test_what_a_person_wrote_in_another_form_is_told_as_it_stands() -> None:
    field = FieldDescribe(api_name="credit_limit__c", type="text")

    value = decode({"credit_limit__c": "about a million"}, CreditField.LIMIT, field, {})

    assert value == "about a million"


@pytest.mark.parametrize(
    ("type_", "value"),
    [
        ("date", "2026-01-01"),
        ("date", datetime(2026, 1, 1, tzinfo=UTC)),
        ("date_time", date(2026, 1, 1)),
        ("number", True),
        ("number", False),
        ("number", "12"),
        ("true_or_false", "yes"),
        ("formula", Decimal(1)),
        ("select_one", "AAA"),
    ],
)
def test_a_value_that_does_not_fit_its_field_is_refused(type_: str, value: FieldValue) -> None:
    with pytest.raises(ValueError, match=r"cannot hold|not an option"):
        encode(value, FieldDescribe(api_name="f__c", type=type_), {})


def test_an_object_that_cannot_be_described_fails_each_record(gateway: Gateway) -> None:
    gateway.on(DESCRIBE, {"data": {}})

    outcomes = a_port().update_fields([an_update(score=Decimal(1))] * 2)

    assert all(isinstance(outcome, CrmError) for outcome in outcomes)
