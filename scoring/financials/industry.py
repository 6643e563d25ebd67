"""Ratios seen against their industry (行业调整): methods A, B and C (credit-management 1.4).

A: published standard values (five tiers an indicator), scored by the efficacy coefficient method
(功效系数法). B: percentile among peers. C: shifted cut-offs by policy. For each ratio the first that
has data counts: A of the industry, A of its parent, B, then the bands, shifted or not. The standard
values are others' data: here is the mechanism and the format, not the numbers.

The file of standard values is a table with these columns: ``year`` (2023), ``industry`` (as the
customers' industry is written), ``parent`` (industry above it, may be empty), ``size`` (large,
public, sme; empty: all), ``indicator`` (a ratio's code, see ``RATIOS``, in its unit), ``excellent``,
``good``, ``average``, ``lower``, ``poor`` (numbers, falling or rising all the way).
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal, InvalidOperation

import msgspec
import polars as pl

from scoring.financials.ratios import RATIOS
from scoring.schemas import SIZE_CLASSES

__all__ = [
    "COLUMNS",
    "LOWER_IS_BETTER",
    "TIERS",
    "IndustryStandard",
    "StandardMistake",
    "Standards",
    "standard_share",
    "standards_of",
]

#: The five values of an indicator, best first, and the percent of points at each.
TIERS = {"excellent": 100.0, "good": 80.0, "average": 60.0, "lower": 40.0, "poor": 20.0}
COLUMNS = ("year", "industry", "parent", "size", "indicator", *TIERS)
#: Ratios of which less is better.
LOWER_IS_BETTER = frozenset(
    {
        *("debt_to_assets", "debt_to_equity", "debt_to_assets_change", "customer_dso"),
        *("current_liabilities_to_net_worth", "total_liabilities_to_net_worth"),
        *("inventory_days", "cash_cycle"),
    }
)


class IndustryStandard(msgspec.Struct, frozen=True, kw_only=True):
    """Five values of one indicator for an industry; ``size`` ``None`` holds for all sizes."""

    year: int
    industry: str
    parent: str | None
    size: str | None
    indicator: str
    values: tuple[Decimal, Decimal, Decimal, Decimal, Decimal]


class StandardMistake(msgspec.Struct, frozen=True):
    """A mistake in the table: its row (the first is 1), the column, and a code ``standard.<code>``."""

    row: int
    column: str
    code: str


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class Standards:
    """What industries are measured by: standard values (A) and peers' quantiles (B).

    ``peers`` comes from ``peers.peers_of``; who stands in that table decides the percentiles, so it
    is handed in and never taken from the entities at hand.
    """

    values: tuple[IndustryStandard, ...] = ()
    peers: pl.DataFrame | None = None

    def of_industry(self, industry: str, as_of: date) -> str:
        """Write what an industry is measured by at a date, those above it included, for a hash."""
        parents = {one.industry: one.parent for one in self.values if one.parent}
        chain, above = [industry], parents.get(industry)
        while above is not None and above not in chain:
            chain.append(above)
            above = parents.get(above)
        held = [one for one in self.values if one.industry in chain and one.year <= as_of.year]
        values = msgspec.json.encode(held).decode() if held else ""
        if self.peers is None:
            return values
        peers = self.peers.filter(pl.col("industry") == industry)
        return values + (peers.write_csv() if peers.height else "")


def standards_of(
    rows: Iterable[Mapping[str, str]],
) -> tuple[tuple[IndustryStandard, ...], tuple[StandardMistake, ...]]:
    """Read the table of standard values (see above). Rows with a mistake are left out and told."""
    good: dict[tuple[object, ...], IndustryStandard] = {}
    mistakes: list[StandardMistake] = []
    for number, row in enumerate(rows, start=1):
        text = {name: (row.get(name) or "").strip() for name in COLUMNS}
        found = _mistakes(text)
        mistakes += [StandardMistake(number, column, code) for column, code in found]
        if found:
            continue
        one = _standard(text)
        key = (one.year, one.industry, one.size, one.indicator)
        if key in good:
            mistakes.append(StandardMistake(number, "indicator", "repeated"))
        good.setdefault(key, one)
    return tuple(good.values()), tuple(mistakes)


def _mistakes(text: Mapping[str, str]) -> list[tuple[str, str]]:
    needed = [name for name in COLUMNS if name not in {"parent", "size"}]
    missing = [(name, "missing") for name in needed if not text[name]]
    if missing:
        return missing
    found = []
    if not (text["year"].isdecimal() and len(text["year"]) == 4):
        found.append(("year", "not_a_year"))
    if text["size"] and text["size"] not in SIZE_CLASSES:
        found.append(("size", "unknown_size"))
    if text["indicator"] not in RATIOS:
        found.append(("indicator", "unknown_indicator"))
    found += [(tier, "not_a_number") for tier in TIERS if _number(text[tier]) is None]
    if not found and not _one_way(text):
        found.append(("excellent", "not_monotone"))
    return found


def _one_way(text: Mapping[str, str]) -> bool:
    values = [_number(text[tier]) or Decimal(0) for tier in TIERS]
    rising = text["indicator"] in LOWER_IS_BETTER
    return values == sorted(values, reverse=not rising)


def _number(text: str) -> Decimal | None:
    try:
        value = Decimal(text)
    except InvalidOperation:
        return None
    return value if value.is_finite() else None


def _standard(text: Mapping[str, str]) -> IndustryStandard:
    excellent, good, average, lower, poor = (Decimal(text[tier]) for tier in TIERS)
    return IndustryStandard(
        year=int(text["year"]),
        industry=text["industry"],
        parent=text["parent"] or None,
        size=text["size"] or None,
        indicator=text["indicator"],
        values=(excellent, good, average, lower, poor),
    )


def standard_share(value: pl.Expr, tiers: tuple[pl.Expr, ...]) -> pl.Expr:
    """Score a value against five standard values, best first: percent of the points (1.4, A).

    Works in both directions. At or better than excellent 100, worse than poor 0, between two tiers
    the straight line between their coefficients. Null where the value or a tier is.
    """
    better_is_more = tiers[0] >= tiers[-1]
    sign = pl.when(better_is_more).then(1.0).otherwise(-1.0)
    x, marks = value * sign, [tier * sign for tier in tiers]
    shares = list(TIERS.values())
    result = pl.lit(0.0)
    for position in range(len(marks) - 1, 0, -1):
        low, high = marks[position], marks[position - 1]
        base, upper = shares[position], shares[position - 1]
        line = base + (x - low) / (high - low) * (upper - base)
        result = pl.when((x >= low) & (x < high)).then(line).otherwise(result)
    result = pl.when(x >= marks[0]).then(100.0).otherwise(result)
    known = pl.all_horizontal(one.is_not_null() for one in (value, *tiers))
    return pl.when(known).then(result)
