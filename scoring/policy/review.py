"""Review cycle, overrides, approvals (credit-management 11)."""

from scoring.policy.part import Part

__all__ = ["ReviewPolicy"]


class ReviewPolicy(Part, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Review cycle, overrides and the approval matrix (11)."""
