"""The explanation: every number from the features to the limit, as one document.

The same inputs give the same bytes (credit-management 13). Amounts are in the entity's currency;
ratios and points are shown with four digits. One module a subject: ``figures``, ``points``,
``ladder`` (from score to grade), ``waterfall`` (exposure and limit), ``file``, ``standing``;
``behind`` holds what is read off the Book, ``record`` puts it together.
"""

from scoring.explain.behind import Decision, Security, Segment, Source
from scoring.explain.figures import FIGURES, Feature, Figure, Unit, unit_of
from scoring.explain.file import STATEMENT_FLAGS, Dossier, DossierItem, Statement
from scoring.explain.ladder import LADDER, LADDER_REASONS, GateResult, GradeStep
from scoring.explain.points import Blend, CharacteristicPoints, GroupPoints
from scoring.explain.record import (
    ENGINE_VERSION,
    REMARKS,
    Explanation,
    explain,
    explanation_bytes,
    read_explanation,
)
from scoring.explain.standing import Company, Losses, LossRow, Review, Terms
from scoring.explain.waterfall import INPUTS, UNUSED, AmountStep, Input

__all__ = [
    "ENGINE_VERSION",
    "FIGURES",
    "INPUTS",
    "LADDER",
    "LADDER_REASONS",
    "REMARKS",
    "STATEMENT_FLAGS",
    "UNUSED",
    "AmountStep",
    "Blend",
    "CharacteristicPoints",
    "Company",
    "Decision",
    "Dossier",
    "DossierItem",
    "Explanation",
    "Feature",
    "Figure",
    "GateResult",
    "GradeStep",
    "GroupPoints",
    "Input",
    "LossRow",
    "Losses",
    "Review",
    "Security",
    "Segment",
    "Source",
    "Statement",
    "Terms",
    "Unit",
    "explain",
    "explanation_bytes",
    "read_explanation",
    "unit_of",
]
