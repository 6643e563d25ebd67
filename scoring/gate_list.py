"""The gates (一票否决) in the order of their gravity, G0 to G11 (credit-management 5.6).

G12, an identity that is invalid or in conflict, forbids a rating altogether: see ``gates``.
"""

from decimal import Decimal

import polars as pl

from scoring.gate import Gate, Params, Row, one_digit
from scoring.money import Money
from scoring.policy import Policy

__all__ = ["GATES"]


def _oldest(row: Row) -> Params:
    return {"days": row["late_oldest"] or 0}


def _default_code(row: Row) -> str:
    """Tell a default by what caused it; one that was paid has nothing to name but the rule."""
    if row["default_record"] is not None:
        return f"default_{row['default_record']}"
    return "default_event" if row["late_default"] else "past_default"


def _default_params(row: Row, policy: Policy) -> Params:
    rules = policy.default_event
    if row["default_record"] is not None:
        return {"months": rules.cure_months}
    if row["late_default"]:
        return _oldest(row) | {"amount": Money(row["late_default"], row["currency"])}
    return {"threshold": rules.days, "months": rules.cure_months}


def _over_90_params(row: Row, _policy: Policy) -> Params:
    return _oldest(row) | {"amount": Money(row["late_over_90"], row["currency"])}


def _over_60(policy: Policy) -> pl.Expr:
    up, down = policy.gates.over_60_ar_share.as_integer_ratio()
    late = pl.col("late_over_60")
    return (late > 0) & (late * down >= pl.col("ar") * up)


def _over_60_params(row: Row, policy: Policy) -> Params:
    late, whole = row["late_over_60"], row["ar"]
    return {
        "amount": Money(late, row["currency"]),
        "percent": one_digit(Decimal(late) * 100 / Decimal(whole)) if whole else "0",
        "threshold": one_digit(policy.gates.over_60_ar_share * 100),
    }


def _written_off_params(row: Row, policy: Policy) -> Params:
    return {"day": row["written_off_on"].isoformat(), "months": policy.gates.write_off_months}


def _negative_equity(_policy: Policy) -> pl.Expr:
    """Hold at zero and below (1.3); the statement's sign needs no exchange rate."""
    return pl.col("negative_equity").fill_null(value=False)


def _thin_params(row: Row, policy: Policy) -> Params:
    return {
        "settled": row["n_settled"],
        "needed": policy.behaviour.thin_settled,
        "months": row["age_months"],
    }


def _confidence_params(row: Row, policy: Policy) -> Params:
    return {
        "percent": row["completeness"],
        "threshold": one_digit(policy.dossier.medium_from),
        "groups": row["n_low"],
    }


def _no_statements(policy: Policy) -> pl.Expr:
    """Hold while statements are no part of the card, or the customer has none that can be used."""
    if "financial" not in policy.groups:
        return pl.lit(value=True)
    return pl.col("present_financial") == 0


def _young_params(row: Row, policy: Policy) -> Params:
    return {"months": row["founded_months"], "threshold": policy.gates.young_months}


def _parent_params(row: Row, _policy: Policy) -> Params:
    return {"parent": row["parent_name"]}


GATES = (
    Gate(
        "default_event",
        lambda _: pl.col("in_default"),
        lambda _: "D",
        rates_unscored=True,
        always_told=True,
        grave=True,
        params=_default_params,
        told_as=_default_code,
    ),
    Gate(
        "dishonest",
        lambda _: pl.col("dishonest_open"),
        lambda policy: policy.gates.dishonest_cap,
        rates_unscored=True,
        always_told=True,
        grave=True,
    ),
    Gate(
        "ceased",
        lambda _: pl.col("ceased"),
        lambda policy: policy.gates.ceased_cap,
        rates_unscored=True,
        always_told=True,
        grave=True,
    ),
    Gate(
        "abnormal_list",
        lambda _: pl.col("abnormal_open"),
        lambda policy: policy.gates.abnormal_cap,
        rates_unscored=True,
        always_told=True,
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
        "written_off",
        lambda _: pl.col("written_off_lately"),
        lambda policy: policy.gates.write_off_cap,
        rates_unscored=True,
        always_told=True,
        params=_written_off_params,
    ),
    Gate(
        "negative_equity",
        _negative_equity,
        lambda policy: policy.gates.negative_equity_cap,
    ),
    Gate(
        "thin_history",
        lambda _: pl.col("thin"),
        lambda policy: policy.gates.thin_cap,
        params=_thin_params,
    ),
    Gate(
        "low_confidence",
        lambda _: pl.col("low_confidence"),
        lambda policy: policy.gates.low_confidence_cap,
        params=_confidence_params,
    ),
    Gate("no_statements", _no_statements, lambda policy: policy.gates.no_statements_cap),
    Gate(
        "young_company",
        lambda policy: (pl.col("founded_months") < policy.gates.young_months).fill_null(
            value=False
        ),
        lambda policy: policy.gates.young_cap,
        params=_young_params,
    ),
    Gate(
        "parent_in_trouble",
        lambda _: pl.col("parent_in_trouble"),
        lambda _: "C",
        rates_unscored=True,
        always_told=True,
        by_row=True,
        params=_parent_params,
    ),
)
