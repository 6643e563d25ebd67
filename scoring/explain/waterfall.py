"""The amounts: what takes up credit, and how the limit came about, line by line (6.3, 7.1).

Each line has its value, what it was worked out from, and whether it counted, or why not.
"""

from collections.abc import Callable, Iterator
from datetime import date
from decimal import Decimal
from typing import Any, NamedTuple

import msgspec

from scoring.explain.figures import Figure, Unit, text
from scoring.exposure import EXPOSURE_PARTS
from scoring.limits import LIMIT_STEPS, SKIPPED, why_skipped
from scoring.money import Money, to_money
from scoring.policy import GradePolicy, Policy

__all__ = ["INPUTS", "UNUSED", "AmountStep", "Input", "exposure_steps", "limit_steps"]

#: Why a line that has a value, or could have one, did not count.
UNUSED = (*SKIPPED, "other_need", "capacity_counts", "not_combined", "nothing")


class Input(msgspec.Struct, frozen=True):
    """One figure a line was worked out from."""

    code: str
    value: Figure
    unit: Unit


class AmountStep(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One line of the exposure or of the limit's waterfall.

    ``value`` is ``None`` where the method had no data or is off; ``unused`` says why a line did not
    count (a code of ``UNUSED``), ``bound`` marks the line that set the limit.
    """

    method: str
    value: Money | None
    unused: str | None = None
    bound: bool = False
    inputs: tuple[Input, ...] = ()


class _Given(NamedTuple):
    """Where an input is found: a column of the frame, or a rule of the policy."""

    code: str
    unit: Unit
    rule: Callable[[Policy, GradePolicy | None], Decimal | int | None] | None = None


def _of_grade(name: str) -> Callable[[Policy, GradePolicy | None], Decimal | None]:
    return lambda _policy, grade: None if grade is None else getattr(grade, name)


def _of_limits(name: str) -> Callable[[Policy, GradePolicy | None], Decimal | None]:
    return lambda policy, _grade: getattr(policy.limits, name)


def _of_exposure(name: str) -> Callable[[Policy, GradePolicy | None], Decimal | int | None]:
    return lambda policy, _grade: getattr(policy.exposure, name)


_STATEMENT = (_Given("net_worth", "money"), _Given("net_working_capital", "money"))
_RATIOS = (
    *("current_ratio", "quick_ratio"),
    *("current_liabilities_to_net_worth", "total_liabilities_to_net_worth"),
)
_LGD = _Given("lgd", "share", _of_limits("lgd"))
_PD = _Given("pd", "share", _of_grade("pd"))
#: What each line is worked out from; a line that is not here is read off the lines before it.
INPUTS: dict[str, tuple[_Given, ...]] = {
    "need_seasonal": (
        _Given("peak", "money"),
        _Given("need_days", "days"),
        _Given("growth_expected", "share", _of_limits("growth")),
    ),
    "need_average": (
        _Given("sales", "money"),
        _Given("months", "months"),
        _Given("need_days", "days"),
        _Given("safety", "index", _of_grade("safety")),
    ),
    "net_worth_share": (
        _Given("tangible_net_worth", "money"),
        _Given("net_worth_percent", "share", _of_grade("net_worth_share")),
    ),
    "working_capital_share": (
        _Given("net_working_capital", "money"),
        _Given("working_capital_percent", "share", _of_limits("working_capital_share")),
    ),
    "working_assets": (*_STATEMENT, *(_Given(code, "index") for code in _RATIOS)),
    "revenue_share": (
        _Given("annual_revenue", "money"),
        _Given("revenue_percent", "share", _of_grade("revenue_share")),
    ),
    "external": (_Given("bureau_guideline", "money"), _Given("insurer_guideline", "money")),
    "history": (
        _Given("high_credit", "money"),
        _Given("high_credit_on", "date"),
        _Given("high_credit_growth", "share", _of_limits("high_credit_growth")),
    ),
    "history_floor": (
        _Given("high_credit", "money"),
        _Given("history_floor_percent", "share", _of_limits("history_floor_share")),
    ),
    "cap_loss": (_Given("loss_budget", "money", _of_limits("loss_budget")), _PD, _LGD),
    "cap_kelly": (
        _Given("risk_capital", "money", _of_limits("risk_capital")),
        _Given("margin", "share", _of_limits("margin")),
        _PD,
        _LGD,
    ),
    "cap_concentration": (
        _Given("concentration_base", "money", _of_limits("concentration_base")),
        _Given("concentration_percent_most", "share", _of_limits("concentration_share")),
    ),
    "secured": (_Given("insurer_limit", "money"), _Given("insurer_cover", "percent")),
    "previous_limit": (_Given("previous_on", "date"),),
    "approved_limit": (_Given("approved_until", "date"),),
    "notes_receivable": (
        _Given("bank_weight", "share", _of_exposure("bank_acceptance_weight")),
        _Given("commercial_weight", "share", _of_exposure("commercial_acceptance_weight")),
    ),
    "delivered_open": (_Given("weight", "share", _of_exposure("delivered_weight")),),
    "orders_open": (
        _Given("weight", "share", _of_exposure("order_weight")),
        _Given("horizon", "days", _of_exposure("order_horizon_days")),
    ),
}
_EXPOSURE_SWITCHES = {
    "notes_receivable": "include_notes",
    "delivered_open": "include_delivered",
    "orders_open": "include_orders",
    "unapplied": "include_unapplied",
    "free_deposits": "deposits_reduce_exposure",
}


def exposure_steps(row: dict[str, Any], policy: Policy) -> Iterator[AmountStep]:
    """Read the parts of the exposure off one row of the frame."""
    for part in EXPOSURE_PARTS:
        switch = _EXPOSURE_SWITCHES.get(part)
        off = switch is not None and not getattr(policy.exposure, switch)
        yield _step(part, row, policy, unused="switched_off" if off else None)


def limit_steps(row: dict[str, Any], policy: Policy) -> Iterator[AmountStep]:
    """Read the lines of the waterfall off one row of the frame."""
    for method in LIMIT_STEPS:
        yield _step(method, row, policy, unused=_unused(method, row, policy))


def _step(method: str, row: dict[str, Any], policy: Policy, *, unused: str | None) -> AmountStep:
    value = row[method]
    return AmountStep(
        method=method,
        value=None if value is None else Money(value, row["currency"]),
        unused=unused,
        bound=method == row["bound_by"],
        inputs=tuple(_inputs(method, row, policy)),
    )


def _unused(method: str, row: dict[str, Any], policy: Policy) -> str | None:
    if method == row["bound_by"]:
        return None
    skipped = why_skipped(method, row, policy)
    if skipped is not None:
        return skipped
    other = "need_seasonal" if policy.limits.seasonal_need else "need_average"
    if method in {"need_seasonal", "need_average"} and method != other and row[other] is not None:
        return "other_need"
    by_minimum = policy.limits.combination == "minimum"
    if method == "average":
        return "not_combined" if by_minimum else None
    if method in {"high_credit", "history", "starter"} and row["capacity"] is not None:
        return "capacity_counts" if by_minimum else None
    return "nothing" if method in {"secured", "temporary"} and not row[method] else None


def _inputs(method: str, row: dict[str, Any], policy: Policy) -> Iterator[Input]:
    grade = None if row["grade"] is None else policy.grades[row["grade"]]
    for given in INPUTS.get(method, ()):
        value = row[given.code] if given.rule is None else given.rule(policy, grade)
        if value is not None:
            own = row["currency"] if given.rule is None else policy.currency
            yield Input(given.code, _figure(value, given.unit, own), given.unit)


def _figure(value: Any, unit: Unit, currency: str) -> Figure:  # noqa: ANN401 a cell or a rule
    if unit == "money":
        # The policy speaks in major units, the frame in minor ones.
        return to_money(value, currency) if isinstance(value, Decimal) else Money(value, currency)
    if isinstance(value, date):
        return value.isoformat()
    return value if isinstance(value, int) else text(value)
