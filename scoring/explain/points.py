"""How the scorecard's points came about: characteristics, missing data, shrinkage, weights (5.1)."""

from collections.abc import Iterator
from typing import Any

import msgspec

from scoring.explain.figures import Unit, text, unit_of
from scoring.policy import Policy
from scoring.scorecard import Characteristic, Group, groups_in_use

__all__ = ["Blend", "CharacteristicPoints", "GroupPoints", "blend_of", "groups_of"]


class CharacteristicPoints(msgspec.Struct, frozen=True, kw_only=True):
    """Points of one characteristic: the value it had, what it got and the most it could get.

    ``feature`` names the figure that is judged; ``got`` is ``None`` where it could not be.
    """

    code: str
    feature: str | None
    unit: Unit | None
    value: str | None
    got: str | None
    best: str


class GroupPoints(msgspec.Struct, frozen=True, kw_only=True):
    """Points of a group: the raw share, what shrinkage and the factor made of it, the points.

    ``present`` are the points of the characteristics with data, ``low`` that they were too few and
    the group got the prior share instead. ``shrunk_weight``: how many observations the middle
    (``shrunk_towards``) counts as; ``None`` without shrinkage. ``factor`` is what the statement's
    basis is worth. ``weight`` are the points the group has on this customer's card (a prospect's
    differ), ``None`` when it does not apply; ``got`` is out of them.
    """

    name: str
    characteristics: tuple[CharacteristicPoints, ...]
    present: str
    low: bool
    raw_share: str
    observations: int | None
    shrunk_weight: str | None
    shrunk_towards: str | None
    factor: str | None
    share: str | None
    got: str | None
    best: str
    weight: str | None


class Blend(msgspec.Struct, frozen=True, kw_only=True):
    """A fitted card mixed into the expert's score: both scores, and the fitted one's weight (5.3)."""

    expert: str
    fitted: str
    weight: str


def blend_of(row: dict[str, Any]) -> Blend | None:
    """Read the mix off one row of the frame; ``None`` where nothing is mixed in."""
    weight = row.get("fitted_weight")
    if weight is None:
        return None
    return Blend(
        expert=text(row["expert_score"]), fitted=text(row["fitted_score"]), weight=text(weight)
    )


def groups_of(row: dict[str, Any], policy: Policy) -> Iterator[GroupPoints]:
    """Read the points of every group in use off one row of the frame."""
    for group in groups_in_use(policy):
        yield _group(group, row, policy)


def _group(group: Group, row: dict[str, Any], policy: Policy) -> GroupPoints:
    rules, name = policy.scorecard, group.name
    shrinks = group.observations is not None
    share, weight = row[f"share_{name}"], row[f"weight_{name}"]
    factor = None if group.factor is None else row[group.factor]
    return GroupPoints(
        name=name,
        characteristics=tuple(_points(part, row) for part in group.characteristics),
        present=text(row[f"present_{name}"]),
        low=row[f"low_{name}"],
        raw_share=text(row[f"raw_{name}"]),
        observations=None if group.observations is None else row[group.observations],
        shrunk_weight=str(rules.shrink_weight) if shrinks else None,
        shrunk_towards=str(rules.shrink_towards) if shrinks else None,
        factor=None if factor is None else text(factor),
        share=None if share is None else text(share),
        got=None if share is None or weight is None else text(share * weight),
        best=str(group.points),
        weight=None if weight is None else text(weight),
    )


def _points(part: Characteristic, row: dict[str, Any]) -> CharacteristicPoints:
    share = row[f"share_{part.code}"]
    value = None if part.feature is None else row[part.feature]
    return CharacteristicPoints(
        code=part.code,
        feature=part.feature,
        unit=None if part.feature is None else unit_of(part.feature),
        value=None if value is None else text(value),
        got=None if share is None else text(share * float(part.rule.points) / 100),
        best=str(part.rule.points),
    )
