"""The oracle's dossier: completeness, freshness and confidence (credit-management 3.2)."""

from datetime import date
from fractions import Fraction
from typing import Any

from scoring.policy import Policy
from tests.oracle.plain_claims import Standing
from tests.oracle.plain_file import File, later, stands
from tests.oracle.plain_ledger import half_up
from tests.oracle.plain_records import expiry
from tests.oracle.plain_statements import mistake

__all__ = ["confidence", "dossier"]

#: Item → kind of paper, and the groups of the card it serves; none: it counts always.
_ITEMS: dict[str, tuple[str | None, tuple[str, ...]]] = {
    "identity": (None, ()),
    "registry": ("registry", ("history", "qualitative")),
    "owners": ("ownership", ("history", "qualitative")),
    "contacts": ("contacts", ()),
    "statements": (None, ("financial",)),
    "interim": (None, ("financial",)),
    "evidence": ("evidence", ("history", "qualitative")),
    "bureau": ("bureau", ("history",)),
    "judicial_check": ("judicial_check", ("history",)),
    "references": ("reference", ("history",)),
    "contract": ("contract", ("history", "qualitative")),
    "trading_history": (None, ()),
    "balance_confirmation": ("balance_confirmation", ("history", "qualitative")),
}


def dossier(
    file: File, found: dict[str, Any], standing: Standing, policy: Policy
) -> dict[str, Any]:
    """Completeness in whole percent, and each item's freshness where it counts."""
    fresh: dict[str, Fraction | None] = {}
    got, whole = Fraction(0), Fraction(0)
    for item, (_, groups) in _ITEMS.items():
        weight = Fraction(getattr(policy.dossier, item).weight)
        counts = not groups or bool(set(groups) & set(policy.groups))
        fresh[f"fresh_{item}"] = _fresh(item, file, found, standing, policy) if counts else None
        if counts:
            whole += weight
            got += weight * (fresh[f"fresh_{item}"] or 0)
    return fresh | {"completeness": half_up(got / whole)}


def _fresh(
    item: str, file: File, found: dict[str, Any], standing: Standing, policy: Policy
) -> Fraction:
    if item == "identity":
        known = {"ok": Fraction(100), "missing": 100 * Fraction(policy.dossier.name_only_share)}
        return known.get(str(file.master["identity"]), Fraction(0))
    if item == "trading_history":
        traded = found["n_claims"] and found["age_months"] >= policy.dossier.trading_months
        return Fraction(100 if traded else 0)
    papers = _papers(item, file, standing, policy)
    return max((_worth(*ends, file.as_of) for ends in papers), default=Fraction(0))


def _papers(
    item: str, file: File, standing: Standing, policy: Policy
) -> list[tuple[date | None, date | None]]:
    kind, _ = _ITEMS[item]
    if kind is None:
        months = getattr(policy.dossier, item).months
        annual = item == "statements"
        days = [
            one["period_end"]
            for one in file.of("statements")
            if (one["months"] >= 12) == annual and mistake(one, file, standing, policy) is None
        ]
        ends = [later(day, months) for day in days]
        return [(end, later(end, months)) for end in ends if end is not None]
    return [
        expiry(one, item, file, policy)
        for one in file.records(kind)
        if stands(one, file.as_of)
        and not (kind == "balance_confirmation" and one["status"] == "refused")
    ]


def _worth(expires: date | None, gone: date | None, as_of: date) -> Fraction:
    """All until it expires, nothing once as long has passed again."""
    if expires is None or gone is None or expires >= as_of:
        return Fraction(100)
    if gone <= as_of:
        return Fraction(0)
    return Fraction((gone - as_of).days * 100, (gone - expires).days)


def confidence(complete: int, n_low: int, policy: Policy) -> str:
    """High, medium or low; a step lower for each group short of data (3.2, 5.1)."""
    rules = policy.dossier
    lowest = 1 if rules.only_groups_in_use and set(policy.groups) <= {"payment"} else 2
    step = 0 if complete >= rules.high_from else 1 if complete >= rules.medium_from else lowest
    return ("high", "medium", "low")[min(2, step + n_low)]
