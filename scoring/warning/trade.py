"""Signals of how a customer buys and stands with us: E8, E9, E10, E20, E24 (credit-management 10)."""

from datetime import timedelta
from fractions import Fraction

import polars as pl

from scoring.beside import beside
from scoring.book import Book
from scoring.gate import Params, Row
from scoring.known import known, priced
from scoring.money import Money
from scoring.policy import Policy
from scoring.rates import minor_amounts
from scoring.warning.rule import ATTENTION, HIGH, Rule, counted, fires, number
from scoring.windows import Windows

__all__ = ["RULES", "with_trade_evidence"]

_NO_ORDERS = ("orders_new", "orders_usual", "order_gap", "order_interval", "order_pause")


def with_trade_evidence(
    frame: pl.DataFrame, book: Book, policy: Policy, windows: Windows
) -> pl.DataFrame:
    """Add how orders run, worse methods of payment, and shares.

    Columns orders_new and orders_usual (amounts), order_gap, order_interval and order_pause (days),
    worse_methods, concentration_percent, expected_late (null where nobody supplies it).
    """
    frame = _with_orders(frame, book, policy, windows)
    frame = counted(frame, _worse_methods(book, policy, windows))
    if "expected_late" not in frame.columns:
        frame = frame.with_columns(pl.lit(None, pl.Int64).alias("expected_late"))
    return _with_concentration(frame, book, policy)


def _with_orders(frame: pl.DataFrame, book: Book, policy: Policy, windows: Windows) -> pl.DataFrame:
    """Compare the newest orders with the usual: amounts in as many days, days between orders."""
    every = known(book, "orders", windows.as_of).filter(
        pl.col("status").is_in(["open", "closed"]) & (pl.col("ordered_on") > windows.long)
    )
    orders = every.filter(pl.col("ordered_on") > windows.year)
    if not orders.height:
        return frame.with_columns(pl.lit(None, pl.Float64).alias(name) for name in _NO_ORDERS)
    rules = policy.warning
    start = windows.as_of - timedelta(days=rules.order_surge_days)
    day, amount = pl.col("ordered_on"), pl.col("amount")
    new = day > start
    # The usual is measured since the first order: a young customer has not been idle before.
    span = (pl.lit(start) - pl.col("first")).dt.total_days()
    sums = (
        priced(book, orders, ["amount"])
        .group_by("e")
        .agg(
            (amount * new).sum().cast(pl.Float64).alias("orders_new"),
            (amount * ~new).sum().alias("before"),
            day.min().alias("first"),
            day.max().alias("last"),
            day.n_unique().alias("days"),
        )
        .select(
            "e",
            "orders_new",
            pl.when(span >= rules.order_surge_days)
            .then(pl.col("before") * float(rules.order_surge_days) / span)
            .alias("orders_usual"),
            (pl.lit(windows.as_of) - pl.col("last"))
            .dt.total_days()
            .cast(pl.Float64)
            .alias("order_gap"),
            pl.when(pl.col("days") >= rules.order_min_days)
            .then((pl.col("last") - pl.col("first")).dt.total_days() / (pl.col("days") - 1))
            .alias("order_interval"),
        )
    )
    sums = sums.join(_pauses(every, sums, policy), on="e", how="left")
    return beside(frame, sums)


def _pauses(orders: pl.DataFrame, sums: pl.DataFrame, policy: Policy) -> pl.DataFrame:
    """Find the longest pause between two orders of those who seem to have stopped: e, order_pause.

    Who buys by the season, or by fits and starts, pauses every year without having gone.
    """
    stopped = sums.filter(_long_gap(policy)).select("e")
    days = orders.join(stopped, on="e", how="semi").select("e", "ordered_on")
    pause = pl.col("ordered_on").diff().over("e").dt.total_days().cast(pl.Float64)
    return (
        days.sort("e", "ordered_on")
        .with_columns(pause.alias("order_pause"))
        .group_by("e")
        .agg(pl.col("order_pause").max())
    )


def _long_gap(policy: Policy) -> pl.Expr:
    return pl.col("order_gap") > pl.col("order_interval") * float(policy.warning.order_stop)


def _worse_methods(book: Book, policy: Policy, windows: Windows) -> pl.DataFrame:
    """Count worse ways of paying begun lately: recorded ones, and a first long commercial bill."""
    recent = windows.as_of - timedelta(days=policy.warning.event_days)
    told = known(book, "credit_records", windows.as_of).filter(
        (pl.col("kind") == "payment_method")
        & pl.col("status").is_in(["worse", "third_party"])
        & (pl.col("known_on") > recent)
    )
    tenor = (pl.col("due_on") - pl.col("received_on")).dt.total_days()
    bills = known(book, "notes", windows.as_of).filter(
        (pl.col("kind") == "commercial_acceptance")
        & (tenor >= policy.warning.note_days)
        & (pl.col("received_on") > windows.year)
    )
    first = bills.group_by("e").agg(pl.col("received_on").min())
    both = pl.concat([told.select("e"), first.filter(pl.col("received_on") > recent).select("e")])
    return both.group_by("e").agg(pl.len().alias("worse_methods"))


def _with_concentration(frame: pl.DataFrame, book: Book, policy: Policy) -> pl.DataFrame:
    """Add ``concentration_percent``: the share of the policy's base that this receivable is."""
    base = policy.limits.concentration_base
    names = frame["currency"].unique().sort().to_list()
    whole = {} if base is None else minor_amounts(base, names, book.rates, policy.currency)
    all_of = pl.col("currency").replace_strict(whole, default=None, return_dtype=pl.Int64)
    share = pl.col("ar") * 100.0 / all_of
    return frame.with_columns(pl.when(all_of > 0).then(share).alias("concentration_percent"))


def _surge(policy: Policy) -> pl.Expr:
    usual, rules = pl.col("orders_usual"), policy.warning
    more = (usual > 0) & (pl.col("orders_new") > usual * float(rules.order_surge))
    return fires(more & (pl.col("delay_trend") >= 0), HIGH)


def _stop(policy: Policy) -> pl.Expr:
    unseen = (pl.col("order_gap") > pl.col("order_pause")).fill_null(value=True)
    return fires(_long_gap(policy) & unseen & (pl.col("ar") > 0), HIGH)


def _worse_method(_policy: Policy) -> pl.Expr:
    return fires(pl.col("worse_methods") > 0, ATTENTION)


def _concentrated(policy: Policy) -> pl.Expr:
    most = float(policy.warning.concentration * 100)
    return fires(pl.col("concentration_percent") > most, ATTENTION)


def _expected(policy: Policy) -> pl.Expr:
    up, down = policy.warning.expected_late.as_integer_ratio()
    return fires(
        pl.col("expected_late") * down > pl.coalesce("previous_limit", "computed_limit") * up,
        ATTENTION,
    )


def _money(row: Row, column: str) -> Money:
    return Money(round(Fraction(row[column] or 0)), row["currency"])


def _surge_params(row: Row, policy: Policy) -> Params:
    return {
        "amount": _money(row, "orders_new"),
        "usual": _money(row, "orders_usual"),
        "days": policy.warning.order_surge_days,
    }


def _stop_params(row: Row, _policy: Policy) -> Params:
    return {
        "days": int(row["order_gap"] or 0),
        "usual": number(row["order_interval"]),
        "amount": Money(row["ar"], row["currency"]),
    }


def _method_params(row: Row, policy: Policy) -> Params:
    return {"count": row["worse_methods"], "days": policy.warning.event_days}


def _share_params(row: Row, policy: Policy) -> Params:
    return {
        "value": number(row["concentration_percent"]),
        "threshold": number(float(policy.warning.concentration * 100)),
    }


def _expected_params(row: Row, _policy: Policy) -> Params:
    limit = "computed_limit" if row["previous_limit"] is None else "previous_limit"
    return {"amount": _money(row, "expected_late"), "limit": _money(row, limit)}


RULES = (
    Rule("E8", HIGH, _surge, _surge_params),
    Rule("E9", HIGH, _stop, _stop_params),
    Rule("E10", ATTENTION, _worse_method, _method_params),
    Rule("E20", ATTENTION, _concentrated, _share_params),
    Rule("E24", ATTENTION, _expected, _expected_params),
)
