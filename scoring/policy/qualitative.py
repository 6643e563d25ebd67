"""Group Q, the five Cs with anchors and their objective proxies (credit-management 4, 5.1)."""

from decimal import Decimal

from scoring.policy.part import Part

__all__ = ["QualitativeGroupPolicy"]


class QualitativeGroupPolicy(Part, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Group Q, qualitative 5C (5.1)."""

    points: Decimal = Decimal(15)
