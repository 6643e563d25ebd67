"""The credit limit's methods and guards, and what takes up credit (credit-management 6, 7.1)."""

from decimal import Decimal

from scoring.policy.part import Part

__all__ = ["ExposurePolicy", "LimitPolicy"]


class LimitPolicy(Part, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The credit limit's waterfall (6). ``None`` switches a method off.

    ``loss_budget`` is the expected loss accepted for one customer in a year (M8);
    ``concentration_base`` the amount of which one customer may hold ``concentration_share`` (M10).
    """

    starter: Decimal = Decimal(50_000)
    seasonal_need: bool = True
    growth: Decimal = Decimal(0)
    late_days_in_need: int = 15
    billing_lag_days: int = 0
    high_credit_growth: Decimal = Decimal("0.25")
    lgd: Decimal = Decimal("0.6")
    loss_budget: Decimal | None = None
    concentration_base: Decimal | None = None
    concentration_share: Decimal = Decimal("0.1")
    round_digits: int = 2
    valid_days_after_review: int = 30

    def __post_init__(self) -> None:
        """Refuse numbers that make a limit meaningless."""
        if not 0 < self.lgd <= 1:
            raise ValueError("lgd lies above 0 and at most at 1")
        if self.starter < 0 or self.round_digits < 1:
            raise ValueError("starter starts at 0 and round_digits at 1")


class ExposurePolicy(Part, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which parts take up credit, and with what weight (7.1)."""

    include_orders: bool = True
    order_horizon_days: int = 60
    order_weight: Decimal = Decimal(1)
    include_unapplied: bool = True

    def __post_init__(self) -> None:
        """Refuse weights outside 0 and 1."""
        if not 0 <= self.order_weight <= 1:
            raise ValueError("order_weight lies between 0 and 1")
