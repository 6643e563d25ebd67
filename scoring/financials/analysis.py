"""The stage of an assessment that analyses statements: figures, flags and shares of points.

Entities without statements get nulls and ``has_statements`` false; a Book without any costs
nothing. Rules: credit-management 1, 5.5.
"""

from datetime import date

import polars as pl

from scoring.beside import beside
from scoring.book import Book
from scoring.financials.comparison import METHODS, compared, moved
from scoring.financials.distress import SCORES, ZONES, distress
from scoring.financials.group import FACTOR, judged, scored_ratios
from scoring.financials.industry import Standards
from scoring.financials.lines import prepared
from scoring.financials.peers import peers_of
from scoring.financials.ratios import AMOUNTS, FLAGS, RATIOS, STATUS_TYPE, ratios
from scoring.financials.statements import chosen
from scoring.known import priced
from scoring.policy import FinancialsPolicy, Policy

__all__ = ["MEASURES", "analysed", "peers_known"]

_STATEMENT: dict[str, pl.DataType | type[pl.DataType]] = {
    "statement": pl.String,
    "statement_end": pl.Date,
    "statement_months": pl.Int32,
    "statement_basis": pl.String,
    "statement_currency": pl.String,
    "statement_end_before": pl.Date,
    "statement_repeated": pl.Boolean,
    "statement_refused": pl.String,
    "statement_refused_id": pl.String,
}
_PERCENTS = (
    *("debt_to_assets", "retained_to_assets", "net_margin", "gross_margin"),
    *("roe", "roa", "growth"),
)
_POINTS = ("debt_to_assets_change",)
_DAYS = ("customer_dso", "inventory_days", "dpo", "cash_cycle")


def _unit(code: str) -> str:
    if code in AMOUNTS:
        return "money"
    if code in _POINTS:
        return "points"
    return "percent" if code in _PERCENTS else "days" if code in _DAYS else "index"


#: Figures the explanation shows: unit, and neither a count nor a window.
MEASURES: dict[str, tuple[str, str | None, None]] = {
    code: (_unit(code), None, None) for code in (*AMOUNTS, *RATIOS, *SCORES, "dso_to_industry")
}


def analysed(
    frame: pl.DataFrame,
    book: Book,
    policy: Policy,
    as_of: date,
    standards: Standards | None = None,
) -> pl.DataFrame:
    """Add what the statements known at ``as_of`` say to a frame with one row ``e`` an entity.

    Amounts (``AMOUNTS``, Int64) are in the entity's currency, null without a rate; ``RATIOS`` each
    with ``<ratio>_status``; ``FLAGS``; bankruptcy scores and ``distress_zone``; ``industry_method``
    (the first of ``METHODS`` that a scored ratio was judged by) and ``dso_to_industry``; the
    statement used and the one refused; ``basis_factor``; for group F ``financial_<code>``, percent
    of points. Without ``standards`` the bands of the policy judge.
    """
    columns = _columns(policy)
    if not book.statements.height:
        nothing = (pl.lit(None, kind).alias(name) for name, kind in columns.items())
        return frame.with_columns(*nothing, pl.lit(value=False).alias("has_statements"))
    figures = _figures(book, policy, as_of, standards or Standards())
    return beside(frame, figures.select("e", *columns)).with_columns(
        pl.col("statement").is_not_null().alias("has_statements")
    )


def _columns(policy: Policy) -> dict[str, pl.DataType | type[pl.DataType]]:
    return {
        **_STATEMENT,
        **dict.fromkeys(AMOUNTS, pl.Int64),
        **dict.fromkeys(RATIOS, pl.Float64),
        **{f"{code}_status": STATUS_TYPE for code in (*RATIOS, "tangible_net_worth")},
        **dict.fromkeys(FLAGS, pl.Boolean),
        **dict.fromkeys(SCORES, pl.Float64),
        "distress_zone": pl.Enum(ZONES),
        "distress_zone_before": pl.Enum(ZONES),
        "dso_to_industry": pl.Float64,
        "industry_method": pl.Enum(METHODS),
        FACTOR: pl.Float64,
        **{f"financial_{code}": pl.Float64 for code in scored_ratios(policy)},
    }


def _figures(book: Book, policy: Policy, as_of: date, standards: Standards) -> pl.DataFrame:
    rules = policy.financials
    lines = prepared(chosen(book, rules, as_of))
    rows = distress(ratios(lines, rules), rules)
    rows = _shares(_in_industry(_in_own_currency(rows, book), book), policy, as_of, standards)
    return rows.with_columns(_factor(rules).alias(FACTOR))


def peers_known(book: Book, policy: Policy, as_of: date) -> pl.DataFrame:
    """Make the peers' table (1.4, B) of everybody in the Book with statements known at a date."""
    rules = policy.financials
    rows = distress(ratios(prepared(chosen(book, rules, as_of)), rules), rules)
    codes = dict.fromkeys((*scored_ratios(policy), "customer_dso"))
    return peers_of(_in_industry(rows, book), tuple(codes))


def _in_own_currency(rows: pl.DataFrame, book: Book) -> pl.DataFrame:
    """Convert the amounts by sign and size: rates know no negative amounts."""
    stated = pl.col("statement_currency").alias("currency")
    sizes = priced(
        book, rows.select("e", stated, *(pl.col(name).abs() for name in AMOUNTS)), AMOUNTS
    )
    return rows.with_columns((sizes[name] * rows[name].sign()).alias(name) for name in AMOUNTS)


def _in_industry(rows: pl.DataFrame, book: Book) -> pl.DataFrame:
    known = book.entities.select("entity", "industry", "size_class")
    keys = book.ledger.entities.select("e", "entity")
    own = keys.join(known, on="entity", how="left", maintain_order="left").drop("entity")
    return rows.join(own, on="e", how="left", maintain_order="left")


def _shares(rows: pl.DataFrame, policy: Policy, as_of: date, standards: Standards) -> pl.DataFrame:
    rules, codes = policy.financials, tuple(scored_ratios(policy))
    rows = moved(compared(rows, codes, standards, rules.peers_needed, as_of), rules)
    liquidity = pl.col("shift_liquidity")
    rows = judged(
        rows,
        policy,
        industry={code: pl.col(f"industry_{code}") for code in codes},
        shifts={
            "quick_ratio": liquidity,
            "current_ratio": liquidity,
            "debt_to_assets": pl.col("shift_debt"),
        },
    )
    if "current_ratio" in codes:
        both = ~pl.col("one_liquidity_ratio").fill_null(value=False)
        share = pl.when(both).then("financial_current_ratio")
        rows = rows.with_columns(share.alias("financial_current_ratio"))
    return rows.with_columns(_method(codes).alias("industry_method"))


def _method(codes: tuple[str, ...]) -> pl.Expr:
    """Name the first method by which a ratio with a value was judged."""
    ranks = {method: rank for rank, method in enumerate(METHODS)}
    used = [
        pl.when(pl.col(code).is_not_null()).then(
            pl.coalesce(f"method_{code}", _fallback(code)).replace_strict(
                ranks, return_dtype=pl.Int8
            )
        )
        for code in codes
    ]
    names = dict(enumerate(METHODS))
    kind = pl.Enum(METHODS)
    return pl.min_horizontal(*used).replace_strict(names, default=None, return_dtype=kind)


def _fallback(code: str) -> pl.Expr:
    shifted = {"quick_ratio": "shift_liquidity", "current_ratio": "shift_liquidity"}
    column = (shifted | {"debt_to_assets": "shift_debt"}).get(code)
    if column is None:
        return pl.lit("bands")
    moves = pl.col(column).fill_null(0.0) != 0
    return pl.when(moves).then(pl.lit("shifts")).otherwise(pl.lit("bands"))


def _factor(rules: FinancialsPolicy) -> pl.Expr:
    """Weigh the group's points by what the statement rests on (1.3)."""
    worth = {
        "audited": float(rules.basis.audited),
        "tax_filing": float(rules.basis.tax_filing),
        "unaudited": float(rules.basis.unaudited),
        "self_declared": float(rules.basis.self_declared),
    }
    return pl.col("statement_basis").replace_strict(worth, default=None, return_dtype=pl.Float64)
