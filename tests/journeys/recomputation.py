"""Account figures recomputed in plain Python from CSV files, sharing no line with the product.

Definitions: overdue is open past its due date; exposure is what is open less unapplied cash; days
late is Σ amount·days / Σ amount over what was paid in the last twelve months and what is open and
overdue, early payment counting as zero days.
"""

import csv
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path

__all__ = ["Figures", "recompute"]


@dataclass(frozen=True, slots=True)
class Figures:
    """What the CRM should show for one customer."""

    overdue: Decimal
    oldest_days: int
    exposure: Decimal
    days_late: Decimal | None


def recompute(folder: Path, as_of: date) -> dict[str, Figures]:
    """Compute the figures of every account in ``accounts.csv``, as of a day."""
    invoices = _invoices(folder, as_of)
    payments = _payments(folder, as_of)
    allocations = _allocations(folder, invoices, payments)
    items, money = _by_account(invoices), _by_account(payments)
    return {
        account: _figures(
            items.get(account, []), money.get(account, []), allocations.get(account, []), as_of
        )
        for account in (row["account_id"] for row in _rows(folder, "accounts.csv"))
    }


def _by_account(facts: Mapping[str, "_Fact"]) -> dict[str, list["_Fact"]]:
    grouped = defaultdict(list)
    for fact in facts.values():
        grouped[fact.account].append(fact)
    return grouped


def _rows(folder: Path, name: str) -> list[dict[str, str]]:
    with (folder / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


@dataclass(slots=True)
class _Fact:
    """An invoice and its due date, or a payment and its day; and how much of it is applied."""

    account: str
    amount: Decimal
    on: date
    applied: Decimal = Decimal(0)

    @property
    def left(self) -> Decimal:
        return self.amount - self.applied


def _invoices(folder: Path, as_of: date) -> dict[str, _Fact]:
    return {
        row["invoice_id"]: _Fact(
            row["account_id"], Decimal(row["amount"]), date.fromisoformat(row["due_on"])
        )
        for row in _rows(folder, "invoices.csv")
        if date.fromisoformat(row["issued_on"]) <= as_of
    }


def _payments(folder: Path, as_of: date) -> dict[str, _Fact]:
    return {
        row["payment_id"]: _Fact(
            row["account_id"], Decimal(row["amount"]), date.fromisoformat(row["paid_on"])
        )
        for row in _rows(folder, "payments.csv")
        if date.fromisoformat(row["paid_on"]) <= as_of
    }


def _allocations(
    folder: Path, invoices: dict[str, _Fact], payments: dict[str, _Fact]
) -> dict[str, list[tuple[Decimal, date, date]]]:
    """Apply what counts by now; list (amount, paid on, due) by account."""
    applied = defaultdict(list)
    for row in _rows(folder, "allocations.csv"):
        item, money = invoices.get(row["invoice_id"]), payments.get(row["payment_id"])
        if item is None or money is None:
            continue
        amount = Decimal(row["amount"])
        item.applied += amount
        money.applied += amount
        applied[item.account].append((amount, money.on, item.on))
    return applied


def _figures(
    items: list[_Fact],
    payments: list[_Fact],
    paid: list[tuple[Decimal, date, date]],
    as_of: date,
) -> Figures:
    overdue = [
        (item.left, (as_of - item.on).days) for item in items if item.left > 0 and item.on < as_of
    ]
    cash = sum((payment.left for payment in payments), Decimal(0))
    return Figures(
        overdue=sum((amount for amount, _ in overdue), Decimal(0)),
        oldest_days=max((days for _, days in overdue), default=0),
        exposure=sum((item.left for item in items), Decimal(0)) - cash,
        days_late=_days_late(paid, overdue, as_of),
    )


def _days_late(
    paid: list[tuple[Decimal, date, date]], overdue: list[tuple[Decimal, int]], as_of: date
) -> Decimal | None:
    since = as_of.replace(year=as_of.year - 1)
    lateness = [
        (amount, max(0, (on - due).days)) for amount, on, due in paid if since < on <= as_of
    ] + overdue
    weight = sum((amount for amount, _ in lateness), Decimal(0))
    if not weight:
        return None
    mean = sum((amount * days for amount, days in lateness), Decimal(0)) / weight
    return mean.quantize(Decimal("0.1"), ROUND_HALF_UP)
