"""Group F, financial ratios: points and curves (credit-management 1.2, 5.1)."""

from decimal import Decimal
from typing import Literal

from scoring.document import Word, mistake, refuse
from scoring.policy.part import CharacteristicPolicy, Part, characteristic, points_add_up

__all__ = ["FinancialGroupPolicy"]


class FinancialGroupPolicy(Part, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Group F, financial ratios (5.1); curves are those of 1.2.

    Values are percents for debt to assets, net margin and retained earnings, points of a percent
    for the change of debt to assets, plain ratios otherwise. ``shares``: between two cut-offs a
    straight line, or the share of the cut-off just reached, for the whole group. A characteristic
    with 0 points is measured and shown, and not scored.
    """

    points: Decimal = Decimal(30)
    shares: Literal["lines", "steps"] = "lines"
    debt_to_assets: CharacteristicPolicy = characteristic(7, "40:100 55:80 65:60 75:40 85:20 95:0")
    quick_ratio: CharacteristicPolicy = characteristic(
        5, "0.2:0 0.4:20 0.6:40 0.8:60 1.0:80 1.2:100"
    )
    ocf_to_cl: CharacteristicPolicy = characteristic(
        5, "-0.2:0 -0.1:20 0:40 0.1:60 0.25:80 0.4:100"
    )
    interest_cover: CharacteristicPolicy = characteristic(4, "0.5:0 1:20 1.5:40 3:60 5:80 8:100")
    net_margin: CharacteristicPolicy = characteristic(4, "-10:0 -5:20 0:40 3:60 6:80 10:100")
    debt_to_assets_change: CharacteristicPolicy = characteristic(
        3, "-5:100 0:80 3:60 7:40 15:20 23:0"
    )
    retained_to_assets: CharacteristicPolicy = characteristic(
        2, "-40:0 -20:20 0:40 5:60 15:80 30:100"
    )
    current_ratio: CharacteristicPolicy = characteristic(
        0, "0.6:0 0.8:20 1.0:40 1.2:60 1.5:80 2.0:100"
    )
    z_double: CharacteristicPolicy = characteristic(0, "0.7:0 1.1:20 1.5:40 2.0:60 2.6:80 4.0:100")

    def __post_init__(self) -> None:
        """Refuse characteristics that do not add up to the group, or judge the wrong way round."""
        parts = self.characteristics()
        lower_is_better = {"debt_to_assets", "debt_to_assets_change"}
        refuse(
            points_add_up(self.points, parts),
            *(
                (
                    len(part.curve) < 2 or part.rises != (code in lower_is_better),
                    mistake(
                        f"{code}.curve",
                        "wrong_way",
                        way=Word.FALL if code in lower_is_better else Word.RISE,
                    ),
                )
                for code, part in parts.items()
            ),
        )

    def characteristics(self) -> dict[str, CharacteristicPolicy]:
        """Give the characteristics by their code."""
        return {
            "debt_to_assets": self.debt_to_assets,
            "quick_ratio": self.quick_ratio,
            "ocf_to_cl": self.ocf_to_cl,
            "interest_cover": self.interest_cover,
            "net_margin": self.net_margin,
            "debt_to_assets_change": self.debt_to_assets_change,
            "retained_to_assets": self.retained_to_assets,
            "current_ratio": self.current_ratio,
            "z_double": self.z_double,
        }
