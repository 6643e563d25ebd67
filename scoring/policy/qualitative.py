"""Group Q, the five Cs with anchors and their objective proxies (credit-management 4, 5.1)."""

from decimal import Decimal

from scoring.document import lies_above, lies_between, refuse, starts_at
from scoring.policy.part import CharacteristicPolicy, Part, characteristic, points_add_up

__all__ = ["QualitativeGroupPolicy"]

_ANCHORS = "1:0 5:100"


class QualitativeGroupPolicy(Part, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Group Q, qualitative 5C (4, 5.1). Factors are scored 1 to 5 against anchored descriptions.

    From ``two_assessors_from`` of exposure on two people appraise; scores that differ by
    ``dispute_difference`` or more are discussed, and the lower one counts until then.
    ``collateral_proxy`` is the score of registered collateral where nobody appraised it.
    """

    points: Decimal = Decimal(15)
    appraisal_months: int = 12
    two_assessors_from: Decimal = Decimal(500_000)
    dispute_difference: Decimal = Decimal(2)
    lower_counts: bool = True
    collateral_proxy: Decimal = Decimal(4)
    years_in_business: CharacteristicPolicy = characteristic(3, "1:0 3:40 5:70 10:100")
    years_with_us: CharacteristicPolicy = characteristic(3, "0:0 1:40 3:70 5:100")
    conditions: CharacteristicPolicy = characteristic(3, _ANCHORS)
    character: CharacteristicPolicy = characteristic(2, _ANCHORS)
    capital: CharacteristicPolicy = characteristic(2, _ANCHORS)
    collateral: CharacteristicPolicy = characteristic(2, _ANCHORS)

    def __post_init__(self) -> None:
        """Refuse points that do not add up, and scores outside 1 to 5."""
        parts = {
            "years_in_business": self.years_in_business,
            "years_with_us": self.years_with_us,
            "conditions": self.conditions,
            "character": self.character,
            "capital": self.capital,
            "collateral": self.collateral,
        }
        refuse(
            points_add_up(self.points, parts),
            *starts_at(1, appraisal_months=self.appraisal_months),
            *lies_above(0, dispute_difference=self.dispute_difference),
            *lies_between(1, 5, collateral_proxy=self.collateral_proxy),
        )
