"""What a group of the scorecard is: characteristics judged together, as data.

The groups themselves stand beside what they measure; ``scorecard`` adds them up.
Rules: credit-management 5.1 (characteristics, then missing data, then shrinkage).
"""

from decimal import Decimal

import msgspec
import polars as pl

from scoring.curves import share_of_points
from scoring.once import once
from scoring.policy import CharacteristicPolicy, ScorecardPolicy

__all__ = ["Characteristic", "Group", "with_group"]


class Characteristic(msgspec.Struct, frozen=True):
    """A feature that earns points. ``feature`` names its column, ``None``: no source yet.

    ``given`` names a column with the share of the points (percent, null when missing) where the
    curve alone does not say it: edge rules, percentiles. Without it the curve of ``rule`` decides.
    """

    code: str
    feature: str | None
    rule: CharacteristicPolicy
    given: str | None = None


class Group(msgspec.Struct, frozen=True):
    """Characteristics judged together.

    ``observations`` names the count towards which the group is shrunk; with none of them the group
    does not apply (a prospect). ``None``: no shrinkage, always applies. ``factor`` names a column
    by which the group's share is multiplied at the end, null counts as 1.
    """

    name: str
    points: Decimal
    characteristics: tuple[Characteristic, ...]
    observations: str | None = None
    factor: str | None = None


def with_group(frame: pl.DataFrame, group: Group, rules: ScorecardPolicy) -> pl.DataFrame:
    """Add a group's columns: ``share_<code>``, ``present_``, ``raw_``, ``low_``, ``share_<name>``."""
    for stage in _stages(group, rules):
        frame = frame.with_columns(stage)
    return frame


@once
def _stages(group: Group, rules: ScorecardPolicy) -> tuple[list[pl.Expr], ...]:
    """Build the columns, in the order in which they need each other."""
    parts, name = group.characteristics, group.name
    shares = [_share(part).alias(f"share_{part.code}") for part in parts]
    present = pl.sum_horizontal(
        pl.col(f"share_{part.code}").is_not_null() * float(part.rule.points) for part in parts
    )
    got = pl.sum_horizontal(
        pl.col(f"share_{part.code}").fill_null(0) * float(part.rule.points) / 100 for part in parts
    )
    low = present < float(group.points * rules.missing_min_share)
    raw = pl.when(low).then(float(rules.missing_group_share)).otherwise(got / present)
    return (
        shares,
        [present.alias(f"present_{name}"), raw.alias(f"raw_{name}"), low.alias(f"low_{name}")],
        [_final(group, rules).alias(f"share_{name}")],
    )


def _share(part: Characteristic) -> pl.Expr:
    if part.given is not None:
        return pl.col(part.given)
    feature = pl.lit(None, pl.Float64) if part.feature is None else pl.col(part.feature)
    return share_of_points(feature, part.rule)


def _final(group: Group, rules: ScorecardPolicy) -> pl.Expr:
    share = _shrunk(pl.col(f"raw_{group.name}"), group, rules)
    return share if group.factor is None else share * pl.col(group.factor).fill_null(1.0)


def _shrunk(raw: pl.Expr, group: Group, rules: ScorecardPolicy) -> pl.Expr:
    if group.observations is None:
        return raw
    n, weight = pl.col(group.observations), float(rules.shrink_weight)
    towards = weight * float(rules.shrink_towards)
    return pl.when(n > 0).then((n * raw + towards) / (n + weight))
