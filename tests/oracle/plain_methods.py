"""The oracle's limit methods M1 to M11, security and risk caps (credit-management 6.1 to 6.3)."""

from decimal import Decimal
from fractions import Fraction
from math import floor
from typing import Any

from scoring.policy import GradePolicy, Policy
from tests.oracle.plain_claims import DAY, Standing
from tests.oracle.plain_file import File, Values, newest, stands
from tests.oracle.plain_ledger import half_up

__all__ = ["capacities", "history", "needs", "outside", "risks", "secured", "starter", "terms"]


def starter(standing: Standing, file: File, policy: Policy) -> int:
    """M11: the fixed amount of the industry, of the size class, or of all."""
    own = policy.limits.starters
    for name in (file.master.get("industry"), file.master.get("size_class")):
        if name in own:
            return standing.policy_amount(Fraction(own[str(name)]))
    return standing.policy_amount(Fraction(policy.limits.starter))


def terms(standing: Standing, policy: Policy, *, usual: bool = True) -> int | None:
    """Agreed terms, else those of the invoices, else the policy's."""
    agreed = standing.ledger.master["terms_days"]
    if isinstance(agreed, int):
        return agreed
    bought = [c for c in standing.claims if c.issued > standing.year and c.amount]
    if not bought:
        return policy.behaviour.default_terms_days if usual else None
    days = sum(c.amount * (c.due - c.issued).days for c in bought)
    return half_up(max(Fraction(0), Fraction(days, sum(c.amount for c in bought))))


def needs(
    found: dict[str, Any], standing: Standing, row: GradePolicy | None, policy: Policy
) -> dict[str, int | None]:
    """M3s, the most bought in any span of terms and lateness, and M3, the average of it."""
    rules, sales = policy.limits, standing.sales(standing.year)
    if not sales:
        return {"need_seasonal": None, "need_average": None}
    days = (terms(standing, policy) or 0) + rules.billing_lag_days
    if row is not None and row.lateness_in_need and found["wadl"] is not None:
        days += half_up(min(found["wadl"], Fraction(rules.late_days_in_need)))
    bought = [c for c in standing.claims if c.issued > standing.year]
    peak = max(
        sum(c.amount for c in bought if end - days * DAY < c.issued <= end)
        for end in {c.issued for c in bought}
    )
    average = None
    if row is not None:
        monthly = Fraction(sales, standing.months())
        tax = 1 + Fraction(rules.value_added_tax)
        average = floor(monthly * Fraction(days, 30) * Fraction(row.safety) * tax)
    return {"need_seasonal": floor(peak * (1 + Fraction(rules.growth))), "need_average": average}


def capacities(
    found: dict[str, Any], row: GradePolicy | None, policy: Policy
) -> dict[str, int | None]:
    """M1, M2, M4 and M5; one that is off, or has no data, is none."""
    rules = policy.limits
    worth, capital = found["tangible_net_worth"], found["net_working_capital"]
    revenue = found["annual_revenue"]
    values: dict[str, int | None] = {
        "net_worth_share": None,
        "working_capital_share": None,
        "working_assets": _working_assets(found, policy) if rules.use_working_assets else None,
        "revenue_share": None,
    }
    if rules.use_net_worth and worth is not None and row is not None:
        values["net_worth_share"] = floor(max(0, worth) * Fraction(row.net_worth_share))
    if rules.use_working_capital and capital is not None and capital > 0:
        values["working_capital_share"] = floor(capital * Fraction(rules.working_capital_share))
    if rules.use_revenue and revenue is not None and row is not None:
        values["revenue_share"] = floor(max(0, revenue) * Fraction(row.revenue_share))
    return values


def _working_assets(found: dict[str, Any], policy: Policy) -> int | None:
    """M4: net worth of nothing gives nothing, whatever E would say."""
    worth, capital = found["net_worth"], found["net_working_capital"]
    if worth is not None and worth <= 0:
        return 0
    parts = [found["current_ratio"], found["quick_ratio"]]
    parts += [found["current_liabilities_to_net_worth"], found["debt_to_equity"]]
    if worth is None or capital is None or None in parts:
        return None
    e = parts[0] + parts[1] - parts[2] - parts[3]
    marks, shares = policy.limits.working_assets_marks, policy.limits.working_assets_shares
    share = shares[-2] if e < Fraction(marks[-1]) else shares[-1]
    for mark, lower in reversed(list(zip(marks[:-1], shares[:-2], strict=True))):
        share = lower if e <= Fraction(mark) else share
    assets: int = max(0, worth + capital)
    return floor(assets * Fraction(share) / 2)


def outside(file: File, policy: Policy) -> int | None:
    """M6: the least of the bureau's and the insurer's newest guidelines that are fresh."""
    rules, as_of = policy.limits, file.as_of
    if rules.external == "off":
        return None
    found = []
    for kind in ("bureau", "insurance"):
        told = [
            one
            for one in file.records(kind)
            if one.get("amount") is not None or kind == "insurance"
        ]
        last = newest(told, "known_on", "record")
        for one in last:
            fresh = one["known_on"] >= as_of - rules.external_fresh_days * DAY
            good = kind == "bureau" or one["status"] == "in_force"
            amount = file.money(one)
            if fresh and good and file.lasting(one) and stands(one, as_of) and amount is not None:
                found.append((one["known_on"], one["record"], amount))
    if not found:
        return None
    return max(found)[2] if rules.external == "latest" else min(amount for _, _, amount in found)


def history(found: dict[str, Any], policy: Policy) -> int | None:
    """M7: well-handled high credit and some more."""
    high: int = found["high_credit"]
    if found["well_handled"] and found["n_settled"] and high > 0:
        return floor(high * (1 + Fraction(policy.limits.high_credit_growth)))
    return None


def risks(standing: Standing, row: GradePolicy | None, policy: Policy) -> dict[str, int | None]:
    """M8, M9 and M10: what the risk itself allows."""
    rules = policy.limits
    caps: dict[str, Fraction | None] = dict.fromkeys(("cap_loss", "cap_kelly", "cap_concentration"))
    if rules.loss_budget is not None and row is not None:
        caps["cap_loss"] = Fraction(rules.loss_budget) / (Fraction(row.pd) * Fraction(rules.lgd))
    if rules.risk_capital is not None and row is not None and rules.margin < rules.lgd:
        cycle = 1 - (1 - row.pd) ** (Decimal(rules.cycle_days) / 365)
        bet = max(Decimal(0), 1 - cycle * rules.lgd / rules.margin)
        stake = rules.risk_capital_fraction * bet * rules.risk_capital / (rules.lgd - rules.margin)
        caps["cap_kelly"] = Fraction(stake)
    if rules.concentration_base is not None:
        caps["cap_concentration"] = Fraction(rules.concentration_base * rules.concentration_share)
    return {
        name: None if cap is None else standing.policy_amount(cap) for name, cap in caps.items()
    }


def secured(file: File, policy: Policy) -> int:
    """Collateral after its haircut, and what insurers cover."""
    total = 0
    for one in file.of("collateral"):
        amount = file.money(one)
        if amount is None or not one["registered"] or not file.lasting(one):
            continue
        cut = Fraction(policy.limits.haircuts.get(one["kind"], policy.limits.other_haircut))
        if one["kind"] == "parent_guarantee":
            cut = Fraction(1)  # no parent here: nobody stands behind it
        if one["haircut"] is not None:
            cut = Fraction(one["haircut"])
        total += floor(amount * (1 - cut))
    return total + sum(_covered(one, file) for one in _last_words(file))


def _last_words(file: File) -> list[Values]:
    """Each insurer's newest word."""
    told = file.records("insurance")
    return [
        one
        for source in {row["source"] for row in told}
        for one in newest([row for row in told if row["source"] == source], "known_on", "record")
    ]


def _covered(one: Values, file: File) -> int:
    amount = file.money(one)
    in_force = one["status"] == "in_force" and file.lasting(one) and stands(one, file.as_of)
    if not in_force or one["value"] is None or amount is None:
        return 0
    return floor(amount * Fraction(one["value"]) / 100)
