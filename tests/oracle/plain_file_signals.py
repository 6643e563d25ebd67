"""The oracle's signals from the credit file: E13 to E19, E21 to E23 (credit-management 10)."""

import itertools
from fractions import Fraction
from typing import Any

from scoring.policy import Policy
from tests.oracle.plain_claims import DAY, Standing
from tests.oracle.plain_file import File, Values, stands

__all__ = ["FILE_JUDGES"]


def _recent(file: File, days: int, *kinds: str) -> list[Values]:
    since = file.as_of - days * DAY
    return [one for one in file.records(*kinds) if one["known_on"] > since]


def _lasting(file: File, *kinds: str) -> list[Values]:
    return [one for one in file.records(*kinds) if stands(one, file.as_of)]


def _asked(found: dict[str, Any], standing: Standing, file: File, policy: Policy) -> int:
    """E13: longer terms asked for within 60 days of being overdue."""
    days, grace = policy.warning.asked_days, policy.behaviour.grace_days
    asked = _recent(file, days, "longer_terms_asked", "split_invoices_asked")
    late = [
        part.on
        for claim, part in standing.paid(standing.year)
        if (part.on - claim.due).days > grace
    ]
    overdue = found["overdue"] > 0 or any(day > file.as_of - days * DAY for day in late)
    return 2 if asked and overdue else 0


def _judicial(_found: dict[str, Any], _standing: Standing, file: File, policy: Policy) -> int:
    return 8 if _lasting(file, *policy.warning.judicial_kinds) else 0


def _sued(found: dict[str, Any], _standing: Standing, file: File, policy: Policy) -> int:
    """E15: three suits in 90 days, or more than a tenth of net assets."""
    rules, worth = policy.warning, found["net_worth"]
    suits = [
        one for one in _recent(file, rules.suit_days, "lawsuit") if one["status"] == "defendant"
    ]
    amount = sum(file.money(one) or 0 for one in suits)
    much = worth is not None and amount > 0 and amount > Fraction(rules.suit_share) * max(0, worth)
    return 4 if len(suits) >= rules.suit_count or much else 0


def _frozen(_found: dict[str, Any], _standing: Standing, file: File, policy: Policy) -> int:
    return 4 if _lasting(file, *policy.warning.asset_kinds) else 0


def _control(_found: dict[str, Any], _standing: Standing, file: File, policy: Policy) -> int:
    changes = {one["status"] for one in _recent(file, policy.warning.change_days, "change")}
    new_hands = changes & {"legal_representative", "shareholders", "control"}
    return 2 if new_hands and "capital_cut" in changes else 0


def _withdrawn(_found: dict[str, Any], _standing: Standing, file: File, policy: Policy) -> int:
    """E18: an insurer's last word is no, or a bureau's score fell by a tenth lately."""
    rules = policy.warning
    for one in _by_source(file, "insurance"):
        if one[-1]["status"] in {"refused", "withdrawn"}:
            return 4
    since = file.as_of - rules.event_days * DAY
    for told in _by_source(file, "bureau"):
        for before, after in itertools.pairwise(told):
            if after["known_on"] <= since or None in (before["value"], after["value"]):
                continue
            if Fraction(after["value"]) <= Fraction(before["value"]) * (
                1 - Fraction(rules.bureau_drop)
            ):
                return 4
    return 0


def _by_source(file: File, kind: str) -> list[list[Values]]:
    """Each source's papers, the newest last."""
    told = sorted(file.records(kind), key=lambda one: (one["known_on"], one["record"]))
    sources = {one["source"] for one in told}
    return [[one for one in told if one["source"] == source] for source in sources]


def _distress(found: dict[str, Any], _standing: Standing, _file: File, policy: Policy) -> int:
    """E19: Z'' fell by a point in a year, or into distress."""
    now, before = found["z_double"], found["z_double_before"]
    bottom = policy.financials.z_double.distress
    if now is None:
        return 0
    into = now < bottom and (before is None or before >= bottom)
    fell = before is not None and now - before <= -policy.warning.z_double_drop
    return 4 if into or fell else 0


def _lost(_found: dict[str, Any], _standing: Standing, file: File, policy: Policy) -> int:
    rules = policy.warning
    return (
        2 if len(_recent(file, rules.failed_call_days, "failed_call")) >= rules.failed_calls else 0
    )


def _unconfirmed(_found: dict[str, Any], _standing: Standing, file: File, policy: Policy) -> int:
    """E22: the balance is not confirmed: refused, or the last paper ran out a month ago."""
    for told in _by_source(file, "balance_confirmation"):
        last = told[-1]
        end = last["valid_to"]
        late = end is not None and end + policy.warning.confirmation_days * DAY < file.as_of
        if last["status"] == "refused" or late:
            return 2
    return 0


def _group(_found: dict[str, Any], _standing: Standing, file: File, _policy: Policy) -> int:
    return 4 if _lasting(file, "guarantor_trouble") else 0


FILE_JUDGES = {
    "E13": _asked,
    "E14": _judicial,
    "E15": _sued,
    "E16": _frozen,
    "E17": _control,
    "E18": _withdrawn,
    "E19": _distress,
    "E21": _lost,
    "E22": _unconfirmed,
    "E23": _group,
}
