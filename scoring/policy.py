"""The credit policy (信用政策): every number of the method as data, with a version.

The defaults are starting values, not facts about the world. Amounts are in major units of the
policy's currency; shares are fractions of 1 unless a name ends in ``_percent``.
Sources: credit-management 0, 2, 5, 6, 7.1, 8, 10, 11.
"""

from decimal import Decimal
from itertools import pairwise
from typing import Literal

import msgspec

from scoring.document import DocumentError, read_document
from scoring.dunning import DunningPolicy
from scoring.money import minor_digits

__all__ = [
    "GRADES",
    "BehaviourPolicy",
    "CharacteristicPolicy",
    "DefaultEventPolicy",
    "ExposurePolicy",
    "GatePolicy",
    "GradePolicy",
    "LimitPolicy",
    "PaymentGroupPolicy",
    "Policy",
    "PolicyError",
    "ScorecardPolicy",
    "WatchPolicy",
    "load_policy",
]

#: The ten grades, best first (四等十级). ``NR`` (not rated) stands outside the scale.
GRADES = ("AAA", "AA", "A", "BBB", "BB", "B", "CCC", "CC", "C", "D")

Curve = tuple[tuple[Decimal, Decimal], ...]


class PolicyError(DocumentError):
    """The policy text does not hold what it must; ``mistakes`` lists everything found."""


class _Part(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A table of the policy."""


class BehaviourPolicy(_Part, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How payment behaviour is measured (2.1, 2.2)."""

    window_months: int = 12
    max_delay_months: int = 24
    grace_days: int = 3
    settled_tolerance: Decimal = Decimal(1)
    settled_tolerance_share: Decimal = Decimal("0.005")
    small_item_share: Decimal = Decimal("0.01")
    virtual_cash_working_days: int = 5
    dispute_opened_within_days: int = 15
    dispute_max_days: int = 60
    thin_settled: int = 5
    thin_months: int = 3
    trend_months: int = 3
    trend_min_items: int = 3
    volatility_min_months: int = 6
    serious_days: int = 60
    well_handled_days: int = 30
    default_terms_days: int = 30
    roll_due_on_holiday: bool = False

    def __post_init__(self) -> None:
        """Refuse windows that cannot be measured."""
        if not 1 <= self.trend_months < self.window_months <= self.max_delay_months:
            raise ValueError("needs 1 <= trend_months < window_months <= max_delay_months")
        if min(self.settled_tolerance, self.settled_tolerance_share, self.small_item_share) < 0:
            raise ValueError("settled_tolerance, its share and small_item_share start at 0")


class DefaultEventPolicy(_Part, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """When a customer is in default (违约) and when it leaves it (0)."""

    days: int = 90
    ar_share: Decimal = Decimal("0.01")
    materiality: Decimal = Decimal(5000)
    cure_days: int = 30
    cure_months: int = 6

    def __post_init__(self) -> None:
        """Refuse a cure that is harder to lose than the default."""
        if not 0 <= self.cure_days <= self.days:
            raise ValueError("needs 0 <= cure_days <= days")


class CharacteristicPolicy(_Part, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One scored characteristic: its points and the share of them (percent) at each value.

    Between two values the share runs on a straight line, or, with ``steps``, stays that of the
    next value reached. Beyond the last value it is 0 for ``steps``, else that of the last value.
    """

    points: Decimal
    curve: Curve
    steps: bool = False

    def __post_init__(self) -> None:
        """Refuse curves that are not monotone."""
        if self.points < 0:
            raise ValueError("points must be 0 or more")
        if not self.curve:
            raise ValueError("the curve needs at least one pair [value, percent]")
        for (value, share), (next_value, next_share) in pairwise(self.curve):
            if next_value <= value or next_share > share:
                raise ValueError("the curve is not monotone: values must rise, percents not")
        if not all(0 <= share <= 100 for _, share in self.curve):
            raise ValueError("percents of the curve lie between 0 and 100")


def _curve(text: str) -> Curve:
    pairs = (pair.split(":") for pair in text.split())
    return tuple((Decimal(value), Decimal(share)) for value, share in pairs)


def _characteristic(points: int, curve: str, *, steps: bool = False) -> CharacteristicPolicy:
    return CharacteristicPolicy(points=Decimal(points), curve=_curve(curve), steps=steps)


class PaymentGroupPolicy(_Part, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Group P, payment behaviour (5.1): days, percents and shares as the features give them."""

    points: Decimal = Decimal(35)
    wadl: CharacteristicPolicy = _characteristic(14, "0:100 1:85 3:70 7:55 15:40 30:25 60:10 90:0")
    late_amount: CharacteristicPolicy = _characteristic(8, "0:100 5:90 15:75 30:50 50:25 80:0")
    overdue_ratio: CharacteristicPolicy = _characteristic(5, "0:100 5:80 15:60 30:20", steps=True)
    max_delay: CharacteristicPolicy = _characteristic(5, "5:100 15:80 30:60 60:30 90:10 120:0")
    promises: CharacteristicPolicy = _characteristic(3, "0:100 20:66.67 50:33.33", steps=True)

    def __post_init__(self) -> None:
        """Refuse characteristics that do not add up to the group."""
        parts = (self.wadl, self.late_amount, self.overdue_ratio, self.max_delay, self.promises)
        total = sum(part.points for part in parts)
        if total != self.points:
            raise ValueError(f"the characteristics hold {total} points, the group {self.points}")


class ScorecardPolicy(_Part, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Points (5.1): missing data, shrinkage, and the groups' characteristics."""

    missing_min_share: Decimal = Decimal("0.5")
    missing_group_share: Decimal = Decimal("0.4")
    shrink_towards: Decimal = Decimal("0.6")
    shrink_weight: Decimal = Decimal(2)
    payment: PaymentGroupPolicy = PaymentGroupPolicy()


class GradePolicy(_Part, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One grade: from which score, at what risk, and what it allows (5.2, 6.1, 8, 11).

    ``score`` is the lowest of the band; grade D has none, an event sets it. ``pd`` is the
    mid-band probability of default. ``unsecured_cap`` None means no cap of its own.
    """

    grade: str
    score: Decimal | None = None
    pd: Decimal
    safety: Decimal
    unsecured: bool
    unsecured_cap: Decimal | None = None
    lateness_in_need: bool = False
    max_terms_days: int
    deposit: Decimal
    review_months: int


def _grade(
    row: str, *, unsecured: bool = True, cap: int | None = None, lateness: bool = False
) -> GradePolicy:
    grade, score, pd, safety, terms, deposit, review = row.split()
    return GradePolicy(
        grade=grade,
        score=None if score == "-" else Decimal(score),
        pd=Decimal(pd),
        safety=Decimal(safety),
        unsecured=unsecured,
        unsecured_cap=None if cap is None else Decimal(cap),
        lateness_in_need=lateness,
        max_terms_days=int(terms),
        deposit=Decimal(deposit),
        review_months=int(review),
    )


DEFAULT_GRADES = (
    _grade("AAA 90 0.0023 1.5 90 0.00 12", lateness=True),
    _grade("AA  80 0.0046 1.4 75 0.00 12", lateness=True),
    _grade("A   70 0.0092 1.3 60 0.00 9", lateness=True),
    _grade("BBB 60 0.018  1.2 45 0.10 6", lateness=True),
    _grade("BB  50 0.036  1.0 30 0.20 4"),
    _grade("B   40 0.069  0.8 15 0.30 3", cap=100_000),
    _grade("CCC 30 0.13   0.8 0  0.50 1", unsecured=False),
    _grade("CC  20 0.23   0.0 0  1.00 1", unsecured=False),
    _grade("C   0  0.46   0.0 0  1.00 1", unsecured=False),
    _grade("D   -  1.00   0.0 0  1.00 1", unsecured=False),
)


class GatePolicy(_Part, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Gates (一票否决, 5.6): a condition caps the grade whatever the score."""

    over_90_days: int = 90
    over_90_cap: str = "CCC"
    over_60_days: int = 60
    over_60_ar_share: Decimal = Decimal("0.05")
    over_60_cap: str = "B"
    thin_cap: str = "BB"
    no_statements_cap: str = "A"

    def __post_init__(self) -> None:
        """Refuse caps that are no grade."""
        caps = (self.over_90_cap, self.over_60_cap, self.thin_cap, self.no_statements_cap)
        strange = sorted(set(caps) - set(GRADES))
        if strange:
            raise ValueError(f"caps {strange} are no grades; the grades are {', '.join(GRADES)}")


class LimitPolicy(_Part, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The credit limit's waterfall (6). ``None`` switches a method off.

    ``loss_budget`` is the expected loss accepted for one customer in a year (M8);
    ``concentration_base`` the amount of which one customer may hold ``concentration_share`` (M10).
    """

    starter: Decimal = Decimal(50_000)
    seasonal_need: bool = True
    growth: Decimal = Decimal(0)
    late_days_in_need: int = 15
    billing_lag_days: int = 0
    high_credit_growth: Decimal = Decimal("0.25")
    lgd: Decimal = Decimal("0.6")
    loss_budget: Decimal | None = None
    concentration_base: Decimal | None = None
    concentration_share: Decimal = Decimal("0.1")
    round_digits: int = 2
    valid_days_after_review: int = 30

    def __post_init__(self) -> None:
        """Refuse numbers that make a limit meaningless."""
        if not 0 < self.lgd <= 1:
            raise ValueError("lgd lies above 0 and at most at 1")
        if self.starter < 0 or self.round_digits < 1:
            raise ValueError("starter starts at 0 and round_digits at 1")


class ExposurePolicy(_Part, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which parts take up credit, and with what weight (7.1)."""

    include_orders: bool = True
    order_horizon_days: int = 60
    order_weight: Decimal = Decimal(1)
    include_unapplied: bool = True

    def __post_init__(self) -> None:
        """Refuse weights outside 0 and 1."""
        if not 0 <= self.order_weight <= 1:
            raise ValueError("order_weight lies between 0 and 1")


class WatchPolicy(_Part, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Hold, watch level and outlook (7.2, 9.1, 10): each signal adds its level."""

    hold_days: int = 30
    stop_days: int = 45
    hold_min_overdue: Decimal = Decimal(500)
    trend_attention_days: int = 7
    trend_high_days: int = 15
    overdue_attention: Decimal = Decimal("0.15")
    overdue_high: Decimal = Decimal("0.30")
    outlook_days: int = 7
    attention_from: int = 2
    high_from: int = 4
    critical_from: int = 8

    def __post_init__(self) -> None:
        """Refuse thresholds that do not rise."""
        if not 0 < self.hold_days < self.stop_days:
            raise ValueError("needs 0 < hold_days < stop_days")
        if not 0 < self.attention_from < self.high_from < self.critical_from:
            raise ValueError("needs 0 < attention_from < high_from < critical_from")


class Policy(_Part, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The whole policy. ``groups`` are the scorecard groups that have data and are in use."""

    version: str = "default-1"
    currency: str = "CNY"
    groups: tuple[Literal["payment"], ...] = ("payment",)
    unrated_terms_days: int = 30
    unrated_review_months: int = 3
    behaviour: BehaviourPolicy = BehaviourPolicy()
    default_event: DefaultEventPolicy = DefaultEventPolicy()
    scorecard: ScorecardPolicy = ScorecardPolicy()
    gates: GatePolicy = GatePolicy()
    limits: LimitPolicy = LimitPolicy()
    exposure: ExposurePolicy = ExposurePolicy()
    watch: WatchPolicy = WatchPolicy()
    dunning: DunningPolicy = DunningPolicy()
    grades: tuple[GradePolicy, ...] = DEFAULT_GRADES

    def __post_init__(self) -> None:
        """Refuse an unknown currency, no or repeated groups, and bands that are not monotone."""
        minor_digits(self.currency)
        if not self.groups or len(set(self.groups)) != len(self.groups):
            raise ValueError("groups names each scorecard group in use once, at least one")
        _check_grades(self.grades)

    def grade(self, name: str) -> GradePolicy:
        """Find a grade's row. Raises ``KeyError`` for ``NR`` and other words."""
        for row in self.grades:
            if row.grade == name:
                return row
        raise KeyError(name)


def _check_grades(grades: tuple[GradePolicy, ...]) -> None:
    if tuple(row.grade for row in grades) != GRADES:
        raise ValueError(f"grades must be {', '.join(GRADES)}, in this order")
    *scored, default = grades
    scores = [row.score for row in scored if row.score is not None]
    if len(scores) != len(scored) or default.score is not None:
        raise ValueError("grades: every grade but D has a score, D has none")
    if scores[-1] != 0 or any(low >= high for high, low in pairwise(scores)):
        raise ValueError("grades are not monotone: scores must fall from AAA to C, C starts at 0")
    if any(better.pd >= worse.pd for better, worse in pairwise(grades)):
        raise ValueError("grades are not monotone: pd must rise from AAA to D")
    for field in ("safety", "max_terms_days"):
        values = [getattr(row, field) for row in grades]
        if any(worse > better for better, worse in pairwise(values)):
            raise ValueError(f"grades are not monotone: {field} must not rise from AAA to D")
    if any(row.review_months < 1 for row in grades):
        raise ValueError("grades: review_months starts at 1")


def load_policy(toml_text: str) -> Policy:
    """Read a policy. What it leaves out has the default.

    Raises:
        PolicyError: Lists every unknown key, wrong value and broken rule with its key path.
    """
    try:
        return read_document(toml_text, Policy)
    except DocumentError as error:
        raise PolicyError(error.mistakes) from error
