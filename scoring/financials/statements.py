"""Which statements (财务报表) count for each entity at a date.

The newest annual one (or interim one, by policy) and its predecessor a year before. A statement
with a mistake is refused and says why; the entity's others still count. Of two for one period the
newest received counts. Rules: credit-management 1.1, 1.3.
"""

from datetime import date

import polars as pl

from scoring.book import Book
from scoring.financials.mistakes import StatementMistake, mistake, statement_mistakes
from scoring.financials.units import guarded
from scoring.known import known
from scoring.policy import FinancialsPolicy
from scoring.schemas import STATEMENT_LINES

__all__ = ["BEFORE", "StatementMistake", "chosen", "statement_mistakes"]

#: Ending of the columns with the predecessor's lines.
BEFORE = "_before"
_YEAR_DAYS = 365
_STALE = "stale_statement"
_DUPLICATE_KEY = ("e", "period_end", "months")


def chosen(book: Book, rules: FinancialsPolicy, as_of: date) -> pl.DataFrame:
    """Choose for each entity that has any statement at ``as_of``; one row an entity.

    Columns: e; of the chosen statement (null where all are refused) ``statement``,
    ``statement_end``, ``statement_months``, ``statement_basis``, ``statement_currency``, the
    lines, ``statement_repeated`` (its period was received more than once); of the predecessor the
    lines with ``_before``, ``statement_end_before``, ``statement_months_before``; of the newest
    statement refused ``statement_refused`` (code) and ``statement_refused_id``.
    """
    rows = known(book, "statements", as_of)
    rows = rows.with_columns(mistake(rules).alias("mistake"))
    rows = _aged(guarded(rows, book, rules, as_of), rules, as_of)
    rows = rows.sort("e", "period_end", "received_on", "statement")
    good = rows.filter(pl.col("mistake").is_null())
    good = good.with_columns((pl.len().over(_DUPLICATE_KEY) > 1).alias("statement_repeated"))
    newest = good.unique(_DUPLICATE_KEY, keep="last", maintain_order=True)
    current = _current(newest, rules)
    refused = _refused(rows, newest, current)
    return (
        rows.select("e")
        .unique(maintain_order=True)
        .join(_with_predecessor(current, newest, rules), on="e", how="left", maintain_order="left")
        .join(refused, on="e", how="left", maintain_order="left")
    )


def _aged(rows: pl.DataFrame, rules: FinancialsPolicy, as_of: date) -> pl.DataFrame:
    oldest = pl.lit(as_of).dt.offset_by(f"-{rules.max_age_months}mo")
    # The year before the oldest statement that may be chosen still serves as predecessor.
    stale = pl.col("mistake").is_null() & (pl.col("period_end") < oldest)
    return rows.with_columns(stale.alias("stale"))


def _current(newest: pl.DataFrame, rules: FinancialsPolicy) -> pl.DataFrame:
    fresh = newest.filter(~pl.col("stale"))
    annual = pl.col("months") >= 12
    long_enough = annual | (pl.col("months") >= rules.interim_min_months)
    order = [annual] if rules.interim == "annual" else []
    # An interim statement is better than none, whatever the policy prefers.
    return (
        fresh.filter(long_enough)
        .sort("e", *order, "period_end", "months")
        .unique("e", keep="last", maintain_order=True)
    )


def _with_predecessor(
    current: pl.DataFrame, newest: pl.DataFrame, rules: FinancialsPolicy
) -> pl.DataFrame:
    renamed = current.select(
        *("e", "statement", "statement_repeated"),
        pl.col("period_end").alias("statement_end"),
        *(pl.col(name).alias(f"statement_{name}") for name in ("months", "basis", "currency")),
        *STATEMENT_LINES,
    )
    before = newest.select(
        "e",
        pl.col("currency").alias("statement_currency"),
        pl.col("period_end").alias("statement_end_before"),
        pl.col("months").alias("statement_months_before"),
        *(pl.col(name).alias(name + BEFORE) for name in STATEMENT_LINES),
    )
    # Amounts of another currency are no predecessor: a rate's change is no growth.
    pairs = renamed.select("e", "statement_currency", "statement_end", "statement_months").join(
        before, on=["e", "statement_currency"], how="inner"
    )
    months, earlier = pl.col("statement_months"), pl.col("statement_months_before")
    alike = ((months >= 12) & (earlier >= 12)) | (months == earlier)
    gap = (pl.col("statement_end") - pl.col("statement_end_before")).dt.total_days() - _YEAR_DAYS
    nearest = (
        pairs.with_columns(gap.abs().alias("gap"))
        .filter(alike & (pl.col("gap") <= rules.year_tolerance_days))
        .sort("e", "gap", "statement_end_before", "statement_months_before")
        .unique("e", keep="first", maintain_order=True)
        .drop("gap", "statement_currency", "statement_end", "statement_months")
    )
    return renamed.join(nearest, on="e", how="left", maintain_order="left")


def _refused(rows: pl.DataFrame, newest: pl.DataFrame, current: pl.DataFrame) -> pl.DataFrame:
    """Name the newest statement that was refused and not replaced by a good one."""
    stale = pl.col("stale") & pl.col("mistake").is_null()
    bad = rows.with_columns(
        pl.when(stale).then(pl.lit(_STALE)).otherwise("mistake").alias("mistake"), stale
    )
    replaced = newest.select(*_DUPLICATE_KEY, pl.col("received_on").alias("replaced_on"))
    told = (
        bad.filter(pl.col("mistake").is_not_null())
        .join(replaced, on=list(_DUPLICATE_KEY), how="left", maintain_order="left")
        .filter(
            pl.col("stale")
            | pl.col("replaced_on").is_null()
            | (pl.col("replaced_on") < pl.col("received_on"))
        )
        .unique("e", keep="last", maintain_order=True)
    )
    used = current.select("e", pl.lit(value=True).alias("used"))
    return (
        told.join(used, on="e", how="left", maintain_order="left")
        .filter(~(pl.col("stale") & pl.col("used").fill_null(value=False)))
        .select(
            "e",
            pl.col("mistake").alias("statement_refused"),
            pl.col("statement").alias("statement_refused_id"),
        )
    )
