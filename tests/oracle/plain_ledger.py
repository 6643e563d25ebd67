"""The oracle's ledger: one entity's facts in plain Python, slow and obvious.

Loops over records, fractions instead of floats, no code shared with the engine but the policy's
numbers. It first throws away every fact dated after ``as_of``; what remains is all it knows.
"""

from calendar import monthrange
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from fractions import Fraction
from itertools import pairwise
from statistics import stdev
from typing import Any

from scoring.money import minor_digits
from scoring.policy import GRADES, CharacteristicPolicy, Policy
from scoring.rates import Rate
from tests.builders import Row

__all__ = [
    "Claim",
    "Ledger",
    "Part",
    "Spare",
    "deviation",
    "grade_of",
    "half_up",
    "months_back",
    "share_at",
    "workdays_back",
    "worse",
]


@dataclass
class Part:
    """A payment or credit note as far as it fits on a claim, in entity currency."""

    on: date
    cash: bool
    payment: str
    amount: int
    written: bool = False


@dataclass
class Claim:
    """An invoice with what was laid on it; ``virtual`` is the cash we left lying."""

    item: str
    issued: date
    due: date
    amount: int
    disputed: int
    disputed_on: date
    closed_on: date | None = None
    conceded: bool = False
    parts: list[Part] = field(default_factory=list)
    virtual: list[Part] = field(default_factory=list)

    @property
    def open(self) -> int:
        """What is open on our books."""
        return self.amount - sum(part.amount for part in self.parts)

    @property
    def all_parts(self) -> list[Part]:
        """Real and virtual parts by date, credit notes first on a day."""
        return sorted(self.parts + self.virtual, key=lambda p: (p.on, p.written, p.cash))


@dataclass
class Spare:
    """Unapplied money in entity currency."""

    on: date
    cash: bool
    amount: int


class Ledger:
    """One entity's facts up to a date."""

    def __init__(
        self, rows: list[Row], entity: str, rates: Mapping[str, Rate], as_of: date
    ) -> None:
        self.as_of, self.rates, self.rows, self.entity = as_of, rates, rows, entity
        self.master = next(
            row.values for row in rows if row.frame == "entities" and row.values["entity"] == entity
        )
        self.currency = str(self.master["currency"])
        own = [row for row in rows if row.values["entity"] == entity]
        self.items = self.known(own, "items", "issued_on")
        self.payments = self.known(own, "payments", "paid_on")
        self.allocations = self.known(own, "allocations", "paid_on")
        self.cut_to_payments()
        self.orders = self.known(own, "orders", "ordered_on")
        self.notes = self.known(own, "notes", "received_on")
        self.dishonoured = {
            back["payment"]
            for back in self.known(own, "returns", "returned_on").values()
            if back["kind"] == "dishonoured_bill"
        }
        self.write_offs = self.known(own, "write_offs", "written_off_on")
        self.every_item = {r.values["item"] for r in own if r.frame == "items"}
        returns = self.known(own, "returns", "returned_on").values()
        self.back = {str(r["payment"]): r["returned_on"] for r in returns}
        self.bounced = {
            a["item"]: max(
                self.back[b["payment"]]
                for b in self.allocations.values()
                if b["item"] == a["item"] and b["payment"] in self.back
            )
            for a in self.allocations.values()
            if a["payment"] in self.back
        }
        self.every_payment = list(self.payments.values())
        # A payment that came back was never there.
        self.payments = {k: p for k, p in self.payments.items() if k not in self.back}
        self.allocations = {
            k: a for k, a in self.allocations.items() if a["payment"] not in self.back
        }
        self.spares: list[Spare] = []
        self.claims = [
            self.claim(item) for item in self.items.values() if item["kind"] == "invoice"
        ]
        self.spares += [*self.unused_payments(), *self.unapplied_notes()]

    def cut_to_payments(self) -> None:
        """Lay out no more of a payment than it is, the earliest first."""
        for key, payment in self.payments.items():
            left = payment["amount"]
            order = sorted(self.allocations.items(), key=lambda one: (one[1]["paid_on"], one[0]))
            for name, laid in order:
                if (laid["payment"], laid["currency"]) == (key, payment["currency"]):
                    fits = min(left, laid["amount"])
                    self.allocations[name] = laid | {"amount": fits}
                    left -= fits

    def known(self, rows: list[Row], frame: str, day: str) -> dict[str, dict[str, Any]]:
        """Keep the rows of a frame that exist at the date, by key."""
        values = [row.values for row in rows if row.frame == frame]
        return {str(next(iter(v.values()))): v for v in values if v[day] <= self.as_of}  # type: ignore[operator]

    def convert(self, minor: int, source: str, target: str) -> int:
        """Convert at the rates, half up."""
        if source == target:
            return minor
        value = Fraction(minor, 10 ** minor_digits(source)) * self.price(source)
        return half_up(value / self.price(target) * 10 ** minor_digits(target))

    def price(self, currency: str) -> Fraction:
        """The price of one unit in CNY."""
        return Fraction(1) if currency == "CNY" else Fraction(self.rates[currency].price)

    def claim(self, item: dict[str, Any]) -> Claim:
        """Lay allocations and credit notes on an invoice in order of date."""
        currency, raw = item["currency"], item["amount"]
        claim = Claim(
            item["item"],
            item["issued_on"],
            item["due_on"],
            self.convert(raw, currency, self.currency),
            self.convert(item["disputed"], currency, self.currency),
            item["disputed_on"] or item["due_on"],
            item.get("dispute_closed_on"),
            item.get("dispute_outcome") == "for_customer",
        )
        filled = 0
        for on, written, cash, payment, amount in self.laid_on(item):
            fits = min(amount, raw - filled)
            before = self.convert(filled, currency, self.currency)
            filled += fits
            value = self.convert(filled, currency, self.currency) - before
            if fits:
                claim.parts.append(Part(on, cash, payment, value, written))
            if amount > fits and not written:
                over = self.convert(amount - fits, currency, self.currency)
                since = max(on, claim.issued, self.bounced.get(claim.item, date.min))
                self.spares.append(Spare(since, cash, over))
        return claim

    def laid_on(self, item: dict[str, Any]) -> list[tuple[date, bool, bool, str, int]]:
        """List (date, is a write-off, is cash, payment, amount in the invoice's currency)."""
        cash = [
            (a["paid_on"], False, True, a["payment"], a["amount"])
            for a in self.allocations.values()
            if a["item"] == item["item"]
        ]
        notes = [
            (
                *(n["issued_on"], False, False, ""),
                self.convert(n["amount"], n["currency"], item["currency"]),
            )
            for n in self.items.values()
            if n["kind"] == "credit_note" and n["applies_to"] == item["item"]
        ]
        lost = [
            (
                *(w["written_off_on"], True, False, ""),
                self.convert(w["amount"], w["currency"], item["currency"]),
            )
            for w in self.write_offs.values()
            if w["item"] == item["item"]
        ]
        return sorted([*cash, *notes, *lost], key=lambda one: one[:4])

    def loose_losses(self) -> list[tuple[date, int]]:
        """Write-offs that name no invoice of the book."""
        return [
            (w["written_off_on"], self.convert(w["amount"], w["currency"], self.currency))
            for w in self.write_offs.values()
            if w["item"] not in self.every_item
        ]

    def unused_payments(self) -> list[Spare]:
        """What payments have left after their allocations to invoices that exist."""
        left = []
        for payment in self.payments.values():
            used = sum(
                self.convert(a["amount"], a["currency"], payment["currency"])
                for a in self.allocations.values()
                if a["payment"] == payment["payment"] and a["item"] in self.items
            )
            if payment["amount"] > used:
                value = self.convert(payment["amount"] - used, payment["currency"], self.currency)
                left.append(Spare(payment["paid_on"], cash=True, amount=value))
        return left

    def unapplied_notes(self) -> list[Spare]:
        """Credit notes that name no invoice that exists."""
        return [
            Spare(
                note["issued_on"],
                cash=False,
                amount=self.convert(note["amount"], note["currency"], self.currency),
            )
            for note in self.items.values()
            if note["kind"] == "credit_note" and note["applies_to"] not in self.items
        ]


def half_up(value: Fraction) -> int:
    """Round a value that is not negative."""
    return int(value + Fraction(1, 2))


def months_back(day: date, months: int) -> date:
    """Go back whole months."""
    index = day.year * 12 + day.month - 1 - months
    year, month = divmod(index, 12)
    return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))


def share_at(rule: CharacteristicPolicy, value: Fraction | None) -> Fraction | None:
    """Read the percent off a curve."""
    if value is None:
        return None
    points = [(Fraction(x), Fraction(y)) for x, y in rule.curve]
    if value <= points[0][0]:
        return points[0][1]
    for (x0, y0), (x1, y1) in pairwise(points):
        if value <= x1:
            return y1 if rule.steps else y0 + (y1 - y0) * (value - x0) / (x1 - x0)
    return Fraction(0) if rule.steps else points[-1][1]


def grade_of(score: Fraction, policy: Policy) -> str:
    """Find the band of a score."""
    return next(g.grade for g in policy.grades if g.score is not None and score >= g.score)


def worse(*grades: str) -> str:
    """Take the worst grade."""
    return max(grades, key=GRADES.index)


def workdays_back(day: date, count: int) -> date:
    """Go back Mondays to Fridays."""
    while count:
        day -= timedelta(days=1)
        count -= day.weekday() < 5
    return day


def deviation(values: list[Fraction]) -> float:
    """Sample standard deviation."""
    return stdev([float(value) for value in values])
