"""object/list and object/describe, and what an administrator adds."""

import pytest

from sandbox.fxiaoke import FxiaokeTenant, TenantOptions
from sandbox.fxiaoke.catalogue import CREDIT_FIELDS
from tests.sandbox.fxiaoke.caller import Caller

DESCRIBE = "/cgi/crm/v2/object/describe"


def _fields(caller: Caller, api_name: str) -> dict[str, dict[str, object]]:
    answer = caller.call(DESCRIBE, {"includeDetail": False, "data": {"apiName": api_name}})
    assert answer["errorCode"] == 0, answer
    fields = answer["data"]["describe"]["fields"]
    assert isinstance(fields, dict)
    return fields


def test_the_list_names_standard_and_custom_objects(caller: Caller) -> None:
    objects = caller.call("/cgi/crm/v2/object/list", {"includeNull": False})["data"]["objects"]
    kinds = {each["describeApiName"]: each["defineType"] for each in objects}
    assert kinds["AccountObj"] == "package"
    assert kinds["credit_task__c"] == "custom"
    assert all(each["isActive"] is True for each in objects)


@pytest.mark.parametrize("body", [{"apiName": "AccountObj"}, {"data": {"apiName": "AccountObj"}}])
def test_describe_takes_the_name_in_both_places(caller: Caller, body: dict[str, object]) -> None:
    describe = caller.call(DESCRIBE, body)["data"]["describe"]
    assert describe["api_name"] == "AccountObj"
    assert describe["fields"]["credit_limit__c"]["type"] == "currency"
    assert describe["fields"]["credit_limit__c"]["decimal_places"] == 2
    assert describe["fields"]["parent_account_id"]["target_api_name"] == "AccountObj"


def test_describe_without_a_name_is_10006(caller: Caller) -> None:
    answer = caller.call(DESCRIBE, {"data": {}})
    assert answer["errorCode"] == 10006
    assert answer["errorMessage"] == "the parameter apiName is missing or illegal"


def test_an_unknown_object_is_a_business_error(caller: Caller) -> None:
    assert caller.call(DESCRIBE, {"apiName": "NoSuchObj"})["errorCode"] == 40010


def test_record_types_carry_api_names(caller: Caller) -> None:
    options = _fields(caller, "AccountsReceivableNoteObj")["record_type"]["options"]
    assert options == [
        {"label": "预设业务类型", "api_name": "default__c"},
        {"label": "红字应收单", "api_name": "red_note__c"},
    ]


def test_a_bare_tenant_has_no_credit_fields_until_added(bare_tenant: FxiaokeTenant) -> None:
    caller = Caller(bare_tenant)
    assert not any(each.api_name in _fields(caller, "AccountObj") for each in CREDIT_FIELDS)
    assert "credit_task__c" not in bare_tenant.modules()

    bare_tenant.add_field(
        "AccountObj",
        {
            "api_name": "credit_rating__c",
            "label": "信用等级",
            "type": "select_one",
            "options": ["AAA", {"label": "AA", "value": "kY66aaOQl"}],
        },
    )
    bare_tenant.add_object({"api_name": "credit_task__c"})

    options = _fields(caller, "AccountObj")["credit_rating__c"]["options"]
    assert options == [{"label": "AAA", "value": "AAA"}, {"label": "AA", "value": "kY66aaOQl"}]
    assert _fields(caller, "credit_task__c")["ext_key__c"]["is_unique"] is True


def test_a_checklist_creates_object_and_fields(bare_tenant: FxiaokeTenant) -> None:
    bare_tenant.add_fields(
        "credit_task__c",
        [
            {"api_name": "", "type": "object", "label": "逾期跟进任务"},
            {"api_name": "ext_key__c", "type": "text", "label": "外部键"},
            {"api_name": "account__c", "type": "object_reference", "label": "客户"},
        ],
    )
    fields = _fields(Caller(bare_tenant), "credit_task__c")
    assert fields["ext_key__c"]["is_unique"] is True
    assert fields["account__c"]["target_api_name"] == "AccountObj"
    assert "owner" in fields


def test_generated_option_values_differ_from_their_labels(bare_tenant: FxiaokeTenant) -> None:
    bare_tenant.options.generated_option_values = True
    made = bare_tenant.add_field(
        "AccountObj", {"api_name": "hold__c", "type": "select_one", "options": ["none", "stop"]}
    )
    assert [option.label for option in made.options] == ["none", "stop"]
    assert all(len(option.value) == 9 for option in made.options)


@pytest.mark.parametrize(
    ("api_name", "describe", "word"),
    [
        ("AccountObj", {"api_name": "rating", "type": "text"}, "__c"),
        ("AccountObj", {"api_name": "x__c", "type": "colour"}, "field type"),
        ("AccountObj", {"api_name": "x__c", "type": "select_one"}, "options"),
        ("AccountObj", {"api_name": "uscc__c", "type": "text"}, "already"),
        ("NoSuchObj", {"api_name": "x__c", "type": "text"}, "no object"),
        ("AccountObj", {"type": "text"}, "api_name"),
    ],
)
def test_an_impossible_field_is_refused_with_a_sentence(
    bare_tenant: FxiaokeTenant, api_name: str, describe: dict[str, object], word: str
) -> None:
    with pytest.raises(ValueError, match=word):
        bare_tenant.add_field(api_name, describe)


def test_an_object_comes_once(tenant: FxiaokeTenant) -> None:
    with pytest.raises(ValueError, match="already"):
        tenant.add_object({"api_name": "credit_task__c"})
    with pytest.raises(ValueError, match="__c"):
        tenant.add_object({"api_name": "MyObj"})


def test_the_key_is_unique_only_when_the_option_says_so(bare_tenant: FxiaokeTenant) -> None:
    assert TenantOptions().unique_task_key
    bare_tenant.options.unique_task_key = False
    bare_tenant.provision()
    assert _fields(Caller(bare_tenant), "credit_task__c")["ext_key__c"]["is_unique"] is False
