"""The oracle's second half: features, points, grade, limit, read off one entity's plain ledger."""

from collections.abc import Mapping
from datetime import date, timedelta
from fractions import Fraction
from typing import Any

from scoring.money import minor_digits
from scoring.policy import GRADES, Policy
from scoring.rates import Rate
from tests.builders import Row
from tests.oracle.plain_ledger import (
    Claim,
    Ledger,
    Part,
    deviation,
    grade_of,
    half_up,
    months_back,
    share_at,
    workdays_back,
    worse,
)

__all__ = ["Measures", "figures"]

DAY = timedelta(days=1)


def figures(
    rows: list[Row],
    entity: str,
    rates: Mapping[str, Rate],
    policy: Policy,
    as_of: date,
    *,
    frozen: bool = False,
) -> dict[str, Any]:
    """Work out everything the tests compare for one entity.

    ``frozen``: the watch list, which has tests of its own, freezes the limit at what is drawn.
    """
    measures = Measures(Ledger(rows, entity, rates, as_of), policy, as_of)
    measures.frozen = frozen
    return measures.all()


class Measures:
    """All figures of one entity at one date."""

    def __init__(self, ledger: Ledger, policy: Policy, as_of: date) -> None:
        self.ledger, self.policy, self.as_of = ledger, policy, as_of
        self.rules = policy.behaviour
        self.frozen = False
        self.unit: int = 10 ** minor_digits(ledger.currency)
        self.claims = ledger.claims
        self.year = months_back(as_of, self.rules.window_months)
        self.pay_virtually()

    # what is open ----------------------------------------------------------------------------

    def disputed(self, claim: Claim) -> int:
        """The part of the open amount under a valid dispute, or conceded to the customer."""
        raised, rules = claim.disputed_on, self.rules
        if claim.closed_on is not None and claim.closed_on <= self.as_of:
            notes = [p for p in claim.parts if not p.cash and not p.written]
            credited = sum(p.amount for p in notes if max(p.on, claim.issued) >= raised)
            left = max(0, claim.disputed - credited)
            return min(left, claim.open) if claim.conceded else 0
        valid = (
            raised <= self.as_of
            and raised <= claim.due + rules.dispute_opened_within_days * DAY
            and (self.as_of - raised).days < rules.dispute_max_days
        )
        return min(claim.disputed, claim.open) if valid else 0

    def unpaid(self, claim: Claim) -> int:
        """Undisputed and not covered by cash we left lying."""
        return claim.open - self.disputed(claim) - sum(part.amount for part in claim.virtual)

    def dpd(self, claim: Claim) -> int:
        """Days past due."""
        return (self.as_of - claim.due).days

    def tolerance(self, claim: Claim) -> Fraction:
        """The residue that counts as settled."""
        unit = Fraction(self.rules.settled_tolerance) * self.unit
        return max(unit, Fraction(self.rules.settled_tolerance_share) * claim.amount)

    def residue(self, claim: Claim, left: int) -> bool:
        """Something was paid and what is left is next to nothing."""
        return left < claim.amount and left <= self.tolerance(claim)

    def late(self, claim: Claim) -> bool:
        """Late for behaviour."""
        left = self.disputed(claim) + self.unpaid(claim)
        return self.unpaid(claim) > 0 and self.dpd(claim) > 0 and not self.residue(claim, left)

    def pay_virtually(self) -> None:
        """First in, first out: old unapplied cash on undisputed items by due date."""
        before = workdays_back(self.as_of, self.rules.virtual_cash_working_days)
        cash = [s for s in self.ledger.spares if s.cash and s.on < before]
        queue = sorted(self.claims, key=lambda claim: (claim.due, claim.issued, claim.item))
        for number, spare in enumerate(sorted(cash, key=lambda s: (s.on, s.amount))):
            left = spare.amount
            for claim in queue:
                take = min(left, self.unpaid(claim))
                if take > 0:
                    claim.virtual.append(
                        Part(spare.on, cash=True, payment=f"v{number}", amount=take)
                    )
                    left -= take

    # what was paid ---------------------------------------------------------------------------

    def settlement(self, claim: Claim) -> date | None:
        """The day the claim came down to a residue, if cash or a write-off had part in it."""
        left, cash = claim.amount, False
        for part in claim.all_parts:
            left -= part.amount
            cash = cash or part.cash or part.written
            if left <= self.tolerance(claim):
                return part.on if cash else None
        return None

    def payments_until_settled(self, claim: Claim) -> int:
        """How many payments it took."""
        left, seen = claim.amount, set()
        for part in claim.all_parts:
            left -= part.amount
            seen |= {part.payment} if part.cash else set()
            if left <= self.tolerance(claim):
                break
        return len(seen)

    def paid(self, since: date, until: date | None = None) -> list[tuple[Claim, Part]]:
        """Cash laid on claims in a window."""
        return [
            (claim, part)
            for claim in self.claims
            for part in claim.all_parts
            if part.cash and part.on > since and (until is None or part.on <= until)
        ]

    def lost(self, since: date) -> list[tuple[Claim, Part]]:
        """Parts of claims written off after a day."""
        every = [(claim, part) for claim in self.claims for part in claim.parts]
        return [(claim, part) for claim, part in every if part.written and part.on > since]

    def losses(self) -> list[tuple[date, int]]:
        """Real losses: write-offs above a residue."""
        laid = [(p.on, p.amount) for c, p in self.lost(date.min) if p.amount > self.tolerance(c)]
        return [*laid, *self.ledger.loose_losses()]

    def wadl(self, paid: list[tuple[Claim, Part]], late: list[Claim]) -> Fraction | None:
        """Weighted days late over paid parts and late open items."""
        weight = sum(part.amount for _, part in paid) + sum(self.unpaid(c) for c in late)
        days = sum(part.amount * max(0, (part.on - c.due).days) for c, part in paid)
        days += sum(self.unpaid(c) * self.dpd(c) for c in late)
        return Fraction(days, weight) if weight else None

    # sums ------------------------------------------------------------------------------------

    def sales(self, since: date) -> int:
        """Gross sales after a day."""
        return sum(c.amount for c in self.claims if c.issued > since)

    def age_months(self) -> int:
        """Whole months since the first invoice."""
        if not self.claims:
            return 0
        first = min(c.issued for c in self.claims)
        months = (self.as_of.year - first.year) * 12 + self.as_of.month - first.month
        return months - (first.day > self.as_of.day)

    def months(self) -> int:
        """Months of the window in which we knew each other."""
        return max(1, min(self.rules.window_months, self.age_months()))

    def ar_on(self, day: date) -> int:
        """Gross receivable at the end of a day; what is laid on a claim counts once it exists."""
        if self.ledger.back:  # the payment was there until it came back
            then = Ledger(self.ledger.rows, self.ledger.entity, self.ledger.rates, day)
            return sum(claim.open for claim in then.claims)
        return sum(
            c.amount - sum(p.amount for p in c.parts if max(p.on, c.issued) <= day)
            for c in self.claims
            if c.issued <= day
        )

    def high_credit_on(self) -> date:
        """The first day of the window with the highest receivable."""
        days = [self.year + n * DAY for n in range((self.as_of - self.year).days + 1)]
        levels = [self.ar_on(day) for day in days]
        return days[levels.index(max(levels))]

    def large(self, claim: Claim) -> bool:
        """At least a hundredth of a month's sales."""
        share = Fraction(self.rules.small_item_share)
        return claim.amount >= share * self.sales(self.year) / self.months()

    def delays(self) -> list[int]:
        """Delays of settled and open large items."""
        since = months_back(self.as_of, self.rules.max_delay_months)
        settled = [(c, self.settlement(c)) for c in self.claims if self.large(c)]
        paid = [(day - c.due).days for c, day in settled if day is not None and day > since]
        late = [self.dpd(c) for c in self.claims if self.large(c) and self.late(c)]
        return [max(0, days) for days in paid + late]

    def in_default(self) -> bool:
        """Default now, or an event that is not cured."""
        rules = self.policy.default_event
        late = [c for c in self.claims if self.late(c) and self.dpd(c) > rules.days]
        overdue = sum(self.unpaid(c) for c in self.claims if self.dpd(c) > 0)
        ar = sum(c.open for c in self.claims)
        if late and overdue >= max(Fraction(rules.ar_share) * ar, Fraction(self.materiality())):
            return True
        return self.uncured()

    def materiality(self) -> int:
        """The policy's amount in the entity's currency."""
        return self.policy_amount(Fraction(self.policy.default_event.materiality))

    def policy_amount(self, amount: Fraction) -> int:
        """Write an amount of the policy in the entity's minor units."""
        minor = amount * 100
        value = minor / 100 / self.ledger.price(self.ledger.currency) * self.unit
        return half_up(value)

    def was_event(self, claim: Claim) -> bool:
        """On the day it passed the limit, the item alone was material."""
        rules = self.policy.default_event
        day = claim.due + (rules.days + 1) * DAY
        owed = sum(
            p.amount for p in claim.all_parts if p.cash and (p.on - claim.due).days > rules.days
        )
        if self.late(claim) and self.dpd(claim) > rules.days:
            owed += self.unpaid(claim)
        least = max(Fraction(rules.ar_share) * self.ar_on(day), Fraction(self.materiality()))
        return owed > 0 and owed >= least

    def uncured(self) -> bool:
        """Walk through the badly late spells; a long gap starts anew."""
        rules = self.policy.default_event
        spells = [(day, day, True) for day, _ in self.losses()]
        for claim in self.claims:
            settled = self.settlement(claim)
            start = claim.due + (rules.cure_days + 1) * DAY
            if settled is not None and (settled - claim.due).days > rules.cure_days:
                spells.append((start, settled, self.was_event(claim)))
            if self.late(claim) and self.dpd(claim) > rules.cure_days:
                spells.append((start, self.as_of, self.was_event(claim)))
        default, end = False, date.min
        for start, stop, event in sorted(spells, key=lambda s: s[:2]):
            if end == date.min or start >= months_back(end, -rules.cure_months):
                default = False
            default = default or event
            end = max(end, stop)
        return default and months_back(end, -rules.cure_months) > self.as_of

    # results ---------------------------------------------------------------------------------

    def all(self) -> dict[str, Any]:
        """Everything the tests compare."""
        found = self.balances() | self.behaviour()
        found |= self.judgement(found)
        found |= self.limit(found)
        found["computed_limit"] = found["limit"]
        if self.frozen:
            found["limit"] = min(found["limit"], max(0, found["exposure"]))
        return found | {"hold": self.hold(found)} | self.dates()

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
            "high_credit": max(
                self.ar_on(self.year + n * DAY) for n in range((self.as_of - self.year).days + 1)
            ),
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
            "in_default": self.in_default(),
            "thin": len(recent) < self.rules.thin_settled
            or self.age_months() < self.rules.thin_months,
        }

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

    def judgement(self, found: dict[str, Any]) -> dict[str, Any]:
        """Score, gates, grade."""
        score = self.score(found)
        grade = "NR" if score is None else grade_of(score, self.policy)
        gates, ar = self.policy.gates, found["ar"]
        late = [c for c in self.claims if self.late(c)]
        over_60 = sum(self.unpaid(c) for c in late if self.dpd(c) > gates.over_60_days)
        caps = []
        if found["in_default"]:
            caps.append("D")
        if any(self.dpd(c) > gates.over_90_days for c in late):
            caps.append(gates.over_90_cap)
        if over_60 and over_60 >= Fraction(gates.over_60_ar_share) * ar:
            caps.append(gates.over_60_cap)
        loss = found["written_off_on"]
        if loss is not None and loss > months_back(self.as_of, gates.write_off_months):
            caps.append(gates.write_off_cap)
        soft = [gates.thin_cap] if found["thin"] else []
        if grade != "NR":
            grade = worse(grade, *caps, *soft, gates.no_statements_cap)
        elif caps:
            grade = worse(*caps)
        return {"score": score, "rating": grade}

    def score(self, found: dict[str, Any]) -> Fraction | None:
        """Points of the payment group over its 35, to one digit."""
        n, card = found["n_settled"], self.policy.scorecard
        if not n:
            return None
        rules = card.payment
        shares = [
            (rules.wadl, share_at(rules.wadl, found["wadl"])),
            (rules.late_amount, share_at(rules.late_amount, found["late_amount_percent"])),
            (rules.overdue_ratio, share_at(rules.overdue_ratio, found["overdue_scored_percent"])),
            (rules.max_delay, share_at(rules.max_delay, _fraction(found["max_delay"]))),
        ]
        known = [(Fraction(rule.points), share) for rule, share in shares if share is not None]
        present = sum(points for points, _ in known)
        q = sum(points * share / 100 for points, share in known) / present
        if present < Fraction(card.missing_min_share) * Fraction(rules.points):
            q = Fraction(card.missing_group_share)
        weight = Fraction(card.shrink_weight)
        share = (n * q + weight * Fraction(card.shrink_towards)) / (n + weight)
        return Fraction(half_up(share * 1000), 10)

    def hold(self, found: dict[str, Any]) -> str:
        """Stop, hold or none: the rules R3, R4, R5, R7 and R13 of an order check."""
        rules, grade = self.policy.order_check, found["rating"]
        least = self.policy_amount(Fraction(rules.min_overdue))
        overdue = sum(self.unpaid(c) for c in self.claims if self.dpd(c) > 0)
        oldest = max((self.dpd(c) for c in self.claims if self.late(c)), default=None)
        stop = grade != "NR" and GRADES.index(grade) >= GRADES.index(rules.stop_grade)
        hold = False
        if oldest is not None and overdue >= max(least, 1):
            worth = max(Fraction(rules.hold_limit_share) * (found["limit"] or 0), least)
            stop = stop or oldest > rules.stop_days
            hold = (
                (oldest > rules.hold_days and overdue > worth)
                or (
                    oldest > rules.overdue_share_after_days
                    and overdue > Fraction(rules.overdue_share) * found["ar"]
                )
                or self.ladder_level(grade, oldest) >= rules.dunning_level
            )
        return "stop" if stop else "hold" if hold else "none"

    def ladder_level(self, grade: str, days: int) -> int:
        """Climb the dunning ladder rung by rung."""
        ladder = self.policy.dunning
        shift = ladder.grade_shift_days.get(grade, 0)
        level, before = 0, 0
        for rung in ladder.levels:
            before = max(before + 1, rung.day + (shift if rung.shifts_with_grade else 0))
            if days >= before:
                level = rung.level
        return level

    def limit(self, found: dict[str, Any]) -> dict[str, Any]:
        """Need, history, starter, and the limit."""
        rules, grade = self.policy.limits, found["rating"]
        starter = self.policy_amount(Fraction(rules.starter))
        if grade == "NR":
            return {"limit": nice(starter), "need": self.need(found, lateness=False)}
        row = self.policy.grades[GRADES.index(grade)]
        need = self.need(found, lateness=row.lateness_in_need)
        history = 0
        if found["well_handled"] and found["n_settled"] and found["high_credit"] > 0:
            history = int(found["high_credit"] * (1 + Fraction(rules.high_credit_growth)))
        unsecured = max(history, starter)
        if row.unsecured_cap is not None:
            unsecured = min(unsecured, self.policy_amount(Fraction(row.unsecured_cap)))
        if not row.unsecured:
            unsecured = 0
        return {"limit": nice(min(starter if need is None else need, unsecured)), "need": need}

    def need(self, found: dict[str, Any], *, lateness: bool) -> int | None:
        """The most bought in any span of terms and lateness (M3s)."""
        bought = [c for c in self.claims if c.issued > self.year]
        if not sum(c.amount for c in bought):
            return None
        days = self.terms()
        wadl = found["wadl"]
        if lateness and wadl is not None:
            days += half_up(min(wadl, Fraction(self.policy.limits.late_days_in_need)))
        return max(
            sum(c.amount for c in bought if end - days * DAY < c.issued <= end)
            for end in {c.issued for c in bought}
        )

    def terms(self) -> int:
        """Agreed terms, else those of the invoices, else the policy's."""
        agreed = self.ledger.master["terms_days"]
        if isinstance(agreed, int):
            return agreed
        bought = [c for c in self.claims if c.issued > self.year and c.amount]
        if not bought:
            return self.rules.default_terms_days
        days = sum(c.amount * (c.due - c.issued).days for c in bought)
        return half_up(max(Fraction(0), Fraction(days, sum(c.amount for c in bought))))

    def dates(self) -> dict[str, Any]:
        """The newest fact."""
        days = [item["issued_on"] for item in self.ledger.items.values()]
        days += [payment["paid_on"] for payment in self.ledger.payments.values()]
        days += [order["ordered_on"] for order in self.ledger.orders.values()]
        return {"data_as_of": max(days, default=None)}


def _fraction(value: int | None) -> Fraction | None:
    return None if value is None else Fraction(value)


def nice(amount: int) -> int:
    """Keep two digits."""
    unit: int = 10 ** max(0, len(str(amount)) - 2)
    return amount // unit * unit
