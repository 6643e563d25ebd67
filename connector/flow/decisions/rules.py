"""What a wish must fulfil before it becomes a draft (credit-management 11), each rule by itself. Pure.

The rules stand in ``RULES`` and ``RULES_OF_KIND``, in the order in which they refuse.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta

import msgspec

from connector.flow.decisions.decision import DecisionError, Wish
from connector.store.assessments import StoredAssessment
from scoring.assessment import NOT_RATED
from scoring.gates import GATES
from scoring.policy import GRADES, Policy
from scoring.schemas import DECISION_KINDS

__all__ = ["RULES", "RULES_OF_KIND", "Circumstances", "Rule", "check_wish"]

SHORTEST_TEXT = 20
EXEMPTION_MAX_DAYS = 180
HOLD_MAX_DAYS = 365
_NEEDS_AMOUNT = frozenset({"limit", "temporary_limit", "segment_limit"})
_NEEDS_SCOPE = frozenset({"segment_limit", "exemption"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Circumstances:
    """What a wish is held against: the policy, the day, and what is known of the company.

    ``latest``: its latest assessment, if it has one. ``temporary_limits``: how many it was given
    in the last twelve months.
    """

    policy: Policy
    today: date
    latest: StoredAssessment | None
    temporary_limits: int

    @property
    def rating(self) -> str:
        """Tell how the company is rated."""
        return NOT_RATED if self.latest is None else self.latest.assessment.rating


Rule = Callable[[Wish, Circumstances], None]
"""Refuses what breaks it with a ``DecisionError``."""


def check_wish(wish: Wish, about: Circumstances) -> None:
    """Hold a wish against the rules. Raises ``DecisionError`` for the first it breaks."""
    for rule in (*RULES, *RULES_OF_KIND.get(wish.kind, ())):
        rule(wish, about)


def _kind_is_known(wish: Wish, _about: Circumstances) -> None:
    if wish.kind not in DECISION_KINDS:
        raise DecisionError("unknown_kind", kind=wish.kind)


def _author_is_named(wish: Wish, _about: Circumstances) -> None:
    if not wish.author.strip():
        raise DecisionError("no_author")


def _reason_is_given(wish: Wish, _about: Circumstances) -> None:
    if not wish.reason.strip():
        raise DecisionError("no_reason")


def _text_is_long_enough(wish: Wish, _about: Circumstances) -> None:
    given = len(wish.text.strip())
    if given < SHORTEST_TEXT:
        raise DecisionError("short_text", least=SHORTEST_TEXT, given=given)


def _end_is_given(wish: Wish, about: Circumstances) -> None:
    if wish.to_on is None and _max_days(wish.kind, about.policy) is not None:
        raise DecisionError("no_end", kind=wish.kind)


def _end_is_to_come(wish: Wish, about: Circumstances) -> None:
    if wish.to_on is not None and wish.to_on < _start(wish, about):
        raise DecisionError("ends_before", to_on=wish.to_on)


def _end_is_near_enough(wish: Wish, about: Circumstances) -> None:
    most = _max_days(wish.kind, about.policy)
    if wish.to_on is None or most is None:
        return
    start = _start(wish, about)
    if (wish.to_on - start).days > most:
        raise DecisionError("too_long", days=most, latest=start + timedelta(days=most))


def _start(wish: Wish, about: Circumstances) -> date:
    """Nothing counts before today, whatever the wish says."""
    return max(wish.from_on, about.today)


def _max_days(kind: str, policy: Policy) -> int | None:
    """Tell how many days a decision lasts at most; ``None``: it needs no end."""
    match kind:
        case "override":
            return policy.review.override_max_days
        case "temporary_limit":
            return policy.limits.temporary_max_days
        case "exemption":
            return EXEMPTION_MAX_DAYS
        case "hold":
            return HOLD_MAX_DAYS
        case _:
            return None


def _amount_is_given(wish: Wish, _about: Circumstances) -> None:
    if wish.kind in _NEEDS_AMOUNT and wish.amount is None:
        raise DecisionError("no_amount", kind=wish.kind)


def _amount_is_not_negative(wish: Wish, _about: Circumstances) -> None:
    if wish.amount is not None and wish.amount.minor < 0:
        raise DecisionError("negative_amount")


def _scope_is_given(wish: Wish, _about: Circumstances) -> None:
    if wish.kind in _NEEDS_SCOPE and not wish.scope:
        raise DecisionError("no_scope", kind=wish.kind)


def _grade_is_known(wish: Wish, _about: Circumstances) -> None:
    if wish.grade not in GRADES:
        raise DecisionError("unknown_grade", grade=wish.grade or "", grades=", ".join(GRADES))


def _company_is_rated(_wish: Wish, about: Circumstances) -> None:
    if about.rating == NOT_RATED:
        raise DecisionError("not_rated")


def _not_too_far_up(wish: Wish, about: Circumstances) -> None:
    most = about.policy.review.override_max_up
    if _grades_up(wish, about) > most:
        raise DecisionError("too_far_up", rating=about.rating, grade=wish.grade, most=most)


def _no_grave_gate(wish: Wish, about: Circumstances) -> None:
    gates = _grave_gates(about.latest) if _grades_up(wish, about) > 0 else []
    if gates:
        raise DecisionError("grave_gate", rating=about.rating, gates=", ".join(gates))


def _grades_up(wish: Wish, about: Circumstances) -> int:
    return GRADES.index(about.rating) - GRADES.index(str(wish.grade))


class _Gate(msgspec.Struct):
    code: str
    fired: bool


class _Explained(msgspec.Struct):
    gates: list[_Gate] = []


def _grave_gates(latest: StoredAssessment | None) -> list[str]:
    """Name the fired gates that no person lifts (5.6, 11)."""
    if latest is None:
        return []
    grave = {gate.code for gate in GATES if gate.grave}
    explained = msgspec.json.decode(latest.explanation, type=_Explained)
    return [gate.code for gate in explained.gates if gate.fired and gate.code in grave]


def _not_too_often(_wish: Wish, about: Circumstances) -> None:
    most = about.policy.limits.temporary_per_year
    if about.temporary_limits >= most:
        raise DecisionError("too_often", most=most)


#: What every wish must fulfil, …
RULES: tuple[Rule, ...] = (
    _kind_is_known,
    _author_is_named,
    _reason_is_given,
    _text_is_long_enough,
    _end_is_given,
    _end_is_to_come,
    _end_is_near_enough,
    _amount_is_given,
    _amount_is_not_negative,
    _scope_is_given,
)
#: … and what those of a kind must besides.
RULES_OF_KIND: Mapping[str, tuple[Rule, ...]] = {
    "override": (_grade_is_known, _company_is_rated, _not_too_far_up, _no_grave_gate),
    "temporary_limit": (_not_too_often,),
}
