"""The credit file (资信档案): how complete and fresh it is, and how far a rating may trust it.

Rules: credit-management 3.2. Completeness is never itself credit quality: it only caps.
"""

from datetime import date, timedelta
from decimal import Decimal

import polars as pl

from scoring.book import Book
from scoring.documents import DOCUMENT_ITEMS, papers, statement_papers
from scoring.known import known
from scoring.policy import DossierPolicy, Policy

__all__ = ["CONFIDENCE", "ITEMS", "MEASURES", "applicable", "expiring_items", "filed", "trusted"]

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
    documents = _documents(book, policy, as_of).filter(pl.col("item").is_in(list(weights)))
    soon = _soon(documents, policy.dossier, as_of)
    first = soon.sort("e", "valid_to", "item").group_by("e", maintain_order=True).first()
    for part in (
        _freshness(documents, as_of),
        first.select(
            "e", pl.col("item").alias("expiring"), pl.col("valid_to").alias("expiring_on")
        ),
        _checked(documents, as_of),
    ):
        frame = frame.join(part, on="e", how="left", maintain_order="left")
    expired = ~pl.col("judicially_checked").fill_null(value=False)
    return (
        frame.with_columns(_item(item, weights, policy.dossier) for item in ITEMS)
        .with_columns(
            _completeness(weights).alias("completeness"),
            (expired & ("judicial_check" in weights)).alias("judicial_check_expired"),
        )
        .drop("judicially_checked")
    )


def trusted(frame: pl.DataFrame, policy: Policy) -> pl.DataFrame:
    """Add ``confidence`` from completeness, one step lower for each group short of data.

    Needs ``completeness`` and ``n_low`` (groups that fell to the missing-data rule). Low confidence
    also means ``low_confidence`` and ``starter_only``: no more than the new customer's limit.
    """
    rules, worst = policy.dossier, len(CONFIDENCE) - 1
    complete = pl.col("completeness")
    step = (
        pl.when(complete >= float(rules.high_from))
        .then(0)
        .when(complete >= float(rules.medium_from))
        .then(1)
        .otherwise(worst)
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
    documents = _documents(book, policy, as_of)
    counting = documents.filter(pl.col("item").is_in(list(applicable(policy))))
    return _soon(counting, policy.dossier, as_of).sort("e", "valid_to", "item")


def _documents(book: Book, policy: Policy, as_of: date) -> pl.DataFrame:
    records = known(book, "credit_records", as_of)
    rows = papers(records, book, policy.dossier, as_of, *DOCUMENT_ITEMS)
    columns = ("e", "item", "on", "expires", "gone")
    return pl.concat([rows.select(columns), statement_papers(book, policy.dossier, as_of)])


def _freshness(documents: pl.DataFrame, as_of: date) -> pl.DataFrame:
    """Score each item by its freshest document: 100 while valid, falling to 0 by ``gone`` (3.2)."""
    valid = pl.col("expires").is_null() | (pl.col("expires") >= as_of)
    left = (pl.col("gone") - pl.lit(as_of)).dt.total_days()
    whole = (pl.col("gone") - pl.col("expires")).dt.total_days()
    fresh = pl.when(valid).then(100.0).otherwise((left * 100 / whole).clip(0.0, 100.0))
    items = [item for item in ITEMS if item not in _OWN]
    return (
        documents.with_columns(fresh.alias("fresh"))
        .group_by("e")
        .agg(
            pl.col("fresh").filter(pl.col("item") == item).max().alias(f"fresh_{item}")
            for item in items
        )
    )


_OWN = ("identity", "trading_history")  # known without a document


def _item(item: str, weights: dict[str, Decimal], rules: DossierPolicy) -> pl.Expr:
    """Give an item's freshness: null where it does not count, 0 where it is missing."""
    own = {
        "identity": (pl.col("identity") == "ok") * 100.0,
        "trading_history": (
            (pl.col("n_claims") > 0) & (pl.col("age_months") >= rules.trading_months)
        )
        * 100.0,
    }
    name = f"fresh_{item}"
    if item not in weights:
        return pl.lit(None, pl.Float64).alias(name)
    return (
        own.get(item, pl.col(name) if item not in own else pl.lit(0.0)).fill_null(0.0).alias(name)
    )


def _completeness(weights: dict[str, Decimal]) -> pl.Expr:
    """Weigh presence and freshness, in whole percent, halves rounded up."""
    got = pl.sum_horizontal(pl.col(f"fresh_{item}") * float(weights[item]) for item in weights)
    whole = float(sum(weights.values()))
    return (got / whole).round(mode="half_away_from_zero").cast(pl.Int64)


def _checked(documents: pl.DataFrame, as_of: date) -> pl.DataFrame:
    valid = pl.col("expires").is_null() | (pl.col("expires") >= as_of)
    checks = documents.filter((pl.col("item") == "judicial_check") & valid)
    return checks.select("e").unique().with_columns(pl.lit(value=True).alias("judicially_checked"))


def _soon(documents: pl.DataFrame, rules: DossierPolicy, as_of: date) -> pl.DataFrame:
    """Find documents that are valid now and run out within the policy's days."""
    horizon = as_of + timedelta(days=rules.expires_within_days)
    endless = pl.col("expires").is_null().any()
    last = documents.group_by("e", "item").agg(
        pl.when(~endless).then(pl.col("expires").max()).alias("valid_to")
    )
    return last.filter(pl.col("valid_to").is_between(as_of, horizon))
