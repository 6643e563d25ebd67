"""Groups of companies (集团): what they owe and may owe together (credit-management 6.4).

A group is a parent with all below it, as far as they are in the Book. Each level is a group of its
own: what an entity may still take is the least that it and all above it have left.
"""

from collections.abc import Iterator

import polars as pl

from scoring.beside import beside
from scoring.book import Book
from scoring.parents import has_parents, parents_of
from scoring.policy import Policy
from scoring.rates import Conversion

__all__ = ["MEASURES", "grouped"]

#: Figures for the explanation: code → unit, the count it rests on, no window.
MEASURES: dict[str, tuple[str, str | None, None]] = {
    "group_exposure": ("money", None, None),
    "group_limit": ("money", None, None),
    "group_headroom": ("money", None, None),
}

_COLUMNS: dict[str, type[pl.DataType]] = {
    "group_root": pl.String,
    "group_exposure": pl.Int64,
    "group_limit": pl.Int64,
    "group_headroom": pl.Int64,
}


def grouped(frame: pl.DataFrame, book: Book, policy: Policy) -> pl.DataFrame:
    """Add ``group_root`` (the entity on top), ``group_exposure``, ``group_limit``, ``group_headroom``.

    The first two amounts are the whole group's, the headroom the least over the entity and all
    above it, all in the entity's currency. A member whose amounts are unknown makes them null for
    its group. An entity without parent and children has no group: all are null.
    """
    pairs = _pairs(book, policy.gates.parent_depth) if has_parents(book) else None
    if pairs is None or not pairs.height:
        return frame.with_columns(pl.lit(None, kind).alias(name) for name, kind in _COLUMNS.items())
    convert = Conversion(book.rates, book.policy_currency)
    groups = _groups(frame, pairs, convert)
    seen = _seen(frame, pairs, groups, convert)
    found = _headroom(frame, seen).join(_roots(frame, seen), on="e", how="left")
    return beside(frame, found.select("e", *_COLUMNS))


def _pairs(book: Book, depth: int) -> pl.DataFrame:
    """List each entity of a group with itself and everyone above: e, top, level (0 is itself)."""
    links = parents_of(book, depth)
    rows = pl.concat(_lines(links, depth))
    if not rows.height:
        return rows
    members = pl.concat([rows["e"], rows["top"]]).unique()
    own = pl.DataFrame({"e": members, "top": members}).with_columns(
        pl.lit(0, pl.Int32).alias("level")
    )
    return pl.concat([own, rows])


def _lines(links: pl.DataFrame, depth: int) -> Iterator[pl.DataFrame]:
    above, line = links["parent_e"], links["parent_e"]
    for level in range(1, depth + 1):
        pairs = pl.DataFrame({"e": links["e"], "top": line}).drop_nulls("top")
        yield pairs.with_columns(pl.lit(level, pl.Int32).alias("level"))
        line = above[line]


def _groups(frame: pl.DataFrame, pairs: pl.DataFrame, convert: Conversion) -> pl.DataFrame:
    """Sum the members of each top: top, exposure, limit, in the top's currency.

    One member's credit balance does not pay another's debts, and who has no limit brings none.
    """
    known = pl.col("unknown").is_null()
    figures = frame.select(
        "e",
        "currency",
        pl.when(known).then(pl.col("exposure").clip(lower_bound=0)).alias("exposure"),
        pl.when(known).then(pl.col("effective_limit").fill_null(0)).alias("limit"),
    )
    tops = frame.select(
        pl.col("e").alias("top"),
        pl.col("currency").alias("target"),
        pl.min_horizontal("capacity", "group_capacity").alias("bound"),
    )
    rows = pairs.join(figures, on="e", how="left").join(tops, on="top", how="left")
    amounts = {"exposure": "exposure", "limit": "limit"}
    priced = convert(rows, amounts, "currency", "target")
    complete = pl.col("exposure").null_count() + pl.col("limit").null_count() == 0
    sums = priced.group_by("top").agg(
        pl.when(complete).then(pl.col("exposure").sum()).alias("exposure"),
        pl.when(complete).then(pl.col("limit").sum()).alias("limit"),
        pl.col("bound").first(),
        pl.len().alias("members"),
    )
    whole = pl.col("limit").is_not_null() & (pl.col("members") > 1)
    bounded = pl.when(whole).then(pl.min_horizontal("limit", "bound")).otherwise("limit")
    return sums.with_columns(bounded.alias("limit"))


def _seen(
    frame: pl.DataFrame, pairs: pl.DataFrame, groups: pl.DataFrame, convert: Conversion
) -> pl.DataFrame:
    """Look at each group above from below: e, top, level, exposure, limit, left, in e's currency."""
    currencies = frame.select("e", pl.col("currency").alias("target"))
    tops = frame.select(pl.col("e").alias("top"), "currency")
    rows = (
        pairs.join(groups, on="top", how="left")
        .join(tops, on="top", how="left")
        .join(currencies, on="e", how="left")
    )
    amounts = {"exposure": "exposure", "limit": "limit"}
    priced = convert(rows, amounts, "currency", "target")
    return priced.with_columns((pl.col("limit") - pl.col("exposure")).alias("left"))


def _headroom(frame: pl.DataFrame, seen: pl.DataFrame) -> pl.DataFrame:
    own = frame.select("e", (pl.col("effective_limit") - pl.col("exposure")).alias("own"))
    complete = pl.col("left").null_count() == 0
    least = seen.group_by("e").agg(pl.when(complete).then(pl.col("left").min()).alias("least"))
    both = least.join(own, on="e", how="left")
    # Who has no limit of its own may take nothing more.
    bounded = pl.min_horizontal("least", pl.col("own").fill_null(0))
    headroom = pl.when(pl.col("least").is_not_null()).then(bounded)
    return both.select("e", headroom.alias("group_headroom"))


def _roots(frame: pl.DataFrame, seen: pl.DataFrame) -> pl.DataFrame:
    names = frame.select(pl.col("e").alias("top"), pl.col("entity").alias("group_root"))
    highest = seen.sort("level").unique("e", keep="last", maintain_order=True)
    return highest.join(names, on="top", how="left").select(
        "e",
        "group_root",
        pl.col("exposure").alias("group_exposure"),
        pl.col("limit").alias("group_limit"),
    )
