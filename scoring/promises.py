"""Promises to pay (付款承诺): kept, partly kept, broken (credit-management 2.3).

A promise is judged on the day after its date and some working days, by the receipts since it was
made. A promise for the account counts every receipt; one for an item what was laid on the item and
what was laid on nothing.
"""

from datetime import date, timedelta

import polars as pl

from scoring.beside import beside
from scoring.book import Book
from scoring.calendar import WorkCalendar
from scoring.known import known, priced
from scoring.once import once
from scoring.policy import Policy, PromisePolicy
from scoring.windows import Windows

__all__ = ["MEASURES", "open_promises", "promised", "promises_at"]

#: Figures for the explanation: unit, the count they rest on, window.
MEASURES: dict[str, tuple[str, str | None, None]] = {
    "broken_promise_percent": ("percent", "n_promises", None),
    "broken_promises_90d": ("count", None, None),
    "open_promises": ("count", None, None),
}
_COUNTS = ("n_promises", "n_broken", "broken_promises_90d", "open_promises")


def promised(
    frame: pl.DataFrame, book: Book, policy: Policy, windows: Windows, calendar: WorkCalendar
) -> pl.DataFrame:
    """Add how the entities keep their word.

    Columns n_promises (kept and broken, of the window), n_broken, broken_promise_percent (null
    without any), broken_promises_90d (R12, E6), open_promises.
    """
    if not book.promises.height:
        zeros = (pl.lit(0, pl.Int64).alias(name) for name in _COUNTS)
        share = pl.lit(None, pl.Float64).alias("broken_promise_percent")
        return frame.with_columns(*zeros, share)
    rows = promises_at(book, policy, windows.as_of, calendar)
    recent = windows.as_of - timedelta(days=policy.promises.recent_days)
    kept, broken = pl.col("status") == "kept", pl.col("status") == "broken"
    inside, ended = pl.col("judged_on") > windows.year, pl.col("judged_on") > recent
    counts = rows.group_by("e").agg(
        (inside & (kept | broken)).sum().cast(pl.Int64).alias("n_promises"),
        (inside & broken).sum().cast(pl.Int64).alias("n_broken"),
        (ended & broken).sum().cast(pl.Int64).alias("broken_promises_90d"),
        (pl.col("status") == "open").sum().cast(pl.Int64).alias("open_promises"),
    )
    share = pl.col("n_broken") * 100.0 / pl.col("n_promises")
    return (
        beside(frame, counts)
        .with_columns(pl.col(_COUNTS).fill_null(0))
        .with_columns(pl.when(pl.col("n_promises") > 0).then(share).alias("broken_promise_percent"))
    )


def promises_at(book: Book, policy: Policy, as_of: date, calendar: WorkCalendar) -> pl.DataFrame:
    """Judge every promise known at ``as_of``.

    Columns promise, e, account, item, made_on, promised_on, amount and received (the entity's
    currency; amount is null without a rate), due_on (when it is judged), judged_on, in_row and
    status: open, kept, partial, broken, superseded, cancelled or unknown (no exchange rate).
    ``judged_on`` is the day it was broken or kept or replaced, null while open.
    """
    rules = policy.promises
    made = priced(book, known(book, "promises", as_of), ["amount"])
    rows = _in_rows(_judging_days(made, rules, calendar), as_of)
    rows = rows.join(_received(book, rows, as_of), on="promise", how="left", maintain_order="left")
    return (
        rows.with_columns(pl.col("received").fill_null(0))
        .with_columns(_status(rules, as_of).alias("status"))
        .with_columns(_judged_on(as_of).alias("judged_on"))
        .with_columns(_place().alias("in_row"))
        .select(
            *("promise", "e", "account", "item", "made_on", "promised_on", "amount", "received"),
            *("due_on", "judged_on", "in_row", "status"),
        )
    )


def open_promises(book: Book, policy: Policy, as_of: date, calendar: WorkCalendar) -> pl.DataFrame:
    """List open, unbroken promises: promise, e, account, item, promised_on, amount, in_row, pauses.

    ``item`` is null for a promise of the whole account. ``pauses`` tells whether it holds back the
    next dunning step today: not for longer than the policy's days, nor too often in a row.
    """
    rows = promises_at(book, policy, as_of, calendar).filter(pl.col("status") == "open")
    until = pl.col("made_on").dt.offset_by(f"{policy.promises.pause_days}d")
    pauses = (until >= as_of) & (pl.col("in_row") <= policy.promises.pauses_in_row)
    return rows.select(
        *("promise", "e", "account", "item", "promised_on", "amount", "in_row"),
        pauses.alias("pauses"),
    )


def _judging_days(made: pl.DataFrame, rules: PromisePolicy, calendar: WorkCalendar) -> pl.DataFrame:
    """Add ``due_on``: the day after the promised date and the policy's working days."""
    days = made["promised_on"].unique()
    due = [
        calendar.add_workdays(day, rules.judged_after_working_days) + timedelta(days=1)
        for day in days
    ]
    table = pl.DataFrame([days, pl.Series("due_on", due, pl.Date)])
    return made.join(table, on="promised_on", how="left", maintain_order="left")


def _in_rows(rows: pl.DataFrame, as_of: date) -> pl.DataFrame:
    """Order promises by what they are for; add ``cancelled``, ``replaced`` and which one in a row.

    ``nth`` counts replacements in a row: the second is as good as broken.
    """
    told = rows.with_columns(
        (pl.col("cancelled_on") <= as_of).fill_null(value=False).alias("cancelled"),
        ((pl.col("superseded_on") <= as_of) & (pl.col("superseded_on") <= pl.col("promised_on")))
        .fill_null(value=False)
        .alias("replaced"),
    ).sort("e", "account", "item", "made_on", "promised_on", "promise")
    same = pl.struct("e", "account", "item").rle_id()
    counted = told.with_columns(same.alias("row"))
    run = (~pl.col("replaced")).cum_sum().over("row")
    return counted.with_columns(
        pl.col("replaced").cast(pl.Int64).cum_sum().over("row", run).alias("nth")
    )


def _received(book: Book, rows: pl.DataFrame, as_of: date) -> pl.DataFrame:
    """Sum the receipts of each promise: promise, received (the entity's currency)."""
    spans = rows.select("promise", "e", "item", "made_on", "due_on")
    # Payments are many, and few entities promise.
    theirs = known(book, "payments", as_of).join(spans, on="e", how="semi")
    back = known(book, "returns", as_of).select("payment")
    cash = priced(book, theirs, ["amount"]).join(back, on="payment", how="anti")
    cash = cash.select("e", "payment", "paid_on", "amount")
    paid = spans.join(cash, on="e", how="inner").filter(
        pl.col("paid_on").is_between("made_on", "due_on")
    )
    for_item = paid.filter(pl.col("item").is_not_null()).select("promise", "item", "payment")
    of_them = known(book, "allocations", as_of).join(for_item, on="payment", how="semi")
    laid = priced(book, of_them, ["amount"]).select(
        "payment", pl.col("item").alias("on_item"), pl.col("amount").alias("laid")
    )
    elsewhere = (
        for_item.join(laid, on="payment", how="inner")
        .filter(pl.col("on_item") != pl.col("item"))
        .group_by("promise")
        .agg(pl.col("laid").sum())
    )
    total = paid.group_by("promise").agg(pl.col("amount").sum().alias("received"))
    return total.join(elsewhere, on="promise", how="left").select(
        "promise", pl.max_horizontal(pl.col("received") - pl.col("laid").fill_null(0), 0)
    )


@once
def _status(rules: PromisePolicy, as_of: date) -> pl.Expr:
    kept = _reaches(rules.kept_share.as_integer_ratio())
    partly = _reaches(rules.partial_share.as_integer_ratio())
    return (
        pl.when("cancelled")
        .then(pl.lit("cancelled"))
        .when(pl.col("replaced") & (pl.col("nth") >= 2))
        .then(pl.lit("broken"))
        .when("replaced")
        .then(pl.lit("superseded"))
        .when(pl.col("amount").is_null())
        .then(pl.lit("unknown"))
        .when(kept)
        .then(pl.lit("kept"))
        .when(pl.col("due_on") > as_of)
        .then(pl.lit("open"))
        .when(partly)
        .then(pl.lit("partial"))
        .otherwise(pl.lit("broken"))
    )


def _reaches(share: tuple[int, int]) -> pl.Expr:
    up, down = share
    return pl.col("received") * down >= pl.col("amount") * up


def _judged_on(as_of: date) -> pl.Expr:
    judged = pl.when("replaced").then("superseded_on").otherwise(pl.min_horizontal("due_on", as_of))
    return pl.when(pl.col("status") != "open").then(judged)


def _place() -> pl.Expr:
    """Count the promises in a row for one thing since the last one that was kept."""
    counted = ~pl.col("status").is_in(["cancelled", "kept"])
    # A kept promise ends the row; those after it start anew.
    turn = (pl.col("status") == "kept").cum_sum().over("row")
    return counted.cast(pl.Int64).cum_sum().over("row", turn)
