"""The credit file: items, weights, times to live, what incompleteness caps (credit-management 3.2)."""

from scoring.policy.part import Part

__all__ = ["DossierPolicy"]


class DossierPolicy(Part, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a complete credit file holds and how long each item stays valid (3.2)."""
