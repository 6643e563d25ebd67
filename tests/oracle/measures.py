"""The oracle's features: balances, exposure, payment behaviour, off one entity's claims."""

from datetime import date
from fractions import Fraction
from typing import Any

from tests.oracle.plain_claims import DAY, Standing
from tests.oracle.plain_ledger import Claim, Part, deviation, half_up, months_back

__all__ = ["Measures"]


class Measures(Standing):
    """All features of one entity at one date."""

    def balances(self) -> dict[str, Any]:
        """Receivable, ageing, overdue, exposure."""
        standing = [c for c in self.claims if c.open > 0]

        def bucket(low: int, high: int) -> int:
            return sum(c.open for c in standing if low <= self.dpd(c) <= high)

        past_due = [c for c in standing if self.dpd(c) > 0 and c.open > self.disputed(c)]
        owed = [self.dpd(c) for c in past_due if not self.residue(c, c.open)]
        cash = sum(s.amount for s in self.ledger.spares if s.cash)
        credit = sum(s.amount for s in self.ledger.spares if not s.cash)
        ar = sum(c.open for c in standing)
        chain = [self.order(o) for o in self.ledger.orders.values()]
        delivered, orders = sum(shipped for shipped, _ in chain), sum(rest for _, rest in chain)
        notes = self.notes()
        provision = sum(c.open * self.loss_rate(self.dpd(c)) for c in standing)
        return {
            "delivered_open": delivered,
            "orders_open": orders,
            "notes_receivable": notes,
            "provision": half_up(Fraction(provision)),
            "ar": ar,
            "age_current": bucket(-99999, 0),
            "age_1_30": bucket(1, 30),
            "age_31_60": bucket(31, 60),
            "age_61_90": bucket(61, 90),
            "age_over_90": bucket(91, 99999),
            "disputed": sum(self.disputed(c) for c in standing),
            "overdue": sum(c.open - self.disputed(c) for c in past_due),
            "oldest_days": max(owed, default=0),
            "unapplied_cash": cash,
            "unapplied_credit": credit,
            "exposure": ar + notes + delivered + orders - cash - credit,
            "high_credit": self.ar_on(self.high_credit_on()),
        }

    def order(self, order: dict[str, Any]) -> tuple[int, int]:
        """What an order takes up: delivered and not invoiced, and still to be delivered."""
        horizon = self.as_of + self.policy.exposure.order_horizon_days * DAY
        if order["status"] != "open" or order["prepaid"]:
            return 0, 0
        invoiced, out = order["invoiced"], order.get("delivered") or 0
        shipped = max(0, out - invoiced)
        rest = max(0, order["amount"] - max(invoiced, out))
        deposit = order.get("deposit") or 0
        covered = min(deposit, shipped)
        shipped, rest = shipped - covered, max(0, rest - (deposit - covered))
        if order["deliver_on"] is not None and order["deliver_on"] > horizon:
            rest = 0
        own, currency = order["currency"], self.ledger.currency
        return self.ledger.convert(shipped, own, currency), self.ledger.convert(rest, own, currency)

    def notes(self) -> int:
        """Weigh the notes we hold; one that failed counts in full."""
        sums = {"bank_acceptance": 0, "commercial_acceptance": 0, "failed": 0}
        for note in self.ledger.notes.values():
            if note["ended_on"] is not None and note["ended_on"] <= self.as_of:
                continue
            bounced = note["note"] in self.ledger.dishonoured
            kind = "failed" if bounced or note["due_on"] < self.as_of else note["kind"]
            sums[kind] += self.ledger.convert(
                note["amount"], note["currency"], self.ledger.currency
            )
        rules = self.policy.exposure
        bank = half_up(sums["bank_acceptance"] * Fraction(rules.bank_acceptance_weight))
        other = half_up(
            sums["commercial_acceptance"] * Fraction(rules.commercial_acceptance_weight)
        )
        return bank + other + sums["failed"]

    def loss_rate(self, days: int) -> Fraction:
        """Read the loss rate of an age."""
        rules = self.policy.provision
        steps = (
            (0, rules.current),
            (30, rules.days_1_30),
            (60, rules.days_31_60),
            (90, rules.days_61_90),
            (180, rules.days_91_180),
            (365, rules.days_181_365),
        )
        return Fraction(next((rate for top, rate in steps if days <= top), rules.over_365))

    def behaviour(self) -> dict[str, Any]:
        """Features of the window."""
        grace, paid = self.rules.grace_days, self.paid(self.year)
        late = [c for c in self.claims if self.late(c)]
        amount = sum(part.amount for _, part in paid)
        settled = [(c, self.settlement(c)) for c in self.claims]
        recent = [(c, day) for c, day in settled if day is not None and day > self.year]
        past = sum(self.unpaid(c) for c in self.claims if self.dpd(c) > grace)
        ar = sum(c.open for c in self.claims)
        base = max(Fraction(ar), Fraction(self.sales(self.year), self.months()))
        lost = self.lost(self.year)
        amount += sum(part.amount for _, part in lost)
        slow = sum(part.amount for c, part in paid + lost if (part.on - c.due).days > grace)
        high = self.high_credit_on()
        handled = [(day - c.due).days for c, day in recent if day >= high]
        handled += [self.dpd(c) for c in late]
        return {
            "wadl": self.wadl(paid + lost, late),
            "written_off": sum(amount for _, amount in self.losses()),
            "written_off_on": max((day for day, _ in self.losses()), default=None),
            "wadl_paid": self.wadl(paid, []),
            "n_settled": len(recent),
            "n_late": sum((day - c.due).days > grace for c, day in recent),
            "n_in_parts": sum(self.payments_until_settled(c) > 1 for c, _ in recent),
            "late_amount_percent": Fraction(100 * slow, amount) if amount else None,
            "overdue_scored_percent": 100 * past / base if base else Fraction(0),
            "max_delay": max(self.delays(), default=None),
            "delay_trend": self.delay_trend(),
            "volatility": self.volatility(),
            "count_back_dso": self.count_back(ar),
            "well_handled": max(handled, default=0) <= self.rules.well_handled_days,
            "n_claims": len(self.claims),
            "age_months": self.age_months(),
            "late_oldest": max((self.dpd(c) for c in late), default=0),
            "late_over_60": self.late_over(self.policy.gates.over_60_days),
            "late_over_90": self.late_over(self.policy.gates.over_90_days),
            "thin": len(recent) < self.rules.thin_settled
            or self.age_months() < self.rules.thin_months,
        }

    def late_over(self, days: int) -> int:
        """What is late for more than so many days."""
        return sum(self.unpaid(c) for c in self.claims if self.late(c) and self.dpd(c) > days)

    def delay_trend(self) -> Fraction | None:
        """Days late of the last months less those before."""
        turn = months_back(self.as_of, self.rules.trend_months)
        new, old = self.paid(turn), self.paid(self.year, turn)
        items = [len({claim.item for claim, _ in side}) for side in (new, old)]
        if min(items) < self.rules.trend_min_items:
            return None
        after, before = self.wadl(new, []), self.wadl(old, [])
        return None if after is None or before is None else after - before

    def volatility(self) -> float | None:
        """Deviation of the months' days late."""
        months: dict[tuple[int, int], list[tuple[Claim, Part]]] = {}
        for claim, part in self.paid(self.year):
            months.setdefault((part.on.year, part.on.month), []).append((claim, part))
        values = [self.wadl(paid, []) for paid in months.values()]
        known = [value for value in values if value is not None]
        return deviation(known) if len(known) >= self.rules.volatility_min_months else None

    def count_back(self, ar: int) -> Fraction | None:
        """Subtract month after month of sales from the receivable."""
        if not self.claims or ar <= 0:
            return None
        day, left, days = self.as_of, ar, Fraction(0)
        first = min(c.issued for c in self.claims)
        while day >= first.replace(day=1):
            start = day.replace(day=1)
            sold = sum(c.amount for c in self.claims if start <= c.issued <= day)
            length = day.day
            if left <= sold:
                return days + Fraction(length * left, sold)
            left, days, day = left - sold, days + length, start - DAY
        return None

    def fact_dates(self) -> list[date]:
        """Days of invoices, credit notes, payments and orders."""
        days = [item["issued_on"] for item in self.ledger.items.values()]
        days += [payment["paid_on"] for payment in self.ledger.every_payment]
        return days + [order["ordered_on"] for order in self.ledger.orders.values()]
