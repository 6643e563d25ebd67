"""Points: the groups of the scorecard, missing data, shrinkage (credit-management 5.1)."""

from collections.abc import Iterator
from decimal import Decimal
from itertools import pairwise

from scoring.document import Mistake, Rule, refuse
from scoring.fitted_card import CARD_FIGURES, Characteristic, FittedCard, Scaling
from scoring.policy.financial import FinancialGroupPolicy
from scoring.policy.history import HistoryGroupPolicy
from scoring.policy.part import CharacteristicPolicy, Part, characteristic, points_add_up
from scoring.policy.qualitative import QualitativeGroupPolicy

__all__ = ["PaymentGroupPolicy", "ProspectPolicy", "ScorecardPolicy", "check_card"]


class PaymentGroupPolicy(Part, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Group P, payment behaviour (5.1): days, percents and shares as the features give them."""

    points: Decimal = Decimal(35)
    wadl: CharacteristicPolicy = characteristic(14, "0:100 1:85 3:70 7:55 15:40 30:25 60:10 90:0")
    late_amount: CharacteristicPolicy = characteristic(8, "0:100 5:90 15:75 30:50 50:25 80:0")
    overdue_ratio: CharacteristicPolicy = characteristic(5, "0:100 5:80 15:60 30:20", steps=True)
    max_delay: CharacteristicPolicy = characteristic(5, "5:100 15:80 30:60 60:30 90:10 120:0")
    promises: CharacteristicPolicy = characteristic(3, "0:100 20:66.67 50:33.33", steps=True)

    def __post_init__(self) -> None:
        """Refuse characteristics that do not add up to the group."""
        parts = {
            "wadl": self.wadl,
            "late_amount": self.late_amount,
            "overdue_ratio": self.overdue_ratio,
            "max_delay": self.max_delay,
            "promises": self.promises,
        }
        refuse(points_add_up(self.points, parts))


class ProspectPolicy(Part, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Weights of the groups for a customer without payment history (5.1)."""

    financial: Decimal = Decimal(45)
    history: Decimal = Decimal(35)
    qualitative: Decimal = Decimal(20)

    def __post_init__(self) -> None:
        """Refuse weights that do not add up to 100."""
        weights = ("financial", "history", "qualitative")
        total = self.financial + self.history + self.qualitative
        refuse(
            (total == 100, "", f"the weights of a prospect add up to {total}, they must make 100"),
            *((getattr(self, key) >= 0, key, "starts at 0") for key in weights),
        )


class ScorecardPolicy(Part, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Points (5.1): missing data, shrinkage, prospects, and the groups' characteristics.

    ``fitted`` is a card of defaults that ``zixin train card`` made; it is blended into the score
    with the weight n_bad / (n_bad + 50) (5.3).
    """

    missing_min_share: Decimal = Decimal("0.5")
    missing_group_share: Decimal = Decimal("0.4")
    shrink_towards: Decimal = Decimal("0.6")
    shrink_weight: Decimal = Decimal(2)
    prospect: ProspectPolicy = ProspectPolicy()
    payment: PaymentGroupPolicy = PaymentGroupPolicy()
    financial: FinancialGroupPolicy = FinancialGroupPolicy()
    history: HistoryGroupPolicy = HistoryGroupPolicy()
    qualitative: QualitativeGroupPolicy = QualitativeGroupPolicy()
    fitted: FittedCard | None = None

    def __post_init__(self) -> None:
        """Refuse shares outside 0 to 1, and a middle that weighs less than nothing."""
        shares = ("missing_min_share", "missing_group_share", "shrink_towards")
        refuse(
            *((0 <= getattr(self, key) <= 1, key, "lies between 0 and 1") for key in shares),
            (self.shrink_weight >= 0, "shrink_weight", "starts at 0"),
            *(() if self.fitted is None else _fitted_rules(self.fitted)),
        )


def _fitted_rules(card: FittedCard) -> Iterator[Rule]:
    """Ask of a card that it speaks the score's scale, of figures at hand, with the right sign."""
    scale = Scaling()
    points = f"must be the 100-point scale: base {scale.base}, odds {scale.odds}, pdo {scale.pdo}"
    yield card.scaling == scale, "fitted.scaling", points
    yield card.trained.n_bad >= 1, "fitted.trained.n_bad", "starts at 1: the card weighs by it"
    for place, found in enumerate(card.characteristics):
        key = f"fitted.characteristics[{place}]"
        unknown = f"an assessment has no {found.name!r}; it has {', '.join(CARD_FIGURES)}"
        yield found.name in CARD_FIGURES, f"{key}.name", unknown
        sign = f"{found.name}: must be negative, so that more good means more points"
        yield found.coefficient < 0, f"{key}.coefficient", sign
        told = f"{found.name}: points must rise with the weight of evidence"
        yield _rising(found), f"{key}.bins", told


def _rising(found: Characteristic) -> bool:
    missing = found.missing_woe, found.missing_points
    steps = sorted([missing, *((one.woe, one.points) for one in found.bins)])
    return all(less[1] <= more[1] for less, more in pairwise(steps) if less[0] < more[0])


def check_card(groups: tuple[str, ...], card: ScorecardPolicy) -> Iterator[Mistake]:
    """Find groups named twice or not at all, and four that do not hold 100 points together.

    A policy that leaves groups out scales the rest to 100, whatever they add up to.
    """
    if not groups or len(set(groups)) != len(groups):
        yield Mistake("groups", "names each scorecard group in use once, at least one")
    points = {name: getattr(card, name).points for name in sorted(set(groups))}
    total = sum(points.values())
    if len(points) == 4 and total != 100:
        told = ", ".join(f"scorecard.{name}.points {value}" for name, value in points.items())
        what = f"the groups of the card add up to {total}, they must make 100: {told}"
        yield Mistake("scorecard", what)
