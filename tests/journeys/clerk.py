"""A clerk in each sandbox CRM, who books payments as the trade's users do, and reads what is owed.

What is owed is worked out here in plain Python from the CRM's own records, sharing no line with the
product: an invoice less what was allocated to it and less its credit notes.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any, Protocol

import requests

from sandbox.lookalike import LookAlike
from sandbox.server import Sandbox

__all__ = ["Clerk", "Owed", "Shown", "clerks_of", "overdue_by_account"]

_CHINA = timedelta(hours=8)
_TERMS = timedelta(days=30)
_Row = Mapping[str, Any]


_OBJECTED_WITHIN = timedelta(days=15)
_DISPUTED_AT_MOST = timedelta(days=60)


@dataclass(frozen=True, slots=True, kw_only=True)
class Owed:
    """What is open of an invoice."""

    invoice: str
    account: str
    due_on: date
    currency: str
    amount: Decimal
    disputed: Decimal = Decimal(0)
    disputed_on: date | None = None

    def overdue(self, today: date) -> Decimal:
        """Tell what is open past its due date; a dispute raised in time counts for 60 days."""
        if self.due_on >= today:
            return Decimal(0)
        raised = self.disputed_on or self.due_on
        in_time = raised <= self.due_on + _OBJECTED_WITHIN
        counts = in_time and timedelta() <= today - raised < _DISPUTED_AT_MOST
        return self.amount - min(self.disputed, self.amount) * counts


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """What an account shows of our work."""

    overdue: Decimal | None
    summary: str


class _Words(Protocol):
    """One vendor's names for the records a clerk handles."""

    accounts: str
    tasks: str
    invoices: str
    payments: str
    allocations: str

    def owed(self, crm: LookAlike) -> list[Owed]: ...

    def shown(self, row: _Row) -> tuple[str, Shown]: ...

    def code(self, row: _Row) -> tuple[str, str]: ...

    def open_task(self, row: _Row) -> str: ...

    def invoice(
        self, account: str, number: str, amount: Decimal, due_on: date
    ) -> dict[str, object]: ...

    def payment(self, name: str, item: Owed, total: Decimal, on: date) -> dict[str, object]: ...

    def allocation(
        self, name: str, payment: str, item: Owed, amount: Decimal
    ) -> dict[str, object]: ...


class Clerk:
    """Works in one CRM. Reads it in this process, books over its ``/_sandbox/`` interface."""

    def __init__(self, crm: LookAlike, url: str) -> None:
        self.crm = crm
        self.url = url
        self._words: _Words = _WORDS[crm.name]
        self._http = requests.Session()
        self._http.trust_env = False
        self._number = 0

    def close(self) -> None:
        """Let the connection go."""
        self._http.close()

    def owed(self) -> list[Owed]:
        """List what is open."""
        return self._words.owed(self.crm)

    def shown(self) -> dict[str, Shown]:
        """Tell what every account shows, by id."""
        return dict(self._words.shown(row) for row in self.crm.records(self._words.accounts))

    def codes(self) -> dict[str, str]:
        """Tell every account's company code (or nothing), by id."""
        return dict(self._words.code(row) for row in self.crm.records(self._words.accounts))

    def open_tasks(self) -> dict[str, int]:
        """Count open tasks by account."""
        counts: dict[str, int] = defaultdict(int)
        for row in self.crm.records(self._words.tasks):
            account = self._words.open_task(row)
            if account:
                counts[account] += 1
        return counts

    def pay(self, parts: Sequence[tuple[Owed, Decimal]], on: date) -> None:
        """Book one payment of one account, and what of it goes to which invoice."""
        self._number += 1
        name = f"T-{self.crm.name}-{self._number:05d}"
        total = sum((amount for _, amount in parts), Decimal(0))
        words = self._words
        payment = self._book(words.payments, words.payment(name, parts[0][0], total, on))
        for position, (item, amount) in enumerate(parts, 1):
            values = words.allocation(f"{name}-{position}", payment, item, amount)
            self._book(words.allocations, values)

    def bill(self, account: str, number: str, amount: Decimal, *, due_on: date) -> None:
        """Book an invoice at thirty days."""
        words = self._words
        self._book(words.invoices, words.invoice(account, number, amount, due_on))

    def misbehave(self, **knobs: object) -> None:
        """Set the knobs of the CRM's notifications."""
        answer = self._http.put(f"{self.url}/_sandbox/notifications", json=knobs, timeout=10)
        answer.raise_for_status()

    def _book(self, module: str, values: Mapping[str, object]) -> str:
        answer = self._http.post(f"{self.url}/_sandbox/records/{module}", json=values, timeout=30)
        assert answer.status_code == 201, answer.text
        return str(answer.json()["id"])


def clerks_of(crms: Sandbox) -> dict[str, Clerk]:
    """Put a clerk in each CRM."""
    return {name: Clerk(crms.crm(name), crms.url(name)) for name in crms.names()}


def overdue_by_account(clerks: Mapping[str, Clerk], today: date) -> dict[tuple[str, str], Decimal]:
    """Sum what is open past its due date of each account's company, over all CRMs."""
    own: dict[tuple[str, str], Decimal] = defaultdict(Decimal)
    company: dict[tuple[str, str], str] = {}
    for vendor, clerk in clerks.items():
        for account, code in clerk.codes().items():
            company[vendor, account] = code or f"{vendor} {account}"
        for item in clerk.owed():
            own[vendor, item.account] += item.overdue(today)
    together: dict[str, Decimal] = defaultdict(Decimal)
    for account_of, name in company.items():
        together[name] += own[account_of]
    return {account_of: together[name] for account_of, name in company.items()}


def _open(invoices: Iterable[Owed], reductions: Iterable[tuple[str | None, Decimal]]) -> list[Owed]:
    laid: dict[str | None, Decimal] = defaultdict(Decimal)
    for invoice, amount in reductions:
        laid[invoice] += amount
    return [
        replace(item, amount=item.amount - laid[item.invoice])
        for item in invoices
        if item.amount > laid[item.invoice]
    ]


def _decimal(value: object) -> Decimal:
    return Decimal(str(value))


class _Zoho:
    accounts, tasks = "Accounts", "Tasks"
    invoices, payments, allocations = "Invoices", "Payments", "Payment_Allocations"

    def owed(self, crm: LookAlike) -> list[Owed]:
        invoices = [
            Owed(
                invoice=str(row["id"]),
                account=_id(row["Account_Name"]),
                due_on=date.fromisoformat(str(row["Due_Date"])),
                currency=str(row["Currency"]),
                amount=_decimal(row["Grand_Total"]),
                disputed=_decimal(row.get("Disputed_Amount") or 0),
                disputed_on=date.fromisoformat(str(row["Disputed_On"]))
                if row.get("Disputed_On")
                else None,
            )
            for row in crm.records("Invoices")
        ]
        laid = [
            (_id(row["Invoice"]), _decimal(row["Amount"]))
            for module in ("Payment_Allocations", "Credit_Notes")
            for row in crm.records(module)
            if row.get("Invoice")
        ]
        return _open(invoices, laid)

    def shown(self, row: _Row) -> tuple[str, Shown]:
        overdue = row.get("Credit_Overdue_Amount")
        shown = Shown(
            overdue=None if overdue is None else _decimal(overdue),
            summary=str(row.get("Credit_Summary") or ""),
        )
        return str(row["id"]), shown

    def code(self, row: _Row) -> tuple[str, str]:
        return str(row["id"]), str(row.get("USCC") or "")

    def open_task(self, row: _Row) -> str:
        return "" if row.get("Status") == "Completed" else _id(row["What_Id"])

    def invoice(
        self, account: str, number: str, amount: Decimal, due_on: date
    ) -> dict[str, object]:
        return {
            "Subject": number,
            "Account_Name": account,
            "Invoice_Date": (due_on - _TERMS).isoformat(),
            "Due_Date": due_on.isoformat(),
            "Grand_Total": float(amount),
            "Currency": "CNY",
        }

    def payment(self, name: str, item: Owed, total: Decimal, on: date) -> dict[str, object]:
        return {
            "Name": name,
            "Account": item.account,
            "Payment_Date": on.isoformat(),
            "Amount": float(total),
            "Currency": item.currency,
        }

    def allocation(self, name: str, payment: str, item: Owed, amount: Decimal) -> dict[str, object]:
        return {
            "Name": name,
            "Payment": payment,
            "Invoice": item.invoice,
            "Amount": float(amount),
            "Currency": item.currency,
        }


class _Fxiaoke:
    accounts, tasks = "AccountObj", "credit_task__c"
    invoices = "AccountsReceivableNoteObj"
    payments, allocations = "PaymentObj", "MatchNoteDetailObj"

    def owed(self, crm: LookAlike) -> list[Owed]:
        notes = crm.records("AccountsReceivableNoteObj")
        invoices = [
            Owed(
                invoice=str(row["_id"]),
                account=str(row["account_id"]),
                due_on=_day(row["due_date"]),
                currency=str(row.get("mc_currency") or "CNY"),
                amount=_decimal(row["price_tax_amount"]),
                disputed=_decimal(row.get("disputed_amount__c") or 0),
                disputed_on=_day(row["disputed_on__c"]) if row.get("disputed_on__c") else None,
            )
            for row in notes
            if row["record_type"] == "default__c"
        ]
        laid = [
            (str(row["ar_id"]), _decimal(row["match_amount"]))
            for row in crm.records("MatchNoteDetailObj")
        ] + [
            (str(row["source_note_id__c"]), -_decimal(row["price_tax_amount"]))
            for row in notes
            if row["record_type"] == "red_note__c" and row.get("source_note_id__c")
        ]
        return _open(invoices, laid)

    def shown(self, row: _Row) -> tuple[str, Shown]:
        overdue = row.get("overdue_amount__c")
        shown = Shown(
            overdue=None if overdue is None else _decimal(overdue),
            summary=str(row.get("credit_summary__c") or ""),
        )
        return str(row["_id"]), shown

    def code(self, row: _Row) -> tuple[str, str]:
        return str(row["_id"]), str(row.get("uscc__c") or "")

    def open_task(self, row: _Row) -> str:
        return "" if row.get("status__c") in {"done", "cancelled"} else str(row["account__c"])

    def invoice(
        self, account: str, number: str, amount: Decimal, due_on: date
    ) -> dict[str, object]:
        return {
            "name": number,
            "account_id": account,
            "note_date": (due_on - _TERMS).isoformat(),
            "due_date": due_on.isoformat(),
            "price_tax_amount": str(amount),
            "record_type": "default__c",
        }

    def payment(self, name: str, item: Owed, total: Decimal, on: date) -> dict[str, object]:
        return {
            "name": name,
            "account_id": item.account,
            "payment_time": on.isoformat(),
            "payment_amount": str(total),
            "mc_currency": item.currency,
        }

    def allocation(self, name: str, payment: str, item: Owed, amount: Decimal) -> dict[str, object]:
        return {
            "name": name,
            "payment_id": payment,
            "ar_id": item.invoice,
            "match_amount": str(amount),
            "mc_currency": item.currency,
        }


_WORDS: dict[str, _Words] = {"zoho": _Zoho(), "fxiaoke": _Fxiaoke()}


def _id(lookup: object) -> str:
    """Read a lookup, shown with its name or as the bare id."""
    return str(lookup["id"]) if isinstance(lookup, Mapping) else str(lookup)


def _day(milliseconds: object) -> date:
    moment = datetime.fromtimestamp(int(str(milliseconds)) / 1000, UTC) + _CHINA
    return moment.date()
