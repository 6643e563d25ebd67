"""Group H, credit history (信用记录): what others know about a customer, as figures and facts.

Rules: credit-management 3.1 (inputs, decay of negative records) and 5.1 (points). Bureau scores are
brought to 0 to 100, negative records to one decayed sum, references and the tax grade to 0 to 100.
What nobody looked for is missing, not good.
"""

from datetime import date
from decimal import Decimal

import polars as pl

from scoring.beside import beside
from scoring.book import Book
from scoring.documents import happened, papers, standing
from scoring.groups import Characteristic, Group
from scoring.known import priced, told
from scoring.once import once
from scoring.policy import BureauProviderPolicy, HistoryGroupPolicy, Policy
from scoring.public_records import public_facts
from scoring.windows import whole_months

__all__ = ["MEASURES", "history_group", "recorded"]

#: code → unit, the count it rests on, the policy's window for it.
MEASURES: dict[str, tuple[str, str | None, None]] = {
    "bureau_score": ("index", None, None),
    "negative_severity": ("index", "n_negative", None),
    "reference_score": ("index", "n_references", None),
    "tax_score": ("index", None, None),
}
# Sums of ratios are taken in whole millionths: their order can then not change the last digit.
_PARTS = 1_000_000


def history_group(policy: Policy) -> Group:
    """Describe group H."""
    rules = policy.scorecard.history
    return Group(
        "history",
        rules.points,
        (
            Characteristic("bureau", "bureau_score", rules.bureau),
            Characteristic("negative_records", "negative_severity", rules.negative_records),
            Characteristic("references", "reference_score", rules.references),
            Characteristic("tax_grade", "tax_score", rules.tax_grade),
        ),
    )


def recorded(frame: pl.DataFrame, book: Book, policy: Policy, as_of: date) -> pl.DataFrame:
    """Add what the credit records say at ``as_of``.

    ``bureau_score``, ``bureau_unknown`` (a provider the policy does not know); ``insurer_limit``
    (minor units of the entity's currency), ``insurer_cover`` (percent); ``n_negative``,
    ``negative_severity`` (null: nobody looked); ``n_references``, ``reference_score``;
    ``tax_score``; and the facts of ``public_facts``.
    """
    found = beside(
        frame,
        *_bureau(book, policy, as_of),
        _insurance(book, as_of),
        _negatives(book, policy, as_of),
        _references(book, policy, as_of),
        _tax(book, policy.scorecard.history, as_of),
    ).with_columns(pl.col("n_negative", "n_references").fill_null(0))
    return public_facts(found, book, policy, as_of)


def _bureau(book: Book, policy: Policy, as_of: date) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Read the valid bureau reports: the picked score, unknown providers."""
    rules = policy.scorecard.history
    reports = papers(book, policy.dossier, as_of, "bureau")
    valid = reports.filter(pl.col("expires") >= as_of).with_columns(
        _mapped(rules.providers).alias("bureau_score")
    )
    familiar = pl.col("source").is_in(list(rules.providers))
    unread = valid.filter(~familiar | pl.col("bureau_score").is_null())
    return (
        _picked(valid, rules),
        unread.group_by("e").agg(pl.col("source").min().alias("bureau_unknown")),
    )


def _mapped(providers: dict[str, BureauProviderPolicy]) -> pl.Expr:
    """Bring every known provider's grade or score to 0 to 100 (3.1)."""
    mapped = pl.lit(None, pl.Float64)
    for name, rule in providers.items():
        span = float(rule.highest - rule.lowest)
        line = ((pl.col("value") - float(rule.lowest)) * 100 / span).clip(0.0, 100.0)
        line = line if rule.higher_is_better else 100 - line
        grades = {grade: float(score) for grade, score in rule.grades.items()}
        graded = (
            pl.col("status").replace_strict(grades, default=None, return_dtype=pl.Float64)
            if grades
            else pl.lit(None, pl.Float64)
        )
        own = pl.coalesce(graded, line)
        mapped = pl.when(pl.col("source") == name).then(own).otherwise(mapped)
    return mapped


def _picked(reports: pl.DataFrame, rules: HistoryGroupPolicy) -> pl.DataFrame:
    """Take one score an entity: of the latest report, or the lowest; of one day, the lowest."""
    stated = reports.filter(pl.col("bureau_score").is_not_null())
    if rules.pick == "latest":
        stated = stated.filter(pl.col("on") == pl.col("on").max().over("e"))
    return stated.group_by("e").agg(pl.col("bureau_score").min())


def _insurance(book: Book, as_of: date) -> pl.DataFrame:
    """Find the largest insured limit that is in force, and its cover: each insurer's last word counts."""
    own = told(book, as_of, "insurance").with_columns(happened(as_of).alias("on"))
    last = own.filter(pl.col("on") == pl.col("on").max().over("e", "source"))
    denied = (pl.col("status") != "in_force").any().over("e", "source")
    ongoing = pl.col("valid_to").is_null() | (pl.col("valid_to") >= as_of)
    in_force = last.filter((pl.col("status") == "in_force") & ~denied & ongoing & standing(as_of))
    return (
        priced(book, in_force, ["amount"])
        .filter(pl.col("amount").is_not_null())
        .sort("amount", "value", descending=True, nulls_last=True)
        .group_by("e", maintain_order=True)
        .agg(
            pl.col("amount").first().alias("insurer_limit"),
            pl.col("value").first().alias("insurer_cover"),
        )
    )


def _negatives(book: Book, policy: Policy, as_of: date) -> pl.DataFrame:
    """Add up the decayed severity of what is on public record: e, n_negative, negative_severity.

    Nothing found is 0 only where somebody looked not too long ago.
    """
    rules = policy.scorecard.history
    severity = {kind: float(weight) for kind, weight in rules.severity.items()}
    weight = pl.col("kind").replace_strict(severity, default=None, return_dtype=pl.Float64)
    plaintiff = (pl.col("kind") == "lawsuit") & (pl.col("status") == "plaintiff")
    recorded = told(book, as_of, *severity).filter(~plaintiff.fill_null(value=False))
    found = recorded.with_columns(
        (weight * _decay(rules, as_of) * _PARTS).round().cast(pl.Int64).alias("weight")
    )
    weighing = found.filter(pl.col("weight") > 0).group_by("e")
    sums = weighing.agg(pl.len().cast(pl.Int64).alias("n_negative"), pl.col("weight").sum())
    checks = papers(book, policy.dossier, as_of, "judicial_check")
    looked = checks.filter(pl.col("gone").is_null() | (pl.col("gone") > as_of)).select("e").unique()
    return looked.join(sums, on="e", how="full", coalesce=True).select(
        "e",
        "n_negative",
        (pl.col("weight").fill_null(0) / _PARTS).alias("negative_severity"),
    )


@once
def _decay(rules: HistoryGroupPolicy, as_of: date) -> pl.Expr:
    """Fade a record: half a year's weight after each half-life, a floor, then forgotten (3.1)."""
    months = whole_months(happened(as_of), as_of)
    fading = pl.lit(0.5).pow(months / rules.half_life_months)
    kept = pl.max_horizontal(fading, pl.lit(float(rules.severity_floor)))
    unperformed = pl.col("kind").is_in(rules.never_decay) & standing(as_of)
    return (
        pl.when(unperformed)
        .then(1.0)
        .when(months >= rules.forgotten_months)
        .then(0.0)
        .otherwise(kept)
    )


def _references(book: Book, policy: Policy, as_of: date) -> pl.DataFrame:
    """Average the valid references by how they were verified: e, n_references, reference_score.

    Each referee's last word counts. What is missing to the number asked for counts as neutral.
    """
    rules = policy.scorecard.history
    given = papers(book, policy.dossier, as_of, "reference").filter(
        (pl.col("expires") >= as_of) & pl.col("value").is_not_null()
    )
    last = given.filter(pl.col("on") == pl.col("on").max().over("e", "source"))
    weights = {channel: float(weight) for channel, weight in rules.channels.items()}
    least = min(weights.values(), default=0.0)
    weight = pl.col("channel").replace_strict(weights, default=least, return_dtype=pl.Float64)
    asked = float(rules.references_asked)
    each = last.group_by("e", "source").agg(
        pl.col("value").clip(0.0, 100.0).min(), weight.min().alias("weight")
    )
    sums = each.group_by("e").agg(
        pl.len().cast(pl.Int64).alias("n_references"),
        _exact_sum(pl.col("weight")).alias("weight"),
        _exact_sum(pl.col("weight") * pl.col("value")).alias("worth"),
    )
    lacking = (asked - pl.col("weight")).clip(lower_bound=0.0)
    worth = pl.col("worth") + lacking * float(rules.reference_neutral)
    return sums.select(
        "e", "n_references", (worth / (pl.col("weight") + lacking)).alias("reference_score")
    )


def _exact_sum(value: pl.Expr) -> pl.Expr:
    return (value * _PARTS).round().cast(pl.Int64).sum() / _PARTS


def _tax(book: Book, rules: HistoryGroupPolicy, as_of: date) -> pl.DataFrame:
    """Score the latest tax grade (纳税信用等级) that still holds: e, tax_score."""
    scores: dict[str, float] = {
        name: float(Decimal(score)) for name, score in rules.tax_grades.items()
    }
    score = pl.col("status").replace_strict(scores, default=None, return_dtype=pl.Float64)
    own = (
        told(book, as_of, "tax_grade")
        .filter(standing(as_of))
        .select("e", happened(as_of).alias("on"), score.alias("tax_score"))
    )
    holding = own.filter(
        pl.col("tax_score").is_not_null()
        & (pl.col("on").dt.offset_by(f"{rules.tax_months}mo") >= as_of)
    )
    latest = holding.filter(pl.col("on") == pl.col("on").max().over("e"))
    return latest.group_by("e").agg(pl.col("tax_score").min())
