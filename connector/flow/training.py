"""Fits a card on the own book and judges it on its newest part. Needs the extra ``zixin[train]``.

Nothing known after the cut takes part in fitting. Where the sample is too small there is no card
but the number of what there is and what is needed.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import Literal

import numpy as np
import polars as pl

from connector.flow.validation.results import Result, Rows, judged
from scoring.book import Book
from scoring.calendar import WorkCalendar
from scoring.fitted_card import CARD_FIGURES, FittedCard, TrainedOn, applied, card_text
from scoring.model.card import LEAST_BADS, CardPlan, CardRefused, fitted_card
from scoring.model.late_fitting import LEAST_SETTLED, fit_late_card, fit_late_cards
from scoring.model.late_model import late_cards_text
from scoring.model.lateness import lateness
from scoring.model.metrics import Flags, Floats
from scoring.model.sample import customer_quarters, invoices_of, quarter_ends, time_split
from scoring.policy import BehaviourPolicy
from scoring.refusal import Refusal

__all__ = ["TooFew", "Trained", "train"]

Assess = Callable[[date], pl.DataFrame]
Step = Callable[[int, int], None]

DATASET = "own book"
SEED = 20260101
_TEST_SHARE = 0.3


class TooFew(Refusal):
    """The book is too small for a model."""

    subject = "train."


@dataclass(frozen=True, kw_only=True, eq=False)
class Trained:
    """A card as JSON text, fitted on everything known, and how its like did on the newest part."""

    text: str
    results: tuple[Result, ...]


def train(
    what: Literal["card", "lateness"],
    book: Book,
    rules: BehaviourPolicy,
    as_of: date,
    assess: Assess,
    *,
    calendar: WorkCalendar,
    step: Step = lambda _done, _total: None,
) -> Trained:
    """Fit ``card`` (default events) or ``lateness`` on what is known at ``as_of``.

    Raises:
        TooFew: There are fewer than 50 defaults, or fewer than 500 settled invoices.
    """
    invoices = invoices_of(book, rules, as_of)
    if what == "lateness":
        _ask_for_settled(invoices)
    sample = _sample(invoices, as_of, assess, step)
    if what == "lateness":
        return _train_lateness(invoices, sample, as_of, calendar)
    return _train_card(sample, as_of)


def _ask_for_settled(invoices: pl.DataFrame) -> None:
    settled = invoices["settled"].count()
    if settled < LEAST_SETTLED:
        raise TooFew("few_settled", n=settled, needed=LEAST_SETTLED)


def _sample(invoices: pl.DataFrame, as_of: date, assess: Assess, step: Step) -> pl.DataFrame:
    first = invoices["posted"].min()
    days = quarter_ends(first, as_of) if isinstance(first, date) else []
    frames: dict[date, pl.DataFrame] = {}

    def once(day: date) -> pl.DataFrame:
        if day not in frames:
            frames[day] = assess(day).select("entity", "known", "in_default", *CARD_FIGURES)
            step(len(frames), max(len(frames), 4 * len(days)))
        return frames[day]

    return customer_quarters(invoices, days, as_of, once)


def _train_card(sample: pl.DataFrame, as_of: date) -> Trained:
    target = "default_12m"
    known = sample.filter(pl.col(target).is_not_null()) if target in sample.columns else sample
    bads = int(known[target].sum()) if target in known.columns else 0
    if bads < LEAST_BADS:
        raise TooFew("few_defaults", n=bads, needed=LEAST_BADS)
    name = "default event in the next 12 months"
    plan = CardPlan(version=f"card-{as_of}", target=name)

    def fit(rows: pl.DataFrame) -> FittedCard:
        window = TrainedOn(first=_day(rows, "min"), last=_day(rows, "max"), n=0, n_bad=0)
        return fitted_card(rows.select(CARD_FIGURES), _flags(rows, target), plan, trained=window)

    try:
        text = card_text(fit(known))
    except CardRefused as error:
        raise TooFew("refused", why=str(error)) from error
    train_rows, test = _halves(known, "on", f"known_{target}", whole="customer")
    return Trained(text=text, results=tuple(_judged(train_rows, test, target, name, fit)))


def _day(rows: pl.DataFrame, which: Literal["min", "max"]) -> date | None:
    day = rows["on"].min() if which == "min" else rows["on"].max()
    return day if isinstance(day, date) else None


def _train_lateness(
    invoices: pl.DataFrame, sample: pl.DataFrame, as_of: date, calendar: WorkCalendar
) -> Trained:
    days = (pl.col("settled") - pl.col("due")).dt.total_days().alias("days")
    rows = lateness(invoices, calendar).with_columns(days)
    known = rows.filter(pl.col("settled").is_not_null())
    bads = int((known["days"] > 0).sum())
    if min(bads, known.height - bads) < LEAST_BADS:
        raise TooFew("few_late", n=min(bads, known.height - bads), needed=LEAST_BADS)
    quarters = sample.filter(pl.col("late_5").is_not_null()) if sample.height else None
    try:
        cards = fit_late_cards(known, version=f"late-{as_of}", quarters=quarters)
    except CardRefused as error:
        raise TooFew("refused", why=str(error)) from error
    marked = known.with_columns((pl.col("days") > 0).alias("late"))
    train_rows, test = _halves(marked, "posted", "settled")
    name = "invoice late > 0 days"
    results = _judged(
        train_rows, test, "late", name, lambda part: fit_late_card(part, _flags(part, "late"))
    )
    return Trained(text=late_cards_text(cards), results=(*results, *_rules(test, name)))


def _rules(test: pl.DataFrame, name: str) -> list[Result]:
    """Judge the two simple rules that the card must beat (5.7)."""
    rng = np.random.default_rng(SEED)
    rules = {
        "own_late": "rule: own late share",
        "dowp": "rule: own late share per due weekday",
    }
    place = _place(test, "late", name)
    if place is None:
        return []
    return [
        judged(place, rule, rng, probability=test[column].to_numpy())
        for column, rule in rules.items()
    ]


def _halves(
    rows: pl.DataFrame, on: str, known: str, *, whole: str | None = None
) -> tuple[pl.DataFrame, pl.DataFrame]:
    cut = rows[on].quantile(1 - _TEST_SHARE, "nearest")
    if not isinstance(cut, date):
        return rows.clear(), rows
    return time_split(rows, cut, posted=on, known=known, whole=whole)


def _judged(
    train_rows: pl.DataFrame,
    test: pl.DataFrame,
    target: str,
    name: str,
    fit: Callable[[pl.DataFrame], FittedCard],
) -> list[Result]:
    """Judge a card fitted on the older part; without one that can be fitted there is no figure."""
    place = _place(test, target, name)
    bads = int(train_rows[target].sum())
    if place is None or min(bads, train_rows.height - bads) < 1:
        return []
    try:
        card = fit(train_rows)
    except CardRefused:
        return []
    chance: Floats = applied(test, card)["pd"].to_numpy()
    return [judged(place, "fitted card", np.random.default_rng(SEED), probability=chance)]


def _place(test: pl.DataFrame, target: str, name: str) -> Rows | None:
    if test.is_empty():
        return None
    customers = test["customer"].rank("dense").cast(pl.Int64).to_numpy()
    return Rows(dataset=DATASET, target=name, outcome=_flags(test, target), clusters=customers)


def _flags(rows: pl.DataFrame, target: str) -> Flags:
    return rows[target].cast(pl.Boolean).to_numpy().astype(np.bool_)
