"""Gates (一票否决): conditions that cap the grade (credit-management 5.6)."""

from decimal import Decimal

from scoring.document import refuse, starts_at
from scoring.policy.part import Part, grades_known

__all__ = ["GatePolicy"]


class GatePolicy(Part, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Gates (一票否决, 5.6): a condition caps the grade whatever the score.

    ``ceased_statuses`` of the registry stop the trade (G2). A subsidiary is at most
    ``parent_notches`` better than a parent in G0 to G2 (G11); with the parent's written guarantee
    it is at most ``support_notches`` worse than the parent.
    """

    dishonest_cap: str = "C"
    ceased_statuses: tuple[str, ...] = ("revoked", "deregistered", "liquidation", "bankruptcy")
    ceased_cap: str = "C"
    abnormal_cap: str = "B"
    over_90_days: int = 90
    over_90_cap: str = "CCC"
    over_60_days: int = 60
    over_60_ar_share: Decimal = Decimal("0.05")
    over_60_cap: str = "B"
    write_off_months: int = 36
    write_off_cap: str = "CCC"
    negative_equity_cap: str = "B"
    thin_cap: str = "BB"
    low_confidence_cap: str = "BB"
    no_statements_cap: str = "A"
    young_months: int = 12
    young_cap: str = "BB"
    parent_notches: int = 1
    support_notches: int = 1
    parent_depth: int = 5

    def __post_init__(self) -> None:
        """Refuse caps that are no grade, and counts that make no sense."""
        caps = [name for name in self.__struct_fields__ if name.endswith("_cap")]
        refuse(
            *grades_known(**{name: getattr(self, name) for name in caps}),
            *starts_at(0, parent_notches=self.parent_notches, support_notches=self.support_notches),
            *starts_at(1, parent_depth=self.parent_depth),
        )
