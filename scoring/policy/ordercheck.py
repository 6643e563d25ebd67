"""The order check (credit-management 7.2)."""

from scoring.policy.part import Part

__all__ = ["OrderCheckPolicy"]


class OrderCheckPolicy(Part, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Thresholds and reactions of the rules R1 to R14 (7.2)."""
