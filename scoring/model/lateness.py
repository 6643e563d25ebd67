"""What is known about an invoice on the day it is posted, for predicting whether it is paid late.

Definitions: credit-management 17.4. Customers pay on fixed weekly runs, so the features tell
mostly how the customer paid invoices due on this weekday. For an invoice posted on day t only
invoices settled before t (strictly) are history; late means settled after the due date, without
grace. No row order matters: invoices settled on one day are ordered by due date and amount.

Columnar, on polars alone: what the customer's history was is worked out once a settled invoice and
looked up by date.
"""

from collections.abc import Sequence
from datetime import date, timedelta

import polars as pl

from scoring.calendar import WorkCalendar

__all__ = [
    "CARD_CORE",
    "CARD_OFFERED",
    "FEATURES",
    "INVOICE_COLUMNS",
    "TREES_12",
    "TREES_16",
    "VERY_LATE",
    "VERY_LATE_DAYS",
    "lateness",
]

#: What ``lateness`` needs. ``settled`` is null while the invoice is open; ``segment`` may repeat
#: the customer or one word for all; ``amount`` in minor units of one currency.
INVOICE_COLUMNS = ("customer", "segment", "posted", "due", "settled", "amount")

FEATURES = (
    *("ew45", "port_dow", "port", "prior", "dowp", "dowp10", "dow_late", "dow_late10", "amt_late"),
    *("rest_run", "due_dow", "n_batch", "share_batch", "n30p", "over_share", "lamt", "rel_amt"),
    *("x_mean", "sd30", "q75", "near0", "seg_late"),
    *("own_late", "seg_very", "n_history"),
)
CARD_CORE = ("dowp", "amt_late", "n_batch", "over_share", "rest_run")
CARD_OFFERED = (
    *("dowp", "dowp10", "amt_late", "ew45", "rest_run", "n_batch", "over_share", "rel_amt"),
    *("q75", "near0", "seg_late", "share_batch"),
)
TREES_12 = (
    *("dowp", "dowp10", "amt_late", "ew45", "rest_run", "due_dow", "n_batch", "over_share"),
    *("rel_amt", "lamt", "sd30", "n30p"),
)
TREES_16 = (
    *(name for name in TREES_12 if name != "ew45"),
    *("dow_late", "dow_late10", "x_mean", "port_dow", "seg_late"),
)

#: Whether somebody pays more than 30 days late has little to do with the weekday of its runs.
VERY_LATE = (
    *("ew45", "dow_late", "amt_late", "sd30", "q75", "near0", "over_share", "n_history"),
    *("seg_late", "x_mean", "lamt", "rel_amt", "n_batch", "n30p", "rest_run"),
)
VERY_LATE_DAYS = 30

_HALF_LIFE_DAYS = 45
_PORTFOLIO_DAYS = 120
_LAST = 50
_ALIKE = 0.7  # |ln| of two amounts within a factor of two
_ROWS_AT_ONCE = 100_000  # each meets its customer's last 50 invoices


def lateness(invoices: pl.DataFrame, calendar: WorkCalendar) -> pl.DataFrame:
    """Add ``FEATURES`` to every invoice, as known on its posting day (credit-management 17.4).

    Beside them ``own_late``, the customer's late share with a Beta prior of 5 invoices at ``port``;
    ``seg_very``, as ``seg_late`` for more than 30 days, (n late + .1)/(n + 5); ``n_history``, how
    many of the customer's invoices were settled before that day. ``over_share`` takes an invoice as
    open, whole, from the day after its posting until it is settled. Null: no history, or nothing
    open. The rows keep their order.
    """
    asked = invoices.with_columns(
        pl.int_range(pl.len(), dtype=pl.UInt32).alias("row"),
        pl.col("due").dt.weekday().cast(pl.Int64).sub(1).alias("due_dow"),
        pl.col("amount").cast(pl.Float64).log1p().alias("lamt"),
    )
    history = _history(asked)
    asked = _with_shares(asked, history)
    asked = _with_own(asked, history)
    asked = _with_open(_with_batch(asked))
    asked = _with_alike(asked, history).join(
        _rest_runs(asked["due"], calendar), on="due", how="left"
    )
    return asked.sort("row").select(*invoices.columns, *FEATURES)


def _history(asked: pl.DataFrame) -> pl.DataFrame:
    """List settled invoices in the order of their settlement, with ``late`` and ``days``."""
    days = (pl.col("settled") - pl.col("due")).dt.total_days()
    return (
        asked.filter(pl.col("settled").is_not_null())
        .select(
            *("customer", "segment", "due_dow", "due", "amount", "lamt"),
            pl.col("settled").alias("on"),
            days.alias("days"),
            (days > 0).cast(pl.Float64).alias("late"),
            (days > VERY_LATE_DAYS).cast(pl.Float64).alias("very"),
        )
        .sort("on", "customer", "due", "amount")
    )


def _before(
    asked: pl.DataFrame, known: pl.DataFrame, by: Sequence[str], *, on: str = "posted"
) -> pl.DataFrame:
    """Join to each invoice the last row known strictly before its day, within ``by``."""
    return (
        asked.sort(on)
        .join_asof(
            known,
            left_on=on,
            right_on="on",
            by=list(by),
            strategy="backward",
            allow_exact_matches=False,
            check_sortedness=False,  # both are sorted; polars cannot see it within groups
            coalesce=True,
        )
        .drop("on", strict=False)
    )


def _with_shares(asked: pl.DataFrame, history: pl.DataFrame) -> pl.DataFrame:
    """Add late shares of all customers' invoices settled in [t − 120, t)."""
    everybody = pl.lit(0, pl.Int64).alias("all")
    asked, history = asked.with_columns(everybody), history.with_columns(everybody)
    late, very = _recent("late", 2.0), _recent("very", 0.1)
    asked = _with_recent(asked, history, "all").with_columns(late.alias("port"))
    asked = _with_recent(asked, history, "due_dow").with_columns(late.alias("port_dow"))
    asked = _with_recent(asked, history, "segment").with_columns(
        late.alias("seg_late"), very.alias("seg_very")
    )
    return asked.drop("all", *(f"{name}_{side}" for name in _COUNTED for side in ("now", "old")))


_COUNTED = ("n", "late", "very")


def _with_recent(asked: pl.DataFrame, history: pl.DataFrame, group: str) -> pl.DataFrame:
    """Join the group's counts as they stood before t, and as they stood before t − 120."""
    counts = (
        history.group_by(group, "on")
        .agg(pl.len().cast(pl.Float64).alias("n"), pl.col("late", "very").sum())
        .sort("on")
        .with_columns(pl.col(_COUNTED).cum_sum().over(group))
    )
    stale = [f"{name}_{side}" for name in _COUNTED for side in ("now", "old")]
    opens = pl.col("posted").dt.offset_by(f"-{_PORTFOLIO_DAYS}d").alias("opens")
    asked = asked.drop(stale, strict=False).with_columns(opens)
    asked = _before(asked, counts.rename({name: f"{name}_now" for name in _COUNTED}), [group])
    old = counts.rename({name: f"{name}_old" for name in _COUNTED})
    return _before(asked, old, [group], on="opens").drop("opens")


def _recent(what: str, towards: float) -> pl.Expr:
    number, n = (
        pl.col(f"{name}_now").fill_null(0.0) - pl.col(f"{name}_old").fill_null(0.0)
        for name in (what, "n")
    )
    return (number + towards) / (n + 5)


def _with_own(asked: pl.DataFrame, history: pl.DataFrame) -> pl.DataFrame:
    """Add what the customer's own history says, whole and by due weekday."""
    asked = _before(asked, _own_history(history), ["customer"])
    asked = _before(asked, _weekday_history(history), ["customer", "due_dow"])
    fade = 0.5 ** ((pl.col("posted") - pl.col("first")).dt.total_days() / _HALF_LIFE_DAYS)
    ew45 = (pl.col("late_weight") * fade + 0.2) / (pl.col("weight") * fade + 0.5)
    asked = asked.with_columns(
        pl.coalesce(ew45, "seg_late").alias("ew45"),
        pl.col("n_history").fill_null(0),
        (
            (pl.col("n_late").fill_null(0.0) + 5 * pl.col("port"))
            / (pl.col("n_history").fill_null(0) + 5)
        ).alias("own_late"),
        (pl.col("lamt") - pl.col("median50").log1p()).alias("rel_amt"),
    ).with_columns(_prior().alias("prior"))
    return asked.with_columns(
        _shrunk("dow", "prior", 4).alias("dowp"),
        _shrunk("dow10", "prior", 3).alias("dowp10"),
        _shrunk("dow", "ew45", 3).alias("dow_late"),
        _shrunk("dow10", "ew45", 2).alias("dow_late10"),
    )


def _own_history(history: pl.DataFrame) -> pl.DataFrame:
    """Work out, at each settled invoice, the features of its customer's history up to it."""
    age = (pl.col("on") - pl.col("first")).dt.total_days() / _HALF_LIFE_DAYS
    return (
        history.with_columns(pl.col("on").min().over("customer").alias("first"))
        .with_columns((2.0**age).alias("weight"))
        .select(
            *("customer", "on", "first"),
            pl.col("weight").cum_sum().over("customer"),
            (pl.col("weight") * pl.col("late")).cum_sum().over("customer").alias("late_weight"),
            pl.int_range(1, pl.len() + 1).over("customer").alias("n_history"),
            pl.col("late").cum_sum().over("customer").alias("n_late"),
            _rolling_median().alias("median50"),
            (pl.col("amount").cast(pl.Float64).cum_sum() / pl.int_range(1, pl.len() + 1))
            .over("customer")
            .alias("x_mean"),
            pl.col("days")
            .cast(pl.Float64)
            .rolling_std(30, min_samples=2)
            .over("customer")
            .alias("sd30"),
            pl.col("days")
            .cast(pl.Float64)
            .rolling_quantile(0.75, "linear", window_size=30, min_samples=1)
            .over("customer")
            .alias("q75"),
            (pl.col("days").abs() <= 1)
            .cast(pl.Float64)
            .rolling_mean(_LAST, min_samples=1)
            .over("customer")
            .alias("near0"),
        )
    )


def _rolling_median() -> pl.Expr:
    amount = pl.col("amount").cast(pl.Float64)
    return amount.rolling_median(_LAST, min_samples=1).over("customer")


def _weekday_history(history: pl.DataFrame) -> pl.DataFrame:
    """Count, at each settled invoice, its customer's invoices of that due weekday up to it."""
    by = ["customer", "due_dow"]
    one = pl.lit(1.0)
    return history.with_columns(one.alias("one")).select(
        *("customer", "due_dow", "on"),
        pl.col("one").cum_sum().over(by).alias("n_dow"),
        pl.col("late").cum_sum().over(by).alias("late_dow"),
        pl.col("one").rolling_sum(10, min_samples=1).over(by).alias("n_dow10"),
        pl.col("late").rolling_sum(10, min_samples=1).over(by).alias("late_dow10"),
    )


def _prior() -> pl.Expr:
    """The customer's share, moved by how much worse or better this weekday is for everybody."""

    def logit(name: str) -> pl.Expr:
        share = pl.col(name).clip(0.01, 0.99)
        return (share / (1 - share)).log()

    return 1 / (1 + (-(logit("ew45") + logit("port_dow") - logit("port"))).exp())


def _shrunk(what: str, towards: str, weight: int) -> pl.Expr:
    late, n = pl.col(f"late_{what}").fill_null(0.0), pl.col(f"n_{what}").fill_null(0.0)
    return (late + weight * pl.col(towards)) / (n + weight)


def _with_batch(asked: pl.DataFrame) -> pl.DataFrame:
    """Add what was posted for the customer on this day, and in the 30 days before it."""
    batches = (
        asked.group_by("customer", "posted")
        .agg(pl.len().cast(pl.Int64).alias("n_batch"), pl.col("amount").sum().alias("batch"))
        .sort("posted")
    )
    counts = batches.select(
        "customer",
        pl.col("posted").alias("on"),
        pl.col("n_batch").cum_sum().over("customer").alias("n"),
    )
    asked = asked.join(batches, on=["customer", "posted"], how="left")
    asked = _before(asked, counts, ["customer"])
    opens = pl.col("posted").dt.offset_by("-30d").alias("opens")
    asked = _before(
        asked.with_columns(opens), counts.rename({"n": "n_old"}), ["customer"], on="opens"
    )
    share = pl.col("amount").cast(pl.Float64) / pl.col("batch").cast(pl.Float64)
    return asked.with_columns(
        (pl.col("n").fill_null(0) - pl.col("n_old").fill_null(0)).alias("n30p"),
        pl.when(pl.col("batch") > 0).then(share).alias("share_batch"),
    ).drop("opens", "n", "n_old", "batch")


def _with_open(asked: pl.DataFrame) -> pl.DataFrame:
    """Add ``over_share``: of what the customer had open before this day, the part past due."""
    overdue_from = pl.max_horizontal("due", "posted")
    sums = {
        "posted_sum": pl.col("posted"),
        "settled_sum": pl.max_horizontal("posted", "settled"),
        "due_sum": overdue_from,
        "cleared_sum": pl.max_horizontal(overdue_from, "settled"),
    }
    paid = {"settled_sum", "cleared_sum"}
    invoices = asked.select("customer", "posted", "due", "settled", "amount")
    for name, on in sums.items():
        rows = invoices.filter(pl.col("settled").is_not_null()) if name in paid else invoices
        asked = _before(asked, _running_sum(rows, on, name), ["customer"])
    open_, overdue = (
        pl.col(more).fill_null(0) - pl.col(less).fill_null(0)
        for more, less in (("posted_sum", "settled_sum"), ("due_sum", "cleared_sum"))
    )
    share = overdue.cast(pl.Float64) / open_.cast(pl.Float64)
    return asked.with_columns(pl.when(open_ > 0).then(share).alias("over_share")).drop(*sums)


def _running_sum(rows: pl.DataFrame, on: pl.Expr, name: str) -> pl.DataFrame:
    return (
        rows.with_columns(on.alias("on"))
        .group_by("customer", "on")
        .agg(pl.col("amount").sum().alias(name))
        .sort("on")
        .with_columns(pl.col(name).cum_sum().over("customer"))
    )


def _with_alike(asked: pl.DataFrame, history: pl.DataFrame) -> pl.DataFrame:
    """Add ``amt_late``: the late share among the last 50 whose amount is within a factor of two."""
    numbered = history.select(
        "customer",
        pl.int_range(1, pl.len() + 1).over("customer").alias("number"),
        pl.col("lamt").alias("other"),
        pl.col("late"),
    )
    parts = [
        _alike(asked.slice(start, _ROWS_AT_ONCE), numbered)
        for start in range(0, asked.height, _ROWS_AT_ONCE)
    ]
    return pl.concat(parts) if parts else _alike(asked, numbered)


def _alike(asked: pl.DataFrame, numbered: pl.DataFrame) -> pl.DataFrame:
    newest = pl.col("n_history")
    last = pl.int_ranges((newest - _LAST).clip(lower_bound=0) + 1, newest + 1)
    found = (
        asked.filter(newest > 0)
        .select("row", "customer", "lamt", last.alias("number"))
        .explode("number")
        .join(numbered, on=["customer", "number"], how="inner")
        .filter((pl.col("lamt") - pl.col("other")).abs() < _ALIKE)
        .group_by("row")
        .agg(pl.len().alias("n_alike"), pl.col("late").sum().alias("late_alike"))
    )
    return (
        asked.join(found, on="row", how="left")
        .with_columns(_shrunk("alike", "ew45", 3).alias("amt_late"))
        .drop("n_alike", "late_alike")
    )


def _rest_runs(due: pl.Series, calendar: WorkCalendar) -> pl.DataFrame:
    """Count the rest days from each due date on: 0 when the due date is a working day."""
    days = due.unique()
    runs = [_rest_run(day, calendar) for day in days]
    return pl.DataFrame([days, pl.Series("rest_run", runs, pl.Int64)])


def _rest_run(day: date, calendar: WorkCalendar) -> int:
    count = 0
    while not calendar.is_workday(day + timedelta(days=count)):
        count += 1
    return count
