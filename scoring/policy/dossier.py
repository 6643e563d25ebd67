"""The credit file: items, weights, times to live, what incompleteness caps (credit-management 3.2)."""

from decimal import Decimal

from scoring.document import in_order, lies_between, mistake, refuse, starts_at
from scoring.policy.part import GRADES, Part, grades_known

__all__ = ["DossierItemPolicy", "DossierPolicy"]

#: Items that count whichever groups are in use.
_ALWAYS = ("identity", "contacts", "trading_history")


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
        special = {"months_good": self.months_good, "months_weak": self.months_weak}
        stated = ", ".join(key for key, months in special.items() if months)
        refuse(
            *starts_at(0, weight=self.weight),
            *starts_at(1, months=self.months, **special),
            (
                self.months is not None or not stated,
                mistake("months", "needed_beside", beside=stated),
            ),
        )


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
        always = [getattr(self, name) for name in _ALWAYS]
        named = [name for name in GRADES if name in {self.good_from, self.weak_from}]
        refuse(
            *grades_known(good_from=self.good_from, weak_from=self.weak_from),
            (
                len(named) < 2 or named == [self.good_from, self.weak_from],
                mistake("good_from", "better_grade", than="weak_from"),
            ),
            in_order("0 < medium_from < high_from <= 100", self),
            *lies_between(0, 1, name_only_share=self.name_only_share),
            *starts_at(
                0,
                trading_months=self.trading_months,
                expires_within_days=self.expires_within_days,
            ),
            (
                any(item.weight for item in always),
                mistake("", "one_weighs", names=", ".join(_ALWAYS)),
            ),
        )
