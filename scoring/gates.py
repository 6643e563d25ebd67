"""Gates (一票否决) applied: caps on the grade whatever the score, and who may not be rated at all.

Rules: credit-management 5.6. Trouble in the parent and its guarantee come last.
"""

from datetime import date

import polars as pl

from scoring.assessment import Reason
from scoring.beside import beside, without
from scoring.book import Book
from scoring.gate import Gate, Params, Row, one_digit
from scoring.gate_list import GATES
from scoring.ledger import Ledger
from scoring.once import once
from scoring.parents import with_parents
from scoring.policy import GRADES, Policy

__all__ = ["GATES", "Gate", "Params", "Row", "gated", "one_digit", "why_unrated"]

#: Gates that a parent's guarantee may lift: our doubts about what we know, not what happened.
_DOUBTS = ("negative_equity", "thin_history", "low_confidence", "no_statements", "young_company")


def gated(
    frame: pl.DataFrame, book: Book, ledger: Ledger, policy: Policy, as_of: date
) -> pl.DataFrame:
    """Turn ``score_grade`` (0 = AAA … 9 = D, null without score) into ``grade`` under the gates.

    Adds ``gate_<code>`` for each gate, ``unrated`` (why there is no rating, else null) and
    ``unknown`` (a currency without a rate makes the amounts unknowable, else null);
    ``parent_supports``: the parent's guarantee lifted the grade.
    """
    own = [gate for gate in GATES if not gate.by_row]
    frame = beside(frame, _unknown(ledger, as_of))
    frame = (
        frame.with_columns(gate.condition(policy).alias(f"gate_{gate.code}") for gate in own)
        .with_columns(
            _own_grade(own, policy).alias("grade"),
            pl.any_horizontal(f"gate_{gate.code}" for gate in own if gate.grave).alias("grave"),
            pl.max_horizontal(
                pl.lit(0, pl.Int32), *(_cap(one, policy) for one in own if one.code not in _DOUBTS)
            ).alias("firm_cap"),
        )
        .with_columns(_forbidden().is_null().alias("may_be_rated"))
    )
    frame = (
        with_parents(frame, book, policy)
        .with_columns(
            gate.condition(policy).alias(f"gate_{gate.code}") for gate in GATES if gate.by_row
        )
        .with_columns(_unrated().alias("unrated"))
        .with_columns(pl.when(pl.col("unrated").is_null()).then("grade").alias("grade"))
    )
    return without(frame, "grave", "firm_cap", "may_be_rated")


@once
def _cap(gate: Gate, policy: Policy) -> pl.Expr:
    return pl.when(pl.col(f"gate_{gate.code}")).then(
        pl.lit(GRADES.index(gate.cap(policy)), pl.Int32)
    )


def _own_grade(gates: list[Gate], policy: Policy) -> pl.Expr:
    """Cap the score's grade; without a score the gates that rate alone set it."""
    caps = [_cap(gate, policy) for gate in gates]
    forced = [_cap(gate, policy) for gate in gates if gate.rates_unscored]
    capped = pl.max_horizontal("score_grade", *caps)
    scored = pl.when(pl.col("score_grade").is_not_null()).then(capped)
    return scored.fill_null(pl.max_horizontal(*forced)).cast(pl.Int32)


def _unknown(ledger: Ledger, as_of: date) -> pl.DataFrame:
    known = ledger.unconvertible.filter(pl.col("on") <= as_of)
    return known.group_by("e").agg(pl.col("currency").min().alias("unknown"))


@once
def _forbidden() -> pl.Expr:
    """G12 and missing rates forbid a rating, whatever the history says."""
    missing = pl.col("unknown").is_not_null() | pl.col("starter").is_null()
    return (
        pl.when(pl.col("identity") == "invalid")
        .then(pl.lit("identity_invalid"))
        .when(pl.col("identity") == "conflict")
        .then(pl.lit("identity_conflict"))
        .when(missing)
        .then(pl.lit("missing_rate"))
    )


def why_unrated(row: Row) -> Reason | None:
    """Say why somebody has no rating; ``None`` for who has one."""
    code = row["unrated"]
    if code is None:
        return None
    return Reason(
        code, {"currency": row["unknown"] or row["currency"]} if code == "missing_rate" else {}
    )


@once
def _unrated() -> pl.Expr:
    nothing = pl.when(pl.col("grade").is_null()).then(pl.lit("no_history"))
    return pl.coalesce(_forbidden(), nothing)
