"""What the sandbox's pages show of the accounts: values as a person reads them."""

from collections import defaultdict
from datetime import UTC, datetime

from sandbox.fxiaoke.catalogue import CREDIT_FIELDS, TASK_OBJECT
from sandbox.fxiaoke.fields import FieldDescribe
from sandbox.fxiaoke.rows import ObjectTable, Row
from sandbox.fxiaoke.state import State
from sandbox.fxiaoke.values import CHINA
from sandbox.lookalike import AccountView, ContactView, TaskView

__all__ = ["account_views"]

_CLOSED = frozenset({"done", "cancelled"})
_DETAILS = ("account_no", "uscc__c", "industry_level1", "country", "terms_days__c")


def account_views(state: State) -> list[AccountView]:
    """Return every live account."""
    tasks = _by_account(state, TASK_OBJECT, "account__c")
    contacts = _by_account(state, "ContactObj", "account_id")
    table = state.store.table("AccountObj")
    rows = (table.rows[each] for each in table.live_ids)
    return [_account(state, table, row, tasks[row.id], contacts[row.id]) for row in rows]


def _by_account(state: State, api_name: str, name: str) -> dict[str, list[Row]]:
    found: dict[str, list[Row]] = defaultdict(list)
    table = state.store.tables.get(api_name)
    for each in table.live_ids if table else ():
        row = table.rows[each] if table else None
        if row is not None:
            found[str(row.values.get(name))].append(row)
    return found


def _account(
    state: State, table: ObjectTable, row: Row, tasks: list[Row], contacts: list[Row]
) -> AccountView:
    fields = table.describe.fields
    credit = {
        fields[each.api_name].label: text
        for each in CREDIT_FIELDS
        if each.api_name in fields and (text := _shown(fields, row, each.api_name))
    }
    return AccountView(
        id=row.id,
        name=_shown(fields, row, "name"),
        owner=_owner(state, row),
        currency=_shown(fields, row, "mc_currency") or "CNY",
        credit=credit,
        tasks=[_task(state, each) for each in tasks],
        contacts=[_contact(each) for each in contacts],
        details={
            fields[name].label: text for name in _DETAILS if (text := _shown(fields, row, name))
        },
        rating=_shown(fields, row, "credit_rating__c"),
        limit=_shown(fields, row, "credit_limit__c"),
        overdue=_shown(fields, row, "overdue_amount__c"),
        hold=_shown(fields, row, "credit_status__c"),
    )


def _task(state: State, row: Row) -> TaskView:
    fields = state.store.table(TASK_OBJECT).describe.fields
    return TaskView(
        id=row.id,
        subject=_shown(fields, row, "name"),
        status=_shown(fields, row, "status__c"),
        is_open=row.values.get("status__c") not in _CLOSED,
        due_on=_shown(fields, row, "due_date__c"),
        priority=_shown(fields, row, "priority__c"),
        owner=_owner(state, row),
        body=_shown(fields, row, "body__c"),
    )


def _contact(row: Row) -> ContactView:
    values = row.values
    return ContactView(
        id=row.id,
        name=str(values.get("name", "")),
        email=str(values.get("email", "")),
        phone=str(values.get("mobile1", "")),
    )


def _owner(state: State, row: Row) -> str:
    found = state.staff.find(row.owner[0]) if row.owner else None
    return found.name if found else ""


def _shown(fields: dict[str, FieldDescribe], row: Row, name: str) -> str:
    value, described = row.values.get(name), fields.get(name)
    if value is None or described is None:
        return ""
    if isinstance(value, int) and described.type in {"date", "date_time"}:
        at = datetime.fromtimestamp(value / 1000, UTC).astimezone(CHINA)
        return at.strftime("%Y-%m-%d" if described.type == "date" else "%Y-%m-%d %H:%M")
    return described.label_of(value) if isinstance(value, str) else str(value)
