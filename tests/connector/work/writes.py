"""WriteBacks with boring values: a test names only what matters to it."""

from datetime import date

from adapters.port import CreditField, FieldUpdate, FieldValue, Priority, TaskChange, TaskDraft
from scoring.money import Money
from scoring.records import AccountRef

__all__ = ["a_change", "a_draft", "an_update"]


def an_update(account: str = "A1", system: str = "crm", **values: FieldValue) -> FieldUpdate:
    """Wish for a rating, or for the values named."""
    wished = {CreditField(name): value for name, value in values.items()}
    return FieldUpdate(
        account=AccountRef(system, account), values=wished or {CreditField.RATING: "BBB"}
    )


def a_draft(account: str = "A1", system: str = "crm", key: str = "") -> TaskDraft:
    """Ask for a task about an overdue invoice."""
    return TaskDraft(
        key=key or f"cc1:{system}:overdue:{account}:I1:L1",
        account=AccountRef(system, account),
        owner_id="owner",
        subject="Call about CNY 100.00",
        body="Invoice I1 is late.",
        due_on=date(2026, 11, 25),
        priority=Priority.NORMAL,
        level=1,
        overdue=Money(10000, "CNY"),
        oldest_days=12,
    )


def a_change(
    account: str = "A1",
    system: str = "crm",
    *,
    key: str = "",
    task_id: str = "T1",
    body: str = "Still late.",
    closed: bool = False,
) -> TaskChange:
    """Rewrite or close the task of ``a_draft``."""
    return TaskChange(
        key=key or f"cc1:{system}:overdue:{account}:I1:L1",
        account=AccountRef(system, account),
        task_id=task_id,
        owner_id="owner",
        subject="Call about CNY 100.00",
        body=body,
        due_on=date(2026, 11, 25),
        priority=Priority.NORMAL,
        level=1,
        overdue=Money(10000, "CNY"),
        oldest_days=12,
        closed=closed,
    )
