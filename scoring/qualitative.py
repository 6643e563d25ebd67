"""Group Q, the five Cs (5C): appraisals against anchored descriptions, and objective proxies.

Rules: credit-management 4 and 5.1. A factor is scored 1 to 5; its anchors are texts,
``anchor.<factor>.<score>``. What the records prove stands in where nobody appraised.
"""

from datetime import date

import polars as pl

from scoring.beside import beside, without
from scoring.book import Book
from scoring.documents import happened, standing
from scoring.groups import Characteristic, Group
from scoring.known import known, priced, told
from scoring.policy import Policy, QualitativeGroupPolicy
from scoring.rates import minor_amounts
from scoring.windows import months_before

__all__ = ["ANCHOR_SCORES", "FACTORS", "MEASURES", "appraised", "qualitative_group"]

FACTORS = ("character", "capacity", "capital", "collateral", "conditions")
ANCHOR_SCORES = (5, 4, 3, 2, 1)
#: code → unit, the count it rests on, the policy's window for it.
MEASURES: dict[str, tuple[str, str | None, None]] = {
    "years_in_business": ("years", None, None),
    "years_with_us": ("years", None, None),
    "paid_in_percent": ("percent", None, None),
    "character_score": ("index", None, None),
    "capacity_score": ("index", None, None),
    "capital_score": ("index", None, None),
    "collateral_score": ("index", None, None),
    "conditions_score": ("index", None, None),
}
_WORST, _BEST = 1, 5


def qualitative_group(policy: Policy) -> Group:
    """Describe group Q. Capacity is appraised for people to read; it earns no points (5.1)."""
    rules = policy.scorecard.qualitative
    return Group(
        "qualitative",
        rules.points,
        (
            Characteristic("years_in_business", "years_in_business", rules.years_in_business),
            Characteristic("years_with_us", "years_with_us", rules.years_with_us),
            Characteristic("conditions", "conditions_score", rules.conditions),
            Characteristic("character", "character_score", rules.character),
            Characteristic("capital", "capital_score", rules.capital),
            Characteristic("collateral", "collateral_score", rules.collateral),
        ),
    )


def appraised(frame: pl.DataFrame, book: Book, policy: Policy, as_of: date) -> pl.DataFrame:
    """Add the five Cs and their proxies. Needs ``founded_months``, ``age_months``, ``exposure``.

    ``<factor>_score`` from 1 to 5; ``years_in_business``, ``years_with_us``, ``paid_in_percent``
    (paid-in of subscribed capital); ``appraisal_dispute``: assessors differ too much;
    ``appraisal_single``: the exposure asks for a second assessor. Null: not known.
    """
    rules = policy.scorecard.qualitative
    frame = beside(
        frame,
        _appraisals(book, rules, as_of),
        _paid_in(book, as_of),
        _secured(book, rules, as_of),
        _second_needed(book, policy),
    )
    few = (pl.col("exposure") >= pl.col("second_from")) & (pl.col("assessors") == 1)
    line = pl.col("paid_in_percent") / 100 * (_BEST - _WORST) + _WORST
    traded = pl.when(pl.col("n_claims") > 0).then(pl.col("age_months") / 12)
    frame = frame.with_columns(
        (pl.col("founded_months") / 12).alias("years_in_business"),
        traded.alias("years_with_us"),
        pl.coalesce("capital_score", line).alias("capital_score"),
        pl.coalesce("collateral_score", "collateral_shown").alias("collateral_score"),
        pl.col("appraisal_dispute").fill_null(value=False),
        few.fill_null(value=False).alias("appraisal_single"),
    )
    return without(frame, "assessors", "collateral_shown", "second_from")


def _appraisals(book: Book, rules: QualitativeGroupPolicy, as_of: date) -> pl.DataFrame:
    """Join each assessor's last word on each factor: e, <factor>_score, appraisal_dispute, assessors."""
    since = months_before(as_of, rules.appraisal_months)
    anchored = pl.col("value").is_between(_WORST, _BEST) & pl.col("status").is_in(FACTORS)
    given = told(book, as_of, "appraisal").filter(anchored & standing(as_of))
    valid = given.with_columns(happened(as_of).alias("on")).filter(pl.col("on") > since)
    keys = ("e", "status", "source")
    last = valid.filter(pl.col("on") == pl.col("on").max().over(keys))
    words = last.group_by(keys).agg(pl.col("value").min()).group_by("e", "status")
    value, most = pl.col("value"), float(rules.dispute_difference)
    apart = value.max() - value.min() >= most
    # The middle of lowest and highest: a sum in any order would not end on the same digit.
    middle = (value.min() + value.max()) / 2
    counts = pl.when(apart & rules.lower_counts).then(value.min()).otherwise(middle)
    factors = words.agg(
        counts.alias("value"), apart.alias("apart"), pl.len().cast(pl.Int64).alias("n")
    )
    return factors.group_by("e").agg(
        *(
            value.filter(pl.col("status") == factor).first().alias(f"{factor}_score")
            for factor in FACTORS
        ),
        pl.col("apart").any().alias("appraisal_dispute"),
        pl.col("n").min().alias("assessors"),
    )


def _paid_in(book: Book, as_of: date) -> pl.DataFrame:
    """Compare what the owners paid in with what they subscribed: e, paid_in_percent."""
    given = told(book, as_of, "registry", "paid_in").filter(pl.col("amount").is_not_null())
    stated = priced(book, given, ["amount"]).filter(pl.col("amount").is_not_null())
    last = stated.filter(pl.col("known_on") == pl.col("known_on").max().over("e", "kind"))

    def amount(kind: str) -> pl.Expr:
        return pl.col("amount").filter(pl.col("kind") == kind)

    sums = last.group_by("e").agg(
        amount("registry").max().alias("subscribed"), amount("paid_in").min().alias("paid_in")
    )
    share = (pl.col("paid_in") * 100 / pl.col("subscribed")).clip(0.0, 100.0)
    return sums.select("e", pl.when(pl.col("subscribed") > 0).then(share).alias("paid_in_percent"))


def _secured(book: Book, rules: QualitativeGroupPolicy, as_of: date) -> pl.DataFrame:
    """Score those who have given registered security that still holds: e, collateral_shown."""
    valid = pl.col("valid_to").is_null() | (pl.col("valid_to") >= as_of)
    held = known(book, "collateral", as_of).filter(valid & pl.col("registered"))
    score = pl.lit(float(rules.collateral_proxy)).alias("collateral_shown")
    return held.select("e").unique().with_columns(score)


def _second_needed(book: Book, policy: Policy) -> pl.DataFrame:
    """Write the exposure that asks for a second assessor in each entity's currency: e, second_from."""
    least = policy.scorecard.qualitative.two_assessors_from
    entities = book.ledger.entities.select("e", "currency")
    names = entities["currency"].unique().sort().to_list()
    amounts = minor_amounts(least, names, book.rates, policy.currency)
    second = pl.col("currency").replace_strict(amounts, default=None, return_dtype=pl.Int64)
    return entities.select("e", second.alias("second_from"))
