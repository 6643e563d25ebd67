"""The doctor's findings and the checklist of what must be created by hand."""

from datetime import timedelta
from typing import Any

import pytest

from adapters.fxiaoke.names import FxiaokeMapping
from adapters.fxiaoke.provision import FIELD_WORDS, checklist, credit_fields, task_fields
from adapters.port import CreditField, Finding, FindingLevel
from adapters.settings import ConnectionSettings, Secret
from scoring.records import Kind
from tests.adapters.fxiaoke.gateway import (
    NOW,
    SECRETS,
    Gateway,
    Time,
    a_field,
    a_port,
    described,
    some_settings,
)

LIST = "/cgi/crm/v2/object/list"
DESCRIBE = "/cgi/crm/v2/object/describe"
QUERY = "/cgi/crm/v2/data/query"
MAPPING = FxiaokeMapping()
KEY = "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY="
OBJECTS = (
    *("AccountObj", "ContactObj", "AccountsReceivableNoteObj", "PaymentObj"),
    *("MatchNoteDetailObj", "SalesOrderObj", "credit_task__c"),
)


def object_list(*names: str) -> dict[str, Any]:
    listed = [
        {"describeApiName": name, "describeDisplayName": name, "isActive": True} for name in names
    ]
    return {"data": {"objects": listed}}


def complete_fields() -> list[dict[str, Any]]:
    """Every field that any object needs; one describe serves all objects."""
    plain = {
        name for kind in Kind if kind is not Kind.OWNERS for name in MAPPING.wanted_fields(kind)
    }
    fields = [a_field(name) for name in sorted(plain)]
    for wanted in (*credit_fields(MAPPING).values(), *task_fields(MAPPING)):
        more: dict[str, Any] = {"options": {option: option for option in wanted.options}}
        if wanted.type == "currency":
            more["decimal_places"] = 2
        if wanted.api_name == "ext_key__c":
            more["is_unique"] = True
        fields.append(a_field(wanted.api_name, wanted.type, **more))
    return fields


def a_tenant(gateway: Gateway, *fields: dict[str, Any], objects: tuple[str, ...] = OBJECTS) -> None:
    gateway.date = gateway.date or NOW
    gateway.on(LIST, object_list(*objects))
    gateway.on(DESCRIBE, described("AccountObj", *(fields or complete_fields())))
    people = [{"openUserId": "1001", "name": "李"}, {"openUserId": "1002", "isStop": True}]
    gateway.on("/cgi/user/list", {"userList": people})
    gateway.on(QUERY, {"data": {"dataList": [{"_id": "a1", "owner": ["1001"]}], "total": 12}})


def settings_with_key() -> ConnectionSettings:
    secrets = {key: Secret(text) for key, text in {**SECRETS, "callback_key": KEY}.items()}
    return some_settings(secrets=secrets, default_owner="1001")


def findings(time: Time | None = None) -> list[Finding]:
    return a_port(time, settings=settings_with_key()).check()


def complaints(found: list[Finding]) -> list[str]:
    return [each.message for each in found if each.level is not FindingLevel.OK]


def changed(name: str, **changes: Any) -> list[dict[str, Any]]:
    return [field | changes if field["api_name"] == name else field for field in complete_fields()]


def test_a_complete_tenant_has_nothing_to_complain_about(gateway: Gateway) -> None:
    a_tenant(gateway)

    found = findings()

    assert complaints(found) == []
    assert {"credentials", "objects", "fields", "credit fields", "tasks"} <= {
        each.topic for each in found
    }


@pytest.mark.parametrize(("seen", "level"), [(12, FindingLevel.OK), (0, FindingLevel.WARNING)])
def test_what_the_employee_sees_is_counted_to_be_compared(
    gateway: Gateway, seen: int, level: FindingLevel
) -> None:
    a_tenant(gateway)
    rows = [{"_id": "a1"}][:seen]
    gateway.on(QUERY, {"data": {"dataList": rows, "total": seen}})

    (found,) = [each for each in findings() if each.topic == "records"]

    assert found.level is level
    assert found.message == f"employee 1000 sees {seen} records of AccountObj"
    assert "CRM 管理员" in found.remedy


def test_a_clock_that_cannot_be_seen_is_not_called_right(gateway: Gateway) -> None:
    a_tenant(gateway)
    gateway.date = None

    (found,) = [each for each in findings() if each.topic == "clock"]

    assert found.level is FindingLevel.WARNING
    assert found.remedy


@pytest.mark.parametrize(
    ("field", "key"),
    [
        ("disputed_on__c", "mapping.invoices.disputed_on"),
        ("terms_days__c", "mapping.accounts.terms_days"),
        ("match_amount", "mapping.allocations.amount"),
    ],
)
def test_a_missing_field_is_told_with_its_key(gateway: Gateway, field: str, key: str) -> None:
    a_tenant(gateway, *[each for each in complete_fields() if each["api_name"] != field])

    remedies = [
        each.remedy for each in findings() if field in each.message and each.topic == "fields"
    ]

    assert remedies
    assert all(key in remedy for remedy in remedies)


def test_wrong_credentials_are_the_only_finding(gateway: Gateway) -> None:
    gateway.on("/oauth2.0/token", {"errorCode": 10006, "errorMessage": "appSecret"})

    found = findings()

    assert [(each.topic, each.level) for each in found] == [("credentials", FindingLevel.ERROR)]


def test_a_missing_module_is_an_error(gateway: Gateway) -> None:
    a_tenant(gateway, objects=OBJECTS[:-3])

    messages = complaints(findings())

    assert any("MatchNoteDetailObj for allocations" in message for message in messages)
    assert any("credit_task__c does not exist" in message for message in messages)


@pytest.mark.parametrize(
    ("name", "changes", "message"),
    [
        ("credit_rating__c", {"options": []}, "lacks the options AAA"),
        ("credit_limit__c", {"type": "date"}, "should be currency"),
        ("credit_limit__c", {"decimal_places": 0}, "cents are lost"),
        ("ext_key__c", {"is_unique": False}, "not unique"),
        ("uscc__c", {"is_active": False}, "no field uscc__c"),
        ("credit_score__c", {"is_active": False}, "no field credit_score__c"),
        ("status__c", {"is_active": False}, "credit_task__c has no field status__c"),
    ],
)
def test_each_shortcoming_is_named(
    gateway: Gateway, name: str, changes: dict[str, Any], message: str
) -> None:
    a_tenant(gateway, *changed(name, **changes))

    assert any(message in complaint for complaint in complaints(findings()))


def test_an_unreadable_part_is_a_finding_and_the_rest_is_examined(gateway: Gateway) -> None:
    a_tenant(gateway)
    gateway.on(DESCRIBE, {"errorCode": 40010, "errorMessage": "没有权限"})

    found = findings()

    topics = {each.topic for each in found if each.level is FindingLevel.ERROR}
    assert topics == {"objects", "receivables", "fields", "credit fields", "tasks"}


@pytest.mark.parametrize(
    ("owner", "message"),
    [(None, "no default_owner"), ("1002", "1002 is not an active"), ("9", "9 is not an active")],
)
def test_a_missing_or_stopped_default_owner_is_told(
    gateway: Gateway, owner: str | None, message: str
) -> None:
    a_tenant(gateway)

    found = a_port(settings=some_settings(default_owner=owner)).check()

    assert any(message in complaint for complaint in complaints(found))


def test_owners_that_the_tenant_does_not_keep_are_not_asked_for(gateway: Gateway) -> None:
    a_tenant(gateway)

    a_port(settings=some_settings(mapping={"accounts": {"owner": ""}})).check()

    asked = [call["data"]["search_query_info"]["fieldProjection"] for call in gateway.calls(QUERY)]
    assert asked
    assert not [names for names in asked if "" in names]


def test_a_clock_that_is_off_is_a_warning(gateway: Gateway, time: Time) -> None:
    a_tenant(gateway)
    gateway.date = time.now() + timedelta(minutes=10)

    assert any("600 s apart" in message for message in complaints(findings(time)))


@pytest.mark.parametrize(
    ("key", "message"),
    [("", "no callback key"), ("short", "Base64"), (KEY[:42] + "Z=", "canonical")],
)
def test_a_missing_or_bad_callback_key_is_a_warning(
    gateway: Gateway, key: str, message: str
) -> None:
    a_tenant(gateway)
    secrets = {name: Secret(text) for name, text in {**SECRETS, "callback_key": key}.items()}

    found = a_port(settings=some_settings(secrets=secrets)).check()

    assert any(message in complaint for complaint in complaints(found))


def test_a_bare_tenant_gets_a_checklist_in_both_languages(gateway: Gateway) -> None:
    a_tenant(gateway, a_field("name"), objects=OBJECTS[:-1])

    steps = a_port().provision(dry_run=False)

    by_name = {(step.target, step.api_name): step for step in steps}
    assert all(step.state == "by_hand" for step in steps)
    assert by_name["credit_task__c", ""].type == "object"
    rating = by_name["AccountObj", "credit_rating__c"]
    assert rating.options[:2] == ("AAA", "AA")
    assert "类型“单选”" in rating.instruction
    assert "AAA, AA, A, BBB" in rating.instruction
    assert "API name credit_rating__c" in rating.instruction
    assert "唯一" in by_name["credit_task__c", "ext_key__c"].instruction


def test_what_exists_needs_no_instruction(gateway: Gateway) -> None:
    a_tenant(gateway)

    steps = a_port().provision(dry_run=True)

    assert {(step.state, step.instruction) for step in steps} == {("exists", "")}


def test_every_credit_field_can_be_provisioned() -> None:
    wanted = credit_fields(MAPPING)

    assert set(wanted) == set(CreditField)
    assert {field.type for field in wanted.values()} <= set(FIELD_WORDS)


def test_renamed_options_are_what_the_checklist_asks_for() -> None:
    mapping = FxiaokeMapping(options={CreditField.HOLD: {"none": "正常"}})

    assert credit_fields(mapping)[CreditField.HOLD].options == ("正常", "hold", "stop")


def test_notifications_are_set_up_by_hand(time: Time) -> None:
    assert a_port(time).watch("https://zixin.example.com/hooks/x") == []


def test_a_port_says_who_it_is_and_has_spent_nothing_yet(time: Time) -> None:
    port = a_port(time)

    assert (port.system, port.vendor) == ("fx", "fxiaoke")
    assert (port.usage().calls, port.usage().credits) == (0, 0)


def test_each_line_of_the_checklist_is_confirmed_by_a_finding_of_its_own(gateway: Gateway) -> None:
    a_tenant(gateway)

    confirmed = [each.message for each in findings() if each.level is FindingLevel.OK]

    for line in checklist(MAPPING):
        if line.field is None:
            assert f"object {line.object_name} is there" in confirmed
            continue
        start = f"{line.object_name}.{line.field.api_name} ({line.field.label}): "
        (told,) = (each for each in confirmed if each.startswith(start))
        assert line.field.type.split("_")[0] in told or "text" in told
    assert any(each.endswith("select_one, all 11 options") for each in confirmed)
    assert any(each.endswith("text, unique") for each in confirmed)


def test_the_checklist_and_the_doctor_speak_of_the_same_things(gateway: Gateway) -> None:
    a_tenant(gateway, a_field("name"), objects=OBJECTS[:-1])
    port = a_port(settings=settings_with_key())

    wanted = [step for step in port.provision(dry_run=True) if step.state == "by_hand"]
    told = [each.message for each in port.check() if each.level is FindingLevel.ERROR]

    credit = [step for step in wanted if step.target == "AccountObj"]
    assert len([each for each in told if "AccountObj has no field" in each]) == len(credit) > 20
    assert "object credit_task__c does not exist" in told
    assert {step.type for step in wanted if step.target == "credit_task__c"} >= {"object", "text"}
    for step in wanted:
        zh, _, en = step.instruction.partition("\n")
        assert zh.startswith("管理后台")
        assert en.startswith("Console")


def test_what_is_called_alike_is_proposed(gateway: Gateway) -> None:
    a_tenant(gateway, *complete_fields(), a_field("field_a1B2c__c", "number", label="账期（天）"))
    settings = some_settings(
        mapping={
            "accounts": {"terms_days": "zq__c"},
            "contacts": {"object": "Lianxiren__c"},
        }
    )

    found = a_port(settings=settings).check()
    told = {each.topic: each.remedy for each in found if each.level != "ok"}

    assert told["fields"].endswith("; perhaps field_a1B2c__c “账期（天）”")
    assert "mapping.contacts.object" in told["objects"]
