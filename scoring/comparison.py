"""Two policies over one book: who changes grade, limit or hold, and what it costs (5.7, 11).

Champion and challenger are two ``Assessments`` of the same book at the same date. Amounts are in
major units of the policy's currency, exact; an account whose amounts cannot be known is counted
among ``unknown`` and left out of the sums.
"""

from collections.abc import Iterable, Iterator
from decimal import Decimal
from fractions import Fraction

import msgspec
import polars as pl

from scoring.assess import Assessments
from scoring.money import minor_digits
from scoring.policy import GRADES, Policy
from scoring.rates import factor

__all__ = ["Change", "Comparison", "Side", "changes", "compared", "joined"]


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


class Change(msgspec.Struct, frozen=True, kw_only=True):
    """One entity that changes. Limits are minor units of ``currency``."""

    entity: str
    currency: str
    rating_before: str
    rating_after: str
    limit_before: int | None
    limit_after: int | None
    hold_before: str
    hold_after: str


def compared(before: Assessments, after: Assessments) -> Comparison:
    """Compare two assessments of one book. Raises ``ValueError`` for different books or dates."""
    if before.book is not after.book or before.as_of != after.as_of:
        raise ValueError("a comparison needs one book and one date")
    pairs = _pairs(before, after)
    moves: dict[str, dict[str, int]] = {}
    counted = pairs.group_by("rating", "rating_after").len().sort("rating", "rating_after")
    for old, new, count in counted.iter_rows():
        moves.setdefault(old, {})[new] = count
    return Comparison(
        before=_side(before),
        after=_side(after),
        moves=moves,
        accounts=pairs.height,
        grade_changes=pairs.filter(pl.col("rating") != pl.col("rating_after")).height,
        limit_changes=pairs.filter(pl.col("limit").ne_missing(pl.col("limit_after"))).height,
        hold_changes=pairs.filter(pl.col("hold") != pl.col("hold_after")).height,
    )


def changes(before: Assessments, after: Assessments) -> Iterator[Change]:
    """Yield who changes, in the book's order."""
    pairs = _pairs(before, after)
    differs = (
        (pl.col("rating") != pl.col("rating_after"))
        | pl.col("limit").ne_missing(pl.col("limit_after"))
        | (pl.col("hold") != pl.col("hold_after"))
    )
    for row in pairs.filter(differs).iter_rows(named=True):
        yield Change(
            entity=row["entity"],
            currency=row["currency"],
            rating_before=row["rating"],
            rating_after=row["rating_after"],
            limit_before=row["limit"],
            limit_after=row["limit_after"],
            hold_before=row["hold"],
            hold_after=row["hold_after"],
        )


def _pairs(before: Assessments, after: Assessments) -> pl.DataFrame:
    columns = ("rating", "limit", "hold")
    other = after.frame.select(pl.col(name).alias(f"{name}_after") for name in columns)
    return pl.concat([before.frame.select("entity", "currency", *columns), other], how="horizontal")


def _side(assessed: Assessments) -> Side:
    frame, policy = assessed.frame, assessed.policy
    known = frame.filter(pl.col("unknown").is_null())
    held = pl.col("hold") != "none"
    return Side(
        version=policy.version,
        grades=_grades(frame),
        on_hold=frame.filter(held).height,
        limits=_sum(assessed, known, pl.col("limit").fill_null(0)),
        expected_loss=_expected_loss(assessed, known),
        blocked_sales=_sum(assessed, known, _blocked(held)),
        unknown=frame.height - known.height,
    )


def _grades(frame: pl.DataFrame) -> dict[str, int]:
    counts = dict(frame.group_by("rating").len().iter_rows())
    return {grade: counts[grade] for grade in (*GRADES, "NR") if grade in counts}


def _blocked(held: pl.Expr) -> pl.Expr:
    """A year's purchases of who is held; else the share of its need that no limit covers."""
    yearly = (pl.col("sales").cast(pl.Int128) * 12 // pl.col("months")).cast(pl.Int64)
    need, limit = pl.col("need").fill_null(0), pl.col("limit").fill_null(0)
    short = (need - limit).clip(lower_bound=0).cast(pl.Int128)
    part = pl.when(need > 0).then(yearly.cast(pl.Int128) * short // need).otherwise(0)
    return pl.when(held).then(yearly).otherwise(part.cast(pl.Int64))


def _expected_loss(assessed: Assessments, known: pl.DataFrame) -> Decimal:
    policy, total = assessed.policy, Decimal(0)
    owed = pl.col("exposure").clip(lower_bound=0)
    for grade, rows in known.drop_nulls("grade").group_by("grade"):
        pd = policy.grades[int(str(grade[0]))].pd
        total += _sum(assessed, rows, owed) * pd * policy.limits.lgd
    return total.quantize(Decimal("0.01"))


def _sum(assessed: Assessments, frame: pl.DataFrame, amount: pl.Expr) -> Decimal:
    """Sum minor units of each currency, exactly, in major units of the policy's currency."""
    sums = frame.group_by("currency").agg(amount.cast(pl.Int128).sum().alias("sum"))
    return _in_policy_currency(sums.iter_rows(), assessed, assessed.policy)


def _in_policy_currency(
    sums: Iterable[tuple[str, int]], assessed: Assessments, policy: Policy
) -> Decimal:
    total = Fraction(0)
    for currency, minor in sums:
        price = factor(assessed.book.rates, policy.currency, currency, policy.currency)
        total += (price or 0) * minor
    unit = 10 ** minor_digits(policy.currency)
    whole = total / unit
    cents = round(whole * 100)
    return Decimal(cents) / 100


def joined(parts: Iterable[Comparison]) -> Comparison:
    """Add up the comparisons of chunks of one book. Raises ``ValueError`` for none."""
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
        limits=sum((side.limits for side in sides), Decimal(0)),
        expected_loss=sum((side.expected_loss for side in sides), Decimal(0)),
        blocked_sales=sum((side.blocked_sales for side in sides), Decimal(0)),
        unknown=sum(side.unknown for side in sides),
    )
