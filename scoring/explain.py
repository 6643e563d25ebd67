"""The explanation record: every number from the features to the limit, as one document.

The same inputs give the same bytes (credit-management 13). Amounts are in the entity's currency;
ratios and points are shown with four digits.
"""

from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from typing import Any, Literal

import msgspec

from scoring.assess import Assessments
from scoring.assessment import Assessment
from scoring.exposure import EXPOSURE_PARTS
from scoring.gates import GATES
from scoring.limits import LIMIT_STEPS
from scoring.money import Money
from scoring.policy import GRADES, Policy
from scoring.scorecard import Characteristic, Group, groups_in_use

__all__ = [
    "ENGINE_VERSION",
    "CharacteristicPoints",
    "Explanation",
    "Feature",
    "GateResult",
    "GroupPoints",
    "LimitStep",
    "explain",
    "explanation_bytes",
]

#: Rises when the same inputs and policy would give other numbers.
ENGINE_VERSION = "1"

FeatureStatus = Literal["ok", "thin", "missing"]
Figure = Money | int | str | None


class Feature(msgspec.Struct, frozen=True, kw_only=True):
    """One measured figure: its value, how many observations it rests on, over which window.

    Ratios are decimal text; ``n`` is ``None`` for sums that need no observations.
    """

    code: str
    value: Figure
    unit: str
    n: int | None = None
    window_months: int | None = None
    status: FeatureStatus = "ok"


class CharacteristicPoints(msgspec.Struct, frozen=True, kw_only=True):
    """Points of one characteristic: the value it had, what it got and the most it could get."""

    code: str
    value: str | None
    got: str | None
    best: str


class GroupPoints(msgspec.Struct, frozen=True, kw_only=True):
    """Points of a group: the raw share, what shrinkage towards the middle made of it, the points.

    ``shrunk_weight``: how many observations the middle counts as; ``None`` without shrinkage.
    """

    name: str
    characteristics: tuple[CharacteristicPoints, ...]
    present: str
    raw_share: str
    observations: int | None
    shrunk_weight: str | None
    share: str | None
    got: str | None
    best: str


class GateResult(msgspec.Struct, frozen=True, kw_only=True):
    """A gate: whether its condition holds, and the grade it caps at."""

    code: str
    fired: bool
    cap: str


class LimitStep(msgspec.Struct, frozen=True, kw_only=True):
    """One line of the limit's waterfall; ``value`` is ``None`` when the method had no data or is off.

    ``bound`` marks the line that set the limit.
    """

    method: str
    value: Money | None
    bound: bool


class Explanation(msgspec.Struct, frozen=True, kw_only=True):
    """Why an entity has its rating and its limit. ``assessment`` is what was said."""

    engine_version: str
    policy_version: str
    as_of: date
    inputs_hash: str
    assessment: Assessment
    features: tuple[Feature, ...]
    groups: tuple[GroupPoints, ...]
    score: str | None
    grade_by_score: str | None
    gates: tuple[GateResult, ...]
    unrated: str | None
    grade: str
    pd: str | None
    exposure: tuple[LimitStep, ...]
    limit: tuple[LimitStep, ...]


def explain(assessments: Assessments, entity: str) -> Explanation:
    """Collect every number behind one entity's assessment. Raises ``KeyError``."""
    row, policy = assessments.figures(entity), assessments.policy
    said = assessments.row(entity)
    rated = row["grade"] is not None
    by_score = row["score_grade"]
    return Explanation(
        engine_version=ENGINE_VERSION,
        policy_version=policy.version,
        as_of=assessments.as_of,
        inputs_hash=said.inputs_hash,
        assessment=said,
        features=_features(row, policy),
        groups=tuple(_group(group, row, policy) for group in groups_in_use(policy)),
        score=None if row["score"] is None else _text(row["score"]),
        grade_by_score=None if by_score is None else GRADES[by_score],
        gates=tuple(
            GateResult(code=gate.code, fired=row[f"gate_{gate.code}"], cap=gate.cap_of(row, policy))
            for gate in GATES
        ),
        unrated=row["unrated"],
        grade=row["rating"],
        pd=str(policy.grades[row["grade"]].pd) if rated else None,
        exposure=_steps(row, EXPOSURE_PARTS, bound=None),
        limit=_steps(row, LIMIT_STEPS, bound=row["bound_by"]),
    )


def explanation_bytes(explanation: Explanation) -> bytes:
    """Write an explanation as JSON; equal explanations give equal bytes."""
    return msgspec.json.encode(explanation, order="deterministic")


_AMOUNTS = (
    *("ar", "age_current", "age_1_30", "age_31_60", "age_61_90", "age_over_90", "overdue"),
    *("disputed", "unapplied_cash", "unapplied_credit", "sales", "high_credit", "paid"),
)
#: code → unit, the count it rests on, the policy's window for it.
_MEASURES: dict[str, tuple[str, str | None, str | None]] = {
    "wadl": ("days", "n_settled", "window_months"),
    "wadl_paid": ("days", "n_settled", "window_months"),
    "days_beyond_terms": ("days", "n_settled", "window_months"),
    "days_to_pay": ("days", "n_settled", "window_months"),
    "weighted_terms": ("days", "n_claims", "window_months"),
    "late_count_percent": ("percent", "n_settled", "window_months"),
    "late_amount_percent": ("percent", "n_settled", "window_months"),
    "in_parts_percent": ("percent", "n_settled", "window_months"),
    "overdue_percent": ("percent", "n_open", None),
    "overdue_scored_percent": ("percent", "n_open", None),
    "serious_percent": ("percent", "n_open", None),
    "max_delay": ("days", None, "max_delay_months"),
    "delay_trend": ("days", "n_recent", "window_months"),
    "turnover_trend": ("share", None, "window_months"),
    "volatility": ("days", "n_months", "window_months"),
    "dso": ("days", None, "window_months"),
    "count_back_dso": ("days", None, None),
    "best_dso": ("days", None, "window_months"),
    "days_delinquent": ("days", None, "window_months"),
    "paydex": ("index", "n_settled", "window_months"),
    "age_months": ("months", None, None),
    "oldest_days": ("days", "n_open", None),
    "n_settled": ("count", None, "window_months"),
    "n_open": ("count", None, None),
}


def _features(row: dict[str, Any], policy: Policy) -> tuple[Feature, ...]:
    amounts = [
        Feature(code=code, value=Money(row[code], row["currency"]), unit="money")
        for code in _AMOUNTS
    ]
    return (*amounts, *(_measure(code, row, policy) for code in _MEASURES))


def _measure(code: str, row: dict[str, Any], policy: Policy) -> Feature:
    unit, count, window = _MEASURES[code]
    value, n = row[code], None if count is None else (row[count] or 0)
    status: FeatureStatus = "ok"
    if value is None:
        status = "missing"
    elif count == "n_settled" and row["thin"]:
        status = "thin"
    return Feature(
        code=code,
        value=_text(value) if isinstance(value, float) else value,
        unit=unit,
        n=n,
        window_months=None if window is None else getattr(policy.behaviour, window),
        status=status,
    )


def _group(group: Group, row: dict[str, Any], policy: Policy) -> GroupPoints:
    shrinks = group.observations is not None
    share = row[f"share_{group.name}"]
    return GroupPoints(
        name=group.name,
        characteristics=tuple(_points(part, row) for part in group.characteristics),
        present=_text(row[f"present_{group.name}"]),
        raw_share=_text(row[f"raw_{group.name}"]),
        observations=None if group.observations is None else row[group.observations],
        shrunk_weight=str(policy.scorecard.shrink_weight) if shrinks else None,
        share=None if share is None else _text(share),
        got=None if share is None else _text(share * float(group.points)),
        best=str(group.points),
    )


def _points(part: Characteristic, row: dict[str, Any]) -> CharacteristicPoints:
    share = row[f"share_{part.code}"]
    value = None if part.feature is None else row[part.feature]
    return CharacteristicPoints(
        code=part.code,
        value=None if value is None else _text(value),
        got=None if share is None else _text(share * float(part.rule.points) / 100),
        best=str(part.rule.points),
    )


def _steps(
    row: dict[str, Any], methods: tuple[str, ...], *, bound: str | None
) -> tuple[LimitStep, ...]:
    return tuple(
        LimitStep(
            method=method,
            value=None if row[method] is None else Money(row[method], row["currency"]),
            bound=method == bound,
        )
        for method in methods
    )


def _text(value: float) -> str:
    rounded = Decimal(str(value)).quantize(Decimal("0.0001"), ROUND_HALF_UP).normalize()
    return f"{rounded:f}" if rounded else "0"
