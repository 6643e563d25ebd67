"""Early warning: signals, watch level, outlook (credit-management 10)."""

from decimal import Decimal

from scoring.policy.part import Part

__all__ = ["WatchPolicy"]


class WatchPolicy(Part, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Watch level and outlook (10): each signal adds its level."""

    trend_attention_days: int = 7
    trend_high_days: int = 15
    overdue_attention: Decimal = Decimal("0.15")
    overdue_high: Decimal = Decimal("0.30")
    outlook_days: int = 7
    attention_from: int = 2
    watch_from: int = 4
    high_from: int = 8

    def __post_init__(self) -> None:
        """Refuse thresholds that do not rise."""
        if not 0 < self.attention_from < self.watch_from < self.high_from:
            raise ValueError("needs 0 < attention_from < watch_from < high_from")
