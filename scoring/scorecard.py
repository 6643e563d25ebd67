"""The scorecard (评分卡): groups of characteristics, points by curves, a score out of 100.

A group is data: its characteristics, and how many observations it rests on. Another group is
another entry of ``GROUPS``. The score is taken over the groups the policy has in use.
Rules: credit-management 5.1 (characteristics, then missing data, then shrinkage, then points).
"""

from collections.abc import Callable
from decimal import Decimal

import polars as pl

from scoring.curves import share_of_points
from scoring.groups import Characteristic, Group
from scoring.policy import Policy, ScorecardPolicy

__all__ = ["FULL_CARD", "GROUPS", "Characteristic", "Group", "groups_in_use", "scored"]

#: Points of the whole card, all groups; completeness is measured against it.
FULL_CARD = Decimal(100)


def _payment(policy: Policy) -> Group:
    rules = policy.scorecard.payment
    return Group(
        "payment",
        rules.points,
        (
            Characteristic("days_late", "wadl", rules.wadl),
            Characteristic("late_amount", "late_amount_percent", rules.late_amount),
            Characteristic("overdue_ratio", "overdue_scored_percent", rules.overdue_ratio),
            Characteristic("max_delay", "max_delay", rules.max_delay),
            Characteristic("broken_promises", None, rules.promises),
        ),
        observations="n_settled",
    )


GROUPS: dict[str, Callable[[Policy], Group]] = {"payment": _payment}


def groups_in_use(policy: Policy) -> tuple[Group, ...]:
    """Build the groups the policy has in use."""
    return tuple(GROUPS[name](policy) for name in policy.groups)


def scored(frame: pl.DataFrame, policy: Policy) -> pl.DataFrame:
    """Add points and score.

    For a characteristic ``share_<code>`` (percent of its points, null when missing); for a group
    ``present_<name>`` (points of its characteristics that have data), ``raw_<name>``,
    ``share_<name>`` (after shrinkage and factor) and ``low_<name>``; then ``score`` with one digit, rounded
    half up, null when no group applies; ``low_confidence``; ``completeness`` in percent.
    """
    groups = groups_in_use(policy)
    for group in groups:
        frame = _with_group(frame, group, policy.scorecard)
    applies = {group.name: pl.col(f"share_{group.name}").is_not_null() for group in groups}
    weights = {group.name: float(group.points) for group in groups}
    got = pl.sum_horizontal(
        pl.col(f"share_{name}").fill_null(0) * weights[name] for name in weights
    )
    best = pl.sum_horizontal(applies[name] * weights[name] for name in weights)
    present = pl.sum_horizontal(applies[name] * pl.col(f"present_{name}") for name in weights)
    return frame.with_columns(
        pl.when(best > 0).then(_one_digit(got * 100 / best)).alias("score"),
        pl.any_horizontal(f"low_{group.name}" for group in groups).alias("low_confidence"),
        (present * 100 / float(FULL_CARD))
        .round(mode="half_away_from_zero")
        .cast(pl.Int64)
        .alias("completeness"),
    )


def _with_group(frame: pl.DataFrame, group: Group, rules: ScorecardPolicy) -> pl.DataFrame:
    parts = group.characteristics
    frame = frame.with_columns(_share(part).alias(f"share_{part.code}") for part in parts)
    present = pl.sum_horizontal(
        pl.col(f"share_{part.code}").is_not_null() * float(part.rule.points) for part in parts
    )
    got = pl.sum_horizontal(
        pl.col(f"share_{part.code}").fill_null(0) * float(part.rule.points) / 100 for part in parts
    )
    low = present < float(group.points * rules.missing_min_share)
    raw = pl.when(low).then(float(rules.missing_group_share)).otherwise(got / present)
    name = group.name
    return frame.with_columns(
        present.alias(f"present_{name}"), raw.alias(f"raw_{name}"), low.alias(f"low_{name}")
    ).with_columns(_final(group, rules).alias(f"share_{name}"))


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


def _one_digit(score: pl.Expr) -> pl.Expr:
    # The grade is read off the score as shown. The small addend keeps exact halves, which binary
    # fractions may hold a hair too low, rounding up.
    return (score * 10 + 0.5 + 1e-9).floor() / 10
