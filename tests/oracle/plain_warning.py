"""The oracle's early warning: signals E1 to E24, what fades, watch level and outlook (10)."""

from collections.abc import Callable
from datetime import date
from fractions import Fraction
from typing import Any

from scoring.policy import Policy
from tests.oracle.plain_claims import DAY, Standing
from tests.oracle.plain_file import File
from tests.oracle.plain_file_signals import FILE_JUDGES
from tests.oracle.plain_ledger import months_back
from tests.oracle.plain_use import tight_days

__all__ = ["signals", "watch"]

Judge = Callable[[dict[str, Any], Standing, File, Policy], int]

_LOWEST = {
    **dict.fromkeys(("E1", "E2", "E5", "E6", "E7", "E10", "E12", "E13", "E17", "E21", "E22"), 2),
    **dict.fromkeys(("E20", "E24"), 2),
    **dict.fromkeys(("E3", "E8", "E9", "E15", "E16", "E18", "E19", "E23"), 4),
    **dict.fromkeys(("E4", "E11", "E14"), 8),
}


def signals(
    found: dict[str, Any], standing: Standing, file: File, policy: Policy
) -> dict[str, int]:
    """The level of each signal, 0 where it is off."""
    judged = {code: judge(found, standing, file, policy) for code, judge in _JUDGES.items()}
    return {f"signal_{code}": judged[code] for code in _LOWEST}


def _trend(found: dict[str, Any], _standing: Standing, _file: File, policy: Policy) -> int:
    trend, rules = found["delay_trend"], policy.warning
    if trend is None or trend < rules.trend_days:
        return 0
    return 4 if trend >= rules.trend_high_days else 2


def _first_late(found: dict[str, Any], standing: Standing, _file: File, policy: Policy) -> int:
    rules = policy.warning
    settled = [(c, standing.settlement(c)) for c in standing.claims]
    year = [(day - c.due).days for c, day in settled if day is not None and day > standing.year]
    oldest = found["late_oldest"]
    clean = bool(year) and max(year) <= rules.first_late_days
    known = found["age_months"] >= rules.first_late_months
    return 2 if clean and known and oldest > rules.first_late_days else 0


def _jump(found: dict[str, Any], standing: Standing, _file: File, policy: Policy) -> int:
    before = standing.at(standing.as_of - policy.warning.overdue_jump_days * DAY)
    jump = standing.overdue_percent() - before.overdue_percent()
    return 4 if jump >= policy.warning.overdue_jump else 0


def _rolled(found: dict[str, Any], standing: Standing, _file: File, policy: Policy) -> int:
    days = policy.warning.rolled_days
    return 8 if any(standing.late(c) and standing.dpd(c) > days for c in standing.claims) else 0


def _in_parts(found: dict[str, Any], standing: Standing, _file: File, policy: Policy) -> int:
    turn = months_back(standing.as_of, policy.behaviour.trend_months)
    new, old = list[bool](), list[bool]()
    for claim in standing.claims:
        day = standing.settlement(claim)
        if day is not None and day > standing.year:
            (new if day > turn else old).append(standing.payments_until_settled(claim) > 1)
    if min(len(new), len(old)) < policy.behaviour.trend_min_items:
        return 0
    now, before = Fraction(100 * sum(new), len(new)), Fraction(100 * sum(old), len(old))
    rules = policy.warning
    return 2 if now > rules.in_parts_now and before < rules.in_parts_before else 0


def _broken(found: dict[str, Any], _standing: Standing, _file: File, policy: Policy) -> int:
    count, rules = found["broken_promises_90d"], policy.warning
    return 4 if count >= rules.broken_many else 2 if count >= rules.broken_some else 0


def _utilised(found: dict[str, Any], standing: Standing, file: File, policy: Policy) -> int:
    before = file.earlier()
    old = None if before is None else file.money(before, "limit")
    if old is None:
        return 0
    limit = max(old, found["computed_limit"] or 0)
    if found["exposure"] > limit:
        return 4
    rules = policy.warning
    share = Fraction(rules.utilisation)
    tight = limit > 0 and tight_days(standing, limit, share) >= rules.utilisation_days
    return 2 if tight else 0


def _surge(found: dict[str, Any], standing: Standing, file: File, policy: Policy) -> int:
    rules, orders = policy.warning, _orders(standing, file)
    start = standing.as_of - rules.order_surge_days * DAY
    new = sum(amount for day, amount in orders if day > start)
    span = (start - min((day for day, _ in orders), default=start)).days
    if span < rules.order_surge_days or found["delay_trend"] is None:
        return 0
    before = sum(amount for day, amount in orders if day <= start)
    usual = Fraction(before * rules.order_surge_days, span)
    more = usual > 0 and new > usual * Fraction(rules.order_surge)
    return 4 if more and found["delay_trend"] >= 0 else 0


def _stop(found: dict[str, Any], standing: Standing, file: File, policy: Policy) -> int:
    rules, days = policy.warning, sorted({day for day, _ in _orders(standing, file)})
    if len(days) < rules.order_min_days or found["ar"] <= 0:
        return 0
    interval = Fraction((days[-1] - days[0]).days, len(days) - 1)
    return 4 if (standing.as_of - days[-1]).days > Fraction(rules.order_stop) * interval else 0


def _orders(standing: Standing, file: File) -> list[tuple[date, int]]:
    return [
        (one["ordered_on"], file.money(one) or 0)
        for one in file.of("orders")
        if one["status"] in {"open", "closed"} and one["ordered_on"] > standing.year
    ]


def _method(found: dict[str, Any], standing: Standing, file: File, policy: Policy) -> int:
    rules = policy.warning
    recent = standing.as_of - rules.event_days * DAY
    told = any(
        one["status"] in {"worse", "third_party"} and one["known_on"] > recent
        for one in file.records("payment_method")
    )
    long = [
        one["received_on"]
        for one in file.of("notes")
        if one["kind"] == "commercial_acceptance"
        and (one["due_on"] - one["received_on"]).days >= rules.note_days
        and one["received_on"] > standing.year
    ]
    return 2 if told or (bool(long) and min(long) > recent) else 0


def _bounced(found: dict[str, Any], standing: Standing, file: File, policy: Policy) -> int:
    recent = standing.as_of - policy.warning.event_days * DAY
    return 8 if any(one["returned_on"] > recent for one in file.of("returns")) else 0


def _disputing(found: dict[str, Any], standing: Standing, _file: File, policy: Policy) -> int:
    rules = policy.warning
    recent = standing.as_of - rules.dispute_days * DAY
    raised = [
        claim
        for claim in standing.claims
        if claim.disputed > 0 and standing.year < claim.disputed_on <= standing.as_of
    ]
    new = [claim for claim in raised if claim.disputed_on > recent]
    usual = Fraction((len(raised) - len(new)) * rules.dispute_days, 365 - rules.dispute_days)
    surge = len(new) >= rules.dispute_min and len(new) > usual * Fraction(rules.dispute_surge)
    return 2 if surge or any(claim.disputed_on > claim.due for claim in new) else 0


def _concentrated(found: dict[str, Any], standing: Standing, _file: File, policy: Policy) -> int:
    base = policy.limits.concentration_base
    if base is None:
        return 0
    whole = standing.policy_amount(Fraction(base))
    return 2 if found["ar"] > Fraction(policy.warning.concentration) * whole > 0 else 0


def _nobody_says(_found: dict[str, Any], _standing: Standing, _file: File, _policy: Policy) -> int:
    """E24 needs a prediction, which a book alone does not hold."""
    return 0


_JUDGES: dict[str, Judge] = {
    "E1": _trend,
    "E2": _first_late,
    "E3": _jump,
    "E4": _rolled,
    "E5": _in_parts,
    "E6": _broken,
    "E7": _utilised,
    "E8": _surge,
    "E9": _stop,
    "E10": _method,
    "E11": _bounced,
    "E12": _disputing,
    "E20": _concentrated,
    "E24": _nobody_says,
    **FILE_JUDGES,
}


def watch(found: dict[str, Any], file: File, policy: Policy) -> dict[str, Any]:
    """Sum what is on and what fades; who was on the list stays until it is clear and noted."""
    rules, as_of = policy.watch, file.as_of
    now = {code: found[f"signal_{code}"] for code in _LOWEST}
    seen = {code: _last_seen(code, file) for code in _LOWEST}
    start = as_of - policy.warning.decay_days * DAY
    fading = {
        code: _LOWEST[code] if not now[code] and last is not None and last >= start else 0
        for code, last in seen.items()
    }
    points = sum(now.values()) + sum(fading.values())
    worst = max(*now.values(), *fading.values())
    level = "normal"
    for name, least in (("attention", rules.attention_from), ("watch", rules.watch_from)):
        level = name if points >= least else level
    level = "high" if points >= rules.high_from or worst >= 8 else level
    last = as_of if any(now.values()) else max((d for d in seen.values() if d), default=None)
    if level == "normal" and _stays(last, file, policy):
        level = "attention"
    return {
        "watch_level": level,
        "warning_points": points,
        "outlook": _outlook(found, file, policy),
    }


def _last_seen(code: str, file: File) -> date | None:
    days = [min(one["last_on"], file.as_of) for one in file.of("signals") if one["code"] == code]
    return max(days, default=None)


def _stays(last: date | None, file: File, policy: Policy) -> bool:
    before, rules = file.earlier(), policy.watch
    if before is None or before["watch_level"] == "normal":
        return False
    clear_on = date.min if last is None else last + rules.clear_days * DAY
    notes = [one["from_on"] for one in file.decisions("watch_note")]
    return not (clear_on <= file.as_of and notes and max(notes) >= clear_on)


def _outlook(found: dict[str, Any], file: File, policy: Policy) -> str:
    rules, before = policy.watch, file.earlier()
    trend, change = found["delay_trend"] or 0, Fraction(0)
    if before is not None and before["score"] is not None and found["score"] is not None:
        change = found["score"] - Fraction(before["score"])
    if trend >= rules.outlook_days or change <= -rules.outlook_score:
        return "down"
    return "up" if trend <= -rules.outlook_days or change >= rules.outlook_score else "stable"
