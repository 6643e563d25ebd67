"""Group H, credit history: bureau, public records, references, tax grade (credit-management 3.1, 5.1)."""

from decimal import Decimal
from typing import Literal

from msgspec import field

from scoring.document import in_order, lies_above_to, lies_between, one_of, refuse, starts_at
from scoring.policy.part import (
    GRADES,
    CharacteristicPolicy,
    Part,
    characteristic,
    listed,
    points_add_up,
    under,
)

__all__ = ["BureauProviderPolicy", "HistoryGroupPolicy"]


class BureauProviderPolicy(Part, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How a bureau's own scale becomes 0 to 100, 100 the best.

    A grade of the report that stands in ``grades`` decides; else its score, laid straight between
    ``lowest`` and ``highest``.
    """

    lowest: Decimal = Decimal(0)
    highest: Decimal = Decimal(100)
    higher_is_better: bool = True
    grades: dict[str, Decimal] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Refuse an empty scale and grades outside 0 to 100."""
        refuse(
            in_order("lowest < highest", self, at="lowest"),
            *lies_between(0, 100, **under("grades", self.grades)),
        )


def _providers() -> dict[str, BureauProviderPolicy]:
    """Two scales most reports can be brought to; others are added by their name."""
    mid_bands = (95, 85, 75, 65, 55, 45, 35, 25, 10, 0)
    grades = {name: Decimal(score) for name, score in zip(GRADES, mid_bands, strict=True)}
    return {
        "score-100": BureauProviderPolicy(),
        "ten-grades": BureauProviderPolicy(grades=grades),
    }


def _severity() -> dict[str, Decimal]:
    return {
        "dishonest": Decimal(100),
        "serious_violation": Decimal(100),
        "insolvency": Decimal(100),
        "ended_without_payment": Decimal(90),
        "consumption_limit": Decimal(80),
        "enforcement": Decimal(60),
        "distressed_extension": Decimal(60),
        "tax_arrears": Decimal(50),
        "abnormal_list": Decimal(40),
        "equity_freeze": Decimal(40),
        "lawsuit": Decimal(20),
        "penalty": Decimal(20),
        "equity_pledge": Decimal(10),
        "chattel_mortgage": Decimal(10),
    }


def _tax_grades() -> dict[str, Decimal]:
    return {name: Decimal(share) for name, share in zip("ABMCD", (100, 80, 60, 30, 0), strict=True)}


def _channels() -> dict[str, Decimal]:
    return {"phone": Decimal(1), "letter": Decimal("0.7"), "self": Decimal("0.4")}


class HistoryGroupPolicy(Part, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Group H, credit history (3.1, 5.1).

    ``severity`` is what a fresh negative record of a kind weighs; kinds in ``never_decay`` weigh
    that until they are performed. ``reference_neutral`` is what each reference missing to
    ``references_asked`` counts as.
    """

    points: Decimal = Decimal(20)
    pick: Literal["latest", "worst"] = "latest"
    half_life_months: int = 12
    severity_floor: Decimal = Decimal("0.25")
    forgotten_months: int = 36
    references_asked: int = 3
    reference_neutral: Decimal = Decimal(60)
    tax_months: int = 18
    never_decay: tuple[str, ...] = (
        *("dishonest", "enforcement", "consumption_limit", "ended_without_payment"),
    )
    providers: dict[str, BureauProviderPolicy] = field(default_factory=_providers)
    severity: dict[str, Decimal] = field(default_factory=_severity)
    channels: dict[str, Decimal] = field(default_factory=_channels)
    tax_grades: dict[str, Decimal] = field(default_factory=_tax_grades)
    bureau: CharacteristicPolicy = characteristic(8, "0:0 100:100")
    negative_records: CharacteristicPolicy = characteristic(6, "0:100 10:80 30:50 60:20 100:0")
    references: CharacteristicPolicy = characteristic(3, "0:0 100:100")
    tax_grade: CharacteristicPolicy = characteristic(3, "0:0 100:100")

    def __post_init__(self) -> None:
        """Refuse points that do not add up, and decay that cannot be worked out."""
        parts = {
            "bureau": self.bureau,
            "negative_records": self.negative_records,
            "references": self.references,
            "tax_grade": self.tax_grade,
        }
        refuse(
            points_add_up(self.points, parts),
            in_order("1 <= half_life_months <= forgotten_months", self),
            *lies_between(0, 1, severity_floor=self.severity_floor),
            *starts_at(0, **under("severity", self.severity)),
            *lies_above_to(0, 1, **under("channels", self.channels)),
            *lies_between(0, 100, **under("tax_grades", self.tax_grades)),
            *one_of(self.severity, listed("never_decay", self.never_decay)),
        )
