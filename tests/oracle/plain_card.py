"""The oracle's card: groups, missing data, shrinkage, prospects, score (credit-management 5.1, 5.2)."""

from fractions import Fraction
from typing import Any

from scoring.policy import CharacteristicPolicy, Policy
from tests.oracle.plain_ledger import grade_of, half_up, share_at

__all__ = ["card"]

Share = Fraction | None
Parts = list[tuple[CharacteristicPolicy, Share]]


def card(found: dict[str, Any], policy: Policy) -> dict[str, Any]:
    """Each group's share of its points, the score, and the grade it stands for."""
    n = found["n_settled"]
    shares: dict[str, Share] = {}
    present: dict[str, Fraction] = {}
    low: dict[str, bool] = {}
    for name in policy.groups:
        shares[name], present[name], low[name] = _group(name, found, policy)
    weights = {name: _weight(name, n, policy) for name in policy.groups}
    applies = [name for name in policy.groups if shares[name] is not None]
    stands = any(name == "payment" or not low[name] for name in applies)
    best = sum(weights[name] for name in applies)
    got = sum((shares[name] or 0) * weights[name] for name in applies)
    score = Fraction(half_up(got * 1000 / best), 10) if stands and best else None
    return {
        "score": score,
        "band_grade": None if score is None else grade_of(score, policy),
        "n_low": sum(low[name] for name in applies),
        "present_financial": present.get("financial", Fraction(0)),
        **{f"share_{name}": shares[name] for name in policy.groups},
    }


def _weight(name: str, n: int, policy: Policy) -> Fraction:
    """The points of a group; another weight for a customer we have no history with."""
    if name != "payment" and "payment" in policy.groups and not n:
        return Fraction(getattr(policy.scorecard.prospect, name))
    return Fraction(getattr(policy.scorecard, name).points)


def _group(name: str, found: dict[str, Any], policy: Policy) -> tuple[Share, Fraction, bool]:
    rules = policy.scorecard
    parts = _PARTS[name](found, policy)
    points = Fraction(getattr(rules, name).points)
    present = sum(
        (Fraction(rule.points) for rule, share in parts if share is not None), Fraction(0)
    )
    got = sum(Fraction(rule.points) * (share or 0) / 100 for rule, share in parts)
    low = present < points * Fraction(rules.missing_min_share)
    q = Fraction(rules.missing_group_share) if low else got / present
    if name == "payment":
        n, weight = found["n_settled"], Fraction(rules.shrink_weight)
        towards = weight * Fraction(rules.shrink_towards)
        return ((n * q + towards) / (n + weight) if n else None), present, low
    if name == "financial":
        return q * found["basis_factor"], present, low
    return q, present, low


def _payment(found: dict[str, Any], policy: Policy) -> Parts:
    rules = policy.scorecard.payment
    return _read(
        found,
        (rules.wadl, "wadl"),
        (rules.late_amount, "late_amount_percent"),
        (rules.overdue_ratio, "overdue_scored_percent"),
        (rules.max_delay, "max_delay"),
        (rules.promises, "broken_promise_percent"),
    )


def _financial(found: dict[str, Any], policy: Policy) -> Parts:
    rules = policy.scorecard.financial.characteristics()
    return [(rule, found.get(f"financial_{code}")) for code, rule in rules.items() if rule.points]


def _history(found: dict[str, Any], policy: Policy) -> Parts:
    rules = policy.scorecard.history
    return _read(
        found,
        (rules.bureau, "bureau_score"),
        (rules.negative_records, "negative_severity"),
        (rules.references, "reference_score"),
        (rules.tax_grade, "tax_score"),
    )


def _qualitative(found: dict[str, Any], policy: Policy) -> Parts:
    rules = policy.scorecard.qualitative
    return _read(
        found,
        (rules.years_in_business, "years_in_business"),
        (rules.years_with_us, "years_with_us"),
        (rules.conditions, "conditions_score"),
        (rules.character, "character_score"),
        (rules.capital, "capital_score"),
        (rules.collateral, "collateral_score"),
    )


_PARTS = {
    "payment": _payment,
    "financial": _financial,
    "history": _history,
    "qualitative": _qualitative,
}


def _read(found: dict[str, Any], *parts: tuple[CharacteristicPolicy, str]) -> Parts:
    return [(rule, share_at(rule, _number(found[name]))) for rule, name in parts]


def _number(value: float | Fraction | None) -> Share:
    return None if value is None else Fraction(value)
