"""The credit limit (信用额度): a waterfall of methods, each kept with its value.

Rules: credit-management 6.1 and 6.3. Without statements there is no capacity method: need, history
and the starter amount decide, under the risk caps. A method without data is left out, never zero.
Amounts are integers of the entity's minor units; divisions round down.
"""

from collections.abc import Mapping
from decimal import Decimal

import polars as pl

from scoring.ledger import Ledger, day_key
from scoring.policy import GradePolicy, Policy
from scoring.rates import Rate, minor_amounts
from scoring.windows import Windows

__all__ = ["grade_amounts", "limited", "loss_cap", "policy_amounts", "rounded_down"]


def policy_amounts(
    currencies: pl.Series, policy: Policy, rates: Mapping[str, Rate]
) -> pl.DataFrame:
    """Write the policy's amounts in each currency's minor units; null without a rate.

    Columns currency, starter, materiality, hold_min_overdue, cap_concentration.
    """
    names = currencies.unique().sort().to_list()
    base, share = policy.limits.concentration_base, policy.limits.concentration_share
    amounts = {
        "starter": policy.limits.starter,
        "materiality": policy.default_event.materiality,
        "hold_min_overdue": policy.watch.hold_min_overdue,
        "cap_concentration": None if base is None else base * share,
    }
    return pl.DataFrame(
        {"currency": names} | _in_currencies(amounts, names, policy, rates),
        schema={"currency": pl.String} | dict.fromkeys(amounts, pl.Int64),
    )


def _in_currencies(
    amounts: Mapping[str, Decimal | None],
    names: list[str],
    policy: Policy,
    rates: Mapping[str, Rate],
) -> dict[str, list[int | None]]:
    columns: dict[str, list[int | None]] = {}
    for column, amount in amounts.items():
        known = {} if amount is None else minor_amounts(amount, names, rates, policy.currency)
        columns[column] = [known.get(name) for name in names]
    return columns


def grade_amounts(currencies: pl.Series, policy: Policy, rates: Mapping[str, Rate]) -> pl.DataFrame:
    """Lay out what each grade allows in each currency.

    Columns currency, grade, safety_up, safety_down, unsecured_allowed, lateness, cap_grade,
    cap_loss; a null cap does not bind.
    """
    names = currencies.unique().sort().to_list()
    tables = [
        _grade_table(index, row, names, policy, rates) for index, row in enumerate(policy.grades)
    ]
    return pl.concat(tables)


def _grade_table(
    index: int, row: GradePolicy, names: list[str], policy: Policy, rates: Mapping[str, Rate]
) -> pl.DataFrame:
    budget = policy.limits.loss_budget
    loss = None if budget is None else loss_cap(budget, row.pd, policy.limits.lgd)
    amounts = {"cap_grade": row.unsecured_cap, "cap_loss": loss}
    up, down = row.safety.as_integer_ratio()
    columns = _in_currencies(amounts, names, policy, rates)
    return pl.DataFrame(
        {"currency": names} | columns,
        schema={"currency": pl.String, "cap_grade": pl.Int64, "cap_loss": pl.Int64},
    ).with_columns(
        pl.lit(index, pl.Int32).alias("grade"),
        pl.lit(up, pl.Int64).alias("safety_up"),
        pl.lit(down, pl.Int64).alias("safety_down"),
        pl.lit(row.unsecured).alias("unsecured_allowed"),
        pl.lit(row.lateness_in_need).alias("lateness"),
    )


def loss_cap(budget: Decimal, pd: Decimal, lgd: Decimal) -> Decimal:
    """M8: the limit whose expected loss in a year is the budget."""
    return budget / (pd * lgd)


def limited(
    frame: pl.DataFrame, ledger: Ledger, policy: Policy, windows: Windows, grades: pl.DataFrame
) -> pl.DataFrame:
    """Add the waterfall and ``limit``.

    ``need_days``, ``need_seasonal`` (M3s), ``need_average`` (M3), ``need``, ``history`` (M7),
    ``unsecured`` before and ``allowed`` after the grade's clamp, ``bound_by``, ``limit``. An
    entity without history gets the starter amount; one that must not be rated gets no limit.
    """
    frame = frame.join(grades, on=["currency", "grade"], how="left", maintain_order="left")
    frame = frame.with_columns(_need_days(policy).alias("need_days"))
    peak = _peak_purchases(ledger, frame, windows)
    frame = frame.join(peak, on="e", how="left", maintain_order="left")
    return (
        frame.with_columns(*_needs(policy), _history(policy).alias("history"))
        .with_columns(_need(policy).alias("need"), _unsecured().alias("unsecured"))
        .with_columns(_allowed().alias("allowed"))
        .with_columns(_limit(policy).alias("limit"))
        .with_columns(_bound_by().alias("bound_by"))
    )


def _need_days(policy: Policy) -> pl.Expr:
    """Terms plus lateness in whole days; lateness counts for good grades only, and little (M3)."""
    rules = policy.limits
    terms = pl.coalesce(
        "terms_days",
        pl.col("weighted_terms")
        .clip(lower_bound=0)
        .round(mode="half_away_from_zero")
        .cast(pl.Int32),
        pl.lit(policy.behaviour.default_terms_days, pl.Int32),
    )
    late = pl.col("wadl").fill_null(0.0).clip(upper_bound=float(rules.late_days_in_need))
    counted = late.round(mode="half_away_from_zero").cast(pl.Int64) * pl.col("lateness").fill_null(
        value=False
    )
    return terms.cast(pl.Int64) + counted + rules.billing_lag_days


def _peak_purchases(ledger: Ledger, frame: pl.DataFrame, windows: Windows) -> pl.DataFrame:
    """Find the most bought in any ``need_days`` of the window: e, peak.

    Each invoice ends a span; the spans' sums are differences of one running total.
    """
    issued = pl.col("issued")
    bought = ledger.claims.select("e", "issued", "amount").filter(
        (issued <= windows.as_of) & (issued > windows.year)
    )
    days = frame["need_days"].gather(bought["e"]).alias("days")
    bought = bought.with_columns(
        days, day_key(pl.col("e"), issued).alias("key"), pl.col("amount").cum_sum().alias("total")
    )
    starts = bought.select(pl.col("key") - pl.col("days")).to_series()
    before = bought["key"].search_sorted(starts, side="right")
    totals = pl.concat([pl.Series([0], dtype=pl.Int64), bought["total"]])
    spans = bought.with_columns((pl.col("total") - totals.gather(before)).alias("span"))
    return spans.group_by("e").agg(pl.col("span").max().clip(lower_bound=0).alias("peak"))


def _needs(policy: Policy) -> list[pl.Expr]:
    up, down = (1 + policy.limits.growth).as_integer_ratio()
    bought = pl.col("sales") > 0
    average = (
        pl.col("sales").cast(pl.Int128)
        * pl.col("need_days")
        * pl.col("safety_up")
        // (pl.col("months") * 30 * pl.col("safety_down"))
    )
    return [
        pl.when(bought).then(pl.col("peak") * up // down).alias("need_seasonal"),
        pl.when(bought).then(average).cast(pl.Int64).alias("need_average"),
    ]


def _need(policy: Policy) -> pl.Expr:
    order = ("need_seasonal", "need_average")
    return pl.coalesce(*(order if policy.limits.seasonal_need else order[::-1]))


def _history(policy: Policy) -> pl.Expr:
    """M7: what was owed at the height, if it was handled well."""
    up, down = (1 + policy.limits.high_credit_growth).as_integer_ratio()
    proven = pl.col("well_handled") & (pl.col("n_settled") > 0) & (pl.col("high_credit") > 0)
    return pl.when(proven).then(pl.col("high_credit") * up // down)


def _unsecured() -> pl.Expr:
    shown = pl.max_horizontal("history", "starter")
    return pl.min_horizontal(shown, "cap_loss", "cap_concentration").clip(lower_bound=0)


def _allowed() -> pl.Expr:
    clamped = pl.min_horizontal("unsecured", "cap_grade")
    graded = pl.when(pl.col("unsecured_allowed")).then(clamped).otherwise(0)
    return (
        pl.when(pl.col("grade").is_not_null())
        .then(graded)
        .otherwise(pl.min_horizontal("starter", "cap_concentration"))
    )


def _limit(policy: Policy) -> pl.Expr:
    graded = pl.col("grade").is_not_null()
    # Nothing bought in the window tells no need: the starter amount at most (6.3).
    bounded = pl.min_horizontal("allowed", pl.coalesce("need", "starter"))
    wanted = pl.when(graded).then(bounded).otherwise("allowed")
    may = graded | (pl.col("unrated") == "no_history")
    return pl.when(may).then(rounded_down(wanted, policy.limits.round_digits))


def rounded_down(amount: pl.Expr, digits: int) -> pl.Expr:
    """Keep the first ``digits`` digits of a non-negative amount, zeros after them."""
    result = amount
    for zeros in range(1, 19 - digits):
        unit = 10**zeros
        nice = amount // unit * unit
        result = pl.when(amount >= 10 ** (zeros + digits - 1)).then(nice).otherwise(result)
    return result


def _bound_by() -> pl.Expr:
    """Name the method that set the limit."""
    return (
        pl.when(pl.col("limit").is_null())
        .then(pl.lit(None, pl.String))
        .when(pl.col("grade").is_null())
        .then(pl.lit("starter"))
        .when(~pl.col("unsecured_allowed"))
        .then(pl.lit("grade"))
        .when(pl.col("need").is_null() & (pl.col("starter") <= pl.col("allowed")))
        .then(pl.lit("starter"))
        .when(pl.col("need") <= pl.col("allowed"))
        .then(pl.lit("need"))
        .when(pl.col("cap_grade") <= pl.col("unsecured"))
        .then(pl.lit("cap_grade"))
        .when(pl.col("cap_loss") <= pl.col("unsecured"))
        .then(pl.lit("cap_loss"))
        .when(pl.col("cap_concentration") <= pl.col("unsecured"))
        .then(pl.lit("cap_concentration"))
        .when(pl.col("history") >= pl.col("starter"))
        .then(pl.lit("history"))
        .otherwise(pl.lit("starter"))
    )
