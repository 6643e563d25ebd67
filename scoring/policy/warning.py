"""Early warning: signals, watch level, outlook (credit-management 10)."""

from decimal import Decimal
from typing import Literal

from scoring.document import in_order, refuse, starts_at
from scoring.policy.part import Part

__all__ = ["WarningPolicy", "WatchPolicy"]

_Kinds = tuple[str, ...]


class WatchPolicy(Part, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Hold, watch level and outlook (7.2, 9.1, 10): each signal adds its level.

    A customer leaves the list when every signal has been clear for ``clear_days`` and, with
    ``note_to_leave``, a reviewer's note was written after that.
    """

    hold_days: int = 30
    stop_days: int = 45
    hold_min_overdue: Decimal = Decimal(500)
    outlook_days: int = 7
    outlook_score: Decimal = Decimal(5)
    attention_from: int = 2
    watch_from: int = 4
    high_from: int = 8
    clear_days: int = 60
    note_to_leave: bool = True

    def __post_init__(self) -> None:
        """Refuse thresholds that do not rise."""
        refuse(
            in_order("0 < hold_days < stop_days", self),
            in_order("0 < attention_from < watch_from < high_from", self),
        )


class WarningPolicy(Part, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Thresholds of the signals E1 to E24 (10), in their order.

    ``off`` names signals that are not used. ``decay_days``: how long a cleared signal still
    counts. ``event_days``: how long an event (a bounced payment, a withdrawn cover) counts as new.
    """

    off: tuple[str, ...] = ()
    decay_days: int = 30
    event_days: int = 90
    trend_days: int = 7
    trend_high_days: int = 15
    first_late_days: int = 10
    first_late_months: int = 12
    overdue_jump: Decimal = Decimal(15)
    overdue_jump_days: int = 30
    overdue_jump_ratio: Literal["display", "scoring"] = "display"
    rolled_days: int = 90
    in_parts_now: Decimal = Decimal(30)
    in_parts_before: Decimal = Decimal(10)
    broken_some: int = 1
    broken_many: int = 2
    utilisation: Decimal = Decimal("0.9")
    utilisation_days: int = 15
    order_surge: Decimal = Decimal("2.5")
    order_surge_days: int = 30
    order_stop: Decimal = Decimal(2)
    order_min_days: int = 3
    note_days: int = 90
    dispute_days: int = 30
    dispute_surge: Decimal = Decimal(3)
    dispute_min: int = 2
    asked_days: int = 60
    judicial_kinds: _Kinds = (
        "enforcement",
        "dishonest",
        "consumption_limit",
        "ended_without_payment",
    )
    suit_days: int = 90
    suit_count: int = 3
    suit_share: Decimal = Decimal("0.1")
    asset_kinds: _Kinds = ("equity_freeze", "equity_pledge", "tax_arrears", "abnormal_list")
    change_days: int = 90
    bureau_drop: Decimal = Decimal("0.1")
    z_double_drop: Decimal = Decimal(1)
    concentration: Decimal = Decimal("0.1")
    failed_calls: int = 3
    failed_call_days: int = 14
    confirmation_days: int = 30
    expected_late: Decimal = Decimal("0.2")

    def __post_init__(self) -> None:
        """Refuse thresholds out of order."""
        refuse(
            in_order("0 < trend_days <= trend_high_days", self),
            in_order("0 < broken_some <= broken_many", self),
            *starts_at(0, decay_days=self.decay_days, event_days=self.event_days),
        )
