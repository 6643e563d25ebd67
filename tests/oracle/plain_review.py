"""The oracle's terms, review date, limit validity and standing rules (7.2, 8, 9.1, 11)."""

from datetime import date
from fractions import Fraction
from typing import Any

from scoring.policy import GRADES, Policy
from tests.oracle.plain_claims import DAY, Standing
from tests.oracle.plain_file import File
from tests.oracle.plain_grade import cycle_day_after
from tests.oracle.plain_ledger import months_back
from tests.oracle.plain_methods import terms
from tests.oracle.plain_order_check import ladder_level

__all__ = ["dates", "granted", "hold"]


def granted(found: dict[str, Any], standing: Standing, policy: Policy) -> dict[str, Any]:
    """Terms and deposit: what was agreed, but not more than the grade allows (8)."""
    if found["unrated"] not in {None, "no_history"}:
        return {"terms_allowed": None, "deposit_percent": None}
    most, deposit = policy.unrated_terms_days, Fraction(0)
    if found["rating"] != "NR":
        row = policy.grade(found["rating"])
        most, deposit = row.max_terms_days, Fraction(row.deposit)
    if deposit == 1 or found["dishonest_open"] or found["ceased"]:
        return {"terms_allowed": 0, "deposit_percent": 100}
    agreed = terms(standing, policy, usual=False)
    days = most if agreed is None else min(agreed, most)
    return {"terms_allowed": days, "deposit_percent": 100 * deposit}


def dates(found: dict[str, Any], file: File, policy: Policy) -> dict[str, Any]:
    """When the review is due, and until when the limit holds (6.3, 11)."""
    months, as_of = policy.unrated_review_months, file.as_of
    if found["rating"] != "NR":
        months = policy.grade(found["rating"]).review_months
    reviews = [one["from_on"] for one in file.decisions("review")]
    if reviews:
        planned = months_back(max(reviews), -months)
    else:
        planned = cycle_day_after(as_of, months, found["first_on"])
    valid = planned + policy.limits.valid_days_after_review * DAY
    given = [one for one in file.decisions("limit") if file.lasting(one, "to_on")]
    if given and given[-1]["to_on"] is not None:
        valid = min(valid, given[-1]["to_on"])
    valid_to = None if found["limit"] is None else valid
    return {
        "limit_valid_to": valid_to,
        "next_review_on": _asked(planned, reviews, found, file, policy),
    }


def _asked(
    planned: date, reviews: list[date], found: dict[str, Any], file: File, policy: Policy
) -> date:
    """The watch list asks for it so many working days after the signals began."""
    counts = {"watch": policy.review.watch_workdays, "high": policy.review.critical_workdays}
    if found["watch_level"] not in counts:
        return planned
    began = _began(file)
    if any(day >= began for day in reviews):
        return planned
    day, left = began, counts[found["watch_level"]]
    while left:
        day += DAY
        left -= day.weekday() < 5
    return min(planned, day)


def _began(file: File) -> date:
    """The first day of the newest unbroken run of signals; today where there was none."""
    start, last = file.as_of, date.min
    for one in sorted(file.of("signals"), key=lambda s: (s["first_on"], s["last_on"])):
        if last == date.min or one["first_on"] > last:
            start = one["first_on"]
        last = max(last, one["last_on"])
    return start


def hold(found: dict[str, Any], standing: Standing, file: File, policy: Policy) -> dict[str, Any]:
    """The rules R1, R3 to R7 and R11 to R13 of an order of nothing."""
    rules, grade = policy.order_check, found["rating"]
    least = standing.policy_amount(Fraction(rules.min_overdue))
    overdue = sum(standing.unpaid(c) for c in standing.claims if standing.dpd(c) > 0)
    oldest = found["late_oldest"]
    worth = overdue > 0 and overdue >= least and oldest > 0
    limit = found["effective_limit"] or 0
    valid_to = found["limit_valid_to"]
    fired = {
        # A high watch level freezes the limit and holds every order (10).
        "R1": found["watch_level"] == "high" and found["limit"] is not None,
        "R3": worth
        and oldest > rules.hold_days
        and overdue > max(Fraction(rules.hold_limit_share) * limit, least),
        "R4": worth and oldest > rules.stop_days,
        "R5": worth
        and oldest > rules.overdue_share_after_days
        and overdue > Fraction(rules.overdue_share) * found["ar"],
        "R6": valid_to is not None and valid_to + rules.limit_grace_days * DAY < file.as_of,
        "R7": found["in_default"]
        or found["dishonest_open"]
        or found["ceased"]
        or (grade != "NR" and GRADES.index(grade) >= GRADES.index(rules.stop_grade)),
        "R11": any(file.lasting(one, "to_on") for one in file.decisions("hold")),
        "R12": found["broken_promises_90d"] >= rules.broken_promises,
        "R13": worth and ladder_level(grade, oldest, policy) >= rules.dunning_level,
    }
    codes = [code for code, fires in fired.items() if fires and code not in _excepted(file, policy)]
    stops = {"R4", "R7", "R11"} & set(codes)
    result = "stop" if stops else "hold" if codes else "none"
    return {"hold": result, "hold_rules": " ".join(codes)}


def _excepted(file: File, policy: Policy) -> set[str]:
    longest = policy.order_check.exemption_max_days * DAY
    return {
        str(one["scope"]).strip().upper()
        for one in file.decisions("exemption")
        if (one["to_on"] or one["from_on"] + longest) >= file.as_of
    }
