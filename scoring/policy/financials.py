"""Statements and ratios: edge rules, industry adjustment (credit-management 1, 5.5)."""

from scoring.policy.part import Part

__all__ = ["FinancialsPolicy"]


class FinancialsPolicy(Part, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How statements become ratios: edge rules, industry adjustment (1.1 to 1.4, 5.5)."""
