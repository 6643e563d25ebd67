"""The methods that read a limit off statements, outside guidelines and history.

Rules: credit-management 6.1 (M1, M2, M4 to M7). Amounts are integers of minor units, divisions
round down. A method without data is null; net worth of zero or less is a value: nothing.
"""

from datetime import date, timedelta
from decimal import Decimal

import polars as pl

from scoring.book import Book
from scoring.known import priced, told
from scoring.once import once
from scoring.policy import Policy

__all__ = [
    "STATEMENT_FIGURES",
    "externals",
    "history",
    "history_floor",
    "methods",
    "with_statement_figures",
    "working_assets",
]

_E_DIGITS = 9

#: What the methods read off the statements, and its type; null where there are none.
STATEMENT_FIGURES: dict[str, type[pl.DataType]] = {
    "tangible_net_worth": pl.Int64,
    "net_working_capital": pl.Int64,
    "net_worth": pl.Int64,
    "current_ratio": pl.Float64,
    "quick_ratio": pl.Float64,
    "current_liabilities_to_net_worth": pl.Float64,
    "total_liabilities_to_net_worth": pl.Float64,
    "annual_revenue": pl.Int64,
}


def with_statement_figures(frame: pl.DataFrame) -> pl.DataFrame:
    """Add as nulls the figures nobody worked out."""
    return frame.with_columns(
        pl.lit(None, kind).alias(name)
        for name, kind in STATEMENT_FIGURES.items()
        if name not in frame.columns
    )


@once
def methods(policy: Policy) -> list[pl.Expr]:
    """Give the columns of M1, M2, M4 and M5; one that the policy has off is null."""
    rules = policy.limits
    none = pl.lit(None, pl.Int64)
    found = {
        "net_worth_share": _worth_share() if rules.use_net_worth else none,
        "working_capital_share": _capital_share(rules.working_capital_share)
        if rules.use_working_capital
        else none,
        "working_assets": working_assets(policy) if rules.use_working_assets else none,
        "revenue_share": _revenue_share() if rules.use_revenue else none,
    }
    return [value.alias(name) for name, value in found.items()]


def _worth_share() -> pl.Expr:
    """M1: k1 of tangible net worth, nothing where it is zero or less."""
    worth = pl.col("tangible_net_worth").cast(pl.Int128).clip(lower_bound=0)
    return (worth * pl.col("worth_up") // pl.col("worth_down")).cast(pl.Int64)


def _capital_share(share: Decimal) -> pl.Expr:
    """M2: k2 of net working capital; left out where it is zero or less (a retailer's float)."""
    up, down = share.as_integer_ratio()
    capital = pl.col("net_working_capital").cast(pl.Int128)
    return pl.when(capital > 0).then(capital * up // down).cast(pl.Int64)


def _revenue_share() -> pl.Expr:
    """M5: k5 of a year's revenue."""
    revenue = pl.col("annual_revenue").cast(pl.Int128).clip(lower_bound=0)
    return (revenue * pl.col("revenue_up") // pl.col("revenue_down")).cast(pl.Int64)


def working_assets(policy: Policy) -> pl.Expr:
    """M4: a share of working assets by the score E (营运资产分析模型).

    Working assets are half of working capital plus net worth. Net worth of zero or less gives 0
    without asking for E, whose debt terms would change sign.
    """
    marks, shares = policy.limits.working_assets_marks, policy.limits.working_assets_shares
    worth = pl.col("net_worth")
    # Ratios are binary fractions; a mark met exactly must not be missed by their last digit.
    score = (
        pl.col("current_ratio")
        + pl.col("quick_ratio")
        - pl.col("current_liabilities_to_net_worth")
        - pl.col("total_liabilities_to_net_worth")
    ).round(_E_DIGITS)
    assets = (worth.cast(pl.Int128) + pl.col("net_working_capital")).clip(lower_bound=0)
    value = _of(assets, shares[-1])
    steps = list(zip(marks, shares[:-1], strict=True))
    for place, (mark, share) in reversed(list(enumerate(steps))):
        top = place == len(steps) - 1
        reached = score < float(mark) if top else score <= float(mark)
        value = pl.when(reached).then(_of(assets, share)).otherwise(value)
    known_score = pl.when(score.is_not_null()).then(value)
    return pl.when(worth <= 0).then(0).otherwise(known_score).cast(pl.Int64)


def _of(assets: pl.Expr, share: Decimal) -> pl.Expr:
    up, down = share.as_integer_ratio()
    return assets * up // (down * 2)


def externals(book: Book, policy: Policy, as_of: date) -> pl.DataFrame:
    """M6: fresh guidelines from outside: e, bureau_guideline, insurer_guideline, external.

    The newest row of a bureau and of an insurer counts; refused or withdrawn cover is no limit.
    """
    rows = told(book, as_of, "bureau", "insurance")
    day = pl.lit(as_of)
    fresh = pl.col("known_on") >= day - timedelta(days=policy.limits.external_fresh_days)
    lasting = (
        (pl.col("valid_to") >= day).fill_null(value=True)
        & (pl.col("ended_on") > day).fill_null(value=True)
        & fresh
    )
    limits = pl.col("amount").is_not_null() | (pl.col("kind") == "insurance")
    newest = (
        rows.filter(limits)
        .sort("known_on", "record")
        .unique(["e", "kind"], keep="last", maintain_order=True)
    )
    cover = (pl.col("kind") == "bureau") | (pl.col("status") == "in_force")
    kept = priced(book, newest.filter(lasting & cover), ("amount",)).drop_nulls("amount")
    latest = pl.col("amount").sort_by("known_on", "record").last()
    joined = {"minimum": pl.col("amount").min(), "latest": latest}
    external = joined.get(policy.limits.external, pl.lit(None, pl.Int64))
    return kept.group_by("e").agg(
        pl.col("amount").filter(pl.col("kind") == "bureau").first().alias("bureau_guideline"),
        pl.col("amount").filter(pl.col("kind") == "insurance").first().alias("insurer_guideline"),
        external.alias("external"),
    )


@once
def history(policy: Policy) -> pl.Expr:
    """M7: what was owed at the height, if it was handled well, and some more."""
    up, down = (1 + policy.limits.high_credit_growth).as_integer_ratio()
    proven = pl.col("well_handled") & (pl.col("n_settled") > 0) & (pl.col("high_credit") > 0)
    return pl.when(proven).then(pl.col("high_credit") * up // down)


@once
def history_floor(policy: Policy) -> pl.Expr:
    """Lift capacity to a share of well-handled high credit, for good grades of some age (6.3)."""
    rules = policy.limits
    if not rules.history_floor:
        return pl.lit(None, pl.Int64)
    up, down = rules.history_floor_share.as_integer_ratio()
    worst = [row.grade for row in policy.grades].index(rules.history_floor_grade)
    earned = (
        pl.col("history").is_not_null()
        & (pl.col("grade") <= worst)
        & (pl.col("age_months") >= rules.history_floor_months)
    )
    return pl.when(earned).then(pl.col("high_credit") * up // down)
