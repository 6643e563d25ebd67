"""The ladder (催收阶梯, credit-management 9.1) and its brakes, as policy."""

from decimal import Decimal

import msgspec

from scoring.document import in_order, mistake, refuse, starts_at

__all__ = [
    "DEFAULT_LADDER",
    "DunningPolicy",
    "LadderLevel",
    "first_day_of_level",
    "reached",
    "reached_level",
]


class LadderLevel(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One rung: from ``day`` days past due somebody does ``action``.

    ``severity`` weighs the rung in the order of work.
    """

    level: int
    day: int
    action: str  # a code; the texts say it in words
    shifts_with_grade: bool = False
    severity: Decimal = Decimal(1)


DEFAULT_LADDER = (
    LadderLevel(level=1, day=3, action="remind"),
    LadderLevel(level=2, day=7, action="call", shifts_with_grade=True, severity=Decimal("1.2")),
    LadderLevel(
        level=3, day=15, action="first_letter", shifts_with_grade=True, severity=Decimal("1.5")
    ),
    LadderLevel(
        level=4, day=30, action="second_letter", shifts_with_grade=True, severity=Decimal(2)
    ),
    LadderLevel(
        level=5, day=45, action="stop_shipment", shifts_with_grade=True, severity=Decimal("2.5")
    ),
    LadderLevel(level=6, day=60, action="final_demand", severity=Decimal(3)),
    LadderLevel(level=7, day=90, action="lawyers_letter", severity=Decimal("3.5")),
    LadderLevel(level=8, day=120, action="legal_action", severity=Decimal(4)),
)


def _shifts() -> dict[str, int]:
    return dict.fromkeys(("AAA", "AA", "A"), 5) | dict.fromkeys(("B", "CCC", "CC", "C", "D"), -5)


def _late_again() -> dict[str, Decimal]:
    """Start from what was seen on public data: next quarter's late share by grade (5.2)."""
    seen = "AAA:.02 AA:.05 A:.10 BBB:.18 BB:.41 B:.56 CCC:.69 CC:.82 C:.91 D:1"
    pairs = (pair.split(":") for pair in seen.split())
    return {grade: Decimal(share) for grade, share in pairs}


def _factors() -> dict[str, Decimal]:
    good = dict.fromkeys(("AAA", "AA", "A"), Decimal("0.8"))
    return good | {"B": Decimal("1.2")} | dict.fromkeys(("CCC", "CC", "C", "D"), Decimal("1.5"))


class DunningPolicy(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The ladder and its brakes (9.1, 9.2). Amounts are in major units of the policy currency.

    ``grade_shift_days``: how much later (or, negative, earlier) the shifting levels come for a
    grade. ``levels_at_once``: how far one step may climb; the flood guard for old data.
    ``courtesy``: ask before the due date whether the invoice is right (L0). ``late_share``: how
    likely a grade pays late, where nothing better is known; ``grade_factor`` weighs grades in the
    order of work. Hours are those in which a customer may be contacted on a working day.
    """

    levels: tuple[LadderLevel, ...] = DEFAULT_LADDER
    grade_shift_days: dict[str, int] = msgspec.field(default_factory=_shifts)
    levels_at_once: int = 2
    quiet_days: int = 5
    tasks_per_owner_per_day: int = 20
    min_item: int = 100
    min_overdue: int = 500
    courtesy: bool = False
    courtesy_days: int = 7
    courtesy_min_item: int = 50_000
    block_max_days: int = 90
    contact_from_hour: int = 8
    contact_to_hour: int = 21
    late_share: dict[str, Decimal] = msgspec.field(default_factory=_late_again)
    late_share_unrated: Decimal = Decimal("0.5")
    grade_factor: dict[str, Decimal] = msgspec.field(default_factory=_factors)
    severity_before_ladder: Decimal = Decimal("0.5")

    def __post_init__(self) -> None:
        """Refuse a ladder that does not climb, and hours that are no part of a day."""
        rungs = [(level.level, level.day) for level in self.levels]
        numbers, days = [rung[0] for rung in rungs], [rung[1] for rung in rungs]
        rising = numbers == sorted(set(numbers)) and days == sorted(set(days))
        refuse(
            (rising, mistake("levels", "rungs")),
            in_order("0 <= contact_from_hour < contact_to_hour <= 24", self),
            *starts_at(1, levels_at_once=self.levels_at_once),
            *starts_at(0, quiet_days=self.quiet_days),
        )


def reached(policy: DunningPolicy, grade: str, days: int) -> tuple[LadderLevel, ...]:
    """List the levels whose day has come; one that a grade hastens still follows the one before."""
    return tuple(level for level, first in _days(policy, grade) if days >= first)


def reached_level(policy: DunningPolicy, grade: str, days: int) -> int:
    """Tell the highest level whose day has come; 0 before the first."""
    levels = reached(policy, grade, days)
    return levels[-1].level if levels else 0


def first_day_of_level(policy: DunningPolicy, grade: str, level: int) -> int | None:
    """Tell from which day past due a grade stands at ``level`` or higher; ``None``: never."""
    days = [first for rung, first in _days(policy, grade) if rung.level >= level]
    return days[0] if days else None


def _days(policy: DunningPolicy, grade: str) -> list[tuple[LadderLevel, int]]:
    shift = policy.grade_shift_days.get(grade, 0)
    found, earliest = [], 0
    for level in policy.levels:
        earliest = max(earliest + 1, level.day + (shift if level.shifts_with_grade else 0))
        found.append((level, earliest))
    return found
