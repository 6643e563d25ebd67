"""The oracle's claims: what is open, disputed, paid and lost of one entity's invoices at a date."""

from datetime import date, timedelta
from fractions import Fraction

from scoring.money import minor_digits
from scoring.policy import Policy
from tests.oracle.plain_ledger import Claim, Ledger, Part, half_up, months_back, workdays_back

__all__ = ["DAY", "Standing"]

DAY = timedelta(days=1)


class Standing:
    """One entity's claims at one date."""

    def __init__(self, ledger: Ledger, policy: Policy, as_of: date) -> None:
        self.ledger, self.policy, self.as_of = ledger, policy, as_of
        self.rules = policy.behaviour
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
        """The day the claim came down to a residue, by a write-off or with cash before."""
        left, cash = claim.amount, False
        for part in claim.all_parts:
            left -= part.amount
            cash = cash or part.cash
            if left <= self.tolerance(claim):
                return part.on if cash or part.written else None
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
        """The first day of the window with the highest receivable; it moves on days of facts only."""
        days = sorted({self.year, *(day for day in self.days_of_change() if day > self.year)})
        levels = [self.ar_on(day) for day in days]
        return days[levels.index(max(levels))]

    def days_of_change(self) -> set[date]:
        """Days on which a receivable or unapplied money may have changed."""
        ledger = self.ledger
        days = {item["issued_on"] for item in ledger.items.values()}
        days |= {row["paid_on"] for row in ledger.every_payment} | set(ledger.back.values())
        days |= {row["written_off_on"] for row in ledger.write_offs.values()}
        return {day for day in days if day <= self.as_of}

    def at(self, day: date) -> "Standing":
        """The same entity at another day."""
        ledger = self.ledger
        then = Ledger(ledger.rows, ledger.entity, ledger.rates, day)
        return Standing(then, self.policy, day)

    def overdue_percent(self) -> Fraction:
        """Overdue of what is open."""
        ar = sum(claim.open for claim in self.claims)
        late = [claim for claim in self.claims if self.dpd(claim) > 0]
        overdue = sum(claim.open - self.disputed(claim) for claim in late)
        return Fraction(100 * overdue, ar) if ar else Fraction(0)

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

    def policy_amount(self, amount: Fraction) -> int:
        """Write an amount of the policy in the entity's minor units."""
        minor = amount * 100
        value = minor / 100 / self.ledger.price(self.ledger.currency) * self.unit
        return half_up(value)
