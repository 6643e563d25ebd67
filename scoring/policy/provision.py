"""Loss provision (credit-management 9.5)."""

from decimal import Decimal
from itertools import pairwise
from typing import Literal

from scoring.document import refuse
from scoring.policy.part import Part

__all__ = ["ProvisionPolicy"]

AtDefault = Literal["limit", "exposure"]


class ProvisionPolicy(Part, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Expected credit loss by ageing bucket (9.5), as shares of what is open.

    ``exposure_at_default``: the whole limit may be drawn (prudent), or what is drawn now.
    """

    current: Decimal = Decimal("0.005")
    days_1_30: Decimal = Decimal("0.02")
    days_31_60: Decimal = Decimal("0.1")
    days_61_90: Decimal = Decimal("0.25")
    days_91_180: Decimal = Decimal("0.5")
    days_181_365: Decimal = Decimal("0.75")
    over_365: Decimal = Decimal(1)
    exposure_at_default: AtDefault = "limit"

    def __post_init__(self) -> None:
        """Refuse rates outside 0 and 1, and rates that fall with age."""
        rates = self.rates
        rising = all(older >= younger for younger, older in pairwise(rates))
        refuse(
            (all(0 <= rate <= 1 for rate in rates), "", "rates lie between 0 and 1"),
            (rising, "", "rates must not fall with age"),
        )

    @property
    def rates(self) -> tuple[Decimal, ...]:
        """List the rates, youngest bucket first."""
        return (
            self.current,
            self.days_1_30,
            self.days_31_60,
            self.days_61_90,
            self.days_91_180,
            self.days_181_365,
            self.over_365,
        )
