"""The credit file as the assessment saw it: items with dates and freshness, the statement used (3.2)."""

from collections.abc import Iterator
from datetime import date
from typing import Any

import msgspec

from scoring.dossier import ITEMS, applicable
from scoring.explain.behind import Behind, Paper
from scoring.explain.figures import text
from scoring.policy import Policy

__all__ = ["STATEMENT_FLAGS", "Dossier", "DossierItem", "Statement", "dossier_of", "statement_of"]

#: What a statement shows that a reader should know.
STATEMENT_FLAGS = ("negative_equity", "over_trading", "falling_sales")
_NO_PAPER = Paper(on=None, valid_to=None)


class DossierItem(msgspec.Struct, frozen=True, kw_only=True):
    """One item of the file: its weight, how fresh it is (percent), and the newest paper's days."""

    item: str
    weight: str
    fresh: str
    present: bool
    on: date | None
    valid_to: date | None


class Dossier(msgspec.Struct, frozen=True, kw_only=True):
    """The file: its items, completeness in percent, the confidence that follows.

    ``groups_short`` counts the scorecard groups that lack data: each lowers confidence one step.
    """

    items: tuple[DossierItem, ...]
    completeness: int
    confidence: str
    groups_short: int
    expiring: str | None
    expiring_on: date | None
    judicial_check_expired: bool


class Statement(msgspec.Struct, frozen=True, kw_only=True):
    """The statement that was judged: period, what it rests on, how it was compared.

    ``refused`` says why a newer one could not be used.
    """

    end: date | None
    months: int | None
    basis: str | None
    currency: str | None
    before: date | None
    industry_method: str | None
    distress_model: str
    distress_score: str | None
    distress_zone: str | None
    distress_zone_before: str | None
    flags: tuple[str, ...]
    repeated: bool
    refused: str | None


def dossier_of(row: dict[str, Any], policy: Policy, facts: Behind) -> Dossier:
    """Read the file off one row of the frame."""
    return Dossier(
        items=tuple(_items(row, policy, facts)),
        completeness=row["completeness"],
        confidence=row["confidence"],
        groups_short=row["n_low"],
        expiring=row["expiring"],
        expiring_on=row["expiring_on"],
        judicial_check_expired=row["judicial_check_expired"],
    )


def _items(row: dict[str, Any], policy: Policy, facts: Behind) -> Iterator[DossierItem]:
    weights = applicable(policy)
    for item in ITEMS:
        if item not in weights:
            continue
        fresh = row[f"fresh_{item}"] or 0.0
        paper = facts.papers.get(item, {}).get(row["entity"], _NO_PAPER)
        yield DossierItem(
            item=item,
            weight=str(weights[item]),
            fresh=text(fresh),
            present=fresh > 0 or paper.on is not None,
            on=paper.on,
            valid_to=paper.valid_to,
        )


def statement_of(row: dict[str, Any], policy: Policy) -> Statement | None:
    """Read the statement off one row of the frame; ``None`` where there is nothing to tell."""
    if not row["has_statements"] and row["statement_refused"] is None:
        return None
    model = policy.financials.distress_model
    return Statement(
        end=row["statement_end"],
        months=row["statement_months"],
        basis=row["statement_basis"],
        currency=row["statement_currency"],
        before=row["statement_end_before"],
        industry_method=row["industry_method"],
        distress_model=model,
        distress_score=None if row[model] is None else text(row[model]),
        distress_zone=row["distress_zone"],
        distress_zone_before=row["distress_zone_before"],
        flags=tuple(flag for flag in STATEMENT_FLAGS if row[flag]),
        repeated=bool(row["statement_repeated"]),
        refused=row["statement_refused"],
    )
