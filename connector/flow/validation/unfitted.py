"""The method as it is shipped, on others' firms: group F and Altman's Z'', nothing fitted.

Which column stands for which figure: credit-management 17.1. What a data set has no line for is
missing, and the missing-data rule of the card decides.
"""

import polars as pl

from scoring.financials.group import financial_shares
from scoring.policy import Policy

__all__ = [
    "american_ratios",
    "american_z",
    "financial_risk",
    "polish_ratios",
    "polish_z",
    "taiwan_z",
]


_TAIWAN_Z = (
    "Working Capital to Total Assets",
    "Retained Earnings to Total Assets",
    "ROA(A) before interest and % after tax",
    "Equity to Liability",
)


def financial_risk(ratios: pl.DataFrame, policy: Policy) -> pl.Series:
    """Return 1 − the share of group F's points: higher is worse."""
    return 1 - financial_shares(ratios, policy)["share_financial"]


def american_ratios(frame: pl.DataFrame) -> pl.DataFrame:
    """Map American statement items to group F: no interest line, cash flow by its proxy."""
    prior = frame.select(
        "firm", pl.col("year") + 1, _per("total_liabilities", "total_assets").alias("prior")
    )
    debt = _per("total_liabilities", "total_assets")
    quick = pl.col("current_assets") - pl.col("inventory")
    cash_flow = pl.col("net_income") + pl.col("depreciation")
    loss = (pl.col("sales") <= 0) & (pl.col("net_income") < 0)
    return frame.join(prior, on=("firm", "year"), how="left", maintain_order="left").select(
        (debt * 100).alias("debt_to_assets"),
        _per(quick, "current_liabilities").alias("quick_ratio"),
        _per(cash_flow, "current_liabilities").alias("ocf_to_cl"),
        pl.lit(None, pl.Float64).alias("interest_cover"),
        (_per("net_income", "sales") * 100).alias("net_margin"),
        ((debt - pl.col("prior")) * 100).alias("debt_to_assets_change"),
        (_per("retained", "total_assets") * 100).alias("retained_to_assets"),
        loss.alias("loss_without_sales"),
    )


def polish_ratios(frame: pl.DataFrame) -> pl.DataFrame:
    """Map Polish ratios to group F: one year only, so no change of debt to assets.

    Interest cover is built from its own two lines, Attr11 and Attr11 − Attr18; the published ratio
    Attr27 is not used, its blanks tell of the bankruptcies (17.1).
    """
    interest = pl.col("Attr11") - pl.col("Attr18")
    none = interest == 0
    return frame.select(
        (pl.col("Attr2") * 100).alias("debt_to_assets"),
        pl.col("Attr46").alias("quick_ratio"),
        _per(pl.col("Attr26") * pl.col("Attr2"), "Attr51").alias("ocf_to_cl"),
        pl.when(~none).then(pl.col("Attr11") / interest).alias("interest_cover"),
        (pl.col("Attr23") * 100).alias("net_margin"),
        pl.lit(None, pl.Float64).alias("debt_to_assets_change"),
        (pl.col("Attr6") * 100).alias("retained_to_assets"),
        pl.when(none).then(pl.col("Attr18") >= 0).alias("no_interest_profit"),
    )


def american_z(frame: pl.DataFrame) -> pl.Series:
    """Return −Z'' (credit-management 5.5): higher is worse; without a line, 0 for its term."""
    capital = pl.col("current_assets") - pl.col("current_liabilities")
    equity = pl.col("total_assets") - pl.col("total_liabilities")
    return _minus_z(
        frame,
        _per(capital, "total_assets"),
        _per("retained", "total_assets"),
        _per("ebit", "total_assets"),
        _per(equity, "total_liabilities"),
    )


def polish_z(frame: pl.DataFrame) -> pl.Series:
    """Return −Z'' of the Polish ratios; their "EBIT" is the profit before tax."""
    return _minus_z(frame, *(pl.col(f"Attr{number}") for number in (3, 6, 7, 8)))


def taiwan_z(frame: pl.DataFrame) -> pl.Series:
    """Return −(mean rank of the four parts of Z''): the publisher scaled the levels away (17.1)."""
    ranks = [pl.col(name).rank() for name in _TAIWAN_Z]
    return frame.select(-pl.mean_horizontal(ranks).alias("z"))["z"]


def _minus_z(frame: pl.DataFrame, *parts: pl.Expr) -> pl.Series:
    weights = (6.56, 3.26, 6.72, 1.05)
    terms = [part.fill_null(0.0) * weight for part, weight in zip(parts, weights, strict=True)]
    return frame.select(-pl.sum_horizontal(terms).alias("z"))["z"]


def _per(above: str | pl.Expr, below: str) -> pl.Expr:
    """Divide; without a positive denominator the ratio is not applicable, which is null."""
    number = pl.col(above) if isinstance(above, str) else above
    return pl.when(pl.col(below) > 0).then(number / pl.col(below))
