"""Payment terms: what the law bounds, and what the grades allow with which paper (8)."""

from decimal import Decimal

import msgspec

from scoring.document import in_order, refuse, starts_at
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
        refuse(
            in_order("0 < public_days <= public_contract_days", self),
            *starts_at(1, large_days=self.large_days),
            *starts_at(0, late_interest_per_day=self.late_interest_per_day),
            *grades_known(**{f"instruments.{name}": name for name in self.instruments}),
        )
