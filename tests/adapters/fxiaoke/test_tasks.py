"""Tasks on the custom object: created once, found by key, rewritten, closed, handed over."""

import logging
from datetime import date
from typing import Any

import pytest

from adapters.errors import (
    CredentialsRejected,
    OutcomeUnknown,
    RecordConflict,
    RecordInvalid,
    RecordNotFound,
)
from adapters.port import Priority, Receipt, TaskChange, TaskDraft, TaskState, WriteEffect
from adapters.settings import ConnectionSettings
from scoring.money import Money
from scoring.records import AccountRef
from tests.adapters.fxiaoke.gateway import (
    Gateway,
    a_field,
    a_port,
    described,
    rows,
    some_settings,
)

CUSTOM = "/cgi/crm/custom/v2/data"
CREATE, UPDATE, QUERY = f"{CUSTOM}/create", f"{CUSTOM}/update", f"{CUSTOM}/query"
OWNER = f"{CUSTOM}/changeOwner"
MESSAGE = "/cgi/message/send"
USERS = "/cgi/user/list"
DESCRIBE = "/cgi/crm/v2/object/describe"
DUPLICATE = {"errorCode": 40010, "errorMessage": "字段[外部键](ext_key__c)的值重复"}


def task_object(*, unique: bool = True) -> dict[str, Any]:
    return described(
        "credit_task__c",
        a_field("name", max_length=50),
        a_field("account__c", "object_reference"),
        a_field("task_type__c", "select_one", options={"overdue": "逾期"}),
        a_field("due_date__c", "date"),
        a_field("overdue_amount__c", "currency", decimal_places=2),
        a_field("overdue_days__c", "number", decimal_places=0),
        a_field("level__c", "number", decimal_places=0),
        a_field("priority__c", "select_one", options={"normal": "普通", "zzz9": "high"}),
        a_field("status__c", "select_one", options={"open": "待处理", "done": "已完成"}),
        a_field("body__c", "long_text"),
        a_field("result__c", "long_text"),
        a_field("ext_key__c", is_unique=unique),
    )


def employees(*active: str) -> dict[str, Any]:
    """The tenant's people: these, and 1009 who has left."""
    people: list[dict[str, Any]] = [{"userId": each, "name": each} for each in active]
    return {"userList": [*people, {"userId": "1009", "name": "left", "isStop": True}]}


@pytest.fixture(autouse=True)
def _answers(gateway: Gateway) -> None:
    gateway.on(DESCRIBE, task_object())
    gateway.on(CREATE, {"dataId": "t1"})
    gateway.on(UPDATE, {})
    gateway.on(OWNER, {})
    gateway.on(MESSAGE, {})
    gateway.on(QUERY, rows())
    gateway.on(USERS, employees("1000", "1001", "1003", "1005"))


def a_draft(key: str = "k1", **changes: Any) -> TaskDraft:
    fields: dict[str, Any] = {
        "key": key,
        "account": AccountRef("fx", "a1"),
        "owner_id": "1001",
        "subject": "逾期跟进",
        "body": "请联系客户",
        "due_on": date(2018, 1, 31),
        "priority": Priority.NORMAL,
        "level": 1,
        "overdue": Money(500000, "CNY"),
        "oldest_days": 32,
        **changes,
    }
    return TaskDraft(**fields)


def a_change(**changes: Any) -> TaskChange:
    fields: dict[str, Any] = {
        "key": "k1",
        "account": AccountRef("fx", "a1"),
        "task_id": "t1",
        "owner_id": "1001",
        "subject": "逾期跟进 2",
        "body": "再次联系",
        "due_on": date(2018, 1, 31),
        "priority": Priority.HIGH,
        "level": 2,
        "overdue": Money(700000, "CNY"),
        "oldest_days": 40,
        **changes,
    }
    return TaskChange(**fields)


def a_task(**fields: Any) -> dict[str, Any]:
    default = {
        "_id": "t1",
        "ext_key__c": "k1",
        "account__c": "a1",
        "status__c": "open",
        "name": "逾期跟进",
        "owner": ["1001"],
    }
    return default | fields


def test_a_task_is_created_with_everything_the_owner_needs(gateway: Gateway) -> None:
    outcomes = a_port().create_tasks([a_draft()])

    assert outcomes == [Receipt(effect=WriteEffect.CREATED, record_id="t1")]
    body = gateway.calls(CREATE)[0]
    assert (body["triggerWorkFlow"], body["triggerApprovalFlow"]) == (False, False)
    assert body["data"]["object_data"] == {
        "dataObjectApiName": "credit_task__c",
        "object_describe_api_name": "credit_task__c",
        "record_type": "default__c",
        "owner": ["1001"],
        "name": "逾期跟进",
        "account__c": "a1",
        "task_type__c": "overdue",
        "due_date__c": 1517328000000,
        "overdue_amount__c": "5000.00",
        "overdue_days__c": "32",
        "level__c": "1",
        "priority__c": "normal",
        "status__c": "open",
        "body__c": "请联系客户",
        "ext_key__c": "k1",
    }


def test_options_with_generated_values_are_found_by_label(gateway: Gateway) -> None:
    a_port().create_tasks([a_draft(priority=Priority.HIGH)])

    assert gateway.calls(CREATE)[0]["data"]["object_data"]["priority__c"] == "zzz9"


@pytest.mark.parametrize(("default", "owner"), [("1003", "1003"), (None, "1000")])
def test_a_task_of_a_pool_account_goes_to_the_default_owner(
    gateway: Gateway, default: str | None, owner: str
) -> None:
    a_port(settings=some_settings(default_owner=default)).create_tasks([a_draft(owner_id=None)])

    assert gateway.calls(CREATE)[0]["data"]["object_data"]["owner"] == [owner]


@pytest.mark.parametrize(
    "answer", [{"dataId": "t9"}, {"data": {"_id": "t9"}}, {"data": {"dataId": "t9"}}]
)
def test_the_new_id_is_taken_from_where_it_stands(gateway: Gateway, answer: dict[str, Any]) -> None:
    gateway.on(CREATE, answer)

    assert a_port().create_tasks([a_draft()]) == [
        Receipt(effect=WriteEffect.CREATED, record_id="t9")
    ]


def test_an_answer_without_an_id_is_made_good_by_the_key(gateway: Gateway) -> None:
    gateway.on(CREATE, {})
    gateway.on(QUERY, rows(a_task(_id="t7")))

    outcome = a_port().create_tasks([a_draft()])[0]

    assert outcome == Receipt(effect=WriteEffect.CREATED, record_id="t7")


def test_a_task_that_is_nowhere_after_success_is_unknown(gateway: Gateway) -> None:
    gateway.on(CREATE, {})

    assert isinstance(a_port().create_tasks([a_draft()])[0], OutcomeUnknown)


def test_a_duplicate_is_adopted(gateway: Gateway) -> None:
    gateway.on(CREATE, DUPLICATE)
    gateway.on(QUERY, rows(a_task(_id="t7")))

    outcome = a_port().create_tasks([a_draft()])[0]

    assert outcome == Receipt(effect=WriteEffect.ADOPTED, record_id="t7")
    assert gateway.calls(MESSAGE) == []


def test_a_duplicate_of_something_else_stays_a_conflict(gateway: Gateway) -> None:
    gateway.on(CREATE, DUPLICATE)

    assert isinstance(a_port().create_tasks([a_draft()])[0], RecordConflict)


def test_where_keys_are_not_unique_they_are_looked_up_first(gateway: Gateway) -> None:
    gateway.on(DESCRIBE, task_object(unique=False))
    gateway.on(QUERY, rows(a_task()))

    outcomes = a_port().create_tasks([a_draft("k1"), a_draft("k2"), a_draft("k2")])

    effects = [outcome.effect for outcome in outcomes if isinstance(outcome, Receipt)]
    assert effects == [WriteEffect.ADOPTED, WriteEffect.CREATED, WriteEffect.ADOPTED]
    assert len(gateway.calls(QUERY)) == 1
    assert len(gateway.calls(CREATE)) == 1


@pytest.mark.parametrize(
    ("described_unique", "configured", "expected"),
    [(True, None, True), (False, None, False), (True, False, False), (False, True, True)],
)
def test_whether_keys_are_unique_is_described_or_configured(
    gateway: Gateway, *, described_unique: bool, configured: bool | None, expected: bool
) -> None:
    gateway.on(DESCRIBE, task_object(unique=described_unique))
    settings = some_settings(options={"unique_task_key": configured})

    assert a_port(settings=settings).enforces_task_key is expected


def test_the_owner_is_told_once(gateway: Gateway) -> None:
    a_port().create_tasks([a_draft()])

    message = gateway.calls(MESSAGE)[0]
    assert message["toUser"] == ["1001"]
    assert message["composite"]["head"] == {"title": "逾期跟进"}
    values = [each["value"] for each in message["composite"]["form"]]
    assert values == ["CNY 5,000.00", "32", "2018-01-31"]
    assert '"objDataId":"t1"' in message["composite"]["link"]["url"]


def test_a_failing_message_does_not_fail_the_task(
    gateway: Gateway, caplog: pytest.LogCaptureFixture
) -> None:
    gateway.on(MESSAGE, {"errorCode": 11016, "errorMessage": "toUser 客户甲"})

    with caplog.at_level(logging.WARNING):
        outcome = a_port().create_tasks([a_draft()])[0]

    assert isinstance(outcome, Receipt)
    assert "11016" in caplog.text
    assert "客户甲" not in caplog.text


def test_messages_can_be_switched_off(gateway: Gateway) -> None:
    a_port(settings=some_settings(options={"notify_owner": False})).create_tasks([a_draft()])

    assert gateway.calls(MESSAGE) == []


def test_a_value_the_object_cannot_hold_is_refused_unsent(gateway: Gateway) -> None:
    outcomes = a_port().create_tasks([a_draft(priority=Priority.HIGHEST), a_draft("k2")])

    assert isinstance(outcomes[0], RecordInvalid)
    assert isinstance(outcomes[1], Receipt)
    assert len(gateway.calls(CREATE)) == 1


def test_a_text_for_people_is_cut_to_its_field(gateway: Gateway) -> None:
    a_port().create_tasks([a_draft(subject="催" * 51)])

    (sent,) = gateway.calls(CREATE)
    assert sent["data"]["object_data"]["name"] == "催" * 49 + "…"


@pytest.mark.parametrize(
    ("wanted", "default", "chosen"),
    [("1001", "1003", "1001"), ("1009", "1003", "1003"), (None, "1009", "1000")],
)
def test_nobody_who_left_gets_a_task(
    gateway: Gateway, wanted: str | None, default: str, chosen: str
) -> None:
    settings = some_settings(default_owner=default)

    a_port(settings=settings).create_tasks([a_draft(owner_id=wanted), a_draft("k2", owner_id=None)])

    first = gateway.calls(CREATE)[0]["data"]["object_data"]
    assert first["owner"] == [chosen]
    assert gateway.calls(MESSAGE)[0]["toUser"] == [chosen]
    assert len(gateway.calls(USERS)) == 1


def test_where_the_people_may_not_be_read_the_wanted_owner_is_taken(gateway: Gateway) -> None:
    gateway.on(USERS, {"errorCode": 20014, "errorMessage": "no right to the employee's data"})

    a_port().create_tasks([a_draft(owner_id="1001")])

    assert gateway.calls(CREATE)[0]["data"]["object_data"]["owner"] == ["1001"]


def test_dead_credentials_stop_the_batch(gateway: Gateway) -> None:
    gateway.on(CREATE, {"errorCode": 20020})

    outcomes = a_port().create_tasks([a_draft("k1"), a_draft("k2")])

    assert all(isinstance(outcome, CredentialsRejected) for outcome in outcomes)
    assert len(gateway.calls(CREATE)) == 1


def test_a_task_is_rewritten(gateway: Gateway) -> None:
    gateway.on(QUERY, rows(a_task()))

    outcomes = a_port().change_tasks([a_change()])

    assert outcomes == [Receipt(effect=WriteEffect.WRITTEN, record_id="t1")]
    sent = gateway.calls(UPDATE)[0]["data"]["object_data"]
    assert (sent["_id"], sent["name"], sent["level__c"]) == ("t1", "逾期跟进 2", "2")
    assert (sent["overdue_amount__c"], sent["priority__c"]) == ("7000.00", "zzz9")
    assert "status__c" not in sent
    assert gateway.calls(OWNER) == []


def test_a_task_follows_the_accounts_new_owner(gateway: Gateway) -> None:
    gateway.on(QUERY, rows(a_task()))

    a_port().change_tasks([a_change(owner_id="1005")])

    assert gateway.calls(OWNER)[0]["data"] == {
        "dataObjectApiName": "credit_task__c",
        "Data": [{"objectDataId": "t1", "ownerId": ["1005"]}],
    }


def test_a_task_is_closed_with_the_reason(gateway: Gateway) -> None:
    gateway.on(QUERY, rows(a_task()))

    a_port().change_tasks([a_change(closed=True, body="已付清", owner_id="1005")])

    sent = gateway.calls(UPDATE)[0]["data"]["object_data"]
    assert (sent["status__c"], sent["result__c"]) == ("done", "已付清")
    assert "name" not in sent
    assert gateway.calls(OWNER) == []


@pytest.mark.parametrize("status", ["done", "cancelled"])
def test_what_a_person_closed_keeps_his_result(gateway: Gateway, status: str) -> None:
    gateway.on(QUERY, rows(a_task(status__c=status)))

    outcome = a_port().change_tasks([a_change(closed=True)])[0]

    assert isinstance(outcome, Receipt)
    assert gateway.calls(UPDATE) == []


def test_a_task_that_was_deleted_is_not_found(gateway: Gateway) -> None:
    assert isinstance(a_port().change_tasks([a_change()])[0], RecordNotFound)
    assert gateway.calls(UPDATE) == []


def test_tasks_are_found_by_key(gateway: Gateway) -> None:
    gateway.on(
        QUERY, rows(a_task(), a_task(_id="t2", ext_key__c="k2", status__c="done", account__c=None))
    )

    found = a_port().find_tasks(["k1", "k2", "k3"])

    assert found == {
        "k1": TaskState(key="k1", task_id="t1", account_id="a1", closed=False, subject="逾期跟进"),
        "k2": TaskState(key="k2", task_id="t2", account_id=None, closed=True, subject="逾期跟进"),
    }
    assert gateway.calls(QUERY)[0]["data"]["search_query_info"]["filters"] == [
        {"field_name": "ext_key__c", "operator": "IN", "field_values": ["k1", "k2", "k3"]}
    ]


def test_of_two_tasks_under_one_key_the_older_counts(gateway: Gateway) -> None:
    gateway.on(QUERY, rows(a_task(_id="t1"), a_task(_id="t2")))

    assert a_port().find_tasks(["k1"])["k1"].task_id == "t1"


def test_more_tasks_than_a_page_are_all_seen(gateway: Gateway) -> None:
    full = [a_task(_id=f"t{number:03}", ext_key__c="k1") for number in range(100)]
    gateway.on(QUERY, rows(*full), rows(a_task(_id="t200", ext_key__c="k2")))

    assert set(a_port().find_tasks(["k1", "k2"])) == {"k1", "k2"}


def test_body_style_sends_the_same_task(gateway: Gateway) -> None:
    gateway.on(
        "/cgi/corpAccessToken/get/V2",
        {"corpAccessToken": "B0DY", "corpId": "FSCID_A1", "expiresIn": 7200},
    )
    gateway.on(USERS, employees("FSUID_1", "FSUID_2"))
    settings: ConnectionSettings = some_settings(options={"style": "body", "user_id": "FSUID_1"})

    a_port(settings=settings).create_tasks([a_draft(owner_id="FSUID_2")])

    body = gateway.calls(CREATE)[0]
    assert body["currentOpenUserId"] == "FSUID_1"
    assert body["data"]["object_data"]["owner"] == ["FSUID_2"]
    assert body["triggerWorkFlow"] is False
