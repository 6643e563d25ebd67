"""The oracle's grade: what is held, what gates cap, what a person set (5.2, 5.6, 11)."""

from datetime import date
from fractions import Fraction
from typing import Any

from scoring.policy import GRADES, Policy
from tests.oracle.plain_claims import DAY
from tests.oracle.plain_file import File, Values
from tests.oracle.plain_ledger import months_back, worse

__all__ = ["cycle_day_after", "held", "rating"]


def held(found: dict[str, Any], file: File, policy: Policy) -> str | None:
    """The grade by score, kept where the score is not clearly across, risen at a review only."""
    band: str | None = found["band_grade"]
    before = file.earlier()
    if band is None or before is None or before["score_grade"] is None:
        return band
    old: str = before["score_grade"]
    grade = band if band == old or _crossed(found, before, policy) else old
    if GRADES.index(grade) >= GRADES.index(old):
        return grade
    if not _may_rise(before, found, file, policy):
        return old
    best = GRADES.index(old) - policy.review.upgrade_grades
    return GRADES[max(GRADES.index(grade), best)]


def _crossed(found: dict[str, Any], before: Values, policy: Policy) -> bool:
    """A point across the boundary, or across it in two runs."""
    score, earlier, old = found["score"], before["score"], before["score_grade"]
    margin, place = Fraction(policy.review.cross_points), GRADES.index(before["score_grade"])
    bottom = policy.grade(old).score
    if GRADES.index(found["band_grade"]) > place:
        assert bottom is not None
        return bool(
            score <= Fraction(bottom) - margin or (earlier is not None and earlier < bottom)
        )
    top = policy.grade(GRADES[place - 1]).score
    assert top is not None
    return bool(score >= Fraction(top) + margin or (earlier is not None and earlier >= top))


def _may_rise(before: Values, found: dict[str, Any], file: File, policy: Policy) -> bool:
    last = before["upgraded_on"]
    if last is not None and last > months_back(file.as_of, policy.review.upgrade_months):
        return False
    reviews = [one["from_on"] for one in file.decisions("review")]
    if reviews:
        return bool(max(reviews) > before["as_of"])
    months = policy.unrated_review_months
    if before["grade"] is not None:
        months = policy.grade(before["grade"]).review_months
    return cycle_day_after(before["as_of"], months, found["first_on"]) <= file.as_of


def cycle_day_after(day: date, months: int, first: date | None) -> date:
    """The first day after ``day`` that lies whole intervals after the first fact."""
    start = first or date(2000, 1, 1)
    start = start.replace(day=min(28, start.day))
    # Step from well before the day; whole intervals in both directions.
    between = (day.year - start.year) * 12 + day.month - start.month
    count = between // months - 2
    while months_back(start, -count * months) <= day:
        count += 1
    return months_back(start, -count * months)


def rating(found: dict[str, Any], file: File, policy: Policy) -> dict[str, Any]:
    """Gates and overrides over the grade that is held; NR without one."""
    grade = held(found, file, policy)
    firm, soft = _caps(found, policy)
    if file.master["identity"] in {"invalid", "conflict"}:
        return {"rating": "NR", "unrated": f"identity_{file.master['identity']}"}
    if grade is not None:
        grade = worse(grade, *firm.values(), *soft.values())
    elif firm:
        grade = worse(*firm.values())
    if grade is None:
        return {"rating": "NR", "unrated": "no_history"}
    grave = bool(firm.keys() & {"default_event", "dishonest", "ceased"})
    return {"rating": _overridden(grade, file, policy, grave=grave), "unrated": None}


def _caps(found: dict[str, Any], policy: Policy) -> tuple[dict[str, str], dict[str, str]]:
    """What happened caps whoever has no score, too; what we doubt caps scores only."""
    rules = policy.gates
    share = Fraction(rules.over_60_ar_share) * found["ar"]
    loss = found["written_off_on"]
    firm = {
        "default_event": ("D", found["in_default"]),
        "dishonest": (rules.dishonest_cap, found["dishonest_open"]),
        "ceased": (rules.ceased_cap, found["ceased"]),
        "abnormal_list": (rules.abnormal_cap, found["abnormal_open"]),
        "over_90_days": (rules.over_90_cap, found["late_over_90"] > 0),
        "over_60_days": (
            rules.over_60_cap,
            found["late_over_60"] > 0 and found["late_over_60"] >= share,
        ),
        "written_off": (
            rules.write_off_cap,
            loss is not None and loss > months_back(found["as_of"], rules.write_off_months),
        ),
    }
    young = found["founded_months"]
    soft = {
        "negative_equity": (rules.negative_equity_cap, found["negative_equity"]),
        "thin_history": (rules.thin_cap, found["thin"]),
        "low_confidence": (rules.low_confidence_cap, found["confidence"] == "low"),
        "no_statements": (rules.no_statements_cap, found["present_financial"] == 0),
        "young_company": (rules.young_cap, young is not None and young < rules.young_months),
    }
    return _fired(firm), _fired(soft)


def _fired(gates: dict[str, tuple[str, bool]]) -> dict[str, str]:
    return {code: cap for code, (cap, fires) in gates.items() if fires}


def _overridden(grade: str, file: File, policy: Policy, *, grave: bool) -> str:
    """A person's grade in force: down freely, up two grades, never above the grave gates."""
    rules = policy.review
    for one in reversed(file.decisions("override")):
        end = one["from_on"] + rules.override_max_days * DAY
        if one["to_on"] is not None:
            end = min(end, one["to_on"])
        if end >= file.as_of:
            place = GRADES.index(grade)
            reached = max(GRADES.index(one["grade"]), place - rules.override_max_up)
            return GRADES[max(reached, place) if grave else reached]
    return grade
