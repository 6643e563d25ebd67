"""Recommended terms (建议账期): what was agreed, but not more than the grade allows (8).

With them the deposit, the legal bounds where the seller is small, late interest, and what an
early-payment discount is worth.
"""

from decimal import Decimal

import polars as pl

from scoring.policy import Policy

__all__ = ["agreed_terms", "discount_rate", "late_interest", "termed"]

_PERCENT = 100
_YEAR = 365


def termed(frame: pl.DataFrame, policy: Policy) -> pl.DataFrame:
    """Add ``terms_allowed`` in days, ``deposit_percent``, ``prepay_only``, ``legal_terms``.

    Null for an entity that must not be rated. Agreed are the terms on the account, else those its
    invoices show. ``legal_terms`` is ``exceeded`` where a large or public buyer has longer terms
    than the law allows, ``needs_contract`` where a public one has them by contract only;
    ``legal_terms_exceeded`` says the first as a truth value.
    """
    agreed = agreed_terms()
    most = {index: row.max_terms_days for index, row in enumerate(policy.grades)}
    deposits = {index: float(row.deposit * _PERCENT) for index, row in enumerate(policy.grades)}
    prepay = _prepay(frame, policy)
    allowed = pl.col("grade").replace_strict(
        most, default=policy.unrated_terms_days, return_dtype=pl.Int32
    )
    deposit = pl.col("grade").replace_strict(deposits, default=0.0, return_dtype=pl.Float64)
    may = pl.col("grade").is_not_null() | (pl.col("unrated") == "no_history")
    terms = pl.when(prepay).then(0).otherwise(pl.min_horizontal(agreed, allowed))
    due = pl.when(prepay).then(float(_PERCENT)).otherwise(deposit)
    legal = _legal(agreed, policy)
    return frame.with_columns(
        pl.when(may).then(terms.cast(pl.Int32)).alias("terms_allowed"),
        pl.when(may).then(due).alias("deposit_percent"),
        prepay.alias("prepay_only"),
        legal.alias("legal_terms"),
        (legal == "exceeded").fill_null(value=False).alias("legal_terms_exceeded"),
    )


def agreed_terms() -> pl.Expr:
    """Terms in days as the CRM has them, else as our invoices to the customer grant them."""
    granted = pl.col("weighted_terms").clip(lower_bound=0).round(mode="half_away_from_zero")
    return pl.coalesce("terms_days", granted.cast(pl.Int32))


def _prepay(frame: pl.DataFrame, policy: Policy) -> pl.Expr:
    """Whom to sell to against prepayment only: grades that say so, and the gates that do."""
    whole = [index for index, row in enumerate(policy.grades) if row.deposit == 1]
    gates = [name for name in ("gate_dishonest", "gate_ceased") if name in frame.columns]
    by_grade = pl.col("grade").is_in(whole).fill_null(value=False)
    return pl.any_horizontal(by_grade, *gates).fill_null(value=False)


def _legal(agreed: pl.Expr, policy: Policy) -> pl.Expr:
    rules, size = policy.terms, pl.col("size_class")
    too_long = ((size == "large") & (agreed > rules.large_days)) | (
        (size == "public") & (agreed > rules.public_contract_days)
    )
    by_contract = (size == "public") & (agreed > rules.public_days)
    exceeded = pl.when(too_long).then(pl.lit("exceeded"))
    return exceeded.when(by_contract).then(pl.lit("needs_contract"))


def late_interest(amount: int, days: int, policy: Policy) -> int:
    """Return the interest on ``amount`` minor units after ``days`` late, where none was agreed.

    Rounded half up.
    """
    up, down = (policy.terms.late_interest_per_day * days).as_integer_ratio()
    return (amount * up * 2 + down) // (2 * down)


def discount_rate(percent: Decimal, within: int, net: int) -> Decimal:
    """Tell the yearly rate of "``percent`` off within ``within`` days, else net ``net``" (8).

    Raises:
        ValueError: The discount is not between 0 and 100, or there is no time to gain.
    """
    if not 0 < percent < _PERCENT:
        raise ValueError("a discount lies above 0 and below 100 percent")
    if net <= within:
        raise ValueError("the net days must be later than the discount's")
    return percent / (_PERCENT - percent) * _YEAR / (net - within)
