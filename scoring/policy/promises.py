"""Promises to pay (付款承诺, credit-management 2.3)."""

from scoring.policy.part import Part

__all__ = ["PromisePolicy"]


class PromisePolicy(Part, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """When a promise to pay is kept, partial or broken (2.3)."""
