"""Loss provision (credit-management 9.5)."""

from decimal import Decimal
from typing import Literal

from scoring.document import in_order, lies_between, refuse
from scoring.policy.part import Part

__all__ = ["ProvisionPolicy"]

#: Youngest first.
_BUCKETS = (
    "current",
    "days_1_30",
    "days_31_60",
    "days_61_90",
    "days_91_180",
    "days_181_365",
    "over_365",
)

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
        refuse(
            *lies_between(0, 1, **dict(zip(_BUCKETS, self.rates, strict=True))),
            in_order(" <= ".join(_BUCKETS), self),
        )

    @property
    def rates(self) -> tuple[Decimal, ...]:
        """List the rates, youngest bucket first."""
        return tuple(getattr(self, bucket) for bucket in _BUCKETS)
