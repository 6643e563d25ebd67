"""What the payment group and the models of lateness are worth on public receivables.

The paid invoices of one North American seller (credit-management 17.2 to 17.4). Three questions:
how the payment group, unfitted, ranks customers by how they pay in the next 90 days; who pays an
invoice late at all; who pays one more than 30 days late.

What the source lacks is put in its place: the posting date is the due date less the customer's
usual terms (known from later open invoices, so never a feature), the segment is the range of the
customer's number, exact duplicates are left out. Intervals are by customer.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import lightgbm as lgb
import msgspec
import numpy as np
import polars as pl

from connector.calendars import work_calendar
from connector.flow.validation.datasets import DataError
from connector.flow.validation.results import Result, Rows, judged
from scoring.assess import assess
from scoring.book import Book
from scoring.fitted_card import FittedCard, applied
from scoring.model.late_fitting import fit_late_card, fit_trees
from scoring.model.lateness import (
    CARD_CORE,
    CARD_OFFERED,
    TREES_12,
    TREES_16,
    VERY_LATE,
    VERY_LATE_DAYS,
    lateness,
)
from scoring.model.metrics import Flags, Floats
from scoring.model.sample import late_outcomes, time_split
from scoring.policy import Policy
from scoring.schemas import SCHEMAS

__all__ = ["FOLDER", "METHODS", "book_of", "invoices", "results"]

FOLDER = "highradius_invoices"
DATASET = "HighRadius receivables"
#: How many figures ``results`` gives.
METHODS = 27
PAID_FILE, OPEN_FILE = "closed_invoices_recovered.csv.gz", "open_invoices.csv.gz"

CUTS = (date(2019, 11, 30), date(2019, 12, 31))
LEAST_SETTLED = 3
TEST_SHARE = 0.3
#: One customer has more than half of all invoices paid more than 30 days late.
CHRONIC_PAYER = "CCU013"

_CURRENCY = "USD"  # each customer is billed in one currency, and ratios are all that is looked at
_USUAL_TERMS = 15
_RANGE_DIGITS = 3
_OUTCOMES = {
    "late_5": "weighted mean > 5 days late in the next 90",
    "late_30_share": "> 10% of amount > 30 days late in the next 90",
    "late_30_any": "any invoice > 30 days late in the next 90",
}
_RULES = {
    "mean_late": "rule: mean days late",
    "wadl": "rule: weighted days late alone",
    "very_share": "rule: share of invoices > 30 days late",
    "max_delay": "rule: largest delay so far",
}
_PLAIN = ("own_late", "x_mean", "sd30", "q75", "lamt", "due_dow", "due_day", "n_history")


def results(folder: Path, rng: np.random.Generator) -> list[Result]:
    """Judge on the public receivables in ``folder``/highradius_invoices.

    Raises:
        DataError: A file is missing or is not as published.
    """
    paid = invoices(folder)
    return [*_payment_group(paid, rng), *_late_invoices(paid, rng)]


def invoices(folder: Path) -> pl.DataFrame:
    """Read the paid invoices: item, customer, segment, posted, due, settled, amount (cents), days.

    Sorted by posting date. The customers' numbers lose their leading zeros.

    Raises:
        DataError: A file is missing or is not as published.
    """
    paid = _read(folder, PAID_FILE, ("cust_number", "due_date", "clear_date", "amount"))
    listed = _read(folder, OPEN_FILE, ("cust_number", "posting_date", "due_in_date"))
    number = pl.col("cust_number").str.strip_chars_start("0").alias("customer")
    days = (pl.col("due_in_date") - pl.col("posting_date")).dt.total_days()
    terms = listed.group_by(number).agg(days.median().floor().cast(pl.Int64).alias("terms"))
    usual = pl.duration(days=pl.col("terms").fill_null(_USUAL_TERMS))
    return (
        paid.unique(maintain_order=True)
        .with_columns(number)
        .join(terms, on="customer", how="left", maintain_order="left")
        .select(
            pl.int_range(pl.len()).cast(pl.String).alias("item"),
            "customer",
            pl.col("customer").str.slice(0, _RANGE_DIGITS).alias("segment"),
            (pl.col("due_date") - usual).alias("posted"),
            pl.col("due_date").alias("due"),
            pl.col("clear_date").alias("settled"),
            (pl.col("amount") * 100).round().cast(pl.Int64).alias("amount"),
            (pl.col("clear_date") - pl.col("due_date")).dt.total_days().alias("days"),
        )
        .sort("posted", maintain_order=True)
    )


def _read(folder: Path, name: str, columns: Sequence[str]) -> pl.DataFrame:
    path = folder / FOLDER / name
    try:
        frame = pl.read_csv(
            path, columns=list(columns), try_parse_dates=True, schema_overrides=_TEXT
        )
    except (OSError, pl.exceptions.PolarsError) as error:
        raise DataError(f"{path}: cannot be read as published: {error}") from error
    wrong = [
        name for name in frame.columns if name.endswith("_date") and frame[name].dtype != pl.Date
    ]
    if wrong or frame.is_empty():
        raise DataError(f"{path}: has no rows, or no dates in {wrong}")
    return frame


_TEXT = {"cust_number": pl.String}


def book_of(paid: pl.DataFrame) -> Book:
    """Make a Book of paid invoices: each paid by one payment, and issued no later than that."""
    money = (pl.lit(_CURRENCY).alias("currency"), "amount")
    who = (pl.col("customer").alias("entity"), pl.col("customer").alias("account"))
    names = paid.select(pl.col("customer").unique().sort().alias("entity"))
    entities = names.select(
        "entity",
        pl.col("entity").alias("name"),
        pl.lit("ok").alias("identity"),
        pl.lit(_CURRENCY).alias("currency"),
    )
    items = paid.select(
        "item",
        *who,
        pl.lit("invoice").alias("kind"),
        pl.col("item").alias("number"),
        pl.min_horizontal("posted", "settled").alias("issued_on"),
        pl.col("due").alias("due_on"),
        *money,
        pl.lit(0, pl.Int64).alias("disputed"),
    )
    payments = paid.select(
        pl.col("item").alias("payment"), *who, pl.col("settled").alias("paid_on"), *money
    )
    allocations = payments.drop("account").with_columns(
        pl.col("payment").alias("allocation"), pl.col("payment").alias("item")
    )
    return Book.of(
        entities=_in_shape("entities", entities),
        items=_in_shape("items", items),
        payments=_in_shape("payments", payments),
        allocations=_in_shape("allocations", allocations),
        policy_currency=_CURRENCY,
    )


def _in_shape(name: str, frame: pl.DataFrame) -> pl.DataFrame:
    """Give a frame every column of the Book's schema; what the source lacks is null."""
    return frame.select(
        pl.col(column) if column in frame.columns else pl.lit(None, kind).alias(column)
        for column, kind in SCHEMAS[name].items()
    )


def _payment_group(paid: pl.DataFrame, rng: np.random.Generator) -> Iterator[Result]:
    """Judge the engine's payment group at two dates against single rules (17.2)."""
    book = book_of(paid)
    policy = msgspec.structs.replace(Policy(), currency=_CURRENCY)
    rows = pl.concat([_customers(book, policy, paid, cut) for cut in CUTS])
    for outcome, target in _OUTCOMES.items():
        place = _place(rows, target, rows[outcome].to_numpy().astype(np.bool_))
        share = rows["share_payment"].cast(pl.Float64).to_numpy()
        yield judged(place, "unfitted payment group", rng, risk=-share)
        for column, name in _RULES.items():
            yield judged(place, name, rng, risk=_risk(rows[column]))


def _risk(column: pl.Series) -> Floats:
    """Take a rule's figure; without one (no item of weight) nothing speaks against the customer."""
    return column.cast(pl.Float64).fill_null(0.0).to_numpy()


def _customers(book: Book, policy: Policy, paid: pl.DataFrame, cut: date) -> pl.DataFrame:
    """Take the customers with enough settled invoices at a date, and how they paid afterwards."""
    days = pl.col("days")
    so_far = (
        paid.filter(pl.col("settled") <= cut)
        .group_by("customer")
        .agg(
            days.mean().alias("mean_late"),
            (days > VERY_LATE_DAYS).mean().alias("very_share"),
        )
    )
    after = late_outcomes(paid, cut, date.max)
    return (
        assess(book, policy, cut)
        .frame.filter(pl.col("n_settled") >= LEAST_SETTLED)
        .select(
            pl.col("entity").alias("customer"),
            pl.col("share_payment", "wadl", "max_delay").cast(pl.Float64),
        )
        .join(so_far, on="customer", how="inner")
        .join(after, on="customer", how="inner")
        .sort("customer")
    )


def _place(rows: pl.DataFrame, target: str, outcome: Flags) -> Rows:
    customers = rows["customer"].rank("dense").cast(pl.Int64).to_numpy()
    return Rows(dataset=DATASET, target=target, outcome=outcome, clusters=customers)


@dataclass(frozen=True, eq=False)
class _Question:
    """Invoices to learn from, invoices to be judged on, and what is late."""

    train: pl.DataFrame
    test: pl.DataFrame
    above: int

    def bad(self) -> Flags:
        return np.asarray(self.train["days"].to_numpy() > self.above)

    def place(self, target: str) -> Rows:
        return _place(self.test, target, np.asarray(self.test["days"].to_numpy() > self.above))

    def card(self, offered: Sequence[str]) -> Floats:
        card: FittedCard = fit_late_card(self.train, self.bad(), offered)
        return applied(self.test, card)["pd"].to_numpy()

    def trees(self, features: Sequence[str]) -> Floats:
        return fit_trees(self.train, self.bad(), features).probability(self.test)

    def plain(self) -> Floats:
        """Trees as the library sets them, on customer averages and the date: no weekday history."""
        columns = [pl.col(name).cast(pl.Float64).fill_null(float("nan")) for name in _PLAIN]
        rows = lgb.Dataset(self.train.select(columns).to_numpy(), label=self.bad().astype(float))
        given = {"objective": "binary", "num_threads": 1, "deterministic": True, "verbosity": -1}
        return np.asarray(lgb.train(given, rows).predict(self.test.select(columns).to_numpy()))

    def column(self, name: str) -> Floats:
        return self.test[name].cast(pl.Float64).fill_null(0.0).to_numpy()


def _late_invoices(paid: pl.DataFrame, rng: np.random.Generator) -> Iterator[Result]:
    """Judge by invoice: the first 70 % by posting date train, the last 30 % test (17.4)."""
    calendar = work_calendar("US", range(2018, 2022))
    known = lateness(paid, calendar).with_columns(pl.col("due").dt.day().alias("due_day"))
    cut = known["posted"].quantile(1 - TEST_SHARE, "nearest")
    yield from _late_at_all(_question(known, cut, 0), rng)
    others = known.filter(pl.col("customer") != CHRONIC_PAYER)
    yield from _badly_late(_question(others, cut, VERY_LATE_DAYS), rng)


def _question(known: pl.DataFrame, cut: object, above: int) -> _Question:
    if not isinstance(cut, date):
        raise DataError("the posting dates of the public receivables are no dates")
    train, test = time_split(known, cut, posted="posted", known="settled")
    return _Question(train, test, above)


def _late_at_all(asked: _Question, rng: np.random.Generator) -> Iterator[Result]:
    place = asked.place("invoice late > 0 days")
    chances: list[tuple[str, Callable[[], Floats]]] = [
        ("rule: own late share", lambda: asked.column("own_late")),
        ("rule: own late share per due weekday", lambda: asked.column("dowp")),
        ("boosted trees as set by the library, customer averages", asked.plain),
        ("fitted card, 5 figures", lambda: asked.card(CARD_CORE)),
        ("fitted card, 12 offered", lambda: asked.card(CARD_OFFERED)),
        ("boosted trees, 12 figures", lambda: asked.trees(TREES_12)),
        ("calibrated model: boosted trees, 16 figures", lambda: asked.trees(TREES_16)),
    ]
    for name, chance in chances:
        yield judged(place, name, rng, probability=chance())


def _badly_late(asked: _Question, rng: np.random.Generator) -> Iterator[Result]:
    place = asked.place(f"invoice late > 30 days, without {CHRONIC_PAYER}")
    yield judged(place, "rule: own late share", rng, risk=asked.column("own_late"))
    yield judged(place, "rule: 75% quantile of the last 30", rng, risk=asked.column("q75"))
    yield judged(place, "rule: segment's share", rng, probability=asked.column("seg_very"))
    yield judged(place, "fitted card", rng, probability=asked.card(VERY_LATE))
    yield judged(place, "boosted trees", rng, probability=asked.trees(VERY_LATE))
