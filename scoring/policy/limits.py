"""The credit limit's methods and guards, and what takes up credit (credit-management 6, 7.1)."""

from collections.abc import Iterator
from decimal import Decimal
from typing import Literal

import msgspec

from scoring.document import (
    Rule,
    in_order,
    lies_above_to,
    lies_between,
    mistake,
    one_of,
    refuse,
    starts_at,
)
from scoring.policy.part import Part, grades_known, listed, under

__all__ = ["CAPACITY_METHODS", "Combination", "ExposurePolicy", "External", "LimitPolicy"]

Combination = Literal["minimum", "average"]
External = Literal["off", "minimum", "latest"]
Expired = Literal["warn", "zero"]

#: The methods that say what a customer can carry, strictest first in doubt.
CAPACITY_METHODS = ("net_worth_share", "working_capital_share", "working_assets", "revenue_share")

_SHARES = ("0", "0.025", "0.05", "0.075", "0.1", "0.125", "0.15", "0.175", "0.2", "0.25")
_MARKS = ("-4.6", "-3.9", "-3.2", "-2.5", "-1.8", "-1.1", "-0.4", "0.3", "1.0")
_HAIRCUTS = {
    "cash_deposit": Decimal(0),
    "bank_guarantee": Decimal("0.05"),
    "bank_acceptance": Decimal("0.1"),
    "property": Decimal("0.5"),
    "equipment": Decimal("0.7"),
    "personal_guarantee": Decimal("0.8"),
}
_PARENT_HAIRCUTS = {
    "AAA": Decimal("0.1"),
    "AA": Decimal("0.15"),
    "A": Decimal("0.2"),
    "BBB": Decimal("0.35"),
    "BB": Decimal("0.5"),
    "B": Decimal("0.8"),
}


class LimitPolicy(Part, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The credit limit's waterfall (6). ``None`` switches a method off.

    ``loss_budget`` is the expected loss accepted for one customer in a year (M8);
    ``concentration_base`` the amount of which one customer may hold ``concentration_share`` (M10);
    ``risk_capital`` the capital that fractional Kelly bets with (M9). ``working_assets_marks`` are
    the score E below or at which each of ``working_assets_shares`` holds; the mark of the last but
    one lies above it, and the last share holds from there on (M4).
    """

    starter: Decimal = Decimal(50_000)
    starters: dict[str, Decimal] = msgspec.field(default_factory=dict)
    seasonal_need: bool = True
    growth: Decimal = Decimal(0)
    late_days_in_need: int = 15
    billing_lag_days: int = 0
    value_added_tax: Decimal = Decimal(0)
    high_credit_growth: Decimal = Decimal("0.25")
    use_net_worth: bool = True
    use_revenue: bool = True
    use_working_capital: bool = False
    working_capital_share: Decimal = Decimal("0.15")
    use_working_assets: bool = False
    working_assets_marks: tuple[Decimal, ...] = tuple(Decimal(mark) for mark in _MARKS)
    working_assets_shares: tuple[Decimal, ...] = tuple(Decimal(share) for share in _SHARES)
    external: External = "minimum"
    external_fresh_days: int = 365
    history_floor: bool = False
    history_floor_share: Decimal = Decimal("0.8")
    history_floor_grade: str = "BBB"
    history_floor_months: int = 12
    combination: Combination = "minimum"
    method_weights: dict[str, Decimal] = msgspec.field(default_factory=dict)
    lgd: Decimal = Decimal("0.6")
    loss_budget: Decimal | None = None
    risk_capital: Decimal | None = None
    risk_capital_fraction: Decimal = Decimal("0.25")
    margin: Decimal = Decimal("0.18")
    cycle_days: int = 75
    concentration_base: Decimal | None = None
    concentration_share: Decimal = Decimal("0.1")
    haircuts: dict[str, Decimal] = msgspec.field(default_factory=_HAIRCUTS.copy)
    parent_haircuts: dict[str, Decimal] = msgspec.field(default_factory=_PARENT_HAIRCUTS.copy)
    other_haircut: Decimal = Decimal(1)
    stable_share: Decimal = Decimal("0.1")
    stable_step: Decimal = Decimal(10_000)
    no_raise_at: tuple[str, ...] = ("watch", "high")
    freeze_at: tuple[str, ...] = ("high",)
    temporary_max_days: int = 90
    temporary_per_year: int = 2
    group_capacity: Decimal | None = None
    round_digits: int = 2
    valid_days_after_review: int = 30
    expired: Expired = "warn"

    def __post_init__(self) -> None:
        """Refuse numbers that make a limit meaningless."""
        refuse(
            *lies_above_to(0, 1, lgd=self.lgd),
            *starts_at(1, round_digits=self.round_digits),
            *starts_at(
                0,
                starter=self.starter,
                growth=self.growth,
                value_added_tax=self.value_added_tax,
                high_credit_growth=self.high_credit_growth,
                **under("starters", self.starters),
            ),
            *self._shares(),
            *self._working_assets(),
            *self._words(),
        )

    def _shares(self) -> Iterator[Rule]:
        yield from lies_between(
            0,
            1,
            working_capital_share=self.working_capital_share,
            history_floor_share=self.history_floor_share,
            concentration_share=self.concentration_share,
            risk_capital_fraction=self.risk_capital_fraction,
            other_haircut=self.other_haircut,
            stable_share=self.stable_share,
            **under("haircuts", self.haircuts),
            **under("parent_haircuts", self.parent_haircuts),
        )
        yield in_order("0 < margin < 1", self, at="margin")

    def _working_assets(self) -> Iterator[Rule]:
        marks, shares = self.working_assets_marks, self.working_assets_shares
        one_more = mistake("working_assets_shares", "one_more", beside="working_assets_marks")
        yield len(shares) == len(marks) + 1, one_more
        yield list(marks) == sorted(set(marks)), mistake("working_assets_marks", "must_rise")
        yield list(shares) == sorted(shares), mistake("working_assets_shares", "must_rise")
        yield from lies_between(0, 1, **listed("working_assets_shares", shares))

    def _words(self) -> Iterator[Rule]:
        named = {f"parent_haircuts.{name}": name for name in self.parent_haircuts}
        yield from grades_known(history_floor_grade=self.history_floor_grade, **named)
        methods = {f"method_weights.{name}": name for name in self.method_weights}
        yield from one_of((*CAPACITY_METHODS, "history", "external"), methods)
        yield from starts_at(0, **under("method_weights", self.method_weights))


class ExposurePolicy(Part, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which parts take up credit, with what weight, and what each may hold at most (7.1).

    ``deposits_reduce_exposure``: cash deposits are deducted here instead of securing the limit; a
    deposit counts in one place only.
    """

    include_orders: bool = True
    order_horizon_days: int = 60
    order_weight: Decimal = Decimal(1)
    include_delivered: bool = True
    delivered_weight: Decimal = Decimal(1)
    include_notes: bool = True
    bank_acceptance_weight: Decimal = Decimal("0.1")
    commercial_acceptance_weight: Decimal = Decimal(1)
    include_unapplied: bool = True
    deposits_reduce_exposure: bool = False
    receivable_limit: Decimal | None = None
    notes_limit: Decimal | None = None
    delivered_limit: Decimal | None = None
    orders_limit: Decimal | None = None

    def __post_init__(self) -> None:
        """Refuse weights outside 0 and 1, and limits below 0."""
        refuse(
            *lies_between(
                0,
                1,
                order_weight=self.order_weight,
                delivered_weight=self.delivered_weight,
                bank_acceptance_weight=self.bank_acceptance_weight,
                commercial_acceptance_weight=self.commercial_acceptance_weight,
            ),
            *starts_at(
                0,
                receivable_limit=self.receivable_limit,
                notes_limit=self.notes_limit,
                delivered_limit=self.delivered_limit,
                orders_limit=self.orders_limit,
            ),
        )
