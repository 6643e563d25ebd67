"""Financial ratios (财务指标) of the chosen statements, each with a status.

Status: ``ok``; ``thin`` (a closing balance instead of an average, or an empty line that is small
by nature taken as 0); ``missing`` (a line is not stated); ``not_applicable`` (nothing to divide
by); ``proxy`` (net profit plus depreciation for the operating cash flow, profit before tax for
EBIT). Formulas: credit-management 1.1, edge rules 1.3. Ratios are floats, amounts exact.

Units: percent for margins, returns, growth, debt to assets, retained earnings; points of a percent
for the change of debt to assets; days for periods; plain ratios otherwise.
"""

from typing import NamedTuple

import polars as pl

from scoring.financials.lines import annual, average, before, empty, whole
from scoring.once import once
from scoring.policy import FinancialsPolicy

__all__ = ["AMOUNTS", "FLAGS", "RATIOS", "STATUSES", "STATUS_TYPE", "ratios"]

STATUSES = ("ok", "thin", "missing", "not_applicable", "proxy")
STATUS_TYPE = pl.Enum(STATUSES)

#: Amounts in the statement's minor units; ``analysis`` converts them to the entity's currency.
AMOUNTS = ("tangible_net_worth", "net_working_capital", "net_worth", "annual_revenue")
FLAGS = (
    *("negative_equity", "over_trading", "falling_sales"),
    *("no_interest_profit", "loss_without_sales"),
)
_YES = pl.lit(value=True)
_NO = pl.lit(value=False)
_YEAR_DAYS = 365.0


class _Ratio(NamedTuple):
    """A quotient times ``scale`` plus ``shift``; ``thin`` and ``proxy`` say when it is one."""

    top: pl.Expr
    bottom: pl.Expr
    scale: float = 1.0
    shift: float = 0.0
    thin: pl.Expr = _NO
    proxy: pl.Expr = _NO


def _liquidity() -> dict[str, _Ratio]:
    assets, due = pl.col("current_assets"), pl.col("current_liabilities")
    quick = assets - pl.col("inventory") - whole("prepayments")
    cash = pl.col("cash") + whole("trading_securities")
    return {
        "current_ratio": _Ratio(assets, due),
        "quick_ratio": _Ratio(quick, due, thin=empty("prepayments")),
        "cash_ratio": _Ratio(cash, due, thin=empty("trading_securities")),
    }


def _debt() -> dict[str, _Ratio]:
    debt, own = pl.col("total_liabilities"), pl.col("equity")
    retained = pl.col("retained_earnings")
    only_one = empty("surplus_reserve") | empty("undistributed_profit")
    return {
        "debt_to_assets": _Ratio(debt, pl.col("total_assets"), 100.0),
        "debt_to_equity": _Ratio(debt, own),
        "current_liabilities_to_net_worth": _Ratio(pl.col("current_liabilities"), own),
        "total_liabilities_to_net_worth": _Ratio(debt, own),
        "retained_to_assets": _Ratio(retained, pl.col("total_assets"), 100.0, thin=only_one),
        "interest_cover": _Ratio(pl.col("ebit"), pl.col("interest_expense")),
    }


def _profit() -> dict[str, _Ratio]:
    revenue, profit = pl.col("revenue"), pl.col("net_profit")
    own, own_thin = average("equity")
    assets, assets_thin = average("total_assets")
    no_interest = empty("interest_expense")
    return {
        "net_margin": _Ratio(profit, revenue, 100.0),
        "gross_margin": _Ratio(revenue - pl.col("cost_of_sales"), revenue, 100.0),
        "roe": _Ratio(annual("net_profit"), own, 100.0, thin=own_thin),
        "roa": _Ratio(annual("ebit"), assets, 100.0, thin=assets_thin, proxy=no_interest),
        "asset_turnover": _Ratio(annual("revenue"), assets, thin=assets_thin),
        "growth": _Ratio(annual("revenue"), before(annual, "revenue"), 100.0, -100.0),
    }


def _cash_flow() -> dict[str, _Ratio]:
    flow, stated = annual("cash_flow"), pl.col("operating_cash_flow")
    proxy = empty("operating_cash_flow")
    return {
        "ocf_to_cl": _Ratio(flow, pl.col("current_liabilities"), proxy=proxy),
        "ocf_to_debt": _Ratio(flow, pl.col("total_liabilities"), proxy=proxy),
        # With the proxy above the line it would compare profit with itself.
        "earnings_quality": _Ratio(stated, pl.col("net_profit")),
    }


def _activity() -> dict[str, _Ratio]:
    sales = pl.coalesce(annual("credit_sales"), annual("revenue"))
    bought = pl.coalesce(annual("purchases"), annual("cost_of_sales"))
    receivables, receivables_thin = average("receivables")
    stock, stock_thin = average("inventory")
    payables, payables_thin = average("payables")
    cost = annual("cost_of_sales")
    turnover = pl.when(sales > 0).then(sales)
    return {
        "receivables_turnover": _Ratio(turnover, receivables, thin=receivables_thin),
        "customer_dso": _Ratio(receivables, sales, _YEAR_DAYS, thin=receivables_thin),
        "inventory_days": _Ratio(stock, cost, _YEAR_DAYS, thin=stock_thin),
        "dpo": _Ratio(payables, bought, _YEAR_DAYS, thin=payables_thin),
    }


def _quotients() -> dict[str, _Ratio]:
    return _liquidity() | _debt() | _profit() | _cash_flow() | _activity()


#: Every ratio, in the order shown; each has a column ``<code>_status`` beside it.
RATIOS = (*_quotients(), "cash_cycle", "debt_to_assets_change")


def ratios(lines: pl.DataFrame, rules: FinancialsPolicy) -> pl.DataFrame:
    """Add ``RATIOS`` with their statuses, ``AMOUNTS`` and ``FLAGS`` to rows of ``lines.prepared``.

    A ratio has its status in ``<ratio>_status``, so has ``tangible_net_worth``.
    """
    for stage in _stages(rules):
        lines = lines.with_columns(stage)
    return lines


@once
def _stages(rules: FinancialsPolicy) -> tuple[list[pl.Expr], ...]:
    """Build the columns, in the order in which they need each other."""
    quotients = _quotients()
    values = [_value(ratio).alias(code) for code, ratio in quotients.items()]
    statuses = [_status(ratio).alias(f"{code}_status") for code, ratio in quotients.items()]
    return (
        [*values, *statuses, *_amounts()],
        [*_differences(), *_special_statuses()],
        _flags(rules),
    )


def _value(ratio: _Ratio) -> pl.Expr:
    quotient = ratio.top.cast(pl.Float64) / ratio.bottom.cast(pl.Float64)
    return pl.when(ratio.bottom > 0).then(quotient * ratio.scale + ratio.shift)


def _status(ratio: _Ratio) -> pl.Expr:
    words = (
        pl.when(ratio.bottom <= 0)
        .then(pl.lit("not_applicable"))
        .when(ratio.top.is_null() | ratio.bottom.is_null())
        .then(pl.lit("missing"))
        .when(ratio.proxy)
        .then(pl.lit("proxy"))
        .when(ratio.thin)
        .then(pl.lit("thin"))
        .otherwise(pl.lit("ok"))
    )
    return words.cast(STATUS_TYPE)


def _amounts() -> list[pl.Expr]:
    deducted = ("intangibles", "goodwill", "deferred_items", "owner_loans")
    tangible = pl.col("equity") - pl.sum_horizontal(whole(name) for name in deducted)
    thin = pl.any_horizontal(empty(name) for name in deducted)
    working = pl.col("current_assets") - pl.col("current_liabilities")
    months = pl.col("statement_months").cast(pl.Int128)
    # Halves of a minor unit go up: an annualised revenue is an estimate anyway.
    revenue = (pl.col("revenue").cast(pl.Int128) * 24 + months) // (months * 2)
    return [
        tangible.alias("tangible_net_worth"),
        _status(_Ratio(tangible, _YES.cast(pl.Int8), thin=thin)).alias("tangible_net_worth_status"),
        working.alias("net_working_capital"),
        pl.col("equity").alias("net_worth"),
        revenue.cast(pl.Int64).alias("annual_revenue"),
    ]


def _differences() -> list[pl.Expr]:
    cycle = pl.col("inventory_days") + pl.col("customer_dso") - pl.col("dpo")
    parts = ("inventory_days_status", "customer_dso_status", "dpo_status")
    thin = pl.any_horizontal(pl.col(part) == "thin" for part in parts)
    one = _YES.cast(pl.Int8)
    earlier = before(pl.col, "total_liabilities"), before(pl.col, "total_assets")
    change = pl.col("debt_to_assets") - _value(_Ratio(*earlier, 100.0))
    return [
        cycle.alias("cash_cycle"),
        _status(_Ratio(cycle, one, thin=thin)).alias("cash_cycle_status"),
        change.alias("debt_to_assets_change"),
        _status(_Ratio(change, one)).alias("debt_to_assets_change_status"),
    ]


def _special_statuses() -> list[pl.Expr]:
    """Say not applicable where a turnover has nothing above the line (1.3)."""
    none_sold = (pl.col("revenue") <= 0) & pl.col("credit_sales").is_null()
    status = pl.col("receivables_turnover_status")
    none = pl.lit("not_applicable").cast(STATUS_TYPE)
    return [pl.when(none_sold).then(none).otherwise(status).alias("receivables_turnover_status")]


def _flags(rules: FinancialsPolicy) -> list[pl.Expr]:
    interest, profit = pl.col("interest_expense"), pl.col("profit_before_tax")
    # A line that says 0 (or less: interest was earned on balance); an empty one is missing.
    return [
        (pl.col("equity") <= 0).alias("negative_equity"),
        (pl.col("growth") > float(rules.over_trading_growth)).alias("over_trading"),
        (pl.col("growth") < 0).alias("falling_sales"),
        pl.when(interest <= 0).then(profit >= 0).alias("no_interest_profit"),
        pl.when(pl.col("revenue") <= 0).then(pl.col("net_profit") < 0).alias("loss_without_sales"),
    ]
