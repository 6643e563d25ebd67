"""Gates (一票否决): conditions that cap the grade (credit-management 5.6)."""

from decimal import Decimal

from scoring.policy.part import GRADES, Part

__all__ = ["GatePolicy"]


class GatePolicy(Part, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Gates (一票否决, 5.6): a condition caps the grade whatever the score."""

    over_90_days: int = 90
    over_90_cap: str = "CCC"
    over_60_days: int = 60
    over_60_ar_share: Decimal = Decimal("0.05")
    over_60_cap: str = "B"
    thin_cap: str = "BB"
    no_statements_cap: str = "A"

    def __post_init__(self) -> None:
        """Refuse caps that are no grade."""
        caps = (self.over_90_cap, self.over_60_cap, self.thin_cap, self.no_statements_cap)
        strange = sorted(set(caps) - set(GRADES))
        if strange:
            raise ValueError(f"caps {strange} are no grades; the grades are {', '.join(GRADES)}")
