"""The oracle's limit: the waterfall of 6.3 and the guards around it (6.3, 6.4, 10)."""

from fractions import Fraction
from typing import Any

from scoring.policy import GRADES, GradePolicy, Policy
from tests.oracle.plain_claims import DAY, Standing
from tests.oracle.plain_file import File, Values
from tests.oracle.plain_ledger import months_back
from tests.oracle.plain_methods import (
    capacities,
    history,
    needs,
    outside,
    risks,
    secured,
    starter,
)

__all__ = ["computed", "effective", "nice"]

_RISKS = ("cap_loss", "cap_kelly", "cap_concentration")


def computed(
    found: dict[str, Any], standing: Standing, file: File, policy: Policy
) -> dict[str, Any]:
    """Every method and what they make together."""
    rules, row = policy.limits, _row(found, policy)
    first = starter(standing, file, policy)
    made: dict[str, Any] = capacities(found, row, policy) | needs(found, standing, row, policy)
    made |= risks(standing, row, policy) | {"starter": first, "secured": secured(file, policy)}
    made |= {"external": outside(file, policy), "history": history(found, policy)}
    order = ("need_seasonal", "need_average")
    made["need"] = _first(made, *(order if rules.seasonal_need else order[::-1]))
    made["capacity"] = _capacity(made, found, policy)
    if found["unrated"] not in {None, "no_history"}:
        return made | {"computed_limit": None}
    if row is None:
        made["allowed"] = _least(first, made["external"], made["cap_concentration"])
    else:
        made["allowed"] = _allowed(made, standing, row)
    return made | {"computed_limit": nice(_whole(made, found, row))}


def _row(found: dict[str, Any], policy: Policy) -> GradePolicy | None:
    return None if found["rating"] == "NR" else policy.grade(found["rating"])


def _first(made: dict[str, Any], *names: str) -> int | None:
    return next((made[name] for name in names if made[name] is not None), None)


def _least(*amounts: int | None) -> int:
    return min(amount for amount in amounts if amount is not None)


def _capacity(made: dict[str, Any], found: dict[str, Any], policy: Policy) -> int | None:
    """The least of the methods, never below nothing; history may lift it where the policy says."""
    rules = policy.limits
    names = ("net_worth_share", "working_capital_share", "working_assets", "revenue_share")
    known = [made[name] for name in names if made[name] is not None]
    if not known:
        return None
    least: int = max(0, min(known))
    earned = (
        rules.history_floor
        and made["history"] is not None
        and found["rating"] != "NR"
        and GRADES.index(found["rating"]) <= GRADES.index(rules.history_floor_grade)
        and found["age_months"] >= rules.history_floor_months
    )
    if earned:
        least = max(least, int(found["high_credit"] * Fraction(rules.history_floor_share)))
    return least


def _allowed(made: dict[str, Any], standing: Standing, row: GradePolicy) -> int:
    """The unsecured part: external and risk caps hold, a floor never lifts above a cap of risk."""
    base = made["capacity"]
    if base is None:
        base = max(made["history"] or 0, made["starter"])
    caps = [made[name] for name in _RISKS]
    value = max(0, _least(base, made["external"], *caps))
    if row.unsecured_floor is not None:
        floor = _least(standing.policy_amount(Fraction(row.unsecured_floor)), *caps)
        value = max(value, floor)
    if row.unsecured_cap is not None:
        value = min(value, standing.policy_amount(Fraction(row.unsecured_cap)))
    return value if row.unsecured else 0


def _whole(made: dict[str, Any], found: dict[str, Any], row: GradePolicy | None) -> int:
    """Never more than is needed; a grade without any safety gets nothing at all."""
    if row is None:
        wanted: int = made["allowed"]
    elif row.safety == 0:
        wanted = 0
    else:
        need = made["starter"] if made["need"] is None else made["need"]
        wanted = min(need, made["allowed"] + made["secured"])
    return min(wanted, made["starter"]) if found["confidence"] == "low" else wanted


def nice(amount: int, digits: int = 2) -> int:
    """Keep the first digits."""
    unit: int = 10 ** max(0, len(str(amount)) - digits)
    return amount // unit * unit


def effective(
    found: dict[str, Any], standing: Standing, file: File, policy: Policy
) -> dict[str, Any]:
    """The limit after stability, steps, decisions and freeze; with temporary limits what counts."""
    limit, row, rules = found["computed_limit"], _row(found, policy), policy.limits
    if limit is None:
        return {"limit": None, "effective_limit": None}
    before = file.earlier()
    old = None if before is None else file.money(before, "limit")
    if old is not None and before is not None:
        limit = _steady(found, limit, old, before, standing, file, policy)
    approved = _approved(file)
    prepays = row is not None and row.safety == 0
    if approved is not None and not prepays:
        limit = approved
    frozen = found["watch_level"] in rules.freeze_at
    if frozen:
        limit = min(limit, max(0, found["exposure"]))
    extra = 0 if frozen or prepays else _temporary(file, policy)
    return {"limit": limit, "effective_limit": limit + extra}


def _steady(
    found: dict[str, Any],
    limit: int,
    old: int,
    before: Values,
    standing: Standing,
    file: File,
    policy: Policy,
) -> int:
    """Small changes are none, raises go by steps and not for the watched; cuts hold at once."""
    rules = policy.limits
    change = abs(limit - old)
    small = change < Fraction(rules.stable_share) * old and change < standing.policy_amount(
        Fraction(rules.stable_step)
    )
    watched = found["watch_level"] in rules.no_raise_at
    if small and not watched and old <= _ceiling(found, limit, old, standing, policy):
        return old
    top = _step_top(found, old, before, file, policy)
    if top is not None and top < limit:
        limit = max(nice(max(0, top)), min(old, limit))
    return min(limit, old) if watched else limit


def _ceiling(
    found: dict[str, Any], limit: int, old: int, standing: Standing, policy: Policy
) -> int:
    """What caps and collateral bear."""
    row = _row(found, policy)
    if row is None:
        return limit
    caps = [found[name] for name in _RISKS if found[name] is not None]
    if row.unsecured_cap is not None:
        caps.append(standing.policy_amount(Fraction(row.unsecured_cap)))
    bare = min(caps) if caps else max(limit, old)
    secured: int = found["secured"]
    return (bare if row.unsecured else 0) + secured


def _step_top(
    found: dict[str, Any], old: int, before: Values, file: File, policy: Policy
) -> int | None:
    """One step a review, or when the grade's interval has passed since the last raise."""
    row = _row(found, policy)
    if row is None or row.max_step_up is None:
        return None
    raised = before["limit_raised_on"]
    reviews = [one["from_on"] for one in file.decisions("review")]
    may = (
        raised is None
        or any(day > raised for day in reviews)
        or months_back(raised, -row.review_months) <= file.as_of
    )
    top: int = old if not may else int(old * (1 + Fraction(row.max_step_up)))
    top = max(top, found["starter"])
    secured: int = found["secured"]
    return max(top, secured if found["need"] is None else min(secured, found["need"]))


def _approved(file: File) -> int | None:
    """The newest limit a person decided that is in force."""
    standing = [one for one in file.decisions("limit") if file.lasting(one, "to_on")]
    return file.money(standing[-1]) if standing else None


def _temporary(file: File, policy: Policy) -> int:
    """Temporary limits: the first two of twelve months count, each for 90 days at most."""
    rules, year = policy.limits, months_back(file.as_of, 12)
    given = [one for one in file.decisions("temporary_limit") if one["from_on"] > year]
    total = 0
    for one in given[: rules.temporary_per_year]:
        end = one["from_on"] + rules.temporary_max_days * DAY
        if min(end, one["to_on"] or end) >= file.as_of:
            total += file.money(one) or 0
    return total
