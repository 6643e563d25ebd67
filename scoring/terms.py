"""Recommended terms (建议账期): what was agreed, but not more than the grade allows (8)."""

import polars as pl

from scoring.policy import Policy

__all__ = ["termed"]


def termed(frame: pl.DataFrame, policy: Policy) -> pl.DataFrame:
    """Add ``terms_allowed`` in days; null for an entity that must not be rated.

    Agreed are the terms on the account, else those its invoices show.
    """
    agreed = pl.coalesce(
        "terms_days",
        pl.col("weighted_terms")
        .clip(lower_bound=0)
        .round(mode="half_away_from_zero")
        .cast(pl.Int32),
    )
    most = {index: row.max_terms_days for index, row in enumerate(policy.grades)}
    allowed = pl.col("grade").replace_strict(
        most, default=policy.unrated_terms_days, return_dtype=pl.Int32
    )
    may = pl.col("grade").is_not_null() | (pl.col("unrated") == "no_history")
    terms = pl.when(may).then(pl.min_horizontal(agreed, allowed))
    return frame.with_columns(terms.alias("terms_allowed"))
