"""What makes a statement (报表) unusable, by its own lines alone: one set of checks for every caller.

The same expressions judge a whole frame and, on import, one row. What needs more than the
statement (our sales, the registered capital, the date) stands in ``units`` and ``statements``.
Rules: credit-management 1.3.
"""

from collections.abc import Callable, Mapping
from typing import NamedTuple

import polars as pl

from scoring.once import once
from scoring.policy import FinancialsPolicy
from scoring.schemas import SCHEMAS, STATEMENT_LINES

__all__ = ["CHECKS", "LONGEST_MONTHS", "Check", "StatementMistake", "mistake", "statement_mistakes"]

#: A first financial year may be longer than a year, not longer than this.
LONGEST_MONTHS = 18


class Check(NamedTuple):
    """A check: its code, the lines to look at, and when it fails."""

    code: str
    lines: tuple[str, ...]
    fails: Callable[[FinancialsPolicy], pl.Expr]


class StatementMistake(NamedTuple):
    """A failed check. ``code`` has a sentence ``statement.<code>``; ``lines`` name the columns."""

    code: str
    lines: tuple[str, ...]


@once
def _not_balanced(rules: FinancialsPolicy) -> pl.Expr:
    """Compare assets with liabilities and equity. A side that is not stated is not judged."""
    up, down = rules.balance_tolerance.as_integer_ratio()
    assets, liabilities, equity = (
        pl.col(name).cast(pl.Int128) for name in ("total_assets", "total_liabilities", "equity")
    )
    return (assets - liabilities - equity).abs() * down > assets.abs() * up


CHECKS = (
    Check(
        "empty_statement",
        (),
        lambda _: pl.all_horizontal(pl.col(name).is_null() for name in STATEMENT_LINES),
    ),
    Check(
        "wrong_months",
        ("months",),
        lambda _: ~pl.col("months").is_between(1, LONGEST_MONTHS),
    ),
    Check(
        "future_period",
        ("period_end",),
        lambda _: pl.col("period_end") > pl.col("received_on"),
    ),
    Check("not_balanced", ("total_assets", "total_liabilities", "equity"), _not_balanced),
    Check("negative_revenue", ("revenue",), lambda _: pl.col("revenue") < 0),
    Check(
        "inventory_too_large",
        ("inventory", "current_assets"),
        lambda _: pl.col("inventory") > pl.col("current_assets"),
    ),
    Check(
        "cash_too_large",
        ("cash", "current_assets"),
        lambda _: pl.col("cash") > pl.col("current_assets"),
    ),
)


@once
def mistake(rules: FinancialsPolicy) -> pl.Expr:
    """Give the code of the first failed check, null where a statement passes all."""
    return pl.coalesce(pl.when(check.fails(rules)).then(pl.lit(check.code)) for check in CHECKS)


def statement_mistakes(
    row: Mapping[str, object], rules: FinancialsPolicy | None = None
) -> list[StatementMistake]:
    """List every failed check of one statement, given as column → value (absent: empty line).

    Lines are minor units, dates ``date``; without ``received_on`` the period is not judged.
    """
    schema = {
        **dict.fromkeys(STATEMENT_LINES, pl.Int64),
        **{name: SCHEMAS["statements"][name] for name in ("months", "period_end", "received_on")},
    }
    frame = pl.DataFrame([{name: row.get(name) for name in schema}], schema=schema)
    rules = rules or FinancialsPolicy()
    failed = frame.select(check.fails(rules).alias(check.code) for check in CHECKS)
    found = failed.row(0, named=True)
    return [StatementMistake(check.code, check.lines) for check in CHECKS if found[check.code]]
