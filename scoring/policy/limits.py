"""The credit limit's methods and guards, and what takes up credit (credit-management 6, 7.1)."""

from decimal import Decimal
from typing import Literal

import msgspec

from scoring.policy.part import GRADES, Part

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
        if not 0 < self.lgd <= 1:
            raise ValueError("lgd lies above 0 and at most at 1")
        if self.starter < 0 or self.round_digits < 1:
            raise ValueError("starter starts at 0 and round_digits at 1")
        if any(amount < 0 for amount in self.starters.values()):
            raise ValueError("starters start at 0")
        if min(self.growth, self.value_added_tax, self.high_credit_growth) < 0:
            raise ValueError("growth, value_added_tax and high_credit_growth start at 0")
        self._check_shares()
        self._check_working_assets()
        self._check_words()

    def _check_shares(self) -> None:
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
        wrong = sorted(name for name, share in shares.items() if not 0 <= share <= 1)
        if wrong:
            raise ValueError(f"{', '.join(wrong)}: a share lies between 0 and 1")
        if not 0 < self.margin < 1:
            raise ValueError("margin lies between 0 and 1")

    def _check_working_assets(self) -> None:
        marks, shares = self.working_assets_marks, self.working_assets_shares
        if len(shares) != len(marks) + 1:
            raise ValueError("working_assets_shares has one share more than there are marks")
        if list(marks) != sorted(set(marks)) or list(shares) != sorted(shares):
            raise ValueError("working_assets_marks and working_assets_shares must rise")
        if not 0 <= shares[0] <= shares[-1] <= 1:
            raise ValueError("working_assets_shares lie between 0 and 1")

    def _check_words(self) -> None:
        grades = {self.history_floor_grade, *self.parent_haircuts}
        strange = sorted(grades - set(GRADES))
        if strange:
            raise ValueError(f"{strange} are no grades; the grades are {', '.join(GRADES)}")
        methods = (*CAPACITY_METHODS, "history", "external")
        unknown = sorted(set(self.method_weights) - set(methods))
        if unknown or any(weight < 0 for weight in self.method_weights.values()):
            raise ValueError(f"method_weights weighs {', '.join(methods)}, each from 0")


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
        wrong = sorted(name for name, weight in weights.items() if not 0 <= weight <= 1)
        if wrong:
            raise ValueError(f"{', '.join(wrong)} lies between 0 and 1")
        limits = (self.receivable_limit, self.notes_limit, self.delivered_limit, self.orders_limit)
        if any(limit is not None and limit < 0 for limit in limits):
            raise ValueError("limits of single components start at 0")
