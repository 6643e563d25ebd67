"""Documents of the credit file: which item each one serves, and until when it is valid.

Times to live: credit-management 3.2. A document counts from its own date; what was withdrawn or
ended does not count, nor does a statement that was refused.
"""

from datetime import date

import polars as pl

from scoring.book import Book
from scoring.financials import sound
from scoring.known import known, remembered, told
from scoring.policy import GRADES, DossierPolicy, Policy

__all__ = ["DOCUMENT_ITEMS", "happened", "papers", "standing", "statement_papers"]

#: Kind of credit record → item of the file, and whether its age counts from when we looked.
DOCUMENT_ITEMS = {
    "registry": ("registry", True),
    "ownership": ("owners", True),
    "contacts": ("contacts", True),
    "evidence": ("evidence", False),
    "bureau": ("bureau", False),
    "judicial_check": ("judicial_check", False),
    "reference": ("references", False),
    "contract": ("contract", False),
    "balance_confirmation": ("balance_confirmation", False),
}
_ANNUAL_MONTHS = 12


def happened(as_of: date) -> pl.Expr:
    """Date an event: when it happened, or from when we know it where that is not told."""
    event = pl.col("event_on")
    return pl.when(event <= as_of).then(event).otherwise("known_on")


def standing(as_of: date) -> pl.Expr:
    """Tell which records have not ended at ``as_of``."""
    return pl.col("ended_on").is_null() | (pl.col("ended_on") > as_of)


def papers(book: Book, rules: DossierPolicy, as_of: date, kind: str) -> pl.DataFrame:
    """Date the known documents of one kind: their credit records with on, expires, gone.

    Valid until ``expires`` (null: for good), worthless from ``gone`` on; both count from ``on``.
    """
    return remembered(
        book, as_of, ("papers", kind, rules), lambda: _papers(book, rules, as_of, kind)
    )


def _papers(book: Book, rules: DossierPolicy, as_of: date, kind: str) -> pl.DataFrame:
    item, looked = DOCUMENT_ITEMS[kind]
    rows = told(book, as_of, kind).filter(standing(as_of))
    if kind == "balance_confirmation":
        rows = rows.filter(pl.col("status").ne_missing("refused"))
    on = pl.col("known_on") if looked else happened(as_of)
    expires = pl.min_horizontal(_later(on, item, rules), "valid_to")
    return _with_class(rows, item, book, rules, as_of).with_columns(
        on.alias("on"), expires.alias("expires"), _gone(expires, item, rules).alias("gone")
    )


def _later(start: pl.Expr, item: str, rules: DossierPolicy) -> pl.Expr:
    """Add the item's time to live: by the customer's last grade where the policy says so."""
    life = getattr(rules, item)
    if life.months is None:
        return pl.lit(None, pl.Date)
    later = start.dt.offset_by(f"{life.months}mo")
    if life.months_good is not None:
        later = pl.when("good").then(start.dt.offset_by(f"{life.months_good}mo")).otherwise(later)
    if life.months_weak is not None:
        later = pl.when("weak").then(start.dt.offset_by(f"{life.months_weak}mo")).otherwise(later)
    return later


def _gone(expires: pl.Expr, item: str, rules: DossierPolicy) -> pl.Expr:
    """Say from when a document is worth nothing: as long again, or at once where only paper tells."""
    if getattr(rules, item).months is None:
        return expires.dt.offset_by("1d")
    return _later(expires, item, rules)


def _with_class(
    rows: pl.DataFrame, item: str, book: Book, rules: DossierPolicy, as_of: date
) -> pl.DataFrame:
    """Tell from the grade of the last assessment who is well and who is weakly graded.

    The file is judged before the grade of the day is known, so the one before decides.
    """
    life = getattr(rules, item)
    if life.months_good is None and life.months_weak is None:
        return rows
    order = {name: index for index, name in enumerate(GRADES)}
    grade = pl.col("grade").replace_strict(order, default=None, return_dtype=pl.Int32)
    classes = known(book, "previous", as_of).select(
        "e",
        (grade <= order[rules.good_from]).fill_null(value=False).alias("good"),
        (grade >= order[rules.weak_from]).fill_null(value=False).alias("weak"),
    )
    return rows.join(classes, on="e", how="left", maintain_order="left")


def statement_papers(book: Book, policy: Policy, as_of: date) -> dict[str, pl.DataFrame]:
    """Date the annual (item ``statements``) and the ``interim`` statements: e, on, expires, gone.

    One that was refused is no document (1.3).
    """
    rules, on = policy.dossier, pl.col("period_end")
    statements = sound(book, policy.financials, as_of)
    annual = pl.col("months") >= _ANNUAL_MONTHS
    dated = {}
    for item, rows in (
        ("statements", statements.filter(annual)),
        ("interim", statements.filter(~annual)),
    ):
        expires = _later(on, item, rules)
        dated[item] = _with_class(rows, item, book, rules, as_of).select(
            "e", on.alias("on"), expires.alias("expires"), _gone(expires, item, rules).alias("gone")
        )
    return dated
