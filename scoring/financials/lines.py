"""Lines of statements as expressions: derived lines, averages of two balances, flows of a year.

Rules: credit-management 1.1 (averages, annualised flows), 1.2 (retained earnings, cash-flow proxy).
"""

from collections.abc import Callable

import polars as pl

from scoring.financials.statements import BEFORE
from scoring.once import once

__all__ = ["annual", "average", "before", "empty", "prepared", "whole"]

Line = Callable[[str], pl.Expr]


def prepared(statements: pl.DataFrame) -> pl.DataFrame:
    """Add derived lines, for the statement and its predecessor.

    ``total_liabilities`` and ``equity`` where one of the two is not stated, ``retained_earnings``,
    ``ebit`` (profit before tax where interest is not stated), ``cash_flow`` (net profit plus
    depreciation where no cash-flow statement is there).
    """
    for end in ("", BEFORE):
        statements = statements.with_columns(_other_side(end)).with_columns(_derived(end))
    return statements


@once
def _other_side(end: str) -> list[pl.Expr]:
    assets, debt, own = (
        pl.col(name + end) for name in ("total_assets", "total_liabilities", "equity")
    )
    return [
        pl.coalesce(debt, assets - own).alias(f"total_liabilities{end}"),
        pl.coalesce(own, assets - debt).alias(f"equity{end}"),
    ]


@once
def _derived(end: str) -> list[pl.Expr]:
    reserve, undistributed = (
        pl.col(name + end) for name in ("surplus_reserve", "undistributed_profit")
    )
    one = reserve.is_not_null() | undistributed.is_not_null()
    retained = reserve.fill_null(0) + undistributed.fill_null(0)
    proxy = pl.col(f"net_profit{end}") + pl.col(f"depreciation{end}")
    interest = pl.col(f"interest_expense{end}").fill_null(0)
    return [
        pl.when(one).then(retained).alias(f"retained_earnings{end}"),
        (pl.col(f"profit_before_tax{end}") + interest).alias(f"ebit{end}"),
        pl.coalesce(f"operating_cash_flow{end}", proxy).alias(f"cash_flow{end}"),
    ]


def whole(name: str) -> pl.Expr:
    """Take an empty line as 0: for lines that most firms do not have."""
    return pl.col(name).fill_null(0)


def empty(name: str) -> pl.Expr:
    """Tell whether a line is not stated."""
    return pl.col(name).is_null()


def annual(name: str) -> pl.Expr:
    """Scale a flow to twelve months."""
    months = "statement_months" + (BEFORE if name.endswith(BEFORE) else "")
    return pl.col(name).cast(pl.Float64) * 12 / pl.col(months)


def before(line: Line, name: str) -> pl.Expr:
    """Read a line of the predecessor."""
    return line(name + BEFORE)


def average(name: str) -> tuple[pl.Expr, pl.Expr]:
    """Average opening and closing balance; the second expression says where only closing is known."""
    closing, opening = pl.col(name).cast(pl.Float64), pl.col(name + BEFORE).cast(pl.Float64)
    return pl.coalesce((opening + closing) / 2, closing), opening.is_null()
