"""Figures that fitted methods may choose from: ratios that mean something, made row by row.

Nothing here looks at an outcome or at another row, but for the same firm's year before. Ratios
whose only worth is how the publisher filled gaps were left out: in the Polish files the three-year
profit repeats the one-year profit for 97 % of a hundred failed firms, so differences of columns
that should be equal tell the label and nothing about companies.
"""

from collections.abc import Sequence

import polars as pl

__all__ = ["BLANK_TELLS", "american_figures", "polish_figures"]

#: Published Polish ratio whose blanks tell of the bankruptcies (credit-management 17.1).
BLANK_TELLS = "Attr27"
_CHANGES = (
    *("debt_to_assets", "quick", "income_to_assets", "retained_to_assets", "sales_to_assets"),
    *("cash_to_assets", "capital_to_assets", "cash_flow_to_cl", "ebit_to_assets"),
    *("charges_to_assets", "long_debt_to_assets", "margin"),
)


def polish_figures(frame: pl.DataFrame, *, blanks: bool) -> pl.DataFrame:
    """Return the published ratios and what they say together; ``blanks``: Attr27 among them."""
    a = [pl.lit(None), *(pl.col(f"Attr{number}") for number in range(1, 65))]
    made = {
        "long_debt": a[2] - a[51],
        "short_share": a[51] / a[2],
        "interest": a[11] - a[18],
        "interest_cover": a[11] / (a[11] - a[18]),
        "cash_flow_to_cl": a[26] * a[2] / a[51],
        "depreciation": a[22] - a[48],
        "depreciation_flow": a[26] * a[2] - a[1],
        "tax": a[7] - a[1],
        "after_tax": a[1] / a[7],
        "not_operating": a[7] - a[22],
        "receivables": a[9] / a[61],
        "inventory": a[9] / a[60],
        "inventory_to_cl": a[4] - a[46],
        "interest_to_sales": a[31] - a[19],
        "cash": a[40] * a[51],
        "ebitda_to_cl": a[48] / a[51],
        "payment_gap": a[62] - a[20],
    }
    shown = frame.drop("bad") if blanks else frame.drop("bad", BLANK_TELLS)
    return shown.with_columns(figure.alias(name) for name, figure in made.items())


def american_figures(frame: pl.DataFrame) -> pl.DataFrame:
    """Return ratios, their changes over a year, growth and losses, in the frame's order."""
    frame = frame.with_columns(
        (pl.col("net_income") + pl.col("depreciation")).alias("cash_flow"),
        (pl.col("current_assets") - pl.col("inventory") - pl.col("receivables")).alias("cash"),
        (pl.col("ebit") - pl.col("net_income")).alias("charges"),  # interest and tax
        (pl.col("net_income") < 0).cast(pl.Float64).alias("loss"),
    )
    figures = frame.with_columns(*_stock_ratios(), *_flow_ratios())
    before = figures.select(
        "firm",
        pl.col("year") + 1,
        *(pl.col(name).alias(f"{name}_before") for name in (*_CHANGES, *_LEVELS)),
    )
    both = figures.join(before, on=("firm", "year"), how="left", maintain_order="left")
    added = both.with_columns(
        *(_change(name) for name in _CHANGES),
        (_per("sales", pl.col("sales_before")) - 1).alias("sales_growth"),
        (_per("total_assets", pl.col("total_assets_before")) - 1).alias("assets_growth"),
        (pl.col("loss") + pl.col("loss_before")).alias("losses_in_two_years"),
    )
    return added.select(*_names())


_LEVELS = ("loss", "sales", "total_assets")


def _stock_ratios() -> list[pl.Expr]:
    assets, short = pl.col("total_assets"), pl.col("current_liabilities")
    ratios = {
        "debt_to_assets": _per("total_liabilities", assets),
        "quick": _per(pl.col("current_assets") - pl.col("inventory"), short),
        "current": _per("current_assets", short),
        "retained_to_assets": _per("retained", assets),
        "capital_to_assets": _per(pl.col("current_assets") - short, assets),
        "cash_to_assets": _per("cash", assets),
        "cash_to_cl": _per("cash", short),
        "long_debt_to_assets": _per("long_term_debt", assets),
        "short_to_assets": _per("current_liabilities", assets),
        "short_share": _per("current_liabilities", pl.col("total_liabilities")),
        "size": pl.when(assets > 0).then(assets.log()),
        "sales_size": pl.when(pl.col("sales") > 0).then(pl.col("sales").log()),
    }
    return [ratio.alias(name) for name, ratio in ratios.items()]


def _flow_ratios() -> list[pl.Expr]:
    assets, sales, debt = (pl.col(n) for n in ("total_assets", "sales", "total_liabilities"))
    ratios = {
        "cash_flow_to_cl": _per("cash_flow", pl.col("current_liabilities")),
        "cash_flow_to_debt": _per("cash_flow", debt),
        "cash_flow_to_assets": _per("cash_flow", assets),
        "margin": _per("net_income", sales),
        "ebit_to_assets": _per("ebit", assets),
        "income_to_assets": _per("net_income", assets),
        "sales_to_assets": _per("sales", assets),
        "receivables_to_sales": _per("receivables", sales),
        "inventory_to_cost": _per("inventory", pl.col("cost_of_goods")),
        "gross_margin": _per("gross_profit", sales),
        "expenses_to_sales": _per("operating_expenses", sales),
        "ebitda_to_debt": _per("ebitda", debt),
        "ebitda_to_long_debt": _per("ebitda", pl.col("long_term_debt")),
        "charges_to_debt": _per("charges", debt),
        "charges_to_assets": _per("charges", assets),
        "years_of_cash": _per("cash", -pl.col("cash_flow")),
        "depreciation_to_assets": _per("depreciation", assets),
    }
    return [ratio.alias(name) for name, ratio in ratios.items()]


def _names() -> Sequence[str]:
    made = (*_stock_ratios(), *_flow_ratios())
    changes = (f"{name}_change" for name in _CHANGES)
    growth = ("sales_growth", "assets_growth", "losses_in_two_years")
    return (*(ratio.meta.output_name() for ratio in made), *changes, *growth)


def _change(name: str) -> pl.Expr:
    return (pl.col(name) - pl.col(f"{name}_before")).alias(f"{name}_change")


def _per(above: str | pl.Expr, below: pl.Expr) -> pl.Expr:
    number = pl.col(above) if isinstance(above, str) else above
    return pl.when(below > 0).then(number / below)
