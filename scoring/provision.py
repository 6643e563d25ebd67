"""Loss provision (坏账准备) by ageing, and expected loss by grade (credit-management 9.5, 6.2)."""

from collections.abc import Sequence
from decimal import Decimal
from math import lcm

import polars as pl

from scoring.once import once
from scoring.policy import Policy

__all__ = ["LOSS_BUCKETS", "MEASURES", "loss_rates", "provisioned"]

#: Figures for the explanation: code → unit, the count it rests on, no window.
MEASURES: dict[str, tuple[str, str | None, None]] = {
    "provision": ("money", "n_open", None),
    "expected_loss": ("money", None, None),
}

#: Ageing in the buckets of the matrix; the last three sum to ``age_over_90``.
LOSS_BUCKETS = (
    *("age_current", "age_1_30", "age_31_60", "age_61_90"),
    *("age_91_180", "age_181_365", "age_over_365"),
)


def provisioned(frame: pl.DataFrame, policy: Policy) -> pl.DataFrame:
    """Add ``provision`` and ``expected_loss`` in minor units, rounded half up once.

    ``provision`` is the matrix over what is open. ``expected_loss`` is PD times LGD times what may
    be drawn beyond the security; null without a grade, or where the amounts are unknown.
    """
    return frame.with_columns(
        _matrix(policy).alias("provision"), _expected_loss(policy).alias("expected_loss")
    )


@once
def _matrix(policy: Policy) -> pl.Expr:
    ratios = [rate.as_integer_ratio() for rate in policy.provision.rates]
    below = lcm(*(down for _, down in ratios))
    above = pl.sum_horizontal(
        pl.col(bucket).cast(pl.Int128) * (up * (below // down))
        for bucket, (up, down) in zip(LOSS_BUCKETS, ratios, strict=True)
    )
    return ((above * 2 + below) // (2 * below)).cast(pl.Int64)


@once
def _expected_loss(policy: Policy) -> pl.Expr:
    drawn = pl.col("exposure").clip(lower_bound=0)
    if policy.provision.exposure_at_default == "limit":
        drawn = pl.max_horizontal(drawn, "effective_limit")
    at_default = (drawn - pl.col("secured")).clip(lower_bound=0).cast(pl.Int128)
    shares = [(row.pd * policy.limits.lgd).as_integer_ratio() for row in policy.grades]
    below = lcm(*(down for _, down in shares))
    above = {grade: up * (below // down) for grade, (up, down) in enumerate(shares)}
    share = pl.col("grade").replace_strict(above, default=None, return_dtype=pl.Int64)
    loss = ((at_default * share * 2 + below) // (2 * below)).cast(pl.Int64)
    return pl.when(pl.col("unknown").is_null()).then(loss)


def loss_rates(rolls: Sequence[Decimal], lgd: Decimal) -> tuple[Decimal, ...]:
    """Turn own roll rates into loss rates: each bucket's way to write-off, times LGD (9.5).

    ``rolls[b]`` is the share of bucket ``b`` that reaches the next one; the last one's next is the
    write-off.
    """
    rates, way = [], Decimal(1)
    for roll in reversed(rolls):
        way *= roll
        rates.append(way * lgd)
    return tuple(reversed(rates))
