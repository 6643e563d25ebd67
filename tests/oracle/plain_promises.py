"""The oracle's promises to pay: kept, partly kept, broken, replaced (credit-management 2.3)."""

from datetime import date, timedelta
from fractions import Fraction
from typing import Any

from scoring.policy import Policy
from tests.oracle.plain_claims import DAY
from tests.oracle.plain_file import File, Values
from tests.oracle.plain_ledger import months_back

__all__ = ["promised"]


def promised(file: File, policy: Policy) -> dict[str, Any]:
    """How the customer keeps its word."""
    rules, as_of = policy.promises, file.as_of
    judged = [_judge(one, nth, file, policy) for one, nth in _in_rows(file)]
    year = months_back(as_of, policy.behaviour.window_months)
    recent = as_of - rules.recent_days * DAY
    ended = [(status, day) for status, day in judged if status in {"kept", "broken"} and day > year]
    broken = sum(status == "broken" for status, _ in ended)
    return {
        "n_promises": len(ended),
        "broken_promise_percent": Fraction(100 * broken, len(ended)) if ended else None,
        "broken_promises_90d": sum(s == "broken" and day > recent for s, day in judged),
        "open_promises": sum(status == "open" for status, _ in judged),
    }


def _in_rows(file: File) -> list[tuple[Values, int]]:
    """Each promise with how many in a row, itself included, were replaced before their date."""
    rows, found = dict[tuple[str, str | None], int](), []
    order = sorted(
        file.of("promises"), key=lambda one: (one["made_on"], one["promised_on"], one["promise"])
    )
    for one in order:
        what = (one["account"], one["item"])
        rows[what] = rows.get(what, 0) + 1 if _replaced(one, file.as_of) else 0
        found.append((one, rows[what]))
    return found


def _replaced(one: Values, as_of: date) -> bool:
    day = one["superseded_on"]
    return day is not None and day <= as_of and day <= one["promised_on"]


def _judge(one: Values, nth: int, file: File, policy: Policy) -> tuple[str, date]:
    """Its status, and the day it was judged."""
    rules, as_of = policy.promises, file.as_of
    if one["cancelled_on"] is not None and one["cancelled_on"] <= as_of:
        return "cancelled", as_of
    if nth:
        return "broken" if nth >= 2 else "superseded", one["superseded_on"]
    due = _workdays_on(one["promised_on"], rules.judged_after_working_days) + DAY
    amount, received = file.money(one) or 0, _received(one, due, file)
    day = min(due, as_of)
    if received >= Fraction(rules.kept_share) * amount:
        return "kept", day
    if due > as_of:
        return "open", day
    return "partial" if received >= Fraction(rules.partial_share) * amount else "broken", day


def _workdays_on(day: date, count: int) -> date:
    while count:
        day += timedelta(days=1)
        count -= day.weekday() < 5
    return day


def _received(one: Values, due: date, file: File) -> int:
    """Receipts from the day it was made; what was laid on other items is not for this one."""
    back = {row["payment"] for row in file.of("returns")}
    cash = [
        row
        for row in file.of("payments")
        if one["made_on"] <= row["paid_on"] <= due and row["payment"] not in back
    ]
    total = sum(file.money(row) or 0 for row in cash)
    if one["item"] is not None:
        names = {row["payment"] for row in cash}
        total -= sum(
            file.money(row) or 0
            for row in file.of("allocations")
            if row["payment"] in names and row["item"] != one["item"]
        )
    return max(0, total)
