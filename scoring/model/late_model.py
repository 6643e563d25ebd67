"""Predicts how late an open invoice, or a customer, will be paid, from cards that are data.

credit-management 5.7 and 17.4. Needs no more than the run-time libraries; the cards are made in
``late_fitting``, which needs the extra. A customer with fewer than three settled invoices gets its
segment's rates, and the row says so: a model knows nothing better (17.4).
"""

import msgspec
import polars as pl

from scoring.fitted_card import CardError, FittedCard, applied, card_of, card_text
from scoring.model.lateness import VERY_LATE_DAYS

__all__ = [
    "BASELINES",
    "BY_MODEL",
    "BY_SEGMENT",
    "CUSTOMER_FIGURES",
    "LEAST_HISTORY",
    "LateCards",
    "customers_predicted",
    "late_cards_of",
    "late_cards_text",
    "predicted",
    "three_classes",
]

#: What every model must beat: the customer's own late share, and the same per due weekday.
BASELINES = ("own_late", "dowp")
LEAST_HISTORY = 3
BY_MODEL, BY_SEGMENT = "model", "segment"

#: The engine's figures from which a customer's lateness in the next 90 days is predicted.
CUSTOMER_FIGURES = (
    *("wadl", "wadl_paid", "days_beyond_terms", "late_amount_percent", "late_count_percent"),
    *("overdue_scored_percent", "max_delay", "in_parts_percent", "n_settled", "age_months"),
)


class LateCards(msgspec.Struct, frozen=True, kw_only=True):
    """The cards of one seller. ``very_late`` and ``customer`` are ``None`` where too few were bad."""

    late: FittedCard
    very_late: FittedCard | None = None
    customer: FittedCard | None = None


def late_cards_text(cards: LateCards) -> str:
    """Write the cards as JSON; ``late_cards_of`` reads the same cards from it."""
    return msgspec.json.format(msgspec.json.encode(cards), indent=1).decode() + "\n"


def late_cards_of(text: str | bytes) -> LateCards:
    """Read cards, each checked as ``card_of`` checks one.

    Raises:
        CardError: The text is no such document, or one of its cards is no card.
    """
    try:
        cards = msgspec.json.decode(text, type=LateCards)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise CardError(f"these are no cards of lateness: {error}") from error
    for card in (cards.late, cards.very_late, cards.customer):
        if card is not None:
            card_of(card_text(card))
    return cards


def predicted(frame: pl.DataFrame, cards: LateCards) -> pl.DataFrame:
    """Add on_time, late (1 to 30 days), very_late and ``basis`` to invoices with their features.

    ``frame`` comes from ``lateness``. Where it has ``dpd`` (days past due now, for open invoices),
    what has happened already is certain: an overdue invoice is not on time any more.
    """
    marked = frame.with_columns(_pd(frame, cards.late).alias("_late"))
    very = pl.col("seg_very") if cards.very_late is None else _pd(frame, cards.very_late)
    return three_classes(marked.with_columns(very.alias("_very")), "_late", "_very").drop(
        "_late", "_very"
    )


def _pd(frame: pl.DataFrame, card: FittedCard) -> pl.Series:
    return applied(frame, card)["pd"]


def three_classes(frame: pl.DataFrame, late: str, very_late: str) -> pl.DataFrame:
    """Make three chances that add up to 1 out of P(late) and P(very late), two columns.

    Adds on_time, late, very_late, basis; as told in ``predicted``.
    """
    thin = pl.col("n_history") < LEAST_HISTORY
    any_late = pl.when(thin).then("seg_late").otherwise(late)
    very = pl.when(thin).then("seg_very").otherwise(very_late)
    share = pl.min_horizontal(very / any_late, pl.lit(1.0))
    if "dpd" in frame.columns:
        any_late = pl.when(pl.col("dpd") > 0).then(1.0).otherwise(any_late)
        share = pl.when(pl.col("dpd") > VERY_LATE_DAYS).then(1.0).otherwise(share)
    return frame.with_columns(
        (1 - any_late).alias("on_time"),
        (any_late * (1 - share)).alias("late"),
        (any_late * share).alias("very_late"),
        pl.when(thin).then(pl.lit(BY_SEGMENT)).otherwise(pl.lit(BY_MODEL)).alias("basis"),
    )


def customers_predicted(frame: pl.DataFrame, card: FittedCard) -> pl.DataFrame:
    """Add ``late_90``: P(amount-weighted mean more than 5 days late in the next 90 days).

    ``frame`` is the engine's. Null for customers without a settled invoice: there is nothing to go
    by, and no segment stands in for them.
    """
    known = pl.col("n_settled") > 0
    chance = applied(frame, card)["pd"]
    return frame.with_columns(pl.when(known).then(chance).alias("late_90"))
