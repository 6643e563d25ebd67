"""The credit file (资信档案): how complete and fresh it is, and how far a rating may trust it.

Rules: credit-management 3.2. Completeness is never itself credit quality: it only caps.
"""

from datetime import date, timedelta
from decimal import Decimal

import polars as pl

from scoring.beside import beside
from scoring.book import Book
from scoring.documents import DOCUMENT_ITEMS, papers, statement_papers
from scoring.keys import of_row_key, row_key
from scoring.known import told
from scoring.policy import DossierPolicy, Policy

__all__ = [
    "CONFIDENCE",
    "ITEMS",
    "MEASURES",
    "applicable",
    "expiring_items",
    "filed",
    "items_at",
    "trusted",
]

#: Best first.
CONFIDENCE = ("high", "medium", "low")
#: Item → the scorecard groups it serves; none: it counts always.
ITEMS: dict[str, frozenset[str]] = {
    "identity": frozenset(),
    "registry": frozenset({"history", "qualitative"}),
    "owners": frozenset({"history", "qualitative"}),
    "contacts": frozenset(),
    "statements": frozenset({"financial"}),
    "interim": frozenset({"financial"}),
    "evidence": frozenset({"history", "qualitative"}),
    "bureau": frozenset({"history"}),
    "judicial_check": frozenset({"history"}),
    "references": frozenset({"history"}),
    "contract": frozenset({"history", "qualitative"}),
    "trading_history": frozenset(),
    "balance_confirmation": frozenset({"history", "qualitative"}),
}
#: code → unit, the count it rests on, the policy's window for it.
MEASURES: dict[str, tuple[str, str | None, None]] = {
    "completeness": ("percent", None, None),
    **{f"fresh_{item}": ("percent", None, None) for item in ITEMS},
}

_FRESH = 100.0
_NAMES = tuple(ITEMS)
_NO_DOCUMENTS = pl.DataFrame(
    schema={
        "item": pl.UInt8,
        "e": pl.UInt32,
        "fresh": pl.Float64,
        "on": pl.Date,
        "valid_to": pl.Date,
    }
)


def applicable(policy: Policy) -> dict[str, Decimal]:
    """Name the items that count under this policy, with their weights."""
    rules, used = policy.dossier, set(policy.groups)
    weights = {item: getattr(rules, item).weight for item in ITEMS}
    return {
        item: weight
        for item, weight in weights.items()
        if weight and (not rules.only_groups_in_use or not ITEMS[item] or ITEMS[item] & used)
    }


def filed(frame: pl.DataFrame, book: Book, policy: Policy, as_of: date) -> pl.DataFrame:
    """Judge every entity's file. Needs ``identity``, ``age_months`` and ``n_claims``.

    Adds ``fresh_<item>`` (0 to 100, null when the item does not count), ``completeness`` in
    percent, ``expiring`` and ``expiring_on`` (the first document that runs out soon), and
    ``judicial_check_expired`` (nobody has looked within the time to live).
    """
    weights = applicable(policy)
    states = _states(book, policy, as_of)
    items = _by_item(states)
    first = (
        _soon(states, policy.dossier, as_of)
        .unique("e", keep="first", maintain_order=True)
        .rename({"item": "expiring", "valid_to": "expiring_on"})
    )
    # An item without documents has its column too, in its place.
    documents = {item: items.get(item, _NO_DOCUMENTS) for item in ITEMS}
    fresh = (
        pl.DataFrame([rows["e"], rows["fresh"].alias(f"fresh_{item}")])
        for item, rows in documents.items()
    )
    checked = pl.col("fresh_judicial_check") >= _FRESH
    return (
        beside(frame, *fresh, first)
        .with_columns(_item(item, set(items), weights, policy.dossier) for item in ITEMS)
        .with_columns(
            _completeness(weights).alias("completeness"),
            (~checked).fill_null(value=False).alias("judicial_check_expired"),
        )
    )


def trusted(frame: pl.DataFrame, policy: Policy) -> pl.DataFrame:
    """Add ``confidence`` from completeness, one step lower for each group short of data.

    Needs ``completeness`` and ``n_low`` (groups that fell to the missing-data rule). Low confidence
    also means ``low_confidence`` and ``starter_only``: no more than the new customer's limit.
    A policy with no group in use that the file serves rests on no file: an empty one then leaves
    confidence at medium, or payment behaviour alone would rate nobody without a company code.
    """
    rules, worst = policy.dossier, len(CONFIDENCE) - 1
    lowest = worst if any(ITEMS[item] for item in applicable(policy)) else worst - 1
    complete = pl.col("completeness")
    step = (
        pl.when(complete >= float(rules.high_from))
        .then(0)
        .when(complete >= float(rules.medium_from))
        .then(1)
        .otherwise(lowest)
    )
    steps = pl.min_horizontal(step + pl.col("n_low"), pl.lit(worst))
    names = dict(enumerate(CONFIDENCE))
    low = steps == worst
    return frame.with_columns(
        steps.replace_strict(names, return_dtype=pl.String).alias("confidence"),
        low.alias("low_confidence"),
        low.alias("starter_only"),
    )


def expiring_items(book: Book, policy: Policy, as_of: date) -> pl.DataFrame:
    """List the documents that run out soon: e, item, valid_to, in order of e and day.

    Of each item the document that holds longest counts; a newer one ends the reminder.
    """
    return _soon(_states(book, policy, as_of), policy.dossier, as_of)


def items_at(book: Book, policy: Policy, as_of: date) -> dict[str, pl.DataFrame]:
    """Judge the documents of each item that counts: e, fresh, on, valid_to (null: for good)."""
    return _by_item(_states(book, policy, as_of))


def _by_item(states: pl.DataFrame) -> dict[str, pl.DataFrame]:
    parts = states.partition_by("item", as_dict=True, include_key=False)
    return {_NAMES[int(str(item))]: part for (item,), part in parts.items()}


def _states(book: Book, policy: Policy, as_of: date) -> pl.DataFrame:
    """Judge the documents of all items that count, in one pass: item, e, fresh, on, valid_to."""
    rules, weights = policy.dossier, applicable(policy)
    dated = {
        item: papers(book, rules, as_of, kind)
        for kind, (item, _) in DOCUMENT_ITEMS.items()
        if item in weights and told(book, as_of, kind).height
    }
    if book.statements.height:
        reports = statement_papers(book, policy, as_of)
        dated |= {item: rows for item, rows in reports.items() if item in weights}
    documents = [
        papers.lazy().select(
            pl.lit(_NAMES.index(item), pl.UInt8).alias("item"), "e", "on", "expires", "gone"
        )
        for item, papers in dated.items()
    ]
    return _freshest(pl.concat(documents), as_of) if documents else _NO_DOCUMENTS


def _freshest(documents: pl.LazyFrame, as_of: date) -> pl.DataFrame:
    """Take the freshest document: 100 while it is valid, falling to 0 by ``gone`` (3.2)."""
    expires, gone = pl.col("expires"), pl.col("gone")
    item, entity = of_row_key(pl.col("key"))
    valid = expires.is_null() | (expires >= as_of)
    left = (gone - pl.lit(as_of)).dt.total_days()
    whole = (gone - expires).dt.total_days()
    fresh = pl.when(valid).then(_FRESH).otherwise((left * _FRESH / whole).clip(0.0, _FRESH))
    return (
        documents.select(
            row_key(pl.col("item"), pl.col("e")).alias("key"),
            "on",
            fresh.alias("fresh"),
            expires.fill_null(date.max).alias("valid_to"),
        )
        .group_by("key")
        .agg(pl.all().max())
        .sort("key")
        .select(
            item.alias("item"),
            entity.alias("e"),
            "fresh",
            "on",
            pl.when(pl.col("valid_to") != date.max).then("valid_to"),
        )
        .collect()
    )


def _item(
    item: str, documented: set[str], weights: dict[str, Decimal], rules: DossierPolicy
) -> pl.Expr:
    """Give an item's freshness: null where it does not count, 0 where it is missing."""
    name = f"fresh_{item}"
    traded = (pl.col("n_claims") > 0) & (pl.col("age_months") >= rules.trading_months)
    if item not in weights:
        return pl.lit(None, pl.Float64).alias(name)
    if item == "identity":
        worth = {"ok": _FRESH, "missing": _FRESH * float(rules.name_only_share)}
        return pl.col("identity").replace_strict(worth, default=0.0).alias(name)
    if item == "trading_history":
        return (traded * _FRESH).fill_null(0.0).alias(name)
    return pl.col(name).fill_null(0.0) if item in documented else pl.lit(0.0).alias(name)


def _completeness(weights: dict[str, Decimal]) -> pl.Expr:
    """Weigh presence and freshness, in whole percent, halves rounded up."""
    got = pl.sum_horizontal(pl.col(f"fresh_{item}") * float(weights[item]) for item in weights)
    whole = float(sum(weights.values()))
    return (got / whole).round(mode="half_away_from_zero").cast(pl.Int64)


def _soon(states: pl.DataFrame, rules: DossierPolicy, as_of: date) -> pl.DataFrame:
    """Find documents that are valid now and run out within the policy's days: e, item, valid_to."""
    horizon = as_of + timedelta(days=rules.expires_within_days)
    names = pl.col("item").replace_strict(dict(enumerate(_NAMES)), return_dtype=pl.String)
    soon = states.filter(pl.col("valid_to").is_between(as_of, horizon))
    return soon.select("e", names, "valid_to").sort("e", "valid_to", "item")
