"""Curves of the policy applied to whole columns: straight lines between points, or steps."""

from collections.abc import Sequence
from decimal import Decimal
from itertools import pairwise

import polars as pl

from scoring.policy import CharacteristicPolicy

__all__ = ["interpolated", "share_of_points", "stepped"]

Pairs = Sequence[tuple[Decimal | int, Decimal | int]]


def share_of_points(value: pl.Expr, characteristic: CharacteristicPolicy) -> pl.Expr:
    """Return the percent of a characteristic's points at each value; null stays null."""
    curve = stepped if characteristic.steps else interpolated
    return curve(value, characteristic.curve)


def interpolated(value: pl.Expr, pairs: Pairs) -> pl.Expr:
    """Follow straight lines between the points; outside them the nearest point holds."""
    result = pl.lit(float(pairs[-1][1]))
    for (low, at_low), (high, at_high) in reversed(list(pairwise(pairs))):
        slope = float((at_high - at_low) / (high - low))
        line = float(at_low) + (value - float(low)) * slope
        result = pl.when(value <= float(high)).then(line).otherwise(result)
    first, at_first = pairs[0]
    result = pl.when(value <= float(first)).then(float(at_first)).otherwise(result)
    return pl.when(value.is_not_null()).then(result)


def stepped(value: pl.Expr, pairs: Pairs) -> pl.Expr:
    """Take the share of the cut-off just reached; worse than the last, 0.

    Falling shares read "at most", rising ones "at least".
    """
    result = pl.lit(0.0)
    if pairs[-1][1] > pairs[0][1]:
        for limit, share in pairs:
            result = pl.when(value >= float(limit)).then(float(share)).otherwise(result)
        return pl.when(value.is_not_null()).then(result)
    for limit, share in reversed(pairs):
        result = pl.when(value <= float(limit)).then(float(share)).otherwise(result)
    return pl.when(value.is_not_null()).then(result)
