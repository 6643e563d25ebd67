"""Two policies over one book: who changes grade, limit or hold, and what it costs (5.7, 11).

Champion and challenger are two ``Assessments`` of the same book at the same date. Amounts are in
major units of the policy's currency, exact; an account whose amounts cannot be known is counted
among ``unknown`` and left out of the sums.
"""

from collections.abc import Collection, Iterable
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction

import msgspec
import polars as pl

from scoring.assess import Assessments
from scoring.money import minor_digits
from scoring.policy import GRADES
from scoring.rates import factor

__all__ = ["Comparison", "Side", "changed", "compared", "joined"]

_CENT = Decimal("0.01")
_SAID = ("rating", "limit", "hold")


class Side(msgspec.Struct, frozen=True, kw_only=True):
    """The whole book under one policy.

    ``expected_loss`` is PD × LGD × exposure of a year; ``blocked_sales`` is what customers on hold
    buy in a year, and of the others the part of their need beyond the limit.
    """

    version: str
    grades: dict[str, int]
    on_hold: int
    limits: Decimal
    expected_loss: Decimal
    blocked_sales: Decimal
    unknown: int


class Comparison(msgspec.Struct, frozen=True, kw_only=True):
    """Before and after. ``moves`` counts (grade before, grade after), those that stay included."""

    before: Side
    after: Side
    moves: dict[str, dict[str, int]]
    accounts: int
    grade_changes: int
    limit_changes: int
    hold_changes: int


def compared(
    before: Assessments, after: Assessments, *, only: Collection[str] | None = None
) -> Comparison:
    """Compare two assessments of one book, of everybody or of the entities named.

    Raises ``ValueError`` for different books or dates.
    """
    pairs = _pairs(before, after, only)
    moves: dict[str, dict[str, int]] = {}
    counted = pairs.group_by("rating", "rating_after").len().sort("rating", "rating_after")
    for old, new, count in counted.iter_rows():
        moves.setdefault(old, {})[new] = count
    grades, limits, holds = pairs.select(_differs(name).sum() for name in _SAID).row(0)
    return Comparison(
        before=_side(before, only),
        after=_side(after, only),
        moves=moves,
        accounts=pairs.height,
        grade_changes=grades,
        limit_changes=limits,
        hold_changes=holds,
    )


def changed(
    before: Assessments, after: Assessments, *, only: Collection[str] | None = None
) -> pl.DataFrame:
    """List who changes rating, limit or hold, in the book's order: each before and after.

    Columns entity, currency, and rating, limit (minor units of ``currency``) and hold with
    ``_before`` and ``_after``. Raises ``ValueError`` for different books or dates.
    """
    pairs = _pairs(before, after, only)
    rows = pairs.filter(pl.any_horizontal(_differs(name) for name in _SAID))
    return rows.rename({name: f"{name}_before" for name in _SAID})


def _pairs(before: Assessments, after: Assessments, only: Collection[str] | None) -> pl.DataFrame:
    if before.book is not after.book or before.as_of != after.as_of:
        raise ValueError("a comparison needs one book and one date")
    other = after.frame.select(pl.col(name).alias(f"{name}_after") for name in _SAID)
    # One book gives its entities in one order.
    frame = before.frame.select("entity", "currency", *_SAID)
    return _asked(pl.concat([frame, other], how="horizontal"), only)


def _asked(frame: pl.DataFrame, only: Collection[str] | None) -> pl.DataFrame:
    """Keep the entities named; the rest of a group only came along."""
    if only is None or len(only) == frame.height:
        return frame
    return frame.filter(pl.col("entity").is_in(list(only)))


def _differs(name: str) -> pl.Expr:
    return pl.col(name).ne_missing(pl.col(f"{name}_after"))


#: What a side is summed from.
_READ = ("entity", "currency", "rating", "grade", "hold", "unknown")
_AMOUNTS = ("limit", "exposure", "sales", "months", "need")


def _side(assessed: Assessments, only: Collection[str] | None) -> Side:
    frame = _asked(assessed.frame.select(*_READ, *_AMOUNTS), only)
    known, held = pl.col("unknown").is_null(), pl.col("hold") != "none"
    owed = pl.col("exposure").clip(lower_bound=0)
    sums = (
        frame.filter(known)
        .group_by("currency", "grade")
        .agg(
            pl.col("limit").fill_null(0).cast(pl.Int128).sum().alias("limit"),
            owed.cast(pl.Int128).sum().alias("owed"),
            _blocked(held).cast(pl.Int128).sum().alias("blocked"),
        )
        .rows(named=True)
    )
    policy = assessed.policy
    lost = [
        (row["currency"], row["owed"] * policy.grades[row["grade"]].pd * policy.limits.lgd)
        for row in sums
        if row["grade"] is not None
    ]
    return Side(
        version=policy.version,
        grades=_grades(frame),
        on_hold=frame.filter(held).height,
        limits=_sum(assessed, ((row["currency"], row["limit"]) for row in sums)),
        expected_loss=_sum(assessed, lost),
        blocked_sales=_sum(assessed, ((row["currency"], row["blocked"]) for row in sums)),
        unknown=frame.filter(~known).height,
    )


def _grades(frame: pl.DataFrame) -> dict[str, int]:
    counts = dict(frame.group_by("rating").len().iter_rows())
    return {grade: counts[grade] for grade in (*GRADES, "NR") if grade in counts}


def _blocked(held: pl.Expr) -> pl.Expr:
    """A year's purchases of who is held; else the share of its need that no limit covers."""
    yearly = pl.col("sales").cast(pl.Int128) * 12 // pl.col("months")
    need, limit = pl.col("need").fill_null(0), pl.col("limit").fill_null(0)
    short = (need - limit).clip(lower_bound=0).cast(pl.Int128)
    part = pl.when(need > 0).then(yearly * short // need).otherwise(0)
    return pl.when(held).then(yearly).otherwise(part)


def _sum(assessed: Assessments, amounts: Iterable[tuple[str, Decimal | int]]) -> Decimal:
    """Sum minor units of each currency, exactly, in major units of the policy's currency."""
    currency, total = assessed.policy.currency, Fraction(0)
    for other, minor in amounts:
        price = factor(assessed.book.rates, currency, other, currency)
        total += (price or 0) * Fraction(minor)
    whole = total / 10 ** minor_digits(currency)
    return Decimal(whole.numerator) / Decimal(whole.denominator)


def joined(parts: Iterable[Comparison]) -> Comparison:
    """Add up the comparisons of chunks of one book; sums are rounded to cents, once.

    Raises ``ValueError`` for none.
    """
    found = list(parts)
    if not found:
        raise ValueError("there is nothing to compare: the book is empty")
    moves: dict[str, dict[str, int]] = {}
    for part in found:
        for old, row in part.moves.items():
            for new, count in row.items():
                moves.setdefault(old, {}).setdefault(new, 0)
                moves[old][new] += count
    return Comparison(
        before=_added([part.before for part in found]),
        after=_added([part.after for part in found]),
        moves=moves,
        accounts=sum(part.accounts for part in found),
        grade_changes=sum(part.grade_changes for part in found),
        limit_changes=sum(part.limit_changes for part in found),
        hold_changes=sum(part.hold_changes for part in found),
    )


def _added(sides: list[Side]) -> Side:
    grades: dict[str, int] = {}
    for side in sides:
        for grade, count in side.grades.items():
            grades[grade] = grades.get(grade, 0) + count
    return Side(
        version=sides[0].version,
        grades={grade: grades[grade] for grade in (*GRADES, "NR") if grade in grades},
        on_hold=sum(side.on_hold for side in sides),
        limits=_cents(side.limits for side in sides),
        expected_loss=_cents(side.expected_loss for side in sides),
        blocked_sales=_cents(side.blocked_sales for side in sides),
        unknown=sum(side.unknown for side in sides),
    )


def _cents(amounts: Iterable[Decimal]) -> Decimal:
    return sum(amounts, Decimal(0)).quantize(_CENT, ROUND_HALF_UP)
