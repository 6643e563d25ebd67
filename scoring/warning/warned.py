"""Every entity's signals at a date, in columns; with when each was first and last seen."""

from datetime import date, timedelta

import polars as pl

from scoring.beside import beside, without
from scoring.book import Book
from scoring.known import known
from scoring.ledger import Ledger
from scoring.once import once
from scoring.policy import Policy
from scoring.utilisation import used
from scoring.warning.payment import with_payment_evidence
from scoring.warning.records import with_record_evidence
from scoring.warning.rule import CRITICAL
from scoring.warning.rules import CODES, RULES
from scoring.warning.trade import with_trade_evidence
from scoring.windows import Windows

__all__ = ["CODES", "warned"]


def warned(
    frame: pl.DataFrame, book: Book, ledger: Ledger, policy: Policy, windows: Windows
) -> pl.DataFrame:
    """Add the signals of 10 to every entity.

    For each code: ``signal_<code>``, the level now (0: off); ``since_<code>``, first seen (null:
    never lately); ``fading_<code>``, what a cleared signal still counts. Then ``warning_points``
    (the sum of both), ``critical`` and ``last_signal_on``, the last day any signal was seen. The
    evidence stands in columns of its own.

    Needs the features, ``exposure``, ``computed_limit`` and ``previous_limit``. ``expected_late`` (minor
    units, the next 30 days) may be in the frame; so may the columns of the financial analysis.
    """
    frame = used(frame, ledger, policy, windows)
    frame = with_payment_evidence(frame, ledger, policy, windows)
    frame = with_trade_evidence(frame, book, policy, windows)
    frame = with_record_evidence(
        frame.with_columns(pl.lit(windows.as_of).alias("warned_on")), book, policy, windows
    ).with_columns(pl.lit(0, pl.Int64).alias("critical_relatives"))
    own, group = _levels(policy)
    frame = _with_relatives(frame.with_columns(own), book).with_columns(group)
    return _summed(_with_history(frame, book, policy, windows))


@once
def _levels(policy: Policy) -> tuple[list[pl.Expr], pl.Expr]:
    """Build the level of each signal of its own, and that of E23, which looks at the others."""
    levels = {
        rule.code: (pl.lit(0) if rule.code in policy.warning.off else rule.level(policy))
        .cast(pl.Int32)
        .alias(f"signal_{rule.code}")
        for rule in RULES
    }
    group = levels.pop("E23")
    return list(levels.values()), group


def _with_relatives(frame: pl.DataFrame, book: Book) -> pl.DataFrame:
    """Count, for E23, other members of the group (a parent and its subsidiaries) in trouble."""
    parents = book.entities["parent"]
    if parents.null_count() == len(parents):
        return frame
    critical = (
        pl.max_horizontal(pl.col(f"signal_{code}") for code in CODES if code != "E23") >= CRITICAL
    )
    groups = frame.select("e", "entity", critical.cast(pl.Int64).alias("bad")).with_columns(
        parents.alias("parent")
    )
    member = groups.with_columns(pl.coalesce("parent", "entity").alias("group"))
    totals = member.group_by("group").agg(pl.col("bad").sum().alias("all"))
    others = member.join(totals, on="group", how="left", maintain_order="left")
    return frame.with_columns((others["all"] - others["bad"]).alias("critical_relatives"))


def _with_history(
    frame: pl.DataFrame, book: Book, policy: Policy, windows: Windows
) -> pl.DataFrame:
    """Add first days and what fades, from the signals of earlier assessments."""
    earlier = known(book, "signals", windows.as_of)
    today = pl.lit(windows.as_of)
    if not earlier.height:
        return frame.with_columns(
            *(pl.when(pl.col(f"signal_{c}") > 0).then(today).alias(f"since_{c}") for c in CODES),
            *(pl.lit(0, pl.Int32).alias(f"fading_{c}") for c in CODES),
            pl.lit(None, pl.Date).alias("_seen"),
        )
    told = frame.select("e", *(f"signal_{code}" for code in CODES))
    lasting = beside(told, _earlier(earlier, windows)).select(_lasting(policy, windows.as_of))
    return frame.hstack(lasting)


@once
def _lasting(policy: Policy, as_of: date) -> list[pl.Expr]:
    """Build when each signal was first seen, what fades, and when any was seen last."""
    today, start = pl.lit(as_of), as_of - timedelta(days=policy.warning.decay_days)
    columns = []
    for rule in RULES:
        on, last = pl.col(f"signal_{rule.code}") > 0, pl.col(f"_last_{rule.code}")
        lately = (last >= start).fill_null(value=False)
        first = pl.when(lately).then(f"_first_{rule.code}").otherwise(pl.when(on).then(today))
        fading = pl.when(~on & lately & pl.lit(rule.code not in policy.warning.off))
        columns += [
            first.alias(f"since_{rule.code}"),
            fading.then(rule.lowest).otherwise(0).cast(pl.Int32).alias(f"fading_{rule.code}"),
        ]
    seen = pl.max_horizontal(f"_last_{code}" for code in CODES).alias("_seen")
    return [*columns, seen]


def _earlier(earlier: pl.DataFrame, windows: Windows) -> pl.DataFrame:
    """Lay the newest spell of each signal in columns: e, _first_<code>, _last_<code>."""
    # A signal seen later than today is, today, seen until today.
    newest = earlier.with_columns(
        pl.min_horizontal("last_on", pl.lit(windows.as_of)).alias("last_on")
    ).sort("e", "code", "last_on", "first_on")
    return newest.group_by("e").agg(
        *(
            pl.col(column).filter(pl.col("code") == code).last().alias(f"{name}_{code}")
            for code in CODES
            for name, column in (("_first", "first_on"), ("_last", "last_on"))
        )
    )


def _summed(frame: pl.DataFrame) -> pl.DataFrame:
    now = [pl.col(f"signal_{code}") for code in CODES]
    fading = [pl.col(f"fading_{code}") for code in CODES]
    worst = pl.max_horizontal(*now, *fading)
    any_now = pl.max_horizontal(*now) > 0
    frame = frame.with_columns(
        pl.sum_horizontal(*now, *fading).alias("warning_points"),
        (worst >= CRITICAL).alias("critical"),
        pl.when(any_now).then("warned_on").otherwise("_seen").alias("last_signal_on"),
    )
    return without(frame, "_seen", "warned_on")
