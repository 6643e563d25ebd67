"""What is secured (担保): collateral after its haircut, and insured parts (credit-management 6.3).

Collateral counts while it is valid and registered. What cannot be priced secures nothing.
"""

from datetime import date

import polars as pl

from scoring.book import Book
from scoring.known import known, priced, told
from scoring.once import once
from scoring.parents import parents_of
from scoring.policy import GRADES, Policy

__all__ = ["cash_deposits", "secured"]

_PARTS = 10_000


def secured(book: Book, frame: pl.DataFrame, policy: Policy, as_of: date) -> pl.DataFrame:
    """Sum what secures the limit: e, secured. ``frame`` has ``e`` and ``grade``."""
    rows = _in_force(book, as_of)
    if policy.exposure.deposits_reduce_exposure:
        rows = rows.filter(pl.col("kind") != "cash_deposit")
    rows = rows.join(_parent_grades(book, frame, policy), on="e", how="left")
    value = pl.col("amount") * (_PARTS - _haircut(policy)) // _PARTS
    parts = [rows.select("e", value.alias("secured")), _insured(book, as_of)]
    return pl.concat(parts).group_by("e").agg(pl.col("secured").sum())


def cash_deposits(book: Book, as_of: date) -> pl.DataFrame:
    """Sum cash deposits in force: e, deposits."""
    rows = _in_force(book, as_of).filter(pl.col("kind") == "cash_deposit")
    return rows.group_by("e").agg(pl.col("amount").sum().alias("deposits"))


def _in_force(book: Book, as_of: date) -> pl.DataFrame:
    lasting = (pl.col("valid_to") >= pl.lit(as_of)).fill_null(value=True)
    rows = known(book, "collateral", as_of).filter(lasting & pl.col("registered"))
    return priced(book, rows, ("amount",)).drop_nulls("amount")


@once
def _haircut(policy: Policy) -> pl.Expr:
    """Take the row's own haircut, else the policy's, in whole ten-thousandths."""
    rules = policy.limits
    other = _parts(rules.other_haircut)
    kinds = {kind: _parts(cut) for kind, cut in rules.haircuts.items()}
    grades = {GRADES.index(name): _parts(cut) for name, cut in rules.parent_haircuts.items()}
    by_kind = pl.col("kind").replace_strict(kinds, default=other, return_dtype=pl.Int64)
    # An unknown or unrated parent guarantees nothing.
    by_parent = pl.col("parent_grade").replace_strict(grades, default=_PARTS, return_dtype=pl.Int64)
    usual = pl.when(pl.col("kind") == "parent_guarantee").then(by_parent).otherwise(by_kind)
    own = (pl.col("haircut") * _PARTS).round().cast(pl.Int64).clip(0, _PARTS)
    return pl.coalesce(own, usual)


def _parts(share: object) -> int:
    return round(float(str(share)) * _PARTS)


def _parent_grades(book: Book, frame: pl.DataFrame, policy: Policy) -> pl.DataFrame:
    """List e and parent_grade of entities whose parent is in the Book and rated."""
    links = parents_of(book, policy.gates.parent_depth).drop_nulls("parent_e")
    graded = frame.select(pl.col("e").alias("parent_e"), pl.col("grade").alias("parent_grade"))
    return links.join(graded, on="parent_e").select("e", "parent_grade")


def _insured(book: Book, as_of: date) -> pl.DataFrame:
    """Take the covered part of each insurer's newest word, while it is in force: e, secured."""
    day = pl.lit(as_of)
    lasting = (pl.col("valid_to") >= day).fill_null(value=True) & (
        pl.col("ended_on") > day
    ).fill_null(value=True)
    newest = (
        told(book, as_of, "insurance")
        .sort("known_on", "record")
        .unique(["e", "source"], keep="last", maintain_order=True)
    )
    rows = newest.filter(lasting & (pl.col("status") == "in_force")).drop_nulls("value")
    cover = (pl.col("value") * (_PARTS // 100)).round().cast(pl.Int64).clip(0, _PARTS)
    covered = priced(book, rows, ("amount",)).drop_nulls("amount")
    return covered.select("e", (pl.col("amount") * cover // _PARTS).alias("secured"))
