"""The accounts as the sandbox's pages show them."""

from sandbox.lookalike import AccountView, ContactView, TaskView
from sandbox.zoho.rendering import show_record
from sandbox.zoho.state import OrgState
from sandbox.zoho.table import Row

__all__ = ["account_views"]

_DETAILS = ("USCC", "Industry", "Billing_Country", "Payment_Terms_Days", "Customer_Since")
_PREFIX = "Credit_"
_CLOSED = "Completed"


def account_views(state: OrgState) -> list[AccountView]:
    """Return every account with what was written to it, and its tasks and contacts."""
    tasks, contacts = (
        _by_account(state, "Tasks", "What_Id"),
        _by_account(state, "Contacts", "Account_Name"),
    )
    return [
        _account(state, row, tasks.get(record_id, []), contacts.get(record_id, []))
        for record_id, row in state.tables["Accounts"].rows.items()
    ]


def _by_account(state: OrgState, module: str, by: str) -> dict[str, list[Row]]:
    found: dict[str, list[Row]] = {}
    for row in state.tables[module].rows.values():
        found.setdefault(str(row.get(by)), []).append(row)
    return found


def _account(state: OrgState, row: Row, tasks: list[Row], contacts: list[Row]) -> AccountView:
    shown = show_record(state, "Accounts", row)
    fields = state.modules["Accounts"].fields
    credit = {
        field.label.removeprefix("Credit "): _text(shown[name])
        for name, field in fields.items()
        if name.startswith(_PREFIX) and shown.get(name) is not None
    }
    return AccountView(
        id=str(row["id"]),
        name=str(row["Account_Name"]),
        owner=_person(state, row),
        currency=_text(row.get("Currency")),
        credit=credit,
        tasks=[_task(state, task) for task in tasks],
        contacts=[_contact(contact) for contact in contacts],
        details={
            fields[name].label: _text(shown[name])
            for name in _DETAILS
            if name in fields and shown[name] is not None
        },
        rating=credit.get("Rating", ""),
        limit=credit.get("Limit", ""),
        overdue=credit.get("Overdue Amount", ""),
        hold=credit.get("Hold", ""),
    )


def _task(state: OrgState, row: Row) -> TaskView:
    return TaskView(
        id=str(row["id"]),
        subject=_text(row.get("Subject")),
        status=_text(row.get("Status")),
        is_open=row.get("Status") != _CLOSED,
        due_on=_text(row.get("Due_Date")),
        priority=_text(row.get("Priority")),
        owner=_person(state, row),
        body=_text(row.get("Description")),
    )


def _contact(row: Row) -> ContactView:
    return ContactView(
        id=str(row["id"]),
        name=_text(row.get("Full_Name")),
        email=_text(row.get("Email")),
        phone=_text(row.get("Phone")),
    )


def _person(state: OrgState, row: Row) -> str:
    user = state.users.get(str(row.get("Owner")))
    return "" if user is None else user.name


def _text(value: object) -> str:
    if value is None:
        return ""
    return f"{value:,.2f}" if isinstance(value, float) else str(value)
