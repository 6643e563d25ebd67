"""Parents and subsidiaries: trouble comes down, a written guarantee holds up (credit-management 5.6).

A parent is rated before its children: the same columnar pass runs once for each level of the tree.
Who hangs on a cycle, or deeper than the policy looks, is judged alone.
"""

import polars as pl

from scoring.beside import beside
from scoring.book import Book
from scoring.policy import GRADES, Policy

__all__ = ["has_parents", "parents_of", "with_parents"]

_WORST = len(GRADES) - 1
_LINKS = {"e": pl.UInt32, "parent_e": pl.UInt32, "parent_name": pl.String}


def has_parents(book: Book) -> bool:
    """Tell whether anybody in the Book has a parent."""
    parents = book.entities["parent"]
    return parents.null_count() < len(parents)


def parents_of(book: Book, depth: int) -> pl.DataFrame:
    """Point each entity at its parent in the Book: e, parent_e, parent_name, in rows of the ledger.

    Null: no parent here, or the line of parents does not end within ``depth``. Without any parent
    in the Book there are no rows.
    """
    if not has_parents(book):
        return pl.DataFrame(schema=_LINKS)
    rows = book.entities.select("entity", "name", "parent").with_row_index("e")
    keys = rows.select(
        pl.col("entity").alias("parent"),
        pl.col("e").alias("parent_e"),
        pl.col("name").alias("parent_name"),
    )
    found = rows.select("e", "parent").join(keys, on="parent", how="left", maintain_order="left")
    above, line = found["parent_e"], found["parent_e"]
    for _ in range(depth):
        line = above[line]
    ends = line.is_null()
    return found.select(
        "e",
        pl.when(ends).then("parent_e").alias("parent_e"),
        pl.when(ends).then("parent_name").alias("parent_name"),
    )


def with_parents(frame: pl.DataFrame, book: Book, policy: Policy) -> pl.DataFrame:
    """Bring ``grade`` into line with the parents' grades.

    Needs in the ledger's order ``grade`` (own gates applied), ``grave`` (in G0 to G2),
    ``firm_cap`` (the worst cap that no guarantee lifts), ``ring_fenced``, ``parent_guaranteed``
    and ``may_be_rated``. Adds ``parent_name``, ``parent_in_trouble``, ``cap_parent_in_trouble``
    and ``parent_supports``.
    """
    links = parents_of(book, policy.gates.parent_depth)
    if links["parent_e"].null_count() == links.height:
        return frame.with_columns(
            pl.lit(None, pl.String).alias("parent_name"),
            pl.lit(value=False).alias("parent_in_trouble"),
            pl.lit(None, pl.Int32).alias("cap_parent_in_trouble"),
            pl.lit(value=False).alias("parent_supports"),
        )
    frame = beside(frame, links)
    own, above = frame["grade"], frame["parent_e"]
    for _ in range(policy.gates.parent_depth):
        # A parent that must not be rated says nothing about its children.
        known = pl.DataFrame({"g": frame["grade"], "may": frame["may_be_rated"]})
        rated = known.select(pl.when("may").then("g")).to_series()
        frame = _one_pass(
            frame.with_columns(
                own.alias("own_grade"),
                rated[above].alias("parent_grade"),
                frame["grave"][above].alias("parent_grave"),
            ),
            policy,
        )
        if frame["grade"].equals(known["g"]):
            break
    return frame.drop("parent_e", "own_grade", "parent_grade", "parent_grave")


def _one_pass(frame: pl.DataFrame, policy: Policy) -> pl.DataFrame:
    """Judge every child by its parent's grade as it stands now."""
    rules, parent = policy.gates, pl.col("parent_grade")
    rated = parent.is_not_null()
    trouble = (pl.col("parent_grave") & rated & ~pl.col("ring_fenced")).fill_null(value=False)
    cap = (parent - rules.parent_notches).clip(0, _WORST)
    held = (parent + rules.support_notches).clip(0, _WORST)
    supports = pl.col("parent_guaranteed") & rated & ~pl.col("parent_grave")
    # The better of both (5.6); what a guarantee cannot lift stays: not to pay is the customer's own.
    better = pl.min_horizontal("own_grade", pl.max_horizontal(held, "firm_cap"))
    supported = pl.when(supports & pl.col("own_grade").is_not_null()).then(better)
    lifted = pl.coalesce(supported, "own_grade")
    return frame.with_columns(
        pl.max_horizontal(lifted, pl.when(trouble).then(cap)).cast(pl.Int32).alias("grade"),
        trouble.alias("parent_in_trouble"),
        pl.when(trouble).then(cap).cast(pl.Int32).alias("cap_parent_in_trouble"),
        (lifted < pl.col("own_grade")).fill_null(value=False).alias("parent_supports"),
    )
