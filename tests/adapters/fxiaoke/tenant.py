"""Builders around the look-alike tenant: ports opened on it, records put into it."""

from datetime import date
from typing import Any

from adapters.fxiaoke.port import FxiaokePort
from adapters.fxiaoke.values import date_to_ms
from adapters.port import (
    Cursor,
    Page,
    Priority,
    TaskChange,
    TaskDraft,
)
from adapters.settings import Secret
from sandbox.fxiaoke.tenant import FxiaokeTenant
from scoring.money import Money
from scoring.records import AccountRef, Kind
from tests.adapters.fxiaoke.gateway import Time, a_port, some_settings

__all__ = ["a_change", "a_draft", "a_note", "an_account", "open_on", "read_all"]


def open_on(
    tenant: FxiaokeTenant,
    url: str,
    *,
    style: str = "header",
    seconds: float = 30.0,
    mapping: dict[str, Any] | None = None,
    time: Time | None = None,
    **options: Any,
) -> FxiaokePort:
    known = tenant.credentials()
    names = ("app_id", "app_secret", "permanent_code")
    settings = some_settings(
        base_url=url,
        secrets={name: Secret(known[name]) for name in names},
        organisation_id=known["corp_id"],
        mapping=mapping or {},
        options={
            "style": style,
            "user_id": known["user_id" if style == "header" else "open_user_id"],
            **options,
        },
    )
    return a_port(time or Time(), settings=settings, read_seconds=seconds)


def an_account(tenant: FxiaokeTenant, **values: object) -> str:
    return tenant.put_record("AccountObj", {"name": "示例客户", "owner": ["1001"], **values})


def a_note(tenant: FxiaokeTenant, account: str, **values: object) -> str:
    default: dict[str, object] = {
        "name": "AR-1",
        "account_id": account,
        "note_date": date_to_ms(date(2020, 1, 1)),
        "due_date": date_to_ms(date(2020, 1, 31)),
        "price_tax_amount": "1234.50",
        "record_type": "default__c",
    }
    return tenant.put_record("AccountsReceivableNoteObj", default | values)


def read_all(port: FxiaokePort, kind: Kind, cursor: Cursor) -> list[Page]:
    pages = [port.changes(kind, cursor)]
    while not pages[-1].finished:
        pages.append(port.changes(kind, pages[-1].cursor))
    return pages


def a_draft(account: str, key: str = "k1", **changes: Any) -> TaskDraft:
    fields: dict[str, Any] = {
        "key": key,
        "account": AccountRef("fx", account),
        "owner_id": None,
        "subject": "逾期跟进-示例客户",
        "body": "请联系客户",
        "due_on": date(2020, 4, 3),
        "priority": Priority.HIGH,
        "level": 1,
        "overdue": Money(500000, "CNY"),
        "oldest_days": 32,
        **changes,
    }
    return TaskDraft(**fields)


def a_change(draft: TaskDraft, task_id: str, **changes: Any) -> TaskChange:
    names = set(TaskChange.__struct_fields__) & set(TaskDraft.__struct_fields__)
    fields = {name: getattr(draft, name) for name in names}
    return TaskChange(**{**fields, "task_id": task_id, **changes})
