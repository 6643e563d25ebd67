"""Points: the groups of the scorecard, missing data, shrinkage (credit-management 5.1)."""

from collections.abc import Iterator
from decimal import Decimal
from itertools import pairwise

import msgspec

from scoring.document import (
    Mistake,
    Rule,
    lies_between,
    mistake,
    not_empty,
    not_twice,
    one_of,
    refuse,
    starts_at,
)
from scoring.fitted_card import CARD_FIGURES, Characteristic, FittedCard, Scaling
from scoring.policy.financial import FinancialGroupPolicy
from scoring.policy.history import HistoryGroupPolicy
from scoring.policy.part import (
    CharacteristicPolicy,
    Part,
    characteristic,
    points_add_up,
    sum_of,
)
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
        weights = msgspec.structs.asdict(self)
        total = sum(weights.values())
        refuse(
            (total == 100, mistake("", "prospect_weights", total=total)),
            *starts_at(0, **weights),
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
        refuse(
            *lies_between(
                0,
                1,
                missing_min_share=self.missing_min_share,
                missing_group_share=self.missing_group_share,
                shrink_towards=self.shrink_towards,
            ),
            *starts_at(0, shrink_weight=self.shrink_weight),
            *(() if self.fitted is None else _fitted_rules(self.fitted)),
        )


def _fitted_rules(card: FittedCard) -> Iterator[Rule]:
    """Ask of a card that it speaks the score's scale, of figures at hand, with the right sign."""
    given = msgspec.structs.asdict(card.scaling)
    for key, wanted in msgspec.structs.asdict(Scaling()).items():
        path = f"fitted.scaling.{key}"
        yield given[key] == wanted, mistake(path, "must_equal", given=given[key], wanted=wanted)
    # The card weighs by its defaults.
    yield from starts_at(1, **{"fitted.trained.n_bad": card.trained.n_bad})
    for place, found in enumerate(card.characteristics):
        path = f"fitted.characteristics[{place}]"
        yield from one_of(CARD_FIGURES, {f"{path}.name": found.name})
        yield found.coefficient < 0, mistake(f"{path}.coefficient", "card_sign", name=found.name)
        yield _rising(found), mistake(f"{path}.bins", "card_points", name=found.name)


def _rising(found: Characteristic) -> bool:
    missing = found.missing_woe, found.missing_points
    steps = sorted([missing, *((one.woe, one.points) for one in found.bins)])
    return all(less[1] <= more[1] for less, more in pairwise(steps) if less[0] < more[0])


def check_card(groups: tuple[str, ...], card: ScorecardPolicy) -> Iterator[Mistake]:
    """Find groups named twice or not at all, and four that do not hold 100 points together.

    A policy that leaves groups out scales the rest to 100, whatever they add up to.
    """
    once = (*not_empty(groups=groups), not_twice("groups", groups))
    yield from (broken for kept, broken in once if not kept)
    points = {name: getattr(card, name).points for name in sorted(set(groups))}
    total = sum(points.values())
    if len(points) == 4 and total != 100:
        parts = {f"scorecard.{name}.points": value for name, value in points.items()}
        yield mistake("scorecard", "groups_points", total=total, parts=sum_of(parts))
