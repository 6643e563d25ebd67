"""Gates (一票否决): conditions that cap the grade whatever the score (credit-management 5.6).

Here are those that our own records can show. G9 stands while statements are no part of the card.
"""

from collections.abc import Callable
from datetime import date

import msgspec
import polars as pl

from scoring.ledger import Ledger
from scoring.policy import GRADES, Policy

__all__ = ["GATES", "Gate", "gated"]


class Gate(msgspec.Struct, frozen=True):
    """A condition and its cap.

    ``rates_unscored``: the gate sets a grade even where there is no score to cap.
    """

    code: str
    condition: Callable[[Policy], pl.Expr]
    cap: Callable[[Policy], str]
    rates_unscored: bool = False


def _over_60(policy: Policy) -> pl.Expr:
    up, down = policy.gates.over_60_ar_share.as_integer_ratio()
    late = pl.col("late_over_60")
    return (late > 0) & (late * down >= pl.col("ar") * up)


GATES = (
    Gate("default_event", lambda _: pl.col("in_default"), lambda _: "D", rates_unscored=True),
    Gate(
        "over_90_days",
        lambda _: pl.col("late_over_90") > 0,
        lambda policy: policy.gates.over_90_cap,
        rates_unscored=True,
    ),
    Gate("over_60_days", _over_60, lambda policy: policy.gates.over_60_cap, rates_unscored=True),
    Gate(
        "thin_history",
        lambda _: pl.col("thin") | pl.col("low_confidence"),
        lambda policy: policy.gates.thin_cap,
    ),
    Gate(
        "no_statements",
        lambda policy: pl.lit("financial" not in policy.groups),
        lambda policy: policy.gates.no_statements_cap,
    ),
)


def gated(frame: pl.DataFrame, ledger: Ledger, policy: Policy, as_of: date) -> pl.DataFrame:
    """Turn ``score_grade`` (0 = AAA … 9 = D, null without score) into ``grade`` under the gates.

    Adds ``gate_<code>`` for each gate, ``unrated`` (why there is no rating, else null) and
    ``unknown`` (a currency without a rate makes the amounts unknowable, else null).
    """
    caps = [pl.when(gate.condition(policy)).then(GRADES.index(gate.cap(policy))) for gate in GATES]
    forced = [cap for gate, cap in zip(GATES, caps, strict=True) if gate.rates_unscored]
    scored = pl.when(pl.col("score_grade").is_not_null()).then(
        pl.max_horizontal("score_grade", *caps)
    )
    frame = frame.join(_unknown(ledger, as_of), on="e", how="left", maintain_order="left")
    return (
        frame.with_columns(
            *(gate.condition(policy).alias(f"gate_{gate.code}") for gate in GATES),
            scored.fill_null(pl.max_horizontal(*forced)).alias("grade"),
        )
        .with_columns(_unrated().alias("unrated"))
        .with_columns(pl.when(_may_be_rated()).then("grade").alias("grade"))
    )


def _unknown(ledger: Ledger, as_of: date) -> pl.DataFrame:
    known = ledger.unconvertible.filter(pl.col("on") <= as_of)
    return known.group_by("e").agg(pl.col("currency").min().alias("unknown"))


def _unrated() -> pl.Expr:
    """G12 and missing rates come first: they forbid a rating, whatever the history says."""
    missing = pl.col("unknown").is_not_null() | pl.col("starter").is_null()
    return (
        pl.when(pl.col("identity") == "invalid")
        .then(pl.lit("identity_invalid"))
        .when(pl.col("identity") == "conflict")
        .then(pl.lit("identity_conflict"))
        .when(missing)
        .then(pl.lit("missing_rate"))
        .when(pl.col("grade").is_null())
        .then(pl.lit("no_history"))
    )


def _may_be_rated() -> pl.Expr:
    return pl.col("unrated").is_null()
