"""Which industry measure holds for each entity and ratio: tables small as the industries are few.

Order (credit-management 1.4): A of the industry, A of its parent, B, C's shifts, bands.
"""

from datetime import date

import polars as pl

from scoring.financials.industry import TIERS, IndustryStandard, Standards, standard_share
from scoring.financials.peers import LEVELS, PEERS, peer_share
from scoring.policy import FinancialsPolicy

__all__ = ["METHODS", "compared", "moved"]

#: Methods, the first that has data counts; ``industry_method`` names one.
METHODS = ("standard", "standard_parent", "peers", "shifts", "bands")
_PAIR = ("industry", "size_class")


def compared(
    rows: pl.DataFrame, codes: tuple[str, ...], standards: Standards, needed: int, as_of: date
) -> pl.DataFrame:
    """Add ``industry_<code>`` (percent of points by A or B, null: neither) and ``method_<code>``.

    ``rows`` has industry, size_class and the ratios ``codes``. Adds also ``dso_to_industry``, the
    customer's DSO over the industry's average (A) or median (B).
    """
    for code in codes:
        if not _measured(code, standards):
            nothing = pl.lit(None, pl.Float64).alias(f"industry_{code}")
            rows = rows.with_columns(nothing, pl.lit(None, pl.String).alias(f"method_{code}"))
            continue
        wide = _with_measures(rows, code, standards, needed, as_of)
        value = pl.col(code)
        by_standard = standard_share(value, tuple(pl.col(f"_{tier}") for tier in TIERS))
        by_peers = peer_share(value, code, tuple(pl.col(f"q{level}") for level in LEVELS))
        method = pl.when(by_standard.is_not_null()).then("_method")
        rows = wide.with_columns(
            pl.coalesce(by_standard, by_peers).alias(f"industry_{code}"),
            method.when(by_peers.is_not_null()).then(pl.lit("peers")).alias(f"method_{code}"),
        ).select(*rows.columns, f"industry_{code}", f"method_{code}")
    return _with_dso(rows, standards, needed, as_of)


def _measured(code: str, standards: Standards) -> bool:
    """Tell whether any industry has a measure of a ratio."""
    by_standard = any(one.indicator == code for one in standards.values)
    peers = standards.peers
    return by_standard or (peers is not None and code in peers["indicator"])


def _with_dso(rows: pl.DataFrame, standards: Standards, needed: int, as_of: date) -> pl.DataFrame:
    if not _measured("customer_dso", standards):
        return rows.with_columns(pl.lit(None, pl.Float64).alias("dso_to_industry"))
    wide = _with_measures(rows, "customer_dso", standards, needed, as_of)
    usual = pl.coalesce("_average", f"q{LEVELS[len(LEVELS) // 2]}")
    ratio = pl.when(usual > 0).then(pl.col("customer_dso") / usual)
    return wide.with_columns(ratio.alias("dso_to_industry")).select(
        *rows.columns, "dso_to_industry"
    )


def _with_measures(
    rows: pl.DataFrame, code: str, standards: Standards, needed: int, as_of: date
) -> pl.DataFrame:
    pairs = rows.select(_PAIR).unique()
    known = _by_key(standards.values, code, as_of)
    parents = {one.industry: one.parent for one in standards.values if one.parent}
    found = [_standard(industry, size, known, parents) for industry, size in pairs.rows()]
    tiers = {
        f"_{tier}": pl.Series(
            [None if one is None else float(one[1].values[position]) for one in found],
            dtype=pl.Float64,
        )
        for position, tier in enumerate(TIERS)
    }
    methods = pl.Series([None if one is None else one[0] for one in found], dtype=pl.String)
    table = pairs.with_columns(methods.alias("_method"), **tiers)
    peers = pl.DataFrame(schema=PEERS) if standards.peers is None else standards.peers
    enough = peers.filter((pl.col("indicator") == code) & (pl.col("firms") >= needed))
    return rows.join(
        table, on=list(_PAIR), how="left", nulls_equal=True, maintain_order="left"
    ).join(enough.drop("indicator", "firms"), on="industry", how="left", maintain_order="left")


_Key = tuple[str, str | None]


def _by_key(
    values: tuple[IndustryStandard, ...], code: str, as_of: date
) -> dict[_Key, IndustryStandard]:
    """Index one indicator's standards by industry and size; the newest year up to ``as_of``."""
    usable = [one for one in values if one.indicator == code and one.year <= as_of.year]
    return {(one.industry, one.size): one for one in sorted(usable, key=lambda one: one.year)}


def _standard(
    industry: str | None,
    size: str | None,
    known: dict[_Key, IndustryStandard],
    parents: dict[str, str],
) -> tuple[str, IndustryStandard] | None:
    """Find the standard of an industry, else of the nearest one above it; its own size first."""
    method, seen = "standard", set[str]()
    while industry is not None and industry not in seen:
        seen.add(industry)
        found = known.get((industry, size)) or known.get((industry, None))
        if found is not None:
            return method, found
        method, industry = "standard_parent", parents.get(industry)
    return None


def moved(rows: pl.DataFrame, rules: FinancialsPolicy) -> pl.DataFrame:
    """Add Method C's shifts: ``shift_liquidity``, ``shift_debt``, ``one_liquidity_ratio``.

    Null where no shift is meant for the industry.
    """
    industries = rows.select("industry").unique().drop_nulls()
    entries = {name.casefold(): shift for shift in rules.shifts for name in shift.industries}
    found = [_longest(name.casefold(), list(entries)) for name in industries["industry"]]
    shifts = [None if one is None else entries[one] for one in found]
    table = industries.with_columns(
        pl.Series("shift_liquidity", [one and float(one.liquidity) for one in shifts], pl.Float64),
        pl.Series("shift_debt", [one and float(one.debt_to_assets) for one in shifts], pl.Float64),
        pl.Series(
            "one_liquidity_ratio", [one and one.one_liquidity_ratio for one in shifts], pl.Boolean
        ),
    )
    return rows.join(table, on="industry", how="left", maintain_order="left")


def _longest(industry: str, entries: list[str]) -> str | None:
    fitting = [one for one in entries if _begins(industry, one)]
    return max(fitting, key=len) if fitting else None


def _begins(industry: str, entry: str) -> bool:
    """Tell whether an industry begins with an entry; "F" begins "F51", not "Food"."""
    rest = industry.removeprefix(entry)
    if len(rest) == len(industry):
        return False
    inside_word = _is_letter(entry[-1:]) and _is_letter(rest[:1])
    return not inside_word


def _is_letter(char: str) -> bool:
    return char.isascii() and char.isalpha()
