"""The difference between two assessments of one entity, attributed to its causes (13).

The score's change is split exactly (``score_causes``), the grade's into the steps of its ladder, the
limit's into lines of the waterfall. Both runs are taken from their explanation records, so any two
stored assessments can be compared.
"""

from collections.abc import Iterable
from datetime import date

import msgspec

from scoring.explain import Explanation, GradeStep
from scoring.money import Money
from scoring.policy import GRADES
from scoring.score_causes import CAUSES, Cause, score_causes, score_change, signed

__all__ = ["CAUSES", "Cause", "Difference", "GradeCause", "LimitChange", "difference"]


class GradeCause(msgspec.Struct, frozen=True, kw_only=True):
    """A step of the ladder that moved the grade: by how many grades (worse: above 0), and why.

    ``why`` are the codes that hold now, or, where a step stopped moving it, those that held before.
    """

    step: str
    grades: int
    why: tuple[str, ...]


class LimitChange(msgspec.Struct, frozen=True, kw_only=True):
    """A line of the waterfall whose amount changed."""

    method: str
    before: Money | None
    after: Money | None


class Difference(msgspec.Struct, frozen=True, kw_only=True):
    """What changed from one assessment to the next.

    ``score_change`` is the sum of the causes' points, ``None`` when either had no score.
    ``grade_causes`` sum to the change of the grade and are empty when either was not rated.
    ``gates``, ``signals``, ``rules`` (of the order check) and ``decisions`` (their kinds) name what
    appeared and what is gone; ``limit`` the lines whose amount changed.
    """

    from_on: date
    to_on: date
    rating_before: str
    rating_after: str
    score_before: str | None
    score_after: str | None
    score_change: str | None
    causes: tuple[Cause, ...]
    grade_causes: tuple[GradeCause, ...]
    gates_fired: tuple[str, ...]
    gates_cleared: tuple[str, ...]
    limit_before: Money | None
    limit_after: Money | None
    bound_before: str | None
    bound_after: str | None
    limit: tuple[LimitChange, ...]
    exposure_before: Money | None
    exposure_after: Money | None
    hold_before: str
    hold_after: str
    rules_fired: tuple[str, ...]
    rules_cleared: tuple[str, ...]
    watch_before: str
    watch_after: str
    signals_raised: tuple[str, ...]
    signals_cleared: tuple[str, ...]
    decisions_new: tuple[str, ...]
    decisions_ended: tuple[str, ...]
    completeness_before: int
    completeness_after: int
    policy_changed: bool
    inputs_changed: bool


def difference(before: Explanation, after: Explanation) -> Difference:
    """Attribute what changed between two explanations of one entity, largest cause first."""
    change = score_change(before, after)
    old, new = before.assessment, after.assessment
    gates = _moved(*((gate.code for gate in one.gates if gate.fired) for one in (before, after)))
    rules = _moved(*((rule.code for rule in one.rules) for one in (before, after)))
    signals = _moved(old.signals, new.signals)
    decided = [{made.decision: made.kind for made in one.decisions} for one in (before, after)]
    decisions = _moved(*decided)
    return Difference(
        from_on=before.as_of,
        to_on=after.as_of,
        rating_before=before.grade,
        rating_after=after.grade,
        score_before=before.score,
        score_after=after.score,
        score_change=None if change is None else signed(change),
        causes=() if change is None else score_causes(before, after, change),
        grade_causes=_grade_causes(before.ladder, after.ladder),
        gates_fired=gates[0],
        gates_cleared=gates[1],
        limit_before=old.limit,
        limit_after=new.limit,
        bound_before=before.limit_bound_by,
        bound_after=after.limit_bound_by,
        limit=_limit_lines(before, after),
        exposure_before=old.exposure,
        exposure_after=new.exposure,
        hold_before=old.hold,
        hold_after=new.hold,
        rules_fired=rules[0],
        rules_cleared=rules[1],
        watch_before=old.watch_level,
        watch_after=new.watch_level,
        signals_raised=signals[0],
        signals_cleared=signals[1],
        decisions_new=tuple(decided[1][name] for name in decisions[0]),
        decisions_ended=tuple(decided[0][name] for name in decisions[1]),
        completeness_before=old.completeness,
        completeness_after=new.completeness,
        policy_changed=before.policy_version != after.policy_version,
        inputs_changed=before.inputs_hash != after.inputs_hash,
    )


def _moved(old: Iterable[str], new: Iterable[str]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Name what appeared and what is gone, R2 before R10."""
    was, now = set(old), set(new)
    came, went = now - was, was - now
    return tuple(sorted(came, key=_place)), tuple(sorted(went, key=_place))


def _place(code: str) -> tuple[int, str]:
    return len(code), code


def _grade_causes(
    before: tuple[GradeStep, ...], after: tuple[GradeStep, ...]
) -> tuple[GradeCause, ...]:
    old, new = _moves(before), _moves(after)
    if old is None or new is None:
        return ()
    found = []
    for was, now in zip(before, after, strict=True):
        grades = new[now.step] - old[was.step]
        if grades:
            found.append(GradeCause(step=now.step, grades=grades, why=now.why or was.why))
    return tuple(found)


def _moves(ladder: tuple[GradeStep, ...]) -> dict[str, int] | None:
    """Tell by how many grades each step moves; the first counts from the best grade."""
    moves, last = {}, 0
    for step in ladder:
        if step.grade is None:
            return None
        place = GRADES.index(step.grade)
        moves[step.step] = place - last
        last = place
    return moves


def _limit_lines(before: Explanation, after: Explanation) -> tuple[LimitChange, ...]:
    old = {step.method: step.value for step in before.limit}
    new = {step.method: step.value for step in after.limit}
    methods = [*new, *(method for method in old if method not in new)]
    return tuple(
        LimitChange(method=method, before=old.get(method), after=new.get(method))
        for method in methods
        if old.get(method) != new.get(method)
    )
