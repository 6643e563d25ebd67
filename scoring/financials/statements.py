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
from scoring.known import KNOWN_FROM, remembered
from scoring.policy import FinancialsPolicy
from scoring.schemas import STATEMENT_LINES

__all__ = ["BEFORE", "StatementMistake", "chosen", "sound", "statement_mistakes"]

#: Ending of the columns with the predecessor's lines.
BEFORE = "_before"
_YEAR_DAYS = 365
_STALE = "stale_statement"
_PERIOD = ("e", "period_end", "months")


def chosen(book: Book, rules: FinancialsPolicy, as_of: date) -> pl.DataFrame:
    """Choose for each entity that has any statement at ``as_of``; one row an entity.

    Columns: e; of the chosen statement (null where all are refused) ``statement``,
    ``statement_end``, ``statement_months``, ``statement_basis``, ``statement_currency``, the
    lines, ``statement_repeated`` (its period was received more than once); of the predecessor the
    lines with ``_before``, ``statement_end_before``, ``statement_months_before``; of the newest
    statement refused ``statement_refused`` (code) and ``statement_refused_id``.
    """
    rows = _known(book, rules, as_of)
    good = _sound(rows)
    again = pl.all_horizontal(pl.col(name) == pl.col(name).shift() for name in _PERIOD)
    repeated = again.fill_null(value=False).alias("statement_repeated")
    newest = _last(good.with_columns(repeated), *_PERIOD)
    current = _current(newest, rules)
    used = _with_predecessor(current, newest, rules)
    made = (
        _last(rows.select("e"), "e")
        .join(used, on="e", how="left", maintain_order="left")
        .join(_refused(rows, newest, current), on="e", how="left", maintain_order="left")
    )
    return _with_lines(made, book.statements)


def sound(book: Book, rules: FinancialsPolicy, as_of: date) -> pl.DataFrame:
    """List the statements known at ``as_of`` that were not refused: e, period_end, months."""
    return _sound(_known(book, rules, as_of)).select(_PERIOD)


def _sound(rows: pl.DataFrame) -> pl.DataFrame:
    return rows.filter(pl.col("mistake").is_null())


def _known(book: Book, rules: FinancialsPolicy, as_of: date) -> pl.DataFrame:
    return remembered(book, as_of, ("statements", rules), lambda: _judged(book, rules, as_of))


def _judged(book: Book, rules: FinancialsPolicy, as_of: date) -> pl.DataFrame:
    """Key and judge the statements known at the date, the newest of an entity last.

    Their lines stay where they are, ``row`` says in which row of the Book: most columns are needed
    of two statements only.
    """
    oldest = pl.lit(as_of).dt.offset_by(f"-{rules.max_age_months}mo")
    thin = book.statements.select(
        pl.int_range(pl.len(), dtype=pl.UInt32).alias("row"),
        *("entity", "statement", *_PERIOD[1:], "received_on", "currency"),
        *("revenue", "paid_in_capital"),
        mistake(rules).alias("mistake"),
        # The year before the oldest statement that may be chosen still serves as predecessor.
        (pl.col("period_end") < oldest).alias("stale"),
    ).filter(pl.col(KNOWN_FROM["statements"]) <= as_of)
    keys = book.ledger.entities.select("entity", "e")
    rows = thin.join(keys, on="entity", how="inner")
    return guarded(rows, book, rules, as_of).sort(*_PERIOD, "received_on", "statement")


def _last(rows: pl.DataFrame, *names: str) -> pl.DataFrame:
    """Keep the last of the rows with the same values; those stand together."""
    ends = pl.any_horizontal(pl.col(name) != pl.col(name).shift(-1) for name in names)
    return rows.filter(ends.fill_null(value=True))


def _current(newest: pl.DataFrame, rules: FinancialsPolicy) -> pl.DataFrame:
    annual = pl.col("months") >= 12
    long_enough = annual | (pl.col("months") >= rules.interim_min_months)
    order = [annual] if rules.interim == "annual" else []
    # An interim statement is better than none, whatever the policy prefers.
    fit = newest.filter(long_enough & ~pl.col("stale"))
    best = _last(fit.sort("e", *order, "period_end", "months"), "e")
    return best.select("e", "row", "period_end", "months", "currency", "statement_repeated")


def _with_predecessor(
    current: pl.DataFrame, newest: pl.DataFrame, rules: FinancialsPolicy
) -> pl.DataFrame:
    """Add ``row_before``, the row of the statement a year earlier."""
    before = newest.select(
        *("e", "currency"),
        *(pl.col(name).alias(name + BEFORE) for name in ("row", "period_end", "months")),
    )
    # Amounts of another currency are no predecessor: a rate's change is no growth.
    pairs = current.join(before, on=["e", "currency"], how="inner")
    months, earlier = pl.col("months"), pl.col("months_before")
    alike = ((months >= 12) & (earlier >= 12)) | (months == earlier)
    gap = (pl.col("period_end") - pl.col("period_end_before")).dt.total_days() - _YEAR_DAYS
    nearest = (
        pairs.with_columns(gap.abs().alias("gap"))
        .filter(alike & (pl.col("gap") <= rules.year_tolerance_days))
        .sort("e", -pl.col("gap"), "period_end_before", "months_before")
    )
    nearest = _last(nearest, "e").select("e", "row_before")
    return current.join(nearest, on="e", how="left", maintain_order="left")


def _with_lines(made: pl.DataFrame, statements: pl.DataFrame) -> pl.DataFrame:
    names = {"period_end": "statement_end", "months": "statement_months"}
    now = statements.select(
        pl.col(name).gather(made["row"])
        for name in ("statement", *names, "basis", "currency", *STATEMENT_LINES)
    ).rename({**names, "basis": "statement_basis", "currency": "statement_currency"})
    earlier = statements.select(
        pl.col(name).gather(made["row_before"]) for name in (*names, *STATEMENT_LINES)
    ).rename(names)
    return pl.concat(
        [
            made.select("e", "statement_repeated", "statement_refused", "statement_refused_id"),
            now,
            earlier.select(pl.all().name.suffix(BEFORE)),
        ],
        how="horizontal",
    )


def _refused(rows: pl.DataFrame, newest: pl.DataFrame, current: pl.DataFrame) -> pl.DataFrame:
    """Name the newest statement that was refused and not replaced by a good one."""
    stale = pl.col("stale") & pl.col("mistake").is_null()
    bad = rows.with_columns(
        pl.when(stale).then(pl.lit(_STALE)).otherwise("mistake").alias("mistake"), stale
    )
    replaced = newest.select(*_PERIOD, pl.col("received_on").alias("replaced_on"))
    told = (
        bad.filter(pl.col("mistake").is_not_null())
        .join(replaced, on=list(_PERIOD), how="left", maintain_order="left")
        .filter(
            pl.col("stale")
            | pl.col("replaced_on").is_null()
            | (pl.col("replaced_on") < pl.col("received_on"))
        )
    )
    used = current.select("e", pl.lit(value=True).alias("used"))
    return (
        _last(told, "e")
        .join(used, on="e", how="left", maintain_order="left")
        .filter(~(pl.col("stale") & pl.col("used").fill_null(value=False)))
        .select(
            "e",
            pl.col("mistake").alias("statement_refused"),
            pl.col("statement").alias("statement_refused_id"),
        )
    )
