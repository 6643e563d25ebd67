"""How grades move from month to month (credit-management 5.7): matrix, jumps, reversals."""

from collections.abc import Sequence
from dataclasses import dataclass

import polars as pl

__all__ = ["Migration", "migration"]

JUMP_NOTCHES = 2
REVERSAL_MONTHS = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Migration:
    """Moves between consecutive months.

    ``counts[a][b]`` is how often grade ``a`` became grade ``b``. ``jumps`` is the share of all
    pairs of months with a move of two notches or more, ``reversals`` the share of moves that a move
    the other way followed within three months; ``None`` where there is nothing to take a share of.
    """

    grades: tuple[str, ...]
    counts: tuple[tuple[int, ...], ...]
    pairs: int
    moves: int
    jumps: float | None
    reversals: float | None


def migration(history: pl.DataFrame, scale: Sequence[str]) -> Migration:
    """Count the moves in ``history``: entity, month (whole numbers), grade (a word of ``scale``).

    Rows with another grade (not rated) take no part. The order of rows does not matter.
    """
    places = {grade: place for place, grade in enumerate(scale)}
    place = pl.col("grade").replace_strict(places, default=None, return_dtype=pl.Int64)
    held = (
        history.select("entity", "month", place.alias("place")).drop_nulls().sort("entity", "month")
    )
    before = held.select("entity", pl.col("month") + 1, pl.col("place").alias("was"))
    pairs = held.join(before, on=("entity", "month"), how="inner").with_columns(
        (pl.col("place") - pl.col("was")).alias("step")
    )
    moves = pairs.filter(pl.col("step") != 0)
    return Migration(
        grades=tuple(scale),
        counts=_matrix(pairs, len(scale)),
        pairs=pairs.height,
        moves=moves.height,
        jumps=_share(pairs.filter(pl.col("step").abs() >= JUMP_NOTCHES).height, pairs.height),
        reversals=_share(_reversed(moves), moves.height),
    )


def _share(part: int, whole: int) -> float | None:
    return part / whole if whole else None


def _matrix(pairs: pl.DataFrame, size: int) -> tuple[tuple[int, ...], ...]:
    table = [[0] * size for _ in range(size)]
    for was, place, count in pairs.group_by("was", "place").len().rows():
        table[was][place] = count
    return tuple(tuple(row) for row in table)


def _reversed(moves: pl.DataFrame) -> int:
    """Count moves that the next move of the same entity, soon after, goes against."""
    following = moves.sort("entity", "month").with_columns(
        pl.col("step").shift(-1).over("entity").alias("next_step"),
        pl.col("month").shift(-1).over("entity").alias("next_month"),
    )
    back = pl.col("step").sign() == -pl.col("next_step").sign()
    soon = pl.col("next_month") - pl.col("month") <= REVERSAL_MONTHS
    return following.filter(back & soon).height
