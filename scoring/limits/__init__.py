"""The credit limit (信用额度): a waterfall of methods, each kept with its value, and its guards.

Rules: credit-management 6. Without statements there is no capacity method: need, history and the
starter amount decide, under the risk caps. A method without data is left out, never zero.
Amounts are integers of the entity's minor units; divisions round down.

``amounts`` holds the policy's amounts by currency and grade, ``need``, ``methods`` and
``collateral`` the parts, ``waterfall`` what joins them, ``guards`` what keeps the result steady.
"""

import polars as pl

from scoring.beside import beside
from scoring.book import Book
from scoring.ledger import Ledger
from scoring.limits.amounts import entity_amounts, grade_amounts, loss_cap, policy_amounts
from scoring.limits.collateral import cash_deposits, secured
from scoring.limits.guards import guarded
from scoring.limits.methods import (
    externals,
    history,
    history_floor,
    methods,
    with_statement_figures,
)
from scoring.limits.need import average_need, need, need_days, peak_purchases, seasonal_need
from scoring.limits.segments import segments
from scoring.limits.skipped import SKIPPED, why_skipped
from scoring.limits.waterfall import joined, rounded_down
from scoring.policy import Policy
from scoring.windows import Windows

__all__ = [
    "LIMIT_STEPS",
    "SKIPPED",
    "cash_deposits",
    "entity_amounts",
    "grade_amounts",
    "guarded",
    "limited",
    "loss_cap",
    "policy_amounts",
    "rounded_down",
    "segments",
    "valued",
    "why_skipped",
]

#: The lines of the waterfall as the explanation shows them, in this order.
LIMIT_STEPS = (
    *("need_seasonal", "need_average", "need"),
    *("net_worth_share", "working_capital_share", "working_assets", "revenue_share"),
    *("history_floor", "capacity", "external", "high_credit", "history", "starter", "average"),
    *("cap_loss", "cap_kelly", "cap_concentration", "unsecured", "floor_grade", "cap_grade"),
    *("allowed", "secured", "computed_limit", "previous_limit", "approved_limit", "limit"),
    *("temporary", "effective_limit"),
)


_OUTSIDE = ("bureau_guideline", "insurer_guideline", "external")


def limited(
    frame: pl.DataFrame,
    book: Book,
    ledger: Ledger,
    policy: Policy,
    windows: Windows,
    grades: pl.DataFrame,
) -> pl.DataFrame:
    """Add the waterfall: every method's value, ``computed_limit`` and ``bound_by``.

    An entity without history gets the starter amount; one that must not be rated gets no limit.
    ``guarded`` makes the ``limit`` of it. ``grades`` are the ``grade_amounts``.
    """
    frame = frame.join(grades, on=["currency", "grade"], how="left", maintain_order="left")
    frame = with_statement_figures(frame).with_columns(need_days(policy).alias("need_days"))
    frame = beside(frame, peak_purchases(ledger, frame, windows))
    return valued(_with_outside(frame, book, policy, windows), policy)


def valued(frame: pl.DataFrame, policy: Policy) -> pl.DataFrame:
    """Work out every method of the waterfall from a frame's figures and join them."""
    frame = frame.with_columns(
        seasonal_need(policy).alias("need_seasonal"),
        average_need(policy).alias("need_average"),
        history(policy).alias("history"),
        *methods(policy),
    ).with_columns(need(policy).alias("need"), history_floor(policy).alias("history_floor"))
    return joined(frame, policy)


def _with_outside(
    frame: pl.DataFrame, book: Book, policy: Policy, windows: Windows
) -> pl.DataFrame:
    """Add what others say and hold: the columns of ``externals``, and ``secured``."""
    if not (book.credit_records.height or book.collateral.height):
        # Most books tell of neither; joining nothing would cost as much as joining something.
        none = pl.lit(None, pl.Int64)
        return frame.with_columns(
            *(none.alias(name) for name in _OUTSIDE), pl.lit(0, pl.Int64).alias("secured")
        )
    outside = externals(book, policy, windows.as_of)
    cover = secured(book, frame, policy, windows.as_of)
    return beside(frame, outside, cover).with_columns(pl.col("secured").fill_null(0))
