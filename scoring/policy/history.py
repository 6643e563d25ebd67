"""Group H, credit history: bureau, public records, references, tax grade (credit-management 3.1, 5.1)."""

from decimal import Decimal

from scoring.policy.part import Part

__all__ = ["HistoryGroupPolicy"]


class HistoryGroupPolicy(Part, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Group H, credit history (5.1)."""

    points: Decimal = Decimal(20)
