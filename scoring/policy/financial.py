"""Group F, financial ratios, and how statements are read (credit-management 1, 5.1)."""

from decimal import Decimal

from scoring.policy.part import Part

__all__ = ["FinancialGroupPolicy"]


class FinancialGroupPolicy(Part, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Group F, financial ratios (5.1)."""

    points: Decimal = Decimal(30)
