"""Payment terms: what the law bounds, and what the grades allow with which paper (8)."""

from decimal import Decimal

import msgspec

from scoring.document import refuse
from scoring.policy.part import Part, grades_known

__all__ = ["TermsPolicy"]

_INSTRUMENTS = {
    "AAA": ("open_account", "commercial_acceptance", "bank_acceptance"),
    "AA": ("open_account", "bank_acceptance"),
    "A": ("open_account", "bank_acceptance"),
    "BBB": ("open_account", "bank_acceptance"),
    "BB": ("bank_acceptance",),
    "B": ("per_order_approval",),
    "CCC": ("guarantee", "insurance"),
    "CC": ("prepayment",),
    "C": ("prepayment",),
    "D": ("prepayment",),
}


class TermsPolicy(Part, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Legal bounds for small sellers, late interest, and each grade's instruments (8).

    Public buyers pay within ``public_days``, with a contract within ``public_contract_days``;
    large ones within ``large_days``. ``late_interest_per_day`` holds where nothing was agreed.
    """

    public_days: int = 30
    public_contract_days: int = 60
    large_days: int = 60
    late_interest_per_day: Decimal = Decimal("0.0005")
    instruments: dict[str, tuple[str, ...]] = msgspec.field(default_factory=_INSTRUMENTS.copy)

    def __post_init__(self) -> None:
        """Refuse bounds that do not rise, negative interest and unknown grades."""
        public = "needs 0 < public_days <= public_contract_days"
        refuse(
            (0 < self.public_days <= self.public_contract_days, "", public),
            (self.large_days >= 1, "large_days", "starts at 1"),
            (self.late_interest_per_day >= 0, "late_interest_per_day", "starts at 0"),
            *grades_known(**{f"instruments.{name}": name for name in self.instruments}),
        )
