"""The change of a score between two assessments, split exactly into its causes (13).

Every characteristic's part of the score, the pull of few observations, what missing data gave, what
the statement's basis is worth, and the weights of the groups; the parts sum to the change.
"""

from decimal import ROUND_HALF_UP, Decimal

import msgspec

from scoring.explain import Explanation, GroupPoints, Unit

__all__ = ["CAUSES", "Cause", "score_causes", "score_change", "signed"]

#: Causes that are no characteristic.
CAUSES = ("few_observations", "missing_data", "basis", "weights", "fitted", "rounding")
_HUNDRED = Decimal(100)
_SMALL = Decimal("0.05")

Key = tuple[str, str]
Parts = dict[Key, Decimal]


class Cause(msgspec.Struct, frozen=True, kw_only=True):
    """One cause of the score's change: its values before and after, and the points it moved.

    ``code`` is a characteristic or one of ``CAUSES``; ``group`` is empty for ``weights`` and
    ``rounding``. Values are decimal text, ``None`` where there was none.
    """

    code: str
    group: str
    before: str | None
    after: str | None
    unit: Unit | None = None
    points: str


def score_change(before: Explanation, after: Explanation) -> Decimal | None:
    """Tell by how many points the score changed; ``None`` when either had none."""
    if before.score is None or after.score is None:
        return None
    return Decimal(after.score) - Decimal(before.score)


def score_causes(before: Explanation, after: Explanation, change: Decimal) -> tuple[Cause, ...]:
    """Attribute the change of the score, largest cause first; ``rounding`` is what figures lost."""
    values, units = (_values(before), _values(after)), _units(before) | _units(after)
    found = []
    for key, moved in _attributed(before, after).items():
        group, code = key
        if abs(moved) >= _SMALL:
            cause = Cause(
                code=code,
                group=group,
                before=values[0].get(key),
                after=values[1].get(key),
                unit=units.get(key),
                points=signed(moved),
            )
            found.append((abs(moved), cause))
    found.sort(key=lambda one: (-one[0], one[1].group, one[1].code))
    causes = [cause for _, cause in found]
    rest = change - sum((Decimal(cause.points) for cause in causes), Decimal(0))
    if rest:
        rounding = Cause(code="rounding", group="", before=None, after=None, points=signed(rest))
        causes.append(rounding)
    return tuple(causes)


def _attributed(before: Explanation, after: Explanation) -> Parts:
    """Split the change of the score: at today's weights by characteristic, the rest by weights."""
    old, new = _in_use(before), _in_use(after)
    weights = _weights(old), _weights(new)
    moved: Parts = {}
    shifted = Decimal(0)
    for name in sorted(old.keys() | new.keys()):
        if name in old and name in new:
            parts = _parts_of(old[name]), _parts_of(new[name])
            for code in sorted(parts[0].keys() | parts[1].keys()):
                step = parts[1].get(code, Decimal(0)) - parts[0].get(code, Decimal(0))
                moved[name, code] = step * weights[1][name]
            share = Decimal(old[name].share or 0)
            shifted += (weights[1][name] - weights[0][name]) * share
        elif name in new:
            shifted += weights[1][name] * Decimal(new[name].share or 0)
        else:
            shifted -= weights[0][name] * Decimal(old[name].share or 0)
    return _blended(moved | {("", "weights"): shifted}, before, after)


def _blended(expert: Parts, before: Explanation, after: Explanation) -> Parts:
    """Give the expert's parts their share of the score; the fitted card moved the rest (5.3)."""
    own = Decimal(1) if after.blend is None else 1 - Decimal(after.blend.weight)
    parts = {key: moved * own for key, moved in expert.items()}
    if before.blend is None and after.blend is None:
        return parts
    change = Decimal(after.score or 0) - Decimal(before.score or 0)
    return parts | {("", "fitted"): change - sum(parts.values(), Decimal(0))}


def _in_use(explanation: Explanation) -> dict[str, GroupPoints]:
    return {group.name: group for group in explanation.groups if group.weight is not None}


def _weights(groups: dict[str, GroupPoints]) -> dict[str, Decimal]:
    """Scale the groups' weights to the hundred points of the score."""
    own = {name: Decimal(group.weight or 0) for name, group in groups.items()}
    whole = sum(own.values(), Decimal(0)) or Decimal(1)
    return {name: weight * _HUNDRED / whole for name, weight in own.items()}


def _parts_of(group: GroupPoints) -> dict[str, Decimal]:
    """Split a group's share. What its own characteristics did not give has another cause."""
    share, raw = Decimal(group.share or 0), Decimal(group.raw_share)
    present = Decimal(group.present)
    last = "basis" if group.observations is None else "few_observations"
    if group.low or not present:
        return {"missing_data": raw, last: share - raw}
    # The more observations, the more the characteristics speak for themselves.
    weight = _weight(group)
    used = [part for part in group.characteristics if part.got is not None]
    parts = {part.code: Decimal(part.got or 0) / present * weight for part in used}
    return parts | {last: share - sum(parts.values(), Decimal(0))}


def _weight(group: GroupPoints) -> Decimal:
    if group.observations is None or group.shrunk_weight is None:
        return Decimal(1)
    return Decimal(group.observations) / (group.observations + Decimal(group.shrunk_weight))


def _values(explanation: Explanation) -> dict[Key, str | None]:
    found: dict[Key, str | None] = {}
    for group in explanation.groups:
        for part in group.characteristics:
            found[group.name, part.code] = part.value
        n = group.observations
        found[group.name, "few_observations"] = None if n is None else str(n)
        found[group.name, "basis"] = group.factor
    return found


def _units(explanation: Explanation) -> dict[Key, Unit]:
    units: dict[Key, Unit] = {
        (group.name, part.code): part.unit
        for group in explanation.groups
        for part in group.characteristics
        if part.unit is not None
    }
    for group in explanation.groups:
        units[group.name, "few_observations"] = "count"
        units[group.name, "basis"] = "share"
    return units


def signed(points: Decimal) -> str:
    """Write points with their sign and one digit."""
    return f"{points.quantize(Decimal('0.1'), ROUND_HALF_UP):+f}"
