"""Review cycle, overrides, approvals, and how steady a grade is (credit-management 5.2, 11)."""

from decimal import Decimal

from scoring.document import in_order, refuse, starts_at
from scoring.policy.part import Part, grades_known

__all__ = ["ReviewPolicy"]


class ReviewPolicy(Part, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Hysteresis, overrides, triggers of a review, and the approval matrix (5.2, 11).

    A grade changes when the score is ``cross_points`` across the boundary, or across it in two
    runs. An approval counts up to each amount; above ``director_up_to`` the committee decides.
    """

    hysteresis: bool = True
    cross_points: Decimal = Decimal(1)
    modifiers: bool = False
    upgrade_at_review_only: bool = True
    upgrade_months: int = 6
    upgrade_grades: int = 1
    override_max_days: int = 180
    override_max_up: int = 2
    override_notice_days: int = 14
    override_alarm_share: Decimal = Decimal("0.15")
    drop_points: Decimal = Decimal(10)
    drop_days: int = 90
    delay_days: int = 60
    watch_entries: int = 2
    watch_entries_months: int = 12
    watch_workdays: int = 10
    critical_workdays: int = 2
    officer_up_to: Decimal = Decimal(100_000)
    officer_from_grade: str = "BBB"
    manager_up_to: Decimal = Decimal(500_000)
    director_up_to: Decimal = Decimal(2_000_000)
    higher_from_grade: str = "B"
    committee_votes: int = 2
    committee_size: int = 3
    escalate_after_workdays: int = 2

    def __post_init__(self) -> None:
        """Refuse thresholds that do not rise, and counts that make no sense."""
        refuse(
            in_order("0 <= officer_up_to <= manager_up_to <= director_up_to", self),
            in_order("0 < committee_votes <= committee_size", self),
            *starts_at(
                0,
                upgrade_months=self.upgrade_months,
                override_max_up=self.override_max_up,
                override_notice_days=self.override_notice_days,
                cross_points=self.cross_points,
            ),
            *starts_at(
                1, override_max_days=self.override_max_days, upgrade_grades=self.upgrade_grades
            ),
            *grades_known(
                officer_from_grade=self.officer_from_grade,
                higher_from_grade=self.higher_from_grade,
            ),
        )
