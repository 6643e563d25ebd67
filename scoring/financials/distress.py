"""Bankruptcy scores (破产预警分): secondary signals for flags and trend, not probabilities.

Coefficients and zones: credit-management 5.5. They were estimated on other populations.
"""

import polars as pl

from scoring.financials.lines import whole
from scoring.financials.statements import BEFORE
from scoring.money import minor_digits
from scoring.once import once
from scoring.policy import FinancialsPolicy

__all__ = ["SCORES", "ZONES", "distress"]

SCORES = (
    *("z", "z_private", "z_double", "em", "ohlson", "bathory"),
    *("z_double_before", "z_double_change"),
)
ZONES = ("safe", "grey", "distress")


def distress(lines: pl.DataFrame, rules: FinancialsPolicy) -> pl.DataFrame:
    """Add ``SCORES`` and the zones to rows of ``lines.prepared`` with their amounts.

    ``distress_zone`` (safe, grey, distress) is that of the model the policy names,
    ``distress_zone_before`` the predecessor's. ``ohlson`` orders firms and says no probability:
    its size term is in US dollars of another age.
    """
    frame = lines.with_columns(
        *_altman(""),
        *_altman(BEFORE),
        _ohlson(lines["statement_currency"], rules).alias("ohlson"),
        _bathory().alias("bathory"),
    )
    model = rules.distress_model
    return frame.with_columns(
        (pl.col("z_double") - pl.col("z_double_before")).alias("z_double_change"),
        _zone(pl.col(model), rules).alias("distress_zone"),
        _zone(pl.col(model + BEFORE), rules).alias("distress_zone_before"),
    )


@once
def _altman(end: str) -> list[pl.Expr]:
    """Give Z, Z', Z'' and EM; each is null where a part of it is not known."""

    def line(name: str) -> pl.Expr:
        return pl.col(name + end).cast(pl.Float64)

    assets = pl.when(line("total_assets") > 0).then(line("total_assets"))
    debt = pl.when(line("total_liabilities") > 0).then(line("total_liabilities"))
    year = 12 / pl.col("statement_months" + end)
    x1 = (line("current_assets") - line("current_liabilities")) / assets
    x2 = line("retained_earnings") / assets
    x3 = line("ebit") * year / assets
    market, book = line("market_value") / debt, line("equity") / debt
    x5 = line("revenue") * year / assets
    double = 6.56 * x1 + 3.26 * x2 + 6.72 * x3 + 1.05 * book
    return [
        (1.2 * x1 + 1.4 * x2 + 3.3 * x3 + 0.6 * market + 1.0 * x5).alias(f"z{end}"),
        (0.717 * x1 + 0.847 * x2 + 3.107 * x3 + 0.420 * book + 0.998 * x5).alias(f"z_private{end}"),
        double.alias(f"z_double{end}"),
        (double + 3.25).alias(f"em{end}"),
    ]


def _ohlson(currencies: pl.Series, rules: FinancialsPolicy) -> pl.Expr:
    units = {
        currency: float(10 ** minor_digits(currency))
        for currency in currencies.drop_nulls().unique()
    }
    unit = pl.col("statement_currency").replace_strict(units, default=None, return_dtype=pl.Float64)
    assets = pl.when(pl.col("total_assets") > 0).then(pl.col("total_assets"))
    debt = pl.when(pl.col("total_liabilities") > 0).then(pl.col("total_liabilities"))
    current = pl.when(pl.col("current_assets") > 0).then(pl.col("current_assets"))
    owed = pl.col("current_liabilities")
    year = 12 / pl.col("statement_months")
    profit = pl.col("net_profit") * year
    earlier = pl.col("net_profit_before") * 12 / pl.col("statement_months_before")
    moved = profit.abs() + earlier.abs()
    size = (assets / unit / float(rules.ohlson_price_index)).log()
    change = pl.when(moved > 0).then((profit - earlier) / moved).when(moved == 0).then(0.0)
    return (
        -1.32
        - 0.407 * size
        + 6.03 * debt / assets
        - 1.43 * (current - owed) / assets
        + 0.0757 * owed / current
        - 1.72 * (debt > assets).cast(pl.Float64)
        - 2.37 * profit / assets
        - 1.83 * pl.col("cash_flow") * year / debt
        + 0.285 * ((profit < 0) & (earlier < 0)).cast(pl.Float64)
        - 0.521 * change
    )


@once
def _bathory() -> pl.Expr:
    owed = pl.when(pl.col("current_liabilities") > 0).then(pl.col("current_liabilities"))
    debt = pl.when(pl.col("total_liabilities") > 0).then(pl.col("total_liabilities"))
    assets = pl.when(pl.col("total_assets") > 0).then(pl.col("total_assets"))
    # Working capital below zero turns the sign of its quotient: a loss would look good.
    working = pl.when(pl.col("net_working_capital") > 0).then(pl.col("net_working_capital"))
    year = 12 / pl.col("statement_months")
    profit = pl.col("profit_before_tax") * year
    return (
        (profit + whole("depreciation") * year) / owed
        + profit / working
        + pl.col("equity") / owed
        + pl.col("tangible_net_worth") / debt
        + working / assets
    )


def _zone(score: pl.Expr, rules: FinancialsPolicy) -> pl.Expr:
    zones = {"z": rules.z, "z_private": rules.z_private, "z_double": rules.z_double, "em": rules.em}
    zone = zones[rules.distress_model]
    safe = score > float(zone.safe) if rules.distress_model != "em" else score >= float(zone.safe)
    words = (
        pl.when(safe)
        .then(pl.lit("safe"))
        .when(score < float(zone.distress))
        .then(pl.lit("distress"))
        .otherwise(pl.lit("grey"))
    )
    return pl.when(score.is_not_null()).then(words).cast(pl.Enum(ZONES))
