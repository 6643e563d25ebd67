"""Payments booked in the CRMs over time, and how long each takes to show in the account's field."""

import statistics
import threading
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from decimal import Decimal
from random import Random
from time import monotonic

from tests.journeys.clerk import Clerk, Owed, overdue_by_account

__all__ = ["Booking", "Cashier", "Watcher", "spread"]

MOST_INVOICES_AT_ONCE = 4
PART_PAYMENTS = 0.4
POLL_SECONDS = 0.05

Place = tuple[str, str]
"""The CRM and the account."""


@dataclass(slots=True)
class Booking:
    """One payment; ``until`` is what its account's overdue field must come down to.

    ``told``: ``notified``, ``dropped``, or ``behind_dropped`` when its company waits for the pull
    because of an earlier one anyway.
    """

    place: Place
    until: Decimal
    told: str
    began: float
    seen_after: float | None = None


@dataclass
class Cashier:
    """Pays overdue invoices of random customers, in full or in part, and knows what remains."""

    clerks: Mapping[str, Clerk]
    today: date
    rng: Random
    owed: dict[Place, list[Owed]] = field(default_factory=lambda: defaultdict(list))
    overdue: dict[Place, Decimal] = field(default_factory=dict)
    company: dict[Place, list[Place]] = field(default_factory=dict)
    _booked: list[Booking] = field(default_factory=list)

    def __post_init__(self) -> None:
        """Look at both CRMs once."""
        self.overdue = overdue_by_account(self.clerks, self.today)
        together: dict[str, list[Place]] = defaultdict(list)
        for vendor, clerk in self.clerks.items():
            for account, code in clerk.codes().items():
                together[code or f"{vendor} {account}"].append((vendor, account))
            for item in clerk.owed():
                if item.overdue(self.today) == item.amount:  # not disputed
                    self.owed[vendor, item.account].append(item)
        self.company = {place: places for places in together.values() for place in places}

    def book(self, *, dropped: bool, to_come: int) -> Booking:
        """Book a payment; with ``dropped`` the CRM tells nobody.

        ``to_come`` payments will follow: enough is left open for them.
        """
        place = self.rng.choice(sorted(place for place, items in self.owed.items() if items))
        left = sum(len(items) for items in self.owed.values())
        parts = self._parts(self.owed[place], sparing=left <= to_come + MOST_INVOICES_AT_ONCE)
        clerk = self.clerks[place[0]]
        clerk.misbehave(drop=1 if dropped else 0)
        began = monotonic()
        clerk.pay(parts, self.today)
        paid = sum((amount for _, amount in parts), Decimal(0))
        for member in self.company[place]:
            self.overdue[member] -= paid
        self.owed[place] = _less(self.owed[place], {i.invoice: a for i, a in parts})
        told = "dropped" if dropped else self._told(place)
        self._booked.append(Booking(place, self.overdue[place], told, began))
        return self._booked[-1]

    def _told(self, place: Place) -> str:
        behind = any(
            one.told == "dropped" and one.seen_after is None and one.place in self.company[place]
            for one in self._booked
        )
        return "behind_dropped" if behind else "notified"

    def _parts(self, items: Sequence[Owed], *, sparing: bool) -> list[tuple[Owed, Decimal]]:
        first = items[0]
        half = (first.amount / 2).quantize(Decimal("0.01"))
        if (sparing or self.rng.random() < PART_PAYMENTS) and half:
            return [(first, half)]
        return [(item, item.amount) for item in items[:MOST_INVOICES_AT_ONCE]]


def _less(items: Iterable[Owed], paid: Mapping[str, Decimal]) -> list[Owed]:
    rest = [
        replace(item, amount=item.amount - paid.get(item.invoice, Decimal(0))) for item in items
    ]
    return [item for item in rest if item.amount]


class Watcher:
    """Looks at the accounts whenever a CRM was called, and notes when a booking shows."""

    def __init__(self, clerks: Mapping[str, Clerk]) -> None:
        self._clerks = clerks
        self._pending: list[Booking] = []
        self._lock = threading.Lock()
        self._ended = threading.Event()
        self._seen: dict[str, int] = {}
        self._thread = threading.Thread(target=self._run, name="watcher")
        self._thread.start()

    def expect(self, booking: Booking) -> None:
        """Watch for a booking."""
        with self._lock:
            self._pending.append(booking)

    @property
    def pending(self) -> int:
        """Count bookings that do not show yet."""
        with self._lock:
            return len(self._pending)

    def end(self) -> None:
        """Stop watching."""
        self._ended.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._ended.wait(POLL_SECONDS):
            for vendor, clerk in self._clerks.items():
                last = [call.number for call in list(clerk.crm.journal)[-1:]]
                if last and last[0] != self._seen.get(vendor):
                    self._seen[vendor] = last[0]
                    self._look(vendor, clerk)

    def _look(self, vendor: str, clerk: Clerk) -> None:
        with self._lock:
            waiting = [booking for booking in self._pending if booking.place[0] == vendor]
        if not waiting:
            return
        shown, now = clerk.shown(), monotonic()
        for booking in waiting:
            overdue = shown[booking.place[1]].overdue
            if overdue is not None and overdue <= booking.until:
                booking.seen_after = now - booking.began
        with self._lock:
            self._pending = [booking for booking in self._pending if booking.seen_after is None]


def spread(bookings: Iterable[Booking]) -> dict[str, float | int]:
    """Tell how the times from booking to changed field are spread, in seconds."""
    taken = list(bookings)
    times = sorted(one.seen_after for one in taken if one.seen_after is not None)
    if not times:
        return {"bookings": len(taken), "shown": 0}
    figures = {
        "min": times[0],
        "median": statistics.median(times),
        "p95": times[min(len(times) - 1, round(len(times) * 0.95))],
        "max": times[-1],
    }
    rounded = {name: round(value, 2) for name, value in figures.items()}
    return {"bookings": len(taken), "shown": len(times), **rounded}
