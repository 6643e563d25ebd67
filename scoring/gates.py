"""Gates (一票否决): conditions that cap the grade whatever the score (credit-management 5.6).

Here are those that our own records can show. G9 stands while statements are no part of the card.
"""

from collections.abc import Callable, Mapping
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

import msgspec
import polars as pl

from scoring.ledger import Ledger
from scoring.money import Money
from scoring.policy import GRADES, Policy

__all__ = ["GATES", "Gate", "Params", "Row", "gated", "one_digit"]


Row = Mapping[str, Any]
Params = dict[str, Money | int | str]


def _nothing(_row: Row, _policy: Policy) -> Params:
    return {}


class Gate(msgspec.Struct, frozen=True):
    """A condition and its cap.

    ``rates_unscored``: the gate sets a grade even where there is no score to cap.
    ``always_told``: a reason names it whenever it fires, not only when it lowers the grade.
    ``params`` gives the numbers of its reason.
    """

    code: str
    condition: Callable[[Policy], pl.Expr]
    cap: Callable[[Policy], str]
    rates_unscored: bool = False
    always_told: bool = False
    params: Callable[[Row, Policy], Params] = _nothing


def _over_60(policy: Policy) -> pl.Expr:
    up, down = policy.gates.over_60_ar_share.as_integer_ratio()
    late = pl.col("late_over_60")
    return (late > 0) & (late * down >= pl.col("ar") * up)


def _default_params(row: Row, _policy: Policy) -> Params:
    return _oldest(row) | {"amount": Money(row["late_default"], row["currency"])}


def _over_90_params(row: Row, _policy: Policy) -> Params:
    return _oldest(row) | {"amount": Money(row["late_over_90"], row["currency"])}


def _over_60_params(row: Row, policy: Policy) -> Params:
    late, whole = row["late_over_60"], row["ar"]
    return {
        "amount": Money(late, row["currency"]),
        "percent": one_digit(Decimal(late) * 100 / Decimal(whole)) if whole else "0",
        "threshold": one_digit(policy.gates.over_60_ar_share * 100),
    }


def _thin_params(row: Row, policy: Policy) -> Params:
    return {
        "settled": row["n_settled"],
        "needed": policy.behaviour.thin_settled,
        "months": row["age_months"],
    }


def _oldest(row: Row) -> Params:
    return {"days": row["late_oldest"] or 0}


def one_digit(value: Decimal) -> str:
    """Write a number with at most one digit after the point, halves rounded up."""
    rounded = value.quantize(Decimal("0.1"), ROUND_HALF_UP).normalize()
    return f"{rounded:f}" if rounded else "0"


GATES = (
    Gate(
        "default_event",
        lambda _: pl.col("in_default"),
        lambda _: "D",
        rates_unscored=True,
        always_told=True,
        params=_default_params,
    ),
    Gate(
        "over_90_days",
        lambda _: pl.col("late_over_90") > 0,
        lambda policy: policy.gates.over_90_cap,
        rates_unscored=True,
        always_told=True,
        params=_over_90_params,
    ),
    Gate(
        "over_60_days",
        _over_60,
        lambda policy: policy.gates.over_60_cap,
        rates_unscored=True,
        always_told=True,
        params=_over_60_params,
    ),
    Gate(
        "thin_history",
        lambda _: pl.col("thin") | pl.col("low_confidence"),
        lambda policy: policy.gates.thin_cap,
        params=_thin_params,
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
