"""The portfolio (客户组合) as a credit manager shows it to his boss (credit-management 9.5, 10).

Sums of one day's assessments in the policy's currency. Who cannot be converted is in no sum and is
named. Where a figure rests on nothing it is ``None``, not 0.
"""

from collections.abc import Mapping
from datetime import date

import msgspec
import polars as pl

from scoring.assessment import NOT_RATED
from scoring.calendar import WorkCalendar
from scoring.holdings import AGEING, LeftOut, in_policy_currency
from scoring.policy import GRADES, Policy
from scoring.portrait import herfindahl
from scoring.rates import Rate
from scoring.snapshots import collection_effectiveness
from scoring.stress import Stress, stressed
from scoring.windows import windows_of

__all__ = ["Collection", "Holding", "Line", "Portfolio", "portfolio"]

TOP = 10
HOLDS = ("none", "hold", "stop")
LEVELS = ("normal", "attention", "watch", "high")
_SUMS = (*AGEING, "ar", "overdue", "exposure", "limit", "expected_loss", "provision")


class Line(msgspec.Struct, frozen=True, kw_only=True):
    """Some customers together; amounts in minor units of the portfolio's currency.

    The five ``age_`` amounts sum to ``ar``. ``expected_loss`` is PD × LGD × exposure at default of
    those with a grade; ``provision`` the matrix over what is open (9.5).
    """

    name: str
    customers: int
    age_current: int
    age_1_30: int
    age_31_60: int
    age_61_90: int
    age_over_90: int
    ar: int
    overdue: int
    exposure: int
    limit: int
    expected_loss: int
    provision: int


class Holding(msgspec.Struct, frozen=True, kw_only=True):
    """One of the largest exposures. ``share`` is its percent of the whole."""

    entity: str
    name: str
    rating: str
    exposure: int
    limit: int | None
    overdue: int
    share: float


class Collection(msgspec.Struct, frozen=True, kw_only=True):
    """How well money comes in (2.2, 2.3). Days and percents; ``None`` where nothing was sold or due.

    ``effectiveness`` (CEI) is over the days since ``since``; the DSOs over the policy's window.
    ``promises_kept`` is of those judged in the window, ``promises`` how many.
    """

    since: date
    effectiveness: float | None
    dso: float | None
    best_possible_dso: float | None
    days_delinquent: float | None
    promises: int
    promises_kept: float | None


class Portfolio(msgspec.Struct, frozen=True, kw_only=True):
    """All customers at ``as_of``; amounts are minor units of ``currency``.

    ``segments`` are the customers' industries, the largest receivable first, the unknown one named
    with an empty text. ``concentration`` is the Herfindahl index of receivables, 0 to 1.
    ``overridden`` is the percent of ratings that a person set; above ``override_alarm`` is many.
    """

    as_of: date
    currency: str
    policy_version: str
    total: Line
    grades: tuple[Line, ...]
    segments: tuple[Line, ...]
    holds: tuple[Line, ...]
    watch_levels: tuple[Line, ...]
    top: tuple[Holding, ...]
    concentration: float | None
    collection: Collection
    stress: Stress
    overridden: float | None
    override_alarm: float
    left_out: tuple[LeftOut, ...]


def portfolio(
    rows: pl.DataFrame, policy: Policy, rates: Mapping[str, Rate], as_of: date
) -> Portfolio:
    """Sum the holdings of a day (``holdings``, of as many portions as there were)."""
    known, left_out = in_policy_currency(rows, rates, policy.currency)
    windows = windows_of(as_of, policy.behaviour, WorkCalendar())
    rated = known.filter(pl.col("rating") != NOT_RATED)
    return Portfolio(
        as_of=as_of,
        currency=policy.currency,
        policy_version=policy.version,
        total=_total(known),
        grades=_lines(known, "rating", (*GRADES, NOT_RATED)),
        segments=_segments(known),
        holds=_lines(known, "hold", HOLDS),
        watch_levels=_lines(known, "watch_level", LEVELS),
        top=_top(known),
        concentration=herfindahl(known["ar"]),
        collection=_collection(known, windows.recent, windows.days),
        stress=stressed(known, policy, (as_of - windows.recent).days),
        overridden=_percent(int(rated["overridden"].sum()), rated.height),
        override_alarm=float(policy.review.override_alarm_share * 100),
        left_out=left_out,
    )


def _summed() -> list[pl.Expr]:
    return [
        pl.len().cast(pl.Int64).alias("customers"),
        *(pl.col(name).fill_null(0).sum() for name in _SUMS),
    ]


def _total(rows: pl.DataFrame) -> Line:
    return Line(name="", **rows.select(_summed()).row(0, named=True))


def _lines(rows: pl.DataFrame, by: str, names: tuple[str, ...]) -> tuple[Line, ...]:
    """Sum by the words of a column, in the given order; words nobody has are left out."""
    found = {row.pop("name"): row for row in _by(rows, pl.col(by)).to_dicts()}
    return tuple(Line(name=name, **found[name]) for name in names if name in found)


def _segments(rows: pl.DataFrame) -> tuple[Line, ...]:
    found = _by(rows, pl.col("segment").fill_null("")).sort("ar", "name", descending=[True, False])
    return tuple(Line(**row) for row in found.to_dicts())


def _by(rows: pl.DataFrame, name: pl.Expr) -> pl.DataFrame:
    return rows.group_by(name.alias("name")).agg(_summed())


def _top(rows: pl.DataFrame) -> tuple[Holding, ...]:
    whole = int(rows["exposure"].fill_null(0).sum())
    largest = rows.filter(pl.col("exposure") > 0).sort(
        "exposure", "entity", descending=[True, False]
    )
    columns = ("entity", "name", "rating", "exposure", "limit", "overdue")
    return tuple(
        Holding(**row, share=row["exposure"] * 100 / whole)
        for row in largest.head(TOP).select(columns).to_dicts()
    )


def _collection(rows: pl.DataFrame, since: date, days: int) -> Collection:
    total = {
        name: int(rows[name].fill_null(0).sum())
        for name in ("ar", "age_current", "ar_before", "sales", "recent_sales")
    }
    sales, judged = total["sales"], int(rows["n_promises"].fill_null(0).sum())
    kept = judged - int(rows["n_broken"].fill_null(0).sum())
    return Collection(
        since=since,
        effectiveness=collection_effectiveness(
            total["ar_before"], total["recent_sales"], total["ar"], total["age_current"]
        ),
        dso=_days(total["ar"], sales, days),
        best_possible_dso=_days(total["age_current"], sales, days),
        days_delinquent=_days(total["ar"] - total["age_current"], sales, days),
        promises=judged,
        promises_kept=_percent(kept, judged),
    )


def _days(amount: int, sales: int, days: int) -> float | None:
    return amount * days / sales if sales else None


def _percent(part: int, whole: int) -> float | None:
    return part * 100 / whole if whole else None
