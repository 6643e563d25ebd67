"""The credit file: items, weights, times to live, what incompleteness caps (credit-management 3.2)."""

from decimal import Decimal

from scoring.policy.part import GRADES, Part

__all__ = ["DossierItemPolicy", "DossierPolicy"]


class DossierItemPolicy(Part, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One item of the file: its weight (0 switches it off) and how many months it stays valid.

    ``months`` None: until the date on the paper, or for good. ``months_good`` holds instead for
    customers graded ``good_from`` and better, ``months_weak`` for ``weak_from`` and worse.
    """

    weight: Decimal
    months: int | None = None
    months_good: int | None = None
    months_weak: int | None = None

    def __post_init__(self) -> None:
        """Refuse negative weights and validity that starts below a month."""
        if self.weight < 0:
            raise ValueError("weight must be 0 or more")
        stated = (self.months, self.months_good, self.months_weak)
        if any(months is not None and months < 1 for months in stated):
            raise ValueError("months start at 1")
        if self.months is None and (self.months_good or self.months_weak):
            raise ValueError("months_good and months_weak need months")


def _item(
    weight: int, months: int | None = None, *, good: int | None = None, weak: int | None = None
) -> DossierItemPolicy:
    return DossierItemPolicy(
        weight=Decimal(weight), months=months, months_good=good, months_weak=weak
    )


class DossierPolicy(Part, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a complete credit file holds and how long each item stays valid (3.2).

    With ``only_groups_in_use`` an item that serves a scorecard group counts only while the policy
    uses that group; identity, contacts and trading history count always.
    ``name_only_share`` of the identity counts where the name is known and no company code: foreign
    customers have none.
    """

    high_from: Decimal = Decimal(80)
    medium_from: Decimal = Decimal(60)
    good_from: str = "A"
    weak_from: str = "BB"
    trading_months: int = 6
    expires_within_days: int = 30
    only_groups_in_use: bool = True
    name_only_share: Decimal = Decimal("0.5")
    identity: DossierItemPolicy = _item(12)
    registry: DossierItemPolicy = _item(8, 12)
    owners: DossierItemPolicy = _item(6, 12)
    contacts: DossierItemPolicy = _item(5, 12)
    statements: DossierItemPolicy = _item(18, 15)
    interim: DossierItemPolicy = _item(4, 6)
    evidence: DossierItemPolicy = _item(4, 12)
    bureau: DossierItemPolicy = _item(10, 6, good=12)
    judicial_check: DossierItemPolicy = _item(10, 3, weak=1)
    references: DossierItemPolicy = _item(5, 12)
    contract: DossierItemPolicy = _item(8)
    trading_history: DossierItemPolicy = _item(6)
    balance_confirmation: DossierItemPolicy = _item(4, 6)

    def __post_init__(self) -> None:
        """Refuse unknown grades, levels out of order, and a file without a single item."""
        strange = sorted({self.good_from, self.weak_from} - set(GRADES))
        if strange:
            raise ValueError(f"{strange} are no grades; the grades are {', '.join(GRADES)}")
        if GRADES.index(self.good_from) >= GRADES.index(self.weak_from):
            raise ValueError("good_from must be a better grade than weak_from")
        if not 0 < self.medium_from < self.high_from <= 100:
            raise ValueError("needs 0 < medium_from < high_from <= 100")
        if not 0 <= self.name_only_share <= 1:
            raise ValueError("name_only_share lies between 0 and 1")
        if min(self.trading_months, self.expires_within_days) < 0:
            raise ValueError("trading_months and expires_within_days start at 0")
        if not any(item.weight for item in (self.identity, self.contacts, self.trading_history)):
            raise ValueError("one of identity, contacts, trading_history needs a weight above 0")
