"""Loss provision (credit-management 9.5)."""

from scoring.policy.part import Part

__all__ = ["ProvisionPolicy"]


class ProvisionPolicy(Part, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Expected credit loss by ageing bucket (9.5)."""
