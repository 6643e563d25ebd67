"""The credit limit's methods and guards, and what takes up credit (credit-management 6, 7.1)."""

from collections.abc import Iterator
from decimal import Decimal
from typing import Literal

import msgspec

from scoring.document import Rule, refuse
from scoring.policy.part import Part, grades_known

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
        from_0 = ("starter", "growth", "value_added_tax", "high_credit_growth")
        refuse(
            (0 < self.lgd <= 1, "lgd", "lies above 0 and at most at 1"),
            (self.round_digits >= 1, "round_digits", "starts at 1"),
            *((getattr(self, key) >= 0, key, "starts at 0") for key in from_0),
            *(
                (least >= 0, f"starters.{name}", "starts at 0")
                for name, least in self.starters.items()
            ),
            *self._shares(),
            *self._working_assets(),
            *self._words(),
        )

    def _shares(self) -> Iterator[Rule]:
        shares = {
            "working_capital_share": self.working_capital_share,
            "history_floor_share": self.history_floor_share,
            "concentration_share": self.concentration_share,
            "risk_capital_fraction": self.risk_capital_fraction,
            "other_haircut": self.other_haircut,
            "stable_share": self.stable_share,
            **{f"haircuts.{kind}": cut for kind, cut in self.haircuts.items()},
            **{f"parent_haircuts.{grade}": cut for grade, cut in self.parent_haircuts.items()},
        }
        for name, share in shares.items():
            yield 0 <= share <= 1, name, "lies between 0 and 1"
        yield 0 < self.margin < 1, "margin", "lies between 0 and 1"

    def _working_assets(self) -> Iterator[Rule]:
        marks, shares = self.working_assets_marks, self.working_assets_shares
        as_many = len(shares) == len(marks) + 1
        yield as_many, "working_assets_shares", "has one share more than there are marks"
        yield list(marks) == sorted(set(marks)), "working_assets_marks", "must rise"
        yield list(shares) == sorted(shares), "working_assets_shares", "must rise"
        within = all(0 <= share <= 1 for share in shares)
        yield within, "working_assets_shares", "lie between 0 and 1"

    def _words(self) -> Iterator[Rule]:
        named = {f"parent_haircuts.{name}": name for name in self.parent_haircuts}
        yield from grades_known(history_floor_grade=self.history_floor_grade, **named)
        methods = (*CAPACITY_METHODS, "history", "external")
        for name, weight in self.method_weights.items():
            key = f"method_weights.{name}"
            yield name in methods, key, f"is no method; they are {', '.join(methods)}"
            yield weight >= 0, key, "starts at 0"


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
        weights = {
            "order_weight": self.order_weight,
            "delivered_weight": self.delivered_weight,
            "bank_acceptance_weight": self.bank_acceptance_weight,
            "commercial_acceptance_weight": self.commercial_acceptance_weight,
        }
        limits = {
            "receivable_limit": self.receivable_limit,
            "notes_limit": self.notes_limit,
            "delivered_limit": self.delivered_limit,
            "orders_limit": self.orders_limit,
        }
        refuse(
            *((0 <= each <= 1, name, "lies between 0 and 1") for name, each in weights.items()),
            *((each is None or each >= 0, name, "starts at 0") for name, each in limits.items()),
        )
