"""Statements and ratios: choice, checks, edge rules, industries (credit-management 1, 5.5)."""

from decimal import Decimal
from typing import Literal

import msgspec

from scoring.document import (
    in_order,
    lies_above,
    lies_between,
    not_empty,
    not_twice,
    refuse,
    starts_at,
)
from scoring.policy.part import Part

__all__ = ["BasisFactors", "DistressZone", "FinancialsPolicy", "IndustryShift"]

_RETAIL = ("F", "51", "52", "批发", "零售", "wholesale", "retail")
_BUILDING = (
    "E",
    "K",
    "47",
    "48",
    "49",
    "50",
    "70",
    "建筑",
    "房地产",
    "construction",
    "real estate",
)
_SERVICES = (
    *("I", "L", "M", "63", "64", "65", "71", "72", "73", "74", "75"),
    *("软件", "信息", "租赁", "商务服务", "科学研究", "software", "information", "services"),
)


class BasisFactors(Part, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How much of the group's points a statement is worth by what it rests on (1.3)."""

    audited: Decimal = Decimal("1.00")
    tax_filing: Decimal = Decimal("0.95")
    unaudited: Decimal = Decimal("0.90")
    self_declared: Decimal = Decimal("0.80")

    def __post_init__(self) -> None:
        """Refuse factors outside 0 to 1."""
        refuse(*lies_between(0, 1, **msgspec.structs.asdict(self)))


class IndustryShift(Part, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Method C (1.4): what is added to the cut-offs of some industries.

    ``industries`` are beginnings of the industry's code or name; the longest that fits decides.
    ``one_liquidity_ratio``: without stock current and quick ratio coincide, only quick is scored.
    """

    industries: tuple[str, ...]
    liquidity: Decimal = Decimal(0)
    debt_to_assets: Decimal = Decimal(0)
    one_liquidity_ratio: bool = False

    def __post_init__(self) -> None:
        """Refuse a shift for nobody."""
        each = {f"industries[{place}]": name for place, name in enumerate(self.industries)}
        refuse(*not_empty(industries=self.industries, **each))


DEFAULT_SHIFTS = (
    IndustryShift(industries=_RETAIL, liquidity=Decimal("-0.3"), debt_to_assets=Decimal(5)),
    IndustryShift(industries=_BUILDING, debt_to_assets=Decimal(10)),
    IndustryShift(industries=_SERVICES, one_liquidity_ratio=True),
)


class DistressZone(Part, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where a bankruptcy score is safe (above) and where it is distress (below); between, grey."""

    safe: Decimal
    distress: Decimal

    def __post_init__(self) -> None:
        """Refuse zones that overlap."""
        refuse(in_order("distress <= safe", self))


class FinancialsPolicy(Part, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How statements become ratios: choice, checks, edge rules, industry, distress (1.1-1.4, 5.5).

    Shares are percents of a characteristic's points.
    """

    interim: Literal["annual", "annualise"] = "annual"
    interim_min_months: int = 3
    max_age_months: int = 30
    year_tolerance_days: int = 45
    balance_tolerance: Decimal = Decimal("0.005")
    unit_guard: bool = True
    unit_factor: int = 100
    no_interest_profit_share: Decimal = Decimal(100)
    no_interest_loss_share: Decimal = Decimal(40)
    idle_liquidity: Decimal = Decimal(5)
    idle_liquidity_share: Decimal = Decimal(80)
    over_trading_growth: Decimal = Decimal(60)
    peers_needed: int = 30
    distress_model: Literal["z", "z_private", "z_double", "em"] = "z_double"
    ohlson_price_index: Decimal = Decimal(100)
    basis: BasisFactors = BasisFactors()
    z: DistressZone = DistressZone(safe=Decimal("2.99"), distress=Decimal("1.81"))
    z_private: DistressZone = DistressZone(safe=Decimal("2.90"), distress=Decimal("1.23"))
    z_double: DistressZone = DistressZone(safe=Decimal("2.60"), distress=Decimal("1.10"))
    em: DistressZone = DistressZone(safe=Decimal("5.85"), distress=Decimal("4.15"))
    shifts: tuple[IndustryShift, ...] = DEFAULT_SHIFTS

    def __post_init__(self) -> None:
        """Refuse lengths, shares and tolerances that make no sense."""
        refuse(
            *lies_between(1, 12, interim_min_months=self.interim_min_months),
            *starts_at(12, max_age_months=self.max_age_months),
            *lies_between(0, 180, year_tolerance_days=self.year_tolerance_days),
            in_order("0 <= balance_tolerance < 1", self, at="balance_tolerance"),
            *starts_at(2, unit_factor=self.unit_factor),
            *starts_at(1, peers_needed=self.peers_needed),
            *lies_above(0, ohlson_price_index=self.ohlson_price_index),
            not_twice("shifts", [name for shift in self.shifts for name in shift.industries]),
            *lies_between(
                0,
                100,
                no_interest_profit_share=self.no_interest_profit_share,
                no_interest_loss_share=self.no_interest_loss_share,
                idle_liquidity_share=self.idle_liquidity_share,
            ),
        )
