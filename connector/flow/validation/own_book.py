"""What the score is worth on the company's own customers: their stored facts, replayed.

At past quarter ends every customer is assessed from what was known then, and compared with what
happened afterwards. Most companies have few defaults; then the answer is how many there are and how
many are needed, never a figure that means nothing.
"""

import calendar
from collections.abc import Callable, Sequence
from datetime import date

import msgspec
import numpy as np
import polars as pl

from connector.flow.validation.results import Result, Rows, judged
from scoring.book import Book
from scoring.fitted_card import Scaling
from scoring.model.calibration import GradeCalibration, by_grade
from scoring.model.card import LEAST_BADS
from scoring.model.drift import Drift, band_counts, drift
from scoring.model.metrics import MIN_BADS, Flags, Floats
from scoring.model.migration import Migration, migration
from scoring.model.sample import customer_quarters, invoices_of, quarter_ends
from scoring.policy import GRADES, BehaviourPolicy

__all__ = ["OwnBook", "Step", "own_book"]

Assess = Callable[[date], pl.DataFrame]
"""Gives the frame of an assessment of the whole book at a date."""
Step = Callable[[int, int], None]
"""Told as (how many assessments are done, of how many)."""

DATASET = "own book"
DEFAULTED = "default event in the next 12 months"
LATE = "weighted mean > 5 days late in the next 90"
METHOD = "score"
QUARTERS_BACK, MONTHS_BACK = 12, 24
_TARGETS = {"default_12m": DEFAULTED, "late_5": LATE}


class OwnBook(msgspec.Struct, frozen=True, kw_only=True):
    """What could be measured, and how many bad outcomes each figure needs.

    ``calibration`` sets the score's probability of default against default events, by grade.
    ``score_drift`` and ``drifts`` (by characteristic) compare today's customers with those of a
    year before; without customers at both there is none. ``defaulters`` is how many customers had a
    default event after a quarter end of the sample.
    """

    results: tuple[Result, ...]
    calibration: tuple[GradeCalibration, ...]
    score_drift: Drift | None
    drifts: dict[str, Drift]
    migration: Migration
    defaulters: int
    needed: int = MIN_BADS
    needed_for_a_card: int = LEAST_BADS


def own_book(
    book: Book,
    rules: BehaviourPolicy,
    as_of: date,
    assess: Assess,
    rng: np.random.Generator,
    *,
    step: Step = lambda _done, _total: None,
) -> OwnBook:
    """Replay the book at past quarter ends and month ends, and measure."""
    replay = _Replay(assess, step)
    months = _month_ends(book, as_of)
    quarters = quarter_ends(months[0], as_of)[-QUARTERS_BACK:] if months else []
    replay.expect({*months, *quarters, as_of})
    sample = customer_quarters(invoices_of(book, rules, as_of), quarters, as_of, replay.frame)
    rows = _scored(sample)
    year_before = _same_day(as_of, as_of.year - 1)
    return OwnBook(
        results=tuple(_judged(rows, target, name, rng) for target, name in _TARGETS.items()),
        calibration=tuple(_calibrated(rows)),
        score_drift=_drift(replay.frame(year_before), replay.frame(as_of), "score"),
        drifts=_drifts(replay.frame(year_before), replay.frame(as_of)),
        migration=migration(_history(months, replay.frame), GRADES),
        defaulters=rows.filter(pl.col("default_12m").fill_null(value=False))["customer"].n_unique(),
    )


class _Replay:
    """Assessments of the whole book, each date once."""

    def __init__(self, assess: Assess, step: Step) -> None:
        self._assess, self._step = assess, step
        self._frames: dict[date, pl.DataFrame] = {}
        self._total = 0

    def expect(self, days: set[date]) -> None:
        self._total = len(days)

    def frame(self, day: date) -> pl.DataFrame:
        if day not in self._frames:
            found = self._assess(day)
            self._frames[day] = found.select(
                "entity", "rating", "score", "known", "in_default", *_shares(found)
            )
            self._step(len(self._frames), max(self._total, len(self._frames)))
        return self._frames[day]


def _shares(frame: pl.DataFrame) -> list[str]:
    return [name for name in frame.columns if name.startswith("share_")]


def _month_ends(book: Book, as_of: date) -> list[date]:
    """List the last two years' month ends from the book's first invoice on, oldest first."""
    first = book.ledger.claims["issued"].min()
    if not isinstance(first, date):
        return []
    ends = []
    month = as_of.year * 12 + as_of.month - 1
    for number in range(month - MONTHS_BACK, month + 1):
        year, of_year = divmod(number, 12)
        day = date(year, of_year + 1, calendar.monthrange(year, of_year + 1)[1])
        if first <= day <= as_of:
            ends.append(day)
    return ends


def _same_day(day: date, year: int) -> date:
    return day.replace(year=year, day=min(day.day, calendar.monthrange(year, day.month)[1]))


def _scored(sample: pl.DataFrame) -> pl.DataFrame:
    """Keep who had a score; the customer's number makes intervals by customer."""
    if sample.is_empty():
        columns = {"customer": pl.String, "rating": pl.String, "score": pl.Float64}
        targets = dict.fromkeys(_TARGETS, pl.Boolean)
        return pl.DataFrame(schema={**columns, **targets, "number": pl.Int64})
    return sample.filter(pl.col("score").is_not_null()).with_columns(
        pl.col("customer").rank("dense").cast(pl.Int64).alias("number")
    )


def _pd(rows: pl.DataFrame) -> Floats:
    """The probability of default that the master scale gives a score (5.2)."""
    return rows.select(Scaling().pd(pl.col("score").cast(pl.Float64))).to_series().to_numpy()


def _judged(rows: pl.DataFrame, target: str, name: str, rng: np.random.Generator) -> Result:
    known = rows.filter(pl.col(target).is_not_null())
    place = Rows(
        dataset=DATASET,
        target=name,
        outcome=_flags(known, target),
        clusters=known["number"].to_numpy().astype(np.int64),
    )
    if target == "default_12m":
        return judged(place, METHOD, rng, probability=_pd(known))
    return judged(place, METHOD, rng, risk=-known["score"].cast(pl.Float64).to_numpy())


def _flags(rows: pl.DataFrame, target: str) -> Flags:
    return rows[target].cast(pl.Boolean).to_numpy().astype(np.bool_)


def _calibrated(rows: pl.DataFrame) -> Sequence[GradeCalibration]:
    known = rows.filter(pl.col("default_12m").is_not_null())
    return by_grade(
        known["rating"].to_list(), _pd(known), _flags(known, "default_12m"), scale=GRADES
    )


def _drifts(before: pl.DataFrame, now: pl.DataFrame) -> dict[str, Drift]:
    found = {name: _drift(before, now, name) for name in _shares(now)}
    return {
        name.removeprefix("share_"): index for name, index in found.items() if index is not None
    }


def _drift(before: pl.DataFrame, now: pl.DataFrame, column: str) -> Drift | None:
    """Compare the customers known then with those known now; a score is missing for both as NaN."""
    old, new = (_values(frame, column) for frame in (before, now))
    if np.isnan(old).all() or not new.size:
        return None
    expected, actual = band_counts(old, new)
    return drift(expected, actual)


def _values(frame: pl.DataFrame, column: str) -> Floats:
    known = frame.filter("known")[column].cast(pl.Float64)
    return known.fill_null(float("nan")).to_numpy()


def _history(months: Sequence[date], frame: Assess) -> pl.DataFrame:
    schema = {"entity": pl.String, "month": pl.Int64, "grade": pl.String}
    parts = [
        frame(day).select(
            "entity",
            pl.lit(day.year * 12 + day.month, pl.Int64).alias("month"),
            pl.col("rating").alias("grade"),
        )
        for day in months
    ]
    return pl.concat([pl.DataFrame(schema=schema), *parts])
