"""The oracle's statements: which two count, and which are refused (credit-management 1.1, 1.3)."""

from datetime import date
from fractions import Fraction

from scoring.policy import Policy
from scoring.schemas import STATEMENT_LINES
from tests.oracle.plain_claims import Standing
from tests.oracle.plain_file import File, Values
from tests.oracle.plain_ledger import months_back

__all__ = ["chosen", "mistake"]

_YEAR = 365


def chosen(file: File, standing: Standing, policy: Policy) -> tuple[Values | None, Values | None]:
    """The statement that counts, and the one a year before it."""
    rules, as_of = policy.financials, file.as_of
    good = [one for one in file.of("statements") if mistake(one, file, standing, policy) is None]
    periods: dict[tuple[date, int], Values] = {}
    for one in sorted(good, key=lambda row: (row["received_on"], row["statement"])):
        periods[one["period_end"], one["months"]] = one
    fresh = [
        one
        for one in periods.values()
        if one["months"] >= rules.interim_min_months
        and one["period_end"] >= months_back(as_of, rules.max_age_months)
    ]
    if not fresh:
        return None, None
    now = max(fresh, key=lambda one: (one["months"] >= 12, one["period_end"], one["months"]))
    return now, _before(now, list(periods.values()), rules.year_tolerance_days)


def _before(now: Values, others: list[Values], tolerance: int) -> Values | None:
    def gap(one: Values) -> int:
        days: int = (now["period_end"] - one["period_end"]).days - _YEAR
        return abs(days)

    alike = [
        one
        for one in others
        if one["currency"] == now["currency"]
        and (min(one["months"], now["months"]) >= 12 or one["months"] == now["months"])
        and gap(one) <= tolerance
    ]
    return min(
        alike,
        key=lambda one: (gap(one), -one["period_end"].toordinal(), -one["months"]),
        default=None,
    )


def mistake(one: Values, file: File, standing: Standing, policy: Policy) -> str | None:
    """Why a statement must not be used."""
    rules = policy.financials
    if all(one[name] is None for name in STATEMENT_LINES):
        return "empty_statement"
    if one["period_end"] > one["received_on"]:
        return "future_period"
    sides = [one[name] for name in ("total_assets", "total_liabilities", "equity")]
    if None not in sides:
        assets, debts, own = sides
        if abs(assets - debts - own) > Fraction(rules.balance_tolerance) * abs(assets):
            return "not_balanced"
    if one["revenue"] is not None and one["revenue"] < 0:
        return "negative_revenue"
    for name in ("inventory", "cash"):
        part, whole = one[name], one["current_assets"]
        if part is not None and whole is not None and part > whole:
            return f"{name}_too_large"
    return "wrong_unit" if _wrong_unit(one, file, standing, rules.unit_factor) else None


def _wrong_unit(one: Values, file: File, standing: Standing, most: int) -> bool:
    """Sales below what we sold them, or a capital far from what is registered or paid in."""
    revenue, capital = file.money(one, "revenue"), file.money(one, "paid_in_capital")
    if revenue is not None and revenue >= 0:
        start = months_back(one["period_end"], one["months"])
        claims, last_year = standing.claims, months_back(file.as_of, 12)
        sold = sum(c.amount for c in claims if start < c.issued <= one["period_end"])
        year = sum(c.amount for c in claims if last_year < c.issued)
        if revenue < sold if sold > 0 else revenue * 12 < year * one["months"]:
            return True
    if capital is None or capital < 0:
        return False
    registered, paid = _capital(file, "registry"), _capital(file, "paid_in")
    known = [amount for amount in (registered, paid) if amount is not None]
    if known and max(known) * most < capital:
        return True
    return paid is not None and capital > 0 and capital * most < paid


def _capital(file: File, kind: str) -> int | None:
    stated = [one for one in file.records(kind) if one.get("amount")]
    last = max(stated, key=lambda one: (one["known_on"], one["record"]), default=None)
    return None if last is None else file.money(last)
