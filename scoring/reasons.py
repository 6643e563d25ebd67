"""Reasons (原因): which facts made the rating what it is, as codes with numbers.

Rules (credit-management 5.4): only characteristics in use, largest loss of points first; at most
four against (gates first) and two in favour; at most two of a group, or four while the card has
only one group.

Codes and parameters:

* ``identity_invalid``, ``identity_conflict``, ``no_history``: none. ``missing_rate``: currency.
* ``default_event``, ``over_90_days``: days, amount. ``past_default``: threshold (days), months.
  ``over_60_days``: amount, percent, threshold.
* ``thin_history``: settled, needed, months. ``no_statements``: none. Each gate also has cap.
* ``days_late``, ``max_delay``: value (days), threshold (days). ``late_amount``, ``overdue_ratio``,
  ``broken_promises``: value, threshold (percents). ``threshold`` is the next better mark of the
  policy's curve; a reason in favour has its best mark. Where the curve is one straight line no mark
  comes next: the parameter curve says straight.
* ``missing_<group>``: percent. Of a group that fell to the missing-data rule nothing else is told:
  what data it has were not used.
"""

from decimal import Decimal

from scoring.assessment import Reason, Sign
from scoring.gates import GATES, Params, Row, one_digit, why_unrated
from scoring.ordercheck import fired_rules
from scoring.policy import GRADES, Policy
from scoring.scorecard import Characteristic, Group, groups_in_use

__all__ = ["MOST_AGAINST", "MOST_IN_FAVOUR", "hold_reason", "one_digit", "reasons_of"]

MOST_AGAINST = 4
MOST_IN_FAVOUR = 2
_GOOD_PERCENT = 90


def reasons_of(row: Row, policy: Policy) -> tuple[Reason, ...]:
    """Pick the reasons of one row of the assessed frame: gates, then losses, then strengths."""
    unrated = why_unrated(row)
    if unrated is not None:
        return (unrated,)
    gates = [_gate_reason(code, row, policy) for code in _fired(row, policy)][:MOST_AGAINST]
    groups = groups_in_use(policy)
    most = MOST_AGAINST if len(groups) == 1 else 2
    missing = policy.scorecard.missing_group_share
    against = _ranked(row, groups, "negative", most, missing)[: MOST_AGAINST - len(gates)]
    in_favour = _ranked(row, groups, "positive", most, missing)[:MOST_IN_FAVOUR]
    return (*gates, *against, *in_favour)


def _fired(row: Row, policy: Policy) -> list[str]:
    """List the gates to tell of: the grave ones whenever they fire, others when they bind."""
    told = []
    for gate in GATES:
        scored = row["score_grade"]
        binds = scored is not None and scored < GRADES.index(gate.cap_of(row, policy))
        if row[f"gate_{gate.code}"] and (gate.always_told or binds):
            told.append(gate.code)
    return told


def _gate_reason(code: str, row: Row, policy: Policy) -> Reason:
    gate = next(gate for gate in GATES if gate.code == code)
    cap: Params = {"cap": gate.cap_of(row, policy)}
    return Reason(gate.reason_of(row), gate.params(row, policy) | cap)


_Ranked = tuple[float, float, str, Reason]


def _ranked(
    row: Row, groups: tuple[Group, ...], sign: Sign, most: int, missing: Decimal
) -> list[Reason]:
    """Order the characteristics of one sign by points lost (or won), ties by weight, then code."""
    found: list[_Ranked] = []
    for group in groups:
        if row[f"share_{group.name}"] is None:
            continue
        if row[f"low_{group.name}"]:
            found += [_lacking(group, missing)] if sign == "negative" else []
            continue
        own = [_judged(part, row, sign) for part in group.characteristics]
        found += sorted(one for one in own if one is not None)[:most]
    return [reason for *_, reason in sorted(found, key=lambda one: one[:3])]


def _lacking(group: Group, missing: Decimal) -> _Ranked:
    """Say that a group lacks data, with the points that its prior leaves out (5.1, 5.4)."""
    points, code = float(group.points), f"missing_{group.name}"
    lost = points * float(100 - missing * 100)
    return (-lost, -points, code, Reason(code, {"percent": one_digit(missing * 100)}))


def _judged(part: Characteristic, row: Row, sign: Sign) -> _Ranked | None:
    share = row[f"share_{part.code}"]
    if share is None or part.feature is None or row[part.feature] is None:
        return None
    good = share >= _GOOD_PERCENT
    if good != (sign == "positive"):
        return None
    points = float(part.rule.points)
    size = points * (share if good else 100 - share)
    value = Decimal(str(row[part.feature]))
    params: Params = {
        "value": one_digit(value),
        "threshold": one_digit(_next_mark(part, value, best=good)),
    }
    if not good and part.rule.straight:
        params["curve"] = "straight"
    return (-size, -points, part.code, Reason(part.code, params, sign))


def _next_mark(part: Characteristic, value: Decimal, *, best: bool) -> Decimal:
    marks = [mark for mark, _ in part.rule.curve]
    if part.rule.rises:
        higher = [mark for mark in marks if mark > value]
        return marks[-1] if best or not higher else higher[0]
    better = [mark for mark in marks if mark < value]
    return marks[0] if best or not better else better[-1]


def hold_reason(row: Row, policy: Policy) -> Reason | None:
    """Say the gravest rule that holds new orders; ``None`` when none does.

    ``scoring.ordercheck.fired_rules`` tells all of them.
    """
    if row["hold"] == "none":
        return None
    rule = fired_rules(row, policy)[0]
    return Reason(rule.reason, rule.params)
