"""Why a method of the limit was left out: a code for each, for the waterfall's record (6.3)."""

from collections.abc import Mapping
from typing import Any

from scoring.policy import Policy

__all__ = ["SKIPPED", "why_skipped"]

#: The codes and what they mean is in the texts, as ``skipped.<code>``.
SKIPPED = (
    *("switched_off", "no_statements", "not_positive", "no_purchases", "no_guideline"),
    *("not_well_handled", "no_grade", "not_applicable"),
)
_STATEMENT_METHODS = {
    "net_worth_share": ("use_net_worth", "tangible_net_worth"),
    "working_capital_share": ("use_working_capital", "net_working_capital"),
    "working_assets": ("use_working_assets", "net_worth"),
    "revenue_share": ("use_revenue", "annual_revenue"),
}
_AMOUNT_OF = {
    "cap_loss": "loss_budget",
    "cap_kelly": "risk_capital",
    "cap_concentration": "concentration_base",
}
_REASONS = {
    "need_seasonal": "no_purchases",
    "need_average": "no_purchases",
    "need": "no_purchases",
    "history": "not_well_handled",
    "external": "no_guideline",
    "capacity": "no_statements",
}


def why_skipped(method: str, row: Mapping[str, Any], policy: Policy) -> str | None:
    """Say why a method has no value in a row of the frame; ``None`` when it has one."""
    if row[method] is not None:
        return None
    switch, figure = _STATEMENT_METHODS.get(method, (None, None))
    if _is_off(method, switch, policy):
        return "switched_off"
    if figure is not None:
        return "no_statements" if row[figure] is None else _unusable(row)
    if method in _AMOUNT_OF:
        return _unusable(row)
    return _REASONS.get(method, "not_applicable")


def _is_off(method: str, switch: str | None, policy: Policy) -> bool:
    rules = policy.limits
    if switch is not None:
        return not getattr(rules, switch)
    if method in _AMOUNT_OF:
        return getattr(rules, _AMOUNT_OF[method]) is None
    off = {"external": rules.external == "off", "history_floor": not rules.history_floor}
    return off.get(method, False)


def _unusable(row: Mapping[str, Any]) -> str:
    return "no_grade" if row["grade"] is None else "not_positive"
