"""The scorecard (评分卡): groups of characteristics, points by curves, a score out of 100.

A group is data: its characteristics, and how many observations it rests on. Another group is
another entry of ``GROUPS``. The score is taken over the groups the policy has in use.
Rules: credit-management 5.1 (characteristics, then missing data, then shrinkage, then points).
"""

from collections.abc import Callable
from decimal import Decimal

import polars as pl

from scoring.groups import Characteristic, Group, with_group
from scoring.policy import Policy

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
    ``share_<name>`` (after shrinkage and factor) and ``low_<name>``; then ``score`` with one digit,
    rounded half up, null when no group applies; ``low_confidence``; ``completeness`` in percent.
    """
    groups = groups_in_use(policy)
    for group in groups:
        frame = with_group(frame, group, policy.scorecard)
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


def _one_digit(score: pl.Expr) -> pl.Expr:
    # The grade is read off the score as shown. The small addend keeps exact halves, which binary
    # fractions may hold a hair too low, rounding up.
    return (score * 10 + 0.5 + 1e-9).floor() / 10
