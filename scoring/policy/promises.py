"""Promises to pay (付款承诺, credit-management 2.3)."""

from decimal import Decimal

from scoring.document import in_order, refuse, starts_at
from scoring.policy.part import Part

__all__ = ["PromisePolicy"]


class PromisePolicy(Part, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """When a promise to pay is kept, partial or broken (2.3).

    ``recent_days`` is the window of the order check and the warning; ``pause_days`` and
    ``pauses_in_row`` bound how long an open promise holds back the next dunning step.
    """

    kept_share: Decimal = Decimal("0.95")
    partial_share: Decimal = Decimal("0.20")
    judged_after_working_days: int = 2
    recent_days: int = 90
    pause_days: int = 14
    pauses_in_row: int = 2

    def __post_init__(self) -> None:
        """Refuse shares that do not rise and negative days."""
        refuse(
            in_order("0 <= partial_share < kept_share <= 1", self),
            *starts_at(
                0,
                judged_after_working_days=self.judged_after_working_days,
                recent_days=self.recent_days,
                pause_days=self.pause_days,
                pauses_in_row=self.pauses_in_row,
            ),
        )
