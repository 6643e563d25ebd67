"""The explanation record: one document from the features to the limit (credit-management 13)."""

from datetime import date

import msgspec

from scoring.assess import Assessments
from scoring.assessment import Assessment
from scoring.explain.behind import Decision, Security, Segment, Source, behind
from scoring.explain.figures import Feature, features_of, text
from scoring.explain.file import Dossier, Statement, dossier_of, statement_of
from scoring.explain.ladder import GateResult, GradeStep, gates_of, ladder_of
from scoring.explain.points import Blend, GroupPoints, blend_of, groups_of
from scoring.explain.standing import (
    Company,
    Losses,
    Review,
    Terms,
    company_of,
    losses_of,
    review_of,
    terms_of,
)
from scoring.explain.waterfall import AmountStep, exposure_steps, limit_steps
from scoring.ordercheck import FiredRule, fired_rules
from scoring.policy import GRADES
from scoring.warning import Signal, signals_of

__all__ = [
    "ENGINE_VERSION",
    "REMARKS",
    "Explanation",
    "explain",
    "explanation_bytes",
    "read_explanation",
]

#: Rises when the same inputs and policy would give other numbers, or another record.
ENGINE_VERSION = "2"

#: What a reader should know besides the figures.
REMARKS = ("stopped_buying", "appraisal_dispute", "appraisal_single", "override_ends_soon")


class Explanation(msgspec.Struct, frozen=True, kw_only=True):
    """Why an entity has its rating and its limit. ``assessment`` is what was said.

    ``ladder`` leads from the grade by score to the final one; ``limit_bound_by`` names the method,
    the guard or the grade that set the limit; ``rules`` are those of the order check that hold new
    orders today, whatever the order.
    """

    engine_version: str
    policy_version: str
    as_of: date
    inputs_hash: str
    name: str
    assessment: Assessment
    sources: tuple[Source, ...]
    features: tuple[Feature, ...]
    statement: Statement | None
    groups: tuple[GroupPoints, ...]
    score: str | None
    blend: Blend | None = None
    grade_by_score: str | None
    modifier: str | None
    ladder: tuple[GradeStep, ...]
    gates: tuple[GateResult, ...]
    unrated: str | None
    grade: str
    pd: str | None
    decisions: tuple[Decision, ...]
    dossier: Dossier
    exposure: tuple[AmountStep, ...]
    exposure_over: str | None
    limit: tuple[AmountStep, ...]
    limit_bound_by: str | None
    starter_only: bool
    frozen: bool
    security: tuple[Security, ...]
    segments: tuple[Segment, ...]
    company: Company | None
    terms: Terms
    losses: Losses
    signals: tuple[Signal, ...]
    warning_points: int
    rules: tuple[FiredRule, ...]
    exempt: tuple[str, ...]
    review: Review
    remarks: tuple[str, ...] = ()


def explain(assessments: Assessments, entity: str) -> Explanation:
    """Collect every number behind one entity's assessment. Raises ``KeyError``."""
    row, policy = assessments.figures(entity), assessments.policy
    said, facts = assessments.row(entity), behind(assessments)
    grade, by_score = row["grade"], row["band_grade"]
    return Explanation(
        engine_version=ENGINE_VERSION,
        policy_version=policy.version,
        as_of=assessments.as_of,
        inputs_hash=said.inputs_hash,
        name=facts.names[entity],
        assessment=said,
        sources=facts.sources.get(entity, ()),
        features=tuple(features_of(row, policy)),
        statement=statement_of(row, policy),
        groups=tuple(groups_of(row, policy)),
        score=None if row["score"] is None else text(row["score"]),
        blend=blend_of(row),
        grade_by_score=None if by_score is None else GRADES[by_score],
        modifier=row["modifier"],
        ladder=ladder_of(row, policy),
        gates=tuple(gates_of(row, policy)),
        unrated=row["unrated"],
        grade=row["rating"],
        pd=None if grade is None else str(policy.grades[grade].pd),
        decisions=facts.decisions.get(entity, ()),
        dossier=dossier_of(row, policy, facts),
        exposure=tuple(exposure_steps(row, policy)),
        exposure_over=row["component_over"],
        limit=tuple(limit_steps(row, policy)),
        limit_bound_by=row["bound_by"],
        starter_only=row["starter_only"],
        frozen=row["frozen"],
        security=facts.security.get(entity, ()),
        segments=facts.segments.get(entity, ()),
        company=company_of(row, facts),
        terms=terms_of(row, policy),
        losses=losses_of(row, policy),
        signals=signals_of(row, policy),
        warning_points=row["warning_points"],
        rules=fired_rules(row, policy),
        exempt=tuple((row["exempt"] or "").split()),
        review=review_of(row),
        remarks=tuple(remark for remark in REMARKS if row[remark]),
    )


def explanation_bytes(explanation: Explanation) -> bytes:
    """Write an explanation as JSON; equal explanations give equal bytes."""
    return msgspec.json.encode(explanation, order="deterministic")


def read_explanation(document: bytes) -> Explanation | None:
    """Read a stored explanation.

    ``None`` for one that another engine wrote in another shape, or of which nothing is kept.
    """
    if not document:
        return None
    try:
        return msgspec.json.decode(document, type=Explanation)
    except msgspec.ValidationError:
        return None
