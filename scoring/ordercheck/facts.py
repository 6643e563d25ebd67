"""What the order check looks at: the account as assessed, and the order it asks about."""

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import Any

import msgspec

from scoring.assessment import Reason
from scoring.gates import why_unrated
from scoring.money import Money
from scoring.policy import GRADES, Policy
from scoring.rates import Rate, factor, round_half_up

__all__ = ["AccountFacts", "Ask", "OrderRequest", "facts_of"]


class OrderRequest(msgspec.Struct, frozen=True, kw_only=True):
    """An order to be checked. What is not known is left out.

    ``deposit`` is paid before delivery, ``secured`` covered by a guarantee for this order.
    ``terms_days`` ``None``: the terms granted. ``average_order`` is what the account usually orders.
    """

    amount: Money
    terms_days: int | None = None
    discount_percent: Decimal | None = None
    prepaid: bool = False
    deposit: Money | None = None
    secured: Money | None = None
    segment: str | None = None
    first_order: bool = False
    average_order: Money | None = None

    def __post_init__(self) -> None:
        """Refuse negative amounts, and parts of the order in another currency than the order."""
        for part in (self.amount, self.deposit, self.secured):
            if part is not None and part.minor < 0:
                raise ValueError("an order, its deposit and its security start at 0")
        for part in (self.deposit, self.secured):
            if part is not None and part.currency != self.amount.currency:
                raise ValueError("deposit and security are in the currency of the order")

    @property
    def covered(self) -> int:
        """Sum what is paid before or secured, in minor units of the order."""
        return sum(part.minor for part in (self.deposit, self.secured) if part is not None)

    @property
    def asks_no_credit(self) -> bool:
        """Tell whether it is prepaid or covered in full."""
        return self.prepaid or 0 < self.covered >= self.amount.minor


class AccountFacts(msgspec.Struct, frozen=True, kw_only=True):
    """One legal entity as of its assessment. Amounts are minor units of ``currency``.

    ``None`` is unknown. ``limit`` is the one in force with temporary ones. ``overdue`` and
    ``oldest_days`` leave out disputes and what cash we hold covers. ``manual_hold`` is the reason
    of a hold somebody decided. ``undecided`` says why it may not be rated, and so given credit, yet.
    ``frozen``: the watch level froze the limit. ``exempt`` are rules that somebody excepted it from.
    """

    currency: str
    limit: int | None
    exposure: int
    ar: int = 0
    overdue: int = 0
    oldest_days: int | None = None
    min_overdue: int | None = None
    grade: str | None = None
    undecided: Reason | None = None
    gates: tuple[str, ...] = ()
    limit_valid_to: date | None = None
    dossier_valid_to: date | None = None
    terms_days: int | None = None
    starter: int | None = None
    broken_promises: int | None = None
    group_headroom: int | None = None
    segment_headroom: int | None = None
    manual_hold: str | None = None
    manual_hold_to: date | None = None
    frozen: bool = False
    exempt: tuple[str, ...] = ()
    data_age_hours: int | None = None
    rates: Mapping[str, Rate] = {}

    def rank(self) -> int | None:
        """Tell the grade's place, 0 the best; ``None`` without a grade."""
        return None if self.grade is None else GRADES.index(self.grade)

    def money(self, minor: int) -> Money:
        """Make an amount of this account."""
        return Money(minor, self.currency)


class Ask(msgspec.Struct, frozen=True):
    """An order beside the facts, its credit part in the account's currency.

    ``credit`` is ``None`` where there is no exchange rate.
    """

    facts: AccountFacts
    order: OrderRequest
    policy: Policy
    as_of: date
    credit: int | None

    @classmethod
    def of(cls, facts: AccountFacts, order: OrderRequest, policy: Policy, as_of: date) -> "Ask":
        """Convert the part of the order that takes credit, exactly, halves up."""
        price = cls._price(facts, order.amount.currency, policy)
        credit = 0 if order.asks_no_credit else order.amount.minor - order.covered
        value = None if price is None else round_half_up(credit * price)
        return cls(facts, order, policy, as_of, value)

    @staticmethod
    def _price(facts: AccountFacts, currency: str, policy: Policy) -> Fraction | None:
        return factor(facts.rates, policy.currency, currency, facts.currency)

    def in_account(self, money: Money) -> int | None:
        """Convert an amount into the account's currency."""
        price = self._price(self.facts, money.currency, self.policy)
        return None if price is None else round_half_up(money.minor * price)


def facts_of(
    row: Mapping[str, Any],
    *,
    rates: Mapping[str, Rate] | None = None,
    data_age_hours: int | None = None,
) -> AccountFacts:
    """Read the facts off one row of the assessed frame. A column that is not there is unknown."""
    grade, limit = row["grade"], row.get("effective_limit")
    unrated = why_unrated(row)
    is_new = unrated is not None and unrated.code == "no_history"
    return AccountFacts(
        currency=row["currency"],
        limit=row["limit"] if limit is None else limit,
        exposure=row["exposure"],
        ar=row["ar"],
        overdue=row["overdue_unpaid"],
        oldest_days=row["late_oldest"],
        min_overdue=row["hold_min_overdue"],
        grade=None if grade is None else GRADES[grade],
        undecided=None if is_new else unrated,
        gates=tuple(name[5:] for name, fired in row.items() if name.startswith("gate_") and fired),
        limit_valid_to=row.get("limit_valid_to"),
        dossier_valid_to=row.get("dossier_valid_to"),
        terms_days=row.get("terms_allowed"),
        starter=row["starter"],
        broken_promises=row.get("broken_promises_90d"),
        group_headroom=row.get("group_headroom"),
        manual_hold=row.get("manual_hold"),
        manual_hold_to=row.get("manual_hold_to"),
        frozen=bool(row.get("frozen")),
        exempt=tuple((row.get("exempt") or "").split()),
        data_age_hours=data_age_hours,
        rates=rates or {},
    )
