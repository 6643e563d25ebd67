"""The oracle's credit record: group H, public facts, and the five Cs of group Q (3.1, 4, 5.1)."""

from datetime import date
from fractions import Fraction
from typing import Any

from scoring.policy import GRADES, Policy
from tests.oracle.plain_file import File, Values, happened, later, months_since, newest, stands
from tests.oracle.plain_ledger import months_back

__all__ = ["expiry", "facts", "history", "qualities"]

_LOOKED = ("registry", "ownership", "contacts")


def expiry(one: Values, item: str, file: File, policy: Policy) -> tuple[date | None, date | None]:
    """Until when a paper is valid, and from when it is worth nothing (3.2)."""
    life, rules = getattr(policy.dossier, item), policy.dossier
    months, before = life.months, file.earlier()
    grade = before["grade"] if before else None
    if grade is not None and life.months_good and _reaches(grade, rules.good_from):
        months = life.months_good
    if grade is not None and life.months_weak and not _better(grade, rules.weak_from):
        months = life.months_weak
    start = one["known_on"] if one["kind"] in _LOOKED else happened(one, file.as_of)
    ends = [day for day in (later(start, months), one.get("valid_to")) if day is not None]
    expires = min(ends, default=None)
    return expires, expires if expires is None else later(expires, months or 0)


def _reaches(grade: str, least: str) -> bool:
    return GRADES.index(grade) <= GRADES.index(least)


def _better(grade: str, least: str) -> bool:
    return GRADES.index(grade) < GRADES.index(least)


def _valid(file: File, kind: str, item: str, policy: Policy) -> list[Values]:
    """Papers of a kind that have not ended nor run out."""
    return [
        one | {"on": happened(one, file.as_of)}
        for one in file.records(kind)
        if stands(one, file.as_of)
        and (end := expiry(one, item, file, policy)[0]) is not None
        and end >= file.as_of
    ]


def history(file: File, policy: Policy) -> dict[str, Any]:
    """What group H looks at."""
    return {
        "bureau_score": _bureau(file, policy),
        "negative_severity": _severity(file, policy),
        "reference_score": _references(file, policy),
        "tax_score": _tax(file, policy),
    }


def _bureau(file: File, policy: Policy) -> Fraction | None:
    found = []
    for one in _valid(file, "bureau", "bureau", policy):
        rule = policy.scorecard.history.providers.get(one["source"])
        if rule is None:
            continue
        if one["status"] in rule.grades:
            found.append(one | {"score": Fraction(rule.grades[one["status"]])})
        elif one["value"] is not None:
            low, high = Fraction(rule.lowest), Fraction(rule.highest)
            line = (Fraction(one["value"]) - low) * 100 / (high - low)
            found.append(one | {"score": min(Fraction(100), max(Fraction(0), line))})
    return min((one["score"] for one in newest(found, "on")), default=None)


def _severity(file: File, policy: Policy) -> float | None:
    """Sum the decayed records; nothing found is 0 only where somebody looked."""
    rules, as_of = policy.scorecard.history, file.as_of
    total, any_found = 0.0, False
    for one in file.records(*rules.severity):
        if one["kind"] == "lawsuit" and one["status"] == "plaintiff":
            continue
        months = months_since(happened(one, as_of), as_of)
        kept = max(0.5 ** (months / rules.half_life_months), float(rules.severity_floor))
        if months >= rules.forgotten_months:
            kept = 0.0
        if one["kind"] in rules.never_decay and stands(one, as_of):
            kept = 1.0
        total += float(rules.severity[one["kind"]]) * kept
        any_found = any_found or kept > 0
    return total if any_found or _looked(file, policy) else None


def _looked(file: File, policy: Policy) -> bool:
    checks = [one for one in file.records("judicial_check") if stands(one, file.as_of)]
    ends = [expiry(one, "judicial_check", file, policy)[1] for one in checks]
    return any(end is None or end > file.as_of for end in ends)


def _references(file: File, policy: Policy) -> Fraction | None:
    rules = policy.scorecard.history
    given = _valid(file, "reference", "references", policy)
    told = [one for one in given if one["value"] is not None]
    weight, worth = Fraction(0), Fraction(0)
    least = min(rules.channels.values())
    for source in {one["source"] for one in told}:
        last = newest([one for one in told if one["source"] == source], "on")
        heard = min(Fraction(rules.channels.get(one["channel"], least)) for one in last)
        weight += heard
        worth += heard * min(Fraction(one["value"]) for one in last)
    if not told:
        return None
    lacking = max(Fraction(0), rules.references_asked - weight)
    return (worth + lacking * Fraction(rules.reference_neutral)) / (weight + lacking)


def _tax(file: File, policy: Policy) -> Fraction | None:
    rules, as_of = policy.scorecard.history, file.as_of
    holding = [
        one | {"on": happened(one, as_of)}
        for one in file.records("tax_grade")
        if stands(one, as_of)
        and one["status"] in rules.tax_grades
        and months_back(happened(one, as_of), -rules.tax_months) >= as_of
    ]
    grades = [Fraction(rules.tax_grades[one["status"]]) for one in newest(holding, "on")]
    return min(grades, default=None)


def facts(file: File, policy: Policy) -> dict[str, Any]:
    """What public records say to the gates."""
    as_of = file.as_of
    extracts = sorted(
        file.records("registry"), key=lambda one: (one["known_on"], one["status"] or "")
    )
    status = next((one["status"] for one in reversed(extracts) if one["status"]), None)
    founded = [one["event_on"] for one in extracts if one["event_on"] and one["event_on"] <= as_of]
    standing = [one for one in file.of("credit_records") if stands(one, as_of)]
    kinds = {one["kind"] for one in standing}
    return {
        "dishonest_open": "dishonest" in kinds,
        "ceased": bool(kinds & {"serious_violation", "insolvency"})
        or status in policy.gates.ceased_statuses,
        "abnormal_open": "abnormal_list" in kinds,
        "founded_months": months_since(founded[-1], as_of) if founded else None,
    }


def qualities(file: File, found: dict[str, Any], policy: Policy) -> dict[str, Any]:
    """What group Q looks at."""
    rules, months = policy.scorecard.qualitative, found["founded_months"]
    scores = {name: _appraisal(file, name, policy) for name in ("conditions", "character")}
    capital = _appraisal(file, "capital", policy)
    collateral = _appraisal(file, "collateral", policy)
    held = [one for one in file.of("collateral") if one["registered"] and file.lasting(one)]
    shown = Fraction(rules.collateral_proxy) if held else None
    return {
        "years_in_business": None if months is None else Fraction(months, 12),
        "years_with_us": Fraction(found["age_months"], 12) if found["n_claims"] else None,
        "conditions_score": scores["conditions"],
        "character_score": scores["character"],
        "capital_score": _paid_in(file) if capital is None else capital,
        "collateral_score": shown if collateral is None else collateral,
    }


def _appraisal(file: File, factor: str, policy: Policy) -> Fraction | None:
    """Each assessor's last word; where they are far apart the lower one, else the middle."""
    rules, as_of = policy.scorecard.qualitative, file.as_of
    given = [
        one | {"on": happened(one, as_of)}
        for one in file.records("appraisal")
        if one["status"] == factor
        and 1 <= one["value"] <= 5
        and stands(one, as_of)
        and happened(one, as_of) > months_back(as_of, rules.appraisal_months)
    ]
    words = []
    for source in {one["source"] for one in given}:
        last = newest([one for one in given if one["source"] == source], "on")
        words.append(min(Fraction(one["value"]) for one in last))
    if not words:
        return None
    if max(words) - min(words) >= rules.dispute_difference:
        return min(words)
    return (min(words) + max(words)) / 2


def _paid_in(file: File) -> Fraction | None:
    """Paid-in of subscribed capital on the scale from 1 to 5."""
    stated = [one for one in file.records("registry", "paid_in") if one.get("amount") is not None]
    amounts = {
        kind: [
            file.money(one) or 0
            for one in newest([s for s in stated if s["kind"] == kind], "known_on")
        ]
        for kind in ("registry", "paid_in")
    }
    if not amounts["paid_in"] or max(amounts["registry"], default=0) <= 0:
        return None
    share = Fraction(min(amounts["paid_in"]), max(amounts["registry"]))
    return 1 + 4 * min(Fraction(1), share)
