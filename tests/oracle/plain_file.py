"""The oracle's credit file: one entity's rows that exist at a date, and what days and sums they tell."""

from datetime import date
from typing import Any

from scoring.schemas import SCHEMAS
from tests.builders import Row
from tests.oracle.plain_ledger import Ledger, months_back

__all__ = ["File", "happened", "later", "months_since", "newest", "stands"]

_KNOWN_FROM = {
    "promises": "made_on",
    "statements": "received_on",
    "credit_records": "known_on",
    "collateral": "valid_from",
    "decisions": "from_on",
    "signals": "first_on",
    "orders": "ordered_on",
    "notes": "received_on",
    "payments": "paid_on",
    "allocations": "paid_on",
    "returns": "returned_on",
}

Values = dict[str, Any]


class File:
    """What was known of one entity at a date."""

    def __init__(self, rows: list[Row], ledger: Ledger, as_of: date) -> None:
        self.ledger, self.as_of = ledger, as_of
        self.master = ledger.master
        self.own = [row for row in rows if row.values["entity"] == ledger.entity]

    def of(self, frame: str) -> list[Values]:
        """Rows of a frame known by the date."""
        day = _KNOWN_FROM[frame]
        blank = dict.fromkeys(SCHEMAS[frame])
        values: list[Values] = [blank | row.values for row in self.own if row.frame == frame]
        return [one for one in values if one[day] <= self.as_of]

    def records(self, *kinds: str) -> list[Values]:
        """Credit records of some kinds."""
        return [one for one in self.of("credit_records") if one["kind"] in kinds]

    def decisions(self, kind: str) -> list[Values]:
        """Decisions of a kind, the newest last."""
        found = [one for one in self.of("decisions") if one["kind"] == kind]
        return sorted(found, key=lambda one: (one["from_on"], one["decision"]))

    def earlier(self) -> Values | None:
        """The newest assessment of an earlier day."""
        rows = [row.values for row in self.own if row.frame == "previous"]
        return next((one for one in rows if one["as_of"] < self.as_of), None)  # type: ignore[operator]

    def money(self, row: Values, name: str = "amount") -> int | None:
        """An amount in the entity's currency."""
        amount, own = row.get(name), self.ledger.currency
        if amount is None:
            return None
        size = self.ledger.convert(abs(amount), row.get("currency") or own, own)
        return size if amount >= 0 else -size

    def lasting(self, row: Values, name: str = "valid_to") -> bool:
        """Not run out."""
        return row.get(name) is None or row[name] >= self.as_of


def happened(row: Values, as_of: date) -> date:
    """The day of an event; where that is not told, when we learned of it."""
    event = row.get("event_on")
    day: date = event if event is not None and event <= as_of else row["known_on"]
    return day


def stands(row: Values, as_of: date) -> bool:
    """Not ended."""
    return row.get("ended_on") is None or row["ended_on"] > as_of


def newest(rows: list[Values], *names: str) -> list[Values]:
    """Keep the rows that share the greatest value of the named columns."""
    most = max((tuple(row[name] for name in names) for row in rows), default=None)
    return [row for row in rows if tuple(row[name] for name in names) == most]


def later(day: date, months: int | None) -> date | None:
    """So many months on; without months for good."""
    return None if months is None else months_back(day, -months)


def months_since(day: date, as_of: date) -> int:
    """Whole months."""
    months = (as_of.year - day.year) * 12 + as_of.month - day.month
    return months - (day.day > as_of.day)
