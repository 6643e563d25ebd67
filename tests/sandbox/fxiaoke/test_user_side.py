"""What a person does to the records, and what the pages show."""

import pytest

from sandbox.fxiaoke import FxiaokeTenant
from tests.sandbox.fxiaoke.caller import Caller


def test_a_person_types_dates_and_numbers(tenant: FxiaokeTenant) -> None:
    account = tenant.put_record(
        "AccountObj", {"name": "客户", "owner": "1001", "customer_since__c": "2026-01-31"}
    )
    note = tenant.put_record(
        "AccountsReceivableNoteObj",
        {"account_id": account, "price_tax_amount": 99.5, "due_date": "2026-03-01"},
    )
    record = next(each for each in tenant.records("AccountsReceivableNoteObj"))
    assert record["_id"] == note
    assert record["price_tax_amount"] == "99.50"
    assert record["due_date"] == 1_772_294_400_000
    assert record["account_id__r"] == "客户"
    assert record["last_modified_by"] == ["1001"]  # not the integration


def test_bad_data_can_be_brought_in(tenant: FxiaokeTenant) -> None:
    tenant.put_record(
        "AccountsReceivableNoteObj",
        {"account_id": "f" * 24, "price_tax_amount": "-5", "mc_currency": "XXQ"},
    )
    tenant.put_record("AccountsReceivableNoteObj", {"name": "🚀\u202e"})
    assert len(tenant.records("AccountsReceivableNoteObj")) == 2


def test_a_record_is_changed_and_locked(tenant: FxiaokeTenant, caller: Caller) -> None:
    account = tenant.put_record("AccountObj", {"name": "客户", "owner": ["1001"]})
    tenant.put_record("AccountObj", {"owner": ["1000"], "lock_status": "1"}, account)
    (record,) = tenant.records("AccountObj")
    assert record["owner"] == ["1000"]
    assert caller.update("AccountObj", account, name="新")["errorCode"] == 50009


def test_a_removed_record_is_gone_for_queries(tenant: FxiaokeTenant, caller: Caller) -> None:
    account = tenant.put_record("AccountObj", {"name": "客户"})
    tenant.remove_record("AccountObj", account)
    assert caller.names("AccountObj") == []
    assert tenant.records("AccountObj") == []
    with pytest.raises(ValueError, match="removed"):
        tenant.remove_record("AccountObj", account)
    with pytest.raises(ValueError, match="removed"):
        tenant.put_record("AccountObj", {"name": "x"}, account)


@pytest.mark.parametrize(
    ("module", "values", "record_id"),
    [
        ("NoSuchObj", {}, None),
        ("AccountObj", {"colour": "red"}, None),
        ("AccountObj", {"terms_days__c": "soon"}, None),
        ("AccountObj", {"customer_since__c": "yesterday"}, None),
        ("AccountObj", {"owner": "4711"}, None),
        ("AccountObj", {"life_status": "invalid"}, None),
        ("AccountObj", {"name": "x"}, "f" * 24),
    ],
)
def test_what_cannot_be_is_refused_with_a_sentence(
    tenant: FxiaokeTenant, module: str, values: dict[str, object], record_id: str | None
) -> None:
    with pytest.raises(ValueError, match=r"\w"):
        tenant.put_record(module, values, record_id)
    assert tenant.records("AccountObj") == []


def test_an_unknown_module_has_no_records(tenant: FxiaokeTenant) -> None:
    with pytest.raises(ValueError, match="NoSuchObj"):
        tenant.records("NoSuchObj")
    assert set(tenant.modules()) >= {"AccountObj", "PaymentObj", "credit_task__c"}


def test_the_pages_show_credit_fields_tasks_and_contacts(
    tenant: FxiaokeTenant, caller: Caller
) -> None:
    account = tenant.put_record(
        "AccountObj", {"name": "客户", "owner": "1001", "mc_currency": "USD"}
    )
    tenant.put_record("ContactObj", {"name": "陈会计", "account_id": account, "mobile1": "138"})
    caller.update(
        "AccountObj",
        account,
        credit_rating__c="BB",
        credit_limit__c="5000",
        credit_status__c="hold",
        credit_data_as_of__c=1_774_886_400_000,
        overdue_amount__c="12.5",
    )
    caller.create(
        "credit_task__c",
        name="逾期跟进",
        owner=["1001"],
        account__c=account,
        status__c="open",
        due_date__c=1_774_886_400_000,
    )

    (view,) = tenant.accounts()
    assert (view.name, view.owner, view.currency) == ("客户", "李销售", "USD")
    assert (view.rating, view.limit, view.overdue, view.hold) == ("BB", "5000.00", "12.50", "hold")
    assert view.credit["数据截止日"] == "2026-03-31"
    (task,) = view.tasks
    assert (task.subject, task.is_open, task.due_on) == ("逾期跟进", True, "2026-03-31")
    (contact,) = view.contacts
    assert (contact.name, contact.phone) == ("陈会计", "138")


def test_a_done_task_is_not_open(tenant: FxiaokeTenant) -> None:
    account = tenant.put_record("AccountObj", {"name": "客户"})
    tenant.put_record("credit_task__c", {"name": "x", "account__c": account, "status__c": "done"})
    (view,) = tenant.accounts()
    assert not view.tasks[0].is_open


def test_a_bare_tenant_shows_its_accounts_too(bare_tenant: FxiaokeTenant) -> None:
    bare_tenant.put_record("AccountObj", {"name": "客户"})
    (view,) = bare_tenant.accounts()
    assert view.credit == {}
    assert view.tasks == []
