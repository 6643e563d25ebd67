"""How payment behaviour is measured, and when a customer is in default."""

from decimal import Decimal
from typing import Literal

from scoring.document import in_order, refuse, starts_at
from scoring.policy.part import Part

__all__ = ["BehaviourPolicy", "DefaultEventPolicy"]


class BehaviourPolicy(Part, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How payment behaviour is measured (2.1, 2.2)."""

    window_months: int = 12
    max_delay_months: int = 24
    grace_days: int = 3
    settled_tolerance: Decimal = Decimal(1)
    settled_tolerance_share: Decimal = Decimal("0.005")
    small_item_share: Decimal = Decimal("0.01")
    virtual_cash_working_days: int = 5
    dispute_opened_within_days: int = 15
    dispute_max_days: int = 60
    thin_settled: int = 5
    thin_months: int = 3
    trend_months: int = 3
    trend_min_items: int = 3
    volatility_min_months: int = 6
    serious_days: int = 60
    well_handled_days: int = 30
    well_handled_span: Literal["high_credit", "window"] = "high_credit"
    default_terms_days: int = 30
    roll_due_on_holiday: bool = False

    def __post_init__(self) -> None:
        """Refuse windows that cannot be measured."""
        refuse(
            in_order("1 <= trend_months < window_months <= max_delay_months", self),
            *starts_at(
                0,
                settled_tolerance=self.settled_tolerance,
                settled_tolerance_share=self.settled_tolerance_share,
                small_item_share=self.small_item_share,
            ),
        )


class DefaultEventPolicy(Part, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """When a customer is in default (违约) and when it leaves it (0).

    ``write_off``: a write-off is an event. ``records``: public records that are.
    """

    days: int = 90
    ar_share: Decimal = Decimal("0.01")
    materiality: Decimal = Decimal(5000)
    cure_days: int = 30
    cure_months: int = 6
    write_off: bool = True
    records: tuple[
        Literal["insolvency", "liquidation", "dishonest_our_claim", "distressed_extension"], ...
    ] = ("insolvency", "liquidation", "dishonest_our_claim", "distressed_extension")

    def __post_init__(self) -> None:
        """Refuse a cure that is harder to lose than the default."""
        refuse(in_order("0 <= cure_days <= days", self))
