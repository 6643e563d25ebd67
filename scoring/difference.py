"""The difference between two assessments of one entity, attributed to its causes (13).

The score's change is split exactly: every characteristic's part of the score, the pull of few
observations, what missing data gave, and the weights of the groups. Parts of both runs are taken
from their explanation records, so any two stored assessments can be compared.
"""

from decimal import ROUND_HALF_UP, Decimal

import msgspec

from scoring.explain import Explanation, GroupPoints
from scoring.money import Money

__all__ = ["Cause", "Difference", "difference"]

_HUNDRED = Decimal(100)
_SMALL = Decimal("0.05")


class Cause(msgspec.Struct, frozen=True, kw_only=True):
    """One cause of the score's change: its values before and after, and the points it moved.

    ``code`` is a characteristic, ``few_observations``, ``missing_data`` or ``rounding``; ``group``
    is empty for ``rounding``. Values are decimal text, ``None`` where there was none.
    """

    code: str
    group: str
    before: str | None
    after: str | None
    points: str


class Difference(msgspec.Struct, frozen=True, kw_only=True):
    """What changed from one assessment to the next.

    ``score_change`` is the sum of the causes' points, ``None`` when either had no score. ``gates``
    name those that fired or cleared; ``limit`` the waterfall lines whose amount changed.
    """

    from_on: str
    to_on: str
    rating_before: str
    rating_after: str
    score_change: str | None
    causes: tuple[Cause, ...]
    gates_fired: tuple[str, ...]
    gates_cleared: tuple[str, ...]
    limit_before: Money | None
    limit_after: Money | None
    limit: tuple[tuple[str, Money | None, Money | None], ...]
    policy_changed: bool
    inputs_changed: bool


def difference(before: Explanation, after: Explanation) -> Difference:
    """Attribute what changed between two explanations of one entity, largest cause first."""
    fired = [{gate.code for gate in one.gates if gate.fired} for one in (before, after)]
    change = _score_change(before, after)
    return Difference(
        from_on=before.as_of.isoformat(),
        to_on=after.as_of.isoformat(),
        rating_before=before.grade,
        rating_after=after.grade,
        score_change=None if change is None else _signed(change),
        causes=() if change is None else _causes(before, after, change),
        gates_fired=tuple(sorted(fired[1] - fired[0])),
        gates_cleared=tuple(sorted(fired[0] - fired[1])),
        limit_before=before.assessment.limit,
        limit_after=after.assessment.limit,
        limit=_limit_lines(before, after),
        policy_changed=before.policy_version != after.policy_version,
        inputs_changed=before.inputs_hash != after.inputs_hash,
    )


def _score_change(before: Explanation, after: Explanation) -> Decimal | None:
    if before.score is None or after.score is None:
        return None
    return Decimal(after.score) - Decimal(before.score)


def _causes(before: Explanation, after: Explanation, change: Decimal) -> tuple[Cause, ...]:
    old, new = _parts(before), _parts(after)
    values = _values(before), _values(after)
    found = []
    for key in sorted(old.keys() | new.keys()):
        moved = new.get(key, Decimal(0)) - old.get(key, Decimal(0))
        if abs(moved) >= _SMALL:
            group, code = key
            texts = (values[0].get(key), values[1].get(key))
            found.append(
                (
                    abs(moved),
                    Cause(
                        code=code,
                        group=group,
                        before=texts[0],
                        after=texts[1],
                        points=_signed(moved),
                    ),
                )
            )
    found.sort(key=lambda one: (-one[0], one[1].group, one[1].code))
    causes = [cause for _, cause in found]
    rest = change - sum((Decimal(cause.points) for cause in causes), Decimal(0))
    if rest:
        causes.append(
            Cause(code="rounding", group="", before=None, after=None, points=_signed(rest))
        )
    return tuple(causes)


Key = tuple[str, str]


def _parts(explanation: Explanation) -> dict[Key, Decimal]:
    """Split a score into parts that sum to it: (group, code) → points of the score."""
    groups = [group for group in explanation.groups if group.share is not None]
    whole = sum((Decimal(group.best) for group in groups), Decimal(0))
    parts: dict[Key, Decimal] = {}
    for group in groups:
        for code, points in _parts_of(group).items():
            parts[group.name, code] = points * _HUNDRED / whole
    return parts


def _parts_of(group: GroupPoints) -> dict[str, Decimal]:
    """Split a group's points. What its own characteristics did not give has another cause."""
    got, best = Decimal(group.got or 0), Decimal(group.best)
    raw = Decimal(group.raw_share) * best
    present = Decimal(group.present)
    used = [part for part in group.characteristics if part.got is not None]
    own = sum((Decimal(part.got or 0) for part in used), Decimal(0))
    if not present or abs(own / present * best - raw) > _SMALL:
        return {"missing_data": raw, "few_observations": got - raw}
    # The more observations, the more the characteristics speak for themselves.
    weight = _weight(group, raw, got)
    parts = {part.code: Decimal(part.got or 0) / present * best * weight for part in used}
    return parts | {"few_observations": got - raw * weight}


def _weight(group: GroupPoints, raw: Decimal, got: Decimal) -> Decimal:
    if group.observations is None or group.shrunk_weight is None:
        return got / raw if raw else Decimal(1)
    return Decimal(group.observations) / (group.observations + Decimal(group.shrunk_weight))


def _values(explanation: Explanation) -> dict[Key, str | None]:
    found: dict[Key, str | None] = {}
    for group in explanation.groups:
        for part in group.characteristics:
            found[group.name, part.code] = part.value
        found[group.name, "few_observations"] = (
            None if group.observations is None else str(group.observations)
        )
    return found


def _limit_lines(
    before: Explanation, after: Explanation
) -> tuple[tuple[str, Money | None, Money | None], ...]:
    old = {step.method: step.value for step in before.limit}
    new = {step.method: step.value for step in after.limit}
    methods = [step.method for step in after.limit]
    methods += [method for method in old if method not in new]
    return tuple(
        (method, old.get(method), new.get(method))
        for method in methods
        if old.get(method) != new.get(method)
    )


def _signed(points: Decimal) -> str:
    return f"{points.quantize(Decimal('0.1'), ROUND_HALF_UP):+f}"
