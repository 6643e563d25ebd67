"""Replays the own book at past month ends and sets what was said against what came.

At each month end only the facts known then are read: the ratings, and the cash forecast. Then what
happened: how late each grade paid, who defaulted, how much cash came. Needs no extra.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date, timedelta

import msgspec
import polars as pl

from scoring.book import Book
from scoring.model.cash import LATER, delay_curves, forecast, weekly
from scoring.model.migration import Migration, migration
from scoring.model.sample import customer_quarters, invoices_of, month_ends, open_of
from scoring.policy import GRADES, BehaviourPolicy

__all__ = [
    "CASH_WEEKS",
    "AfterGrade",
    "Backtest",
    "CashCheck",
    "GroupMonth",
    "MonthRatings",
    "backtest",
]

Assess = Callable[[date], pl.DataFrame]
"""Gives the frame of an assessment of the whole book at a date."""
Step = Callable[[int, int], None]

#: The weeks after a month end whose cash is compared.
CASH_WEEKS = 4
_NOT_RATED = "NR"
#: The watch levels that are the watch list (credit-management 10).
_LISTED = ("watch", "high")


class MonthRatings(msgspec.Struct, frozen=True, kw_only=True):
    """How many customers had each grade at a month end; who was not known yet is not counted."""

    on: date
    counts: dict[str, int]


class GroupMonth(msgspec.Struct, frozen=True, kw_only=True):
    """The grades of one group of customers at a month end, and how many stood on the watch list."""

    group: str
    on: date
    counts: dict[str, int]
    watched: int


class AfterGrade(msgspec.Struct, frozen=True, kw_only=True):
    """What followed a grade. ``None`` where nothing was posted, or the time is not over.

    ``posted`` customer-months had invoices in the 90 days after; ``late`` is the share of them with
    a weighted mean of more than 5 days. ``watched`` had 12 months after; ``defaults`` of them had a
    default event.
    """

    grade: str
    posted: int
    late: float | None
    watched: int
    defaults: int


class CashCheck(msgspec.Struct, frozen=True, kw_only=True):
    """The cash of the weeks after a month end, in minor units: expected, its 80 % band, and came."""

    on: date
    currency: str
    open: int
    expected: int
    low: int
    high: int
    came: int


class Backtest(msgspec.Struct, frozen=True, kw_only=True):
    """The whole replay, oldest month first."""

    as_of: date
    ratings: tuple[MonthRatings, ...]
    migration: Migration
    after: tuple[AfterGrade, ...]
    cash: tuple[CashCheck, ...]
    groups: tuple[GroupMonth, ...] = ()


def backtest(
    book: Book,
    rules: BehaviourPolicy,
    as_of: date,
    assess: Assess,
    *,
    months: int = 24,
    groups: Mapping[str, str] | None = None,
    step: Step = lambda _done, _total: None,
) -> Backtest:
    """Replay the last ``months`` month ends from the book's first invoice on.

    ``groups`` parts the customers (entity → group) for grades by group; who is in none is left out.
    """
    first = book.ledger.claims["issued"].min()
    days = [day for day in month_ends(as_of, months) if isinstance(first, date) and day >= first]
    replay = _Replay(assess, step, len(days))
    for day in days:
        replay.frame(day)
    invoices = invoices_of(book, rules, as_of)
    sample = customer_quarters(invoices, days, as_of, replay.frame)
    return Backtest(
        as_of=as_of,
        ratings=tuple(_ratings(day, replay.frame(day)) for day in days),
        migration=migration(_history(days, replay.frame), GRADES),
        after=tuple(_after(sample)),
        cash=tuple(check for day in days for check in _cash(book, rules, day, as_of)),
        groups=tuple(_by_group(days, replay.frame, groups or {})),
    )


class _Replay:
    """Assessments of the whole book, each date once."""

    def __init__(self, assess: Assess, step: Step, total: int) -> None:
        self._assess, self._step, self._total = assess, step, total
        self._frames: dict[date, pl.DataFrame] = {}

    def frame(self, day: date) -> pl.DataFrame:
        if day not in self._frames:
            kept = ("entity", "rating", "known", "in_default", "watch_level")
            self._frames[day] = self._assess(day).select(kept)
            self._step(len(self._frames), max(self._total, len(self._frames)))
        return self._frames[day]


def _ratings(day: date, frame: pl.DataFrame) -> MonthRatings:
    return MonthRatings(on=day, counts=_counts(frame.filter("known")))


def _counts(frame: pl.DataFrame) -> dict[str, int]:
    counts = dict(frame.group_by("rating").len().iter_rows())
    return {grade: counts.get(grade, 0) for grade in (*GRADES, _NOT_RATED)}


def _by_group(
    days: Sequence[date], frame: Assess, groups: Mapping[str, str]
) -> Iterator[GroupMonth]:
    """Count grades by group and month, in the order of ``groups``; a group nobody knew is left out."""
    for group in dict.fromkeys(groups.values()):
        members = [entity for entity, own in groups.items() if own == group]
        if not any(_known(frame(day), members).height for day in days):
            continue
        for day in days:
            own = _known(frame(day), members)
            yield GroupMonth(
                group=group,
                on=day,
                counts=_counts(own),
                watched=own.filter(pl.col("watch_level").is_in(_LISTED)).height,
            )


def _history(days: Sequence[date], frame: Assess) -> pl.DataFrame:
    schema = {"entity": pl.String, "month": pl.Int64, "grade": pl.String}
    parts = [
        frame(day).select(
            "entity",
            pl.lit(day.year * 12 + day.month, pl.Int64).alias("month"),
            pl.col("rating").alias("grade"),
        )
        for day in days
    ]
    return pl.concat([pl.DataFrame(schema=schema), *parts])


def _known(frame: pl.DataFrame, members: Sequence[str]) -> pl.DataFrame:
    return frame.filter(pl.col("known") & pl.col("entity").is_in(members))


def _after(sample: pl.DataFrame) -> list[AfterGrade]:
    """Tell by grade, best first, what followed."""
    if sample.is_empty():
        return []
    late, default = pl.col("late_5").cast(pl.Boolean), pl.col("default_12m").cast(pl.Boolean)
    rows = sample.group_by("rating").agg(
        late.count().alias("posted"),
        late.mean().alias("late"),
        default.count().alias("watched"),
        default.sum().alias("defaults"),
    )
    found = {row["rating"]: row for row in rows.iter_rows(named=True)}
    return [
        AfterGrade(
            grade=grade,
            posted=found[grade]["posted"],
            late=found[grade]["late"],
            watched=found[grade]["watched"],
            defaults=found[grade]["defaults"],
        )
        for grade in (*GRADES, _NOT_RATED)
        if grade in found
    ]


def _cash(book: Book, rules: BehaviourPolicy, day: date, as_of: date) -> list[CashCheck]:
    """Forecast the cash of the weeks after a day as it was known then, and see what came."""
    end = day + timedelta(days=7 * CASH_WEEKS)
    items = open_of(book, rules, day)
    if end > as_of or items.is_empty():
        return []
    curves = delay_curves(
        invoices_of(book, rules, day), day, customers=items["customer"].unique().sort().to_list()
    )
    spread = forecast(items, curves, day, weeks=CASH_WEEKS).filter(pl.col("week") != LATER)
    at_once = spread.group_by("item", "customer", "currency", "open").agg(
        pl.col("chance", "expected").sum(), pl.lit(1, pl.Int64).alias("week")
    )
    owed = dict(items.group_by("currency").agg(pl.col("open").sum()).iter_rows())
    came = _came(book, day, end)
    return [
        CashCheck(
            on=day,
            currency=row["currency"],
            open=owed[row["currency"]],
            expected=row["expected"],
            low=row["low"],
            high=row["high"],
            came=came.get(row["currency"], 0),
        )
        for row in weekly(at_once).iter_rows(named=True)
    ]


def _came(book: Book, day: date, end: date) -> dict[str, int]:
    """Sum the cash that was laid, after the day and by the end, on what was posted by the day."""
    names = book.ledger.entities.select("e", "currency")
    laid = book.ledger.applied.filter(
        pl.col("cash") & (pl.col("at") > day) & (pl.col("at") <= end) & (pl.col("issued") <= day)
    )
    sums = laid.join(names, on="e", how="left").group_by("currency").agg(pl.col("amount").sum())
    return dict(sums.iter_rows())
