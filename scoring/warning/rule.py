"""What a signal (预警信号) is: a level worked out from an entity's figures, and its evidence."""

from collections.abc import Callable
from decimal import Decimal

import msgspec
import polars as pl

from scoring.beside import beside
from scoring.gate import Params, Row, one_digit
from scoring.policy import Policy

__all__ = ["ATTENTION", "CRITICAL", "HIGH", "INFO", "Rule", "counted", "fires", "number"]

INFO, ATTENTION, HIGH, CRITICAL = 1, 2, 4, 8


class Rule(msgspec.Struct, frozen=True):
    """A signal of credit-management 10.

    ``level`` gives 0 (off) or its level; ``lowest`` is what it counts while it decays. ``params``
    are the numbers of its sentence.
    """

    code: str
    lowest: int
    level: Callable[[Policy], pl.Expr]
    params: Callable[[Row, Policy], Params]


def fires(condition: pl.Expr, level: int) -> pl.Expr:
    """Give the level where the condition holds; what is not known does not fire."""
    return pl.when(condition.fill_null(value=False)).then(level).otherwise(0)


def counted(frame: pl.DataFrame, counts: pl.DataFrame) -> pl.DataFrame:
    """Join counts an entity (key ``e``); an entity without any has 0."""
    names = [name for name in counts.columns if name != "e"]
    if not counts.height:
        return frame.with_columns(pl.lit(0, pl.Int64).alias(name) for name in names)
    joined = beside(frame, counts)
    return joined.with_columns(pl.col(name).cast(pl.Int64).fill_null(0) for name in names)


def number(value: float | None) -> str:
    """Write a ratio with at most one digit after the point; nothing is 0."""
    return one_digit(Decimal(str(value or 0)))
