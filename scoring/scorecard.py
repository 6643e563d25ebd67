"""The scorecard (评分卡): groups of characteristics, points by curves, a score out of 100.

A group is data: its characteristics, and how many observations it rests on. Another group is
another entry of ``GROUPS``. The score is taken over the groups the policy has in use.
Rules: credit-management 5.1 (characteristics, then missing data, then shrinkage, then points).
"""

from collections.abc import Callable

import polars as pl

from scoring.financials.group import financial_group
from scoring.fitted_card import FittedCard, applied, blend_weight, blended_score
from scoring.groups import Characteristic, Group, with_group
from scoring.history import history_group
from scoring.once import once
from scoring.policy import Policy
from scoring.qualitative import qualitative_group

__all__ = ["GROUPS", "Characteristic", "Group", "groups_in_use", "scored"]


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
            Characteristic("broken_promises", "broken_promise_percent", rules.promises),
        ),
        observations="n_settled",
    )


GROUPS: dict[str, Callable[[Policy], Group]] = {
    "payment": _payment,
    "financial": financial_group,
    "history": history_group,
    "qualitative": qualitative_group,
}


@once
def groups_in_use(policy: Policy) -> tuple[Group, ...]:
    """Build the groups the policy has in use."""
    return tuple(GROUPS[name](policy) for name in policy.groups)


def scored(frame: pl.DataFrame, policy: Policy) -> pl.DataFrame:
    """Add points and score.

    For a characteristic ``share_<code>`` (percent of its points, null when missing); for a group
    ``present_<name>`` (points of its characteristics that have data), ``raw_<name>``,
    ``share_<name>`` (after shrinkage and factor), ``low_<name>`` and ``weight_<name>`` (its points
    on this customer's card, null when it does not apply); then ``n_low``, how many groups that
    apply fell to the missing-data rule, and ``score`` with one digit, rounded half up.

    The score is null where no group that applies stands on data: the priors of empty groups are
    no judgement of anybody. A policy with a fitted card blends it in (5.3) and adds
    ``expert_score``, ``fitted_score`` and ``fitted_weight``.
    """
    groups = groups_in_use(policy)
    for group in groups:
        frame = with_group(frame, group, policy.scorecard)
    frame = frame.with_columns(_weight(group, groups, policy) for group in groups)
    weights = [pl.col(f"weight_{group.name}") for group in groups]
    got = pl.sum_horizontal(
        pl.col(f"share_{group.name}").fill_null(0) * pl.col(f"weight_{group.name}").fill_null(0)
        for group in groups
    )
    best = pl.sum_horizontal(weight.fill_null(0) for weight in weights)
    applies = [weight.is_not_null() for weight in weights]
    low = [pl.col(f"low_{group.name}") for group in groups]
    stands = [_stands(group) for group in groups]
    frame = frame.with_columns(
        pl.sum_horizontal(
            (one & lacking).cast(pl.Int64) for one, lacking in zip(applies, low, strict=True)
        ).alias("n_low"),
        pl.when(pl.any_horizontal(stands) & (best > 0))
        .then(_one_digit(got * 100 / best))
        .alias("score"),
    )
    card = policy.scorecard.fitted
    return frame if card is None else _blended(frame, card)


def _blended(frame: pl.DataFrame, card: FittedCard) -> pl.DataFrame:
    """Mix the fitted card into the expert's score by how many defaults it was fitted on (5.3).

    Where there is no expert score, or the card knows nothing of a customer, nothing is mixed in.
    """
    figures = [found.name for found in card.characteristics]
    fitted = applied(frame.select(figures), card)["score"].clip(0.0, 100.0)
    known = pl.any_horizontal(pl.col(name).is_not_null() for name in figures)
    both = known & pl.col("score").is_not_null()
    weight = blend_weight(card.trained.n_bad)
    mixed = blended_score(pl.col("expert_score"), pl.col("fitted_score"), card.trained.n_bad)
    return frame.with_columns(
        pl.col("score").alias("expert_score"),
        pl.when(both).then(fitted).alias("fitted_score"),
        pl.when(both).then(weight).alias("fitted_weight"),
    ).with_columns(_one_digit(mixed).alias("score"))


def _stands(group: Group) -> pl.Expr:
    """Tell whether a group applies and rests on something observed of this customer."""
    if group.observations is not None:
        return pl.col(f"share_{group.name}").is_not_null()
    return ~pl.col(f"low_{group.name}")


def _weight(group: Group, groups: tuple[Group, ...], policy: Policy) -> pl.Expr:
    """Weigh a group: its points, or a prospect's weight where payment does not apply (5.1)."""
    points = pl.lit(float(group.points))
    applies = pl.col(f"share_{group.name}").is_not_null()
    prospects = any(other.observations is not None for other in groups)
    if group.observations is None and prospects:
        own = getattr(policy.scorecard.prospect, group.name)
        met = pl.any_horizontal(
            pl.col(other.observations) > 0 for other in groups if other.observations is not None
        )
        points = pl.when(met).then(points).otherwise(float(own))
    return pl.when(applies).then(points).alias(f"weight_{group.name}")


def _one_digit(score: pl.Expr) -> pl.Expr:
    # The grade is read off the score as shown. The small addend keeps exact halves, which binary
    # fractions may hold a hair too low, rounding up.
    return (score * 10 + 0.5 + 1e-9).floor() / 10
