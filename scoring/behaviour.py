"""Payment behaviour (付款行为): every feature of every entity at a date, as one columnar pass.

Definitions: credit-management 2.1 and 2.2. The sums are integers (minor units, and minor units
times days), so neither the order of records nor the number of cores can change them.
"""

import polars as pl

from scoring.beside import beside
from scoring.claims import applied_until, open_claims, unapplied_at
from scoring.default_event import default_events
from scoring.features import completed
from scoring.keys import NOTHING
from scoring.ledger import Ledger
from scoring.policy import BehaviourPolicy, Policy
from scoring.portrait import counted_back_dso, high_credit, monthly_volatility
from scoring.virtual import paid_virtually
from scoring.windows import Windows, whole_months
from scoring.written import loss_sums, written_off

__all__ = ["behaviour"]


def behaviour(ledger: Ledger, policy: Policy, windows: Windows) -> pl.DataFrame:
    """Measure every entity of the ledger: one row each, in the ledger's order.

    ``ledger`` holds effective due dates, and its entities the policy's ``materiality`` in their
    own currency (null: no rate).
    """
    rules = policy.behaviour
    applied = applied_until(ledger, windows.as_of)
    standing = open_claims(ledger, applied, rules, windows.as_of)
    parts, standing = paid_virtually(ledger, applied, standing, windows)
    sales = _sales(ledger, windows)
    levels = _levels(ledger, rules, sales)
    parts = _with_settlement(parts, levels, rules)
    settled = parts.filter("settles")
    standing = _marked(standing, levels, rules)
    high = high_credit(ledger, windows)
    settled = settled.with_columns(_since_high_credit(ledger, settled, high, rules))
    measured = pl.collect_all(
        [
            _open_sums(standing, policy),
            _paid_sums(parts, rules, windows),
            _settled_sums(settled, rules, windows),
            _unapplied_sums(ledger, windows),
            _last_fact(ledger, windows),
            monthly_volatility(parts, rules, windows),
        ]
    )
    losses = written_off(ledger, parts, rules, windows)
    events = default_events(ledger, parts, settled, standing, losses, policy, windows)
    sums = (loss_sums(losses, rules, windows), _returned(ledger, windows))
    frame = beside(ledger.entities, sales, *measured, high, *sums, events)
    frame = completed(frame, policy, windows)
    return beside(frame, counted_back_dso(ledger, frame, windows))


def _sales(ledger: Ledger, windows: Windows) -> pl.DataFrame:
    """Sum gross sales an entity; ``months`` is how many of the window's months it has known us."""
    amount, issued = pl.col("amount"), pl.col("issued")
    days = (pl.col("due") - issued).dt.total_days().cast(pl.Int128)
    year = amount.cast(pl.Int128) * days * (issued > windows.year)
    sums = (
        ledger.claims.lazy()
        .filter(issued <= windows.as_of)
        .group_by("e")
        .agg(
            pl.len().alias("n_claims"),
            issued.min().alias("first_issued"),
            issued.max().alias("last_issued"),
            (amount * (issued > windows.year)).sum().alias("sales"),
            (amount * (issued > windows.recent)).sum().alias("recent_sales"),
            year.sum().alias("terms_sum"),
        )
        .collect()
    )
    age = whole_months(pl.col("first_issued"), windows.as_of)
    return sums.with_columns(
        age.alias("age_months"),
        age.clip(1, windows.months).cast(pl.Int64).alias("months"),
    )


def _levels(ledger: Ledger, rules: BehaviourPolicy, sales: pl.DataFrame) -> pl.DataFrame:
    """Work out an entity's amounts to compare with: e, unit (tolerance), small (1% of a month)."""
    units, of = rules.settled_tolerance.as_integer_ratio()
    tolerance = pl.col("unit") * units // of
    up, down = rules.small_item_share.as_integer_ratio()
    month = pl.col("months") * down
    small = (pl.col("sales") * up + month - 1) // month
    return beside(ledger.entities, sales.select("e", "sales", "months")).select(
        tolerance.alias("unit"), small.fill_null(0).alias("small")
    )


def _tolerance(amount: pl.Expr, rules: BehaviourPolicy) -> pl.Expr:
    """The residue up to which a claim counts as settled: one unit, or a share of the claim."""
    up, down = rules.settled_tolerance_share.as_integer_ratio()
    return pl.max_horizontal("unit", amount * up // down)


def _with_settlement(
    parts: pl.DataFrame, levels: pl.DataFrame, rules: BehaviourPolicy
) -> pl.DataFrame:
    """Add ``delay`` (signed days), ``large`` and ``settles``: the part that settled its claim.

    A claim that credit notes alone settled says nothing about how the customer pays; a write-off
    ends its claim as a payment on that day would.
    """
    done = pl.col("rest") <= _tolerance(pl.col("claim"), rules)
    same = pl.col("i") == pl.col("i").shift().fill_null(NOTHING)
    return (
        parts.hstack(levels[parts["e"]])
        .with_columns(
            (pl.col("on") - pl.col("due")).dt.total_days().alias("delay"),
            (pl.col("claim") >= pl.col("small")).alias("large"),
            done.alias("done"),
        )
        .with_columns(
            (pl.col("done") & ~(same & pl.col("done").shift(fill_value=False)))
            .and_((pl.col("parts") > 0) | pl.col("written"))
            .alias("settles")
        )
        .drop("unit", "small", "done")
    )


def _marked(standing: pl.DataFrame, levels: pl.DataFrame, rules: BehaviourPolicy) -> pl.DataFrame:
    """Add ``owed`` and ``late``: more than a residue stands, on our books and for behaviour."""
    left = pl.col("disputed_open") + pl.col("unpaid")
    tolerance, amount = _tolerance(pl.col("amount"), rules), pl.col("amount")
    residue = (left < amount) & (left <= tolerance)
    booked_residue = (pl.col("open") < amount) & (pl.col("open") <= tolerance)
    undisputed = pl.col("open") - pl.col("disputed_open")
    return standing.hstack(levels[standing["e"]]).with_columns(
        ((undisputed > 0) & (pl.col("dpd") > 0) & ~booked_residue).alias("owed"),
        ((pl.col("unpaid") > 0) & (pl.col("dpd") > 0) & ~residue).alias("late"),
        (pl.col("amount") >= pl.col("small")).alias("large"),
    )


def _open_sums(standing: pl.DataFrame, policy: Policy) -> pl.LazyFrame:
    dpd, amount, unpaid = pl.col("dpd"), pl.col("open"), pl.col("unpaid")
    undisputed = amount - pl.col("disputed_open")
    late, grace = pl.col("late"), policy.behaviour.grace_days

    def late_over(days: int, name: str) -> pl.Expr:
        return (unpaid * (late & (dpd > days))).sum().alias(name)

    return (
        standing.lazy()
        .group_by("e")
        .agg(
            pl.len().alias("n_open"),
            amount.sum().alias("ar"),
            (amount * (dpd <= 0)).sum().alias("age_current"),
            (amount * dpd.is_between(1, 30)).sum().alias("age_1_30"),
            (amount * dpd.is_between(31, 60)).sum().alias("age_31_60"),
            (amount * dpd.is_between(61, 90)).sum().alias("age_61_90"),
            (amount * (dpd > 90)).sum().alias("age_over_90"),
            (amount * dpd.is_between(91, 180)).sum().alias("age_91_180"),
            (amount * dpd.is_between(181, 365)).sum().alias("age_181_365"),
            (amount * (dpd > 365)).sum().alias("age_over_365"),
            pl.col("disputed_open").sum().alias("disputed"),
            (undisputed * (dpd > 0)).sum().alias("overdue"),
            dpd.filter("owed").max().alias("oldest_days"),
            (unpaid * (dpd > grace)).sum().alias("overdue_scored"),
            (unpaid * (dpd > 0)).sum().alias("overdue_unpaid"),
            (amount * (dpd > policy.behaviour.serious_days)).sum().alias("serious"),
            late_over(policy.gates.over_60_days, "late_over_60"),
            late_over(policy.gates.over_90_days, "late_over_90"),
            late_over(policy.default_event.days, "late_default"),
            late_over(policy.warning.rolled_days, "late_rolled"),
            (unpaid * late).sum().alias("late_sum"),
            (unpaid.cast(pl.Int128) * dpd * late).sum().alias("late_days"),
            dpd.filter("late").max().alias("late_oldest"),
            dpd.filter(late & pl.col("large")).max().alias("late_max"),
        )
    )


def _paid_sums(parts: pl.DataFrame, rules: BehaviourPolicy, windows: Windows) -> pl.LazyFrame:
    """Sum what was paid in the window, by amount and days; ``recent`` is its newest part."""
    amount, delay = pl.col("amount"), pl.col("delay")
    wide = amount.cast(pl.Int128)
    recent = pl.col("on") > windows.recent
    # An item counts once on each side: where its first part in the window, or on the side, stands.
    starts = (pl.col("i") != pl.col("i").shift().fill_null(NOTHING)) | (recent != recent.shift())
    late_days = wide * delay.clip(lower_bound=0)
    return (
        parts.lazy()
        .filter(pl.col("cash") & (pl.col("on") > windows.year))
        .with_columns(recent.alias("recent"), starts.alias("starts"))
        .group_by("e")
        .agg(
            amount.sum().alias("paid"),
            (amount * pl.col("recent")).sum().alias("recent_paid"),
            (amount * (delay > rules.grace_days)).sum().alias("paid_late"),
            late_days.sum().alias("paid_days"),
            (late_days * pl.col("recent")).sum().alias("recent_days"),
            (wide * delay).sum().alias("paid_signed"),
            (wide * (pl.col("on") - pl.col("issued")).dt.total_days()).sum().alias("paid_since"),
            (pl.col("starts") & pl.col("recent")).sum().alias("n_recent"),
            (pl.col("starts") & ~pl.col("recent")).sum().alias("n_prior"),
            pl.col("on").filter(delay > rules.grace_days).max().alias("last_late_on"),
        )
    )


def _settled_sums(settled: pl.DataFrame, rules: BehaviourPolicy, windows: Windows) -> pl.LazyFrame:
    year, delay = pl.col("on") > windows.year, pl.col("delay")
    recent, in_parts = pl.col("on") > windows.recent, pl.col("parts") > 1
    return (
        settled.lazy()
        .filter(pl.col("on") > windows.long)
        .group_by("e")
        .agg(
            year.sum().cast(pl.Int64).alias("n_settled"),
            (year & (delay > rules.grace_days)).sum().cast(pl.Int64).alias("n_late"),
            (year & in_parts).sum().cast(pl.Int64).alias("n_in_parts"),
            recent.sum().cast(pl.Int64).alias("n_settled_recent"),
            (recent & in_parts).sum().cast(pl.Int64).alias("n_in_parts_recent"),
            delay.filter("large").max().alias("settled_max"),
            delay.filter(year).max().alias("settled_max_year"),
            delay.filter(year & pl.col("handled")).max().alias("handled_max"),
        )
    )


def _unapplied_sums(ledger: Ledger, windows: Windows) -> pl.LazyFrame:
    amount = pl.col("amount")
    return (
        ledger.spare.lazy()
        .filter(unapplied_at(windows.as_of))
        .group_by("e")
        .agg(
            amount.filter("cash").sum().alias("unapplied_cash"),
            amount.filter(~pl.col("cash")).sum().alias("unapplied_credit"),
        )
    )


def _since_high_credit(
    ledger: Ledger, settled: pl.DataFrame, high: pl.DataFrame, rules: BehaviourPolicy
) -> pl.Expr | pl.Series:
    """Tell which settled claims were open at or after the day of the high credit: ``handled``."""
    if rules.well_handled_span == "window":
        return pl.lit(value=True).alias("handled")
    day = beside(ledger.entities, high)["high_credit_on"][settled["e"]]
    return (settled["on"] >= day).fill_null(value=True).alias("handled")


def _returned(ledger: Ledger, windows: Windows) -> pl.DataFrame:
    """Count payments that bounced in the window; tell when the last one did."""
    return (
        ledger.returned.filter(pl.col("on").is_between(windows.year, windows.as_of, closed="right"))
        .group_by("e")
        .agg(
            pl.len().cast(pl.Int64).alias("returned_payments"),
            pl.col("on").max().alias("returned_on"),
        )
    )


def _last_fact(ledger: Ledger, windows: Windows) -> pl.LazyFrame:
    return (
        ledger.facts.lazy()
        .filter(pl.col("on") <= windows.as_of)
        .group_by("e")
        .agg(pl.col("on").max().alias("last_fact"))
    )
