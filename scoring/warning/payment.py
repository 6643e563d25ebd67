"""Signals of how a customer pays: E1 to E7, E11 and E12 (credit-management 10)."""

from datetime import timedelta

import polars as pl

from scoring.beside import beside
from scoring.claims import applied_until, open_claims
from scoring.gate import Params, Row
from scoring.ledger import Ledger
from scoring.money import Money
from scoring.policy import Policy
from scoring.warning.rule import ATTENTION, CRITICAL, HIGH, Rule, counted, fires, number
from scoring.windows import Windows

__all__ = ["RULES", "with_payment_evidence"]


def with_payment_evidence(
    frame: pl.DataFrame, ledger: Ledger, policy: Policy, windows: Windows
) -> pl.DataFrame:
    """Add overdue_jump (percent points), in_parts now and before, bounced, disputes."""
    rules = policy.warning
    recent = windows.as_of - timedelta(days=rules.event_days)
    bounced = ledger.returned.filter((pl.col("on") > recent) & (pl.col("on") <= windows.as_of))
    frame = counted(frame, bounced.group_by("e").agg(pl.len().alias("bounced")))
    frame = counted(frame, _disputes(ledger, policy, windows))
    before = _overdue_before(ledger, policy, windows)
    column = (
        "overdue_percent" if rules.overdue_jump_ratio == "display" else "overdue_scored_percent"
    )
    settled, parts = pl.col("n_settled"), pl.col("n_in_parts")
    new, new_parts = pl.col("n_settled_recent"), pl.col("n_in_parts_recent")
    least = policy.behaviour.trend_min_items
    return (
        beside(frame, before)
        .with_columns(
            (pl.col(column) - pl.col("overdue_before").fill_null(0.0)).alias("overdue_jump")
        )
        .with_columns(
            pl.when(new >= least).then(new_parts * 100.0 / new).alias("in_parts_now"),
            pl.when(settled - new >= least)
            .then((parts - new_parts) * 100.0 / (settled - new))
            .alias("in_parts_before"),
        )
    )


def _overdue_before(ledger: Ledger, policy: Policy, windows: Windows) -> pl.DataFrame:
    """Work out the overdue ratio some days ago, as it was known then: e, overdue_before."""
    rules = policy.behaviour
    day = windows.as_of - timedelta(days=policy.warning.overdue_jump_days)
    standing = open_claims(ledger, applied_until(ledger, day), rules, day)
    undisputed = pl.col("open") - pl.col("disputed_open")
    display = policy.warning.overdue_jump_ratio == "display"
    grace = 0 if display else rules.grace_days
    sums = (
        standing.lazy()
        .group_by("e")
        .agg(
            pl.col("open").sum().alias("was_open"),
            (undisputed * (pl.col("dpd") > grace)).sum().alias("was_overdue"),
        )
        .collect()
    )
    base = pl.col("was_open")
    if not display:
        sums = sums.join(_month_before(ledger, policy, windows), on="e", how="left")
        base = pl.max_horizontal("was_open", pl.col("was_month").fill_null(0))
    share = pl.col("was_overdue") * 100.0 / base
    return sums.select("e", pl.when(base > 0).then(share).alias("overdue_before"))


def _month_before(ledger: Ledger, policy: Policy, windows: Windows) -> pl.DataFrame:
    """Sum a mean month's gross sales up to the earlier day: e, was_month."""
    day = windows.as_of - timedelta(days=policy.warning.overdue_jump_days)
    year = windows.year - timedelta(days=policy.warning.overdue_jump_days)
    inside = pl.col("issued").is_between(year, day, closed="right")
    return (
        ledger.claims.filter(inside)
        .group_by("e")
        .agg((pl.col("amount").sum() // windows.months).alias("was_month"))
    )


def _disputes(ledger: Ledger, policy: Policy, windows: Windows) -> pl.DataFrame:
    """Count disputes: e, disputes_new, disputes_after_due (of the last days), disputes_before."""
    recent = windows.as_of - timedelta(days=policy.warning.dispute_days)
    raised = pl.col("disputed_on")
    known = ledger.claims.filter(
        (pl.col("disputed") > 0) & raised.is_between(windows.year, windows.as_of, closed="right")
    )
    new = raised > recent
    return known.group_by("e").agg(
        new.sum().alias("disputes_new"),
        (new & (raised > pl.col("due"))).sum().alias("disputes_after_due"),
        (~new).sum().alias("disputes_before"),
    )


def _trend(policy: Policy) -> pl.Expr:
    trend, rules = pl.col("delay_trend"), policy.warning
    high = trend >= rules.trend_high_days
    return pl.when(high).then(HIGH).otherwise(fires(trend >= rules.trend_days, ATTENTION))


def _first_late(policy: Policy) -> pl.Expr:
    rules = policy.warning
    clean = (pl.col("settled_max_year") <= rules.first_late_days) & (
        pl.col("age_months") >= rules.first_late_months
    )
    return fires(clean & (pl.col("late_oldest") > rules.first_late_days), ATTENTION)


def _jump(policy: Policy) -> pl.Expr:
    # The small addend: a jump of exactly the threshold may be a hair below it in binary.
    jump = pl.col("overdue_jump") + 1e-9
    return fires(jump >= float(policy.warning.overdue_jump), HIGH)


def _rolled(_policy: Policy) -> pl.Expr:
    return fires(pl.col("late_rolled") > 0, CRITICAL)


def _in_parts(policy: Policy) -> pl.Expr:
    now = pl.col("in_parts_now") > float(policy.warning.in_parts_now)
    before = pl.col("in_parts_before") < float(policy.warning.in_parts_before)
    return fires(now & before, ATTENTION)


def _broken(policy: Policy) -> pl.Expr:
    broken, rules = pl.col("broken_promises_90d"), policy.warning
    some = fires(broken >= rules.broken_some, ATTENTION)
    return pl.when(broken >= rules.broken_many).then(HIGH).otherwise(some)


def _utilised(policy: Policy) -> pl.Expr:
    over = (pl.col("exposure") > pl.col("limit_in_use")).fill_null(value=False)
    tight = pl.col("tight_days") >= policy.warning.utilisation_days
    return pl.when(over).then(HIGH).otherwise(fires(tight, ATTENTION))


def _bounced(_policy: Policy) -> pl.Expr:
    return fires(pl.col("bounced") > 0, CRITICAL)


def _disputing(policy: Policy) -> pl.Expr:
    rules, new = policy.warning, pl.col("disputes_new")
    up, down = rules.dispute_surge.as_integer_ratio()
    # Usual: as many as in the same number of days of the rest of the window.
    rest = 365 - rules.dispute_days
    surge = new * down * rest > pl.col("disputes_before") * up * rules.dispute_days
    many = surge & (new >= rules.dispute_min)
    return fires(many | (pl.col("disputes_after_due") > 0), ATTENTION)


def _trend_params(row: Row, policy: Policy) -> Params:
    return {"value": number(row["delay_trend"]), "threshold": policy.warning.trend_days}


def _first_late_params(row: Row, policy: Policy) -> Params:
    return {"days": row["late_oldest"] or 0, "months": policy.warning.first_late_months}


def _jump_params(row: Row, policy: Policy) -> Params:
    return {
        "value": number(row["overdue_jump"]),
        "before": number(row["overdue_before"]),
        "days": policy.warning.overdue_jump_days,
    }


def _rolled_params(row: Row, policy: Policy) -> Params:
    return {
        "amount": Money(row["late_rolled"], row["currency"]),
        "days": policy.warning.rolled_days,
    }


def _in_parts_params(row: Row, _policy: Policy) -> Params:
    return {"value": number(row["in_parts_now"]), "before": number(row["in_parts_before"])}


def _broken_params(row: Row, policy: Policy) -> Params:
    return {"count": row["broken_promises_90d"], "days": policy.promises.recent_days}


def _utilised_params(row: Row, _policy: Policy) -> Params:
    return {
        "amount": Money(row["exposure"], row["currency"]),
        "limit": Money(row["limit_in_use"] or 0, row["currency"]),
        # Without a limit nothing tells since when; today is one day.
        "days": max(1, row["tight_days"] or 0),
    }


def _bounced_params(row: Row, policy: Policy) -> Params:
    return {"count": row["bounced"], "days": policy.warning.event_days}


def _disputing_params(row: Row, policy: Policy) -> Params:
    return {
        "count": row["disputes_new"],
        "late": row["disputes_after_due"],
        "days": policy.warning.dispute_days,
    }


RULES = (
    Rule("E1", ATTENTION, _trend, _trend_params),
    Rule("E2", ATTENTION, _first_late, _first_late_params),
    Rule("E3", HIGH, _jump, _jump_params),
    Rule("E4", CRITICAL, _rolled, _rolled_params),
    Rule("E5", ATTENTION, _in_parts, _in_parts_params),
    Rule("E6", ATTENTION, _broken, _broken_params),
    Rule("E7", ATTENTION, _utilised, _utilised_params),
    Rule("E11", CRITICAL, _bounced, _bounced_params),
    Rule("E12", ATTENTION, _disputing, _disputing_params),
)
