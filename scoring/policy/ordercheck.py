"""The order check and its cases (credit-management 7.2, 7.3)."""

from decimal import Decimal
from typing import Literal

import msgspec

from scoring.document import in_order, lies_above, lies_between, one_of, refuse, starts_at
from scoring.policy.part import Part, grades_known, listed

__all__ = ["RULE_CODES", "OrderCheckPolicy", "ReactionName"]

#: The rules of section 7.2.
RULE_CODES = tuple(f"R{number}" for number in range(1, 15))

ReactionName = Literal["warn", "hold", "stop"]


class OrderCheckPolicy(Part, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Thresholds and reactions of the rules R1 to R14 (7.2), and when a release stands (7.3).

    ``reactions`` replaces a rule's default reaction; ``off`` are rules not in use. A fully prepaid
    or secured order asks for no credit: besides the rules about amounts it is free of those in
    ``prepaid_lifts``. ``stop_roles`` may release an order that is stopped.
    """

    off: tuple[str, ...] = ()
    reactions: dict[str, ReactionName] = msgspec.field(default_factory=dict)
    min_overdue: Decimal = Decimal(500)
    over_limit_warn_share: Decimal = Decimal("0.1")
    over_limit_warn_grade: str = "A"
    utilisation_warn: Decimal = Decimal("0.9")
    hold_days: int = 30
    hold_limit_share: Decimal = Decimal("0.02")
    stop_days: int = 60
    overdue_share: Decimal = Decimal("0.3")
    overdue_share_after_days: int = 3
    limit_grace_days: int = 0
    dossier_grace_days: int = 30
    stop_grade: str = "CCC"
    stop_gates: tuple[str, ...] = ("default_event", "dishonest", "ceased")
    discount_percent: Decimal = Decimal(0)
    average_order_multiple: Decimal = Decimal(3)
    broken_promises: int = 2
    dunning_level: int = 3
    stale_hours: int = 24
    prepaid_lifts: tuple[str, ...] = ("R6", "R7", "R12")
    exemption_max_days: int = 90
    release_growth: Decimal = Decimal("0.05")
    release_days: int = 30
    stop_roles: tuple[str, ...] = ("finance_director", "committee")

    def __post_init__(self) -> None:
        """Refuse unknown rules and grades, and thresholds that do not rise."""
        rules = {
            **listed("off", self.off),
            **{f"reactions.{code}": code for code in self.reactions},
            **listed("prepaid_lifts", self.prepaid_lifts),
        }
        refuse(
            *one_of(RULE_CODES, rules),
            *grades_known(
                over_limit_warn_grade=self.over_limit_warn_grade, stop_grade=self.stop_grade
            ),
            in_order("0 < hold_days < stop_days", self),
            *lies_between(
                0,
                1,
                hold_limit_share=self.hold_limit_share,
                overdue_share=self.overdue_share,
                utilisation_warn=self.utilisation_warn,
            ),
            *starts_at(
                0,
                min_overdue=self.min_overdue,
                over_limit_warn_share=self.over_limit_warn_share,
                release_growth=self.release_growth,
            ),
            *lies_above(0, average_order_multiple=self.average_order_multiple),
        )
