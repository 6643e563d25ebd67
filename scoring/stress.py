"""What a portfolio would cost if things went worse (credit-management 10): three plain stories."""

from decimal import ROUND_HALF_UP, Decimal

import msgspec
import polars as pl

from scoring.policy import Policy

__all__ = ["DELAY_DAYS", "Stress", "stressed"]

PD_TIMES = 2
DELAY_DAYS = 15


class Stress(msgspec.Struct, frozen=True, kw_only=True):
    """Minor units of the portfolio's currency.

    ``expected_loss_doubled_pd``: the expected loss with every PD doubled, at most 1.
    ``top_defaults`` is the customer with the largest exposure and ``top_loss`` its exposure beyond
    security times LGD; ``None`` without any exposure. ``delay_capital``: the working capital that
    all customers paying ``DELAY_DAYS`` later would tie up, at the sales of the recent months.
    """

    expected_loss: int
    expected_loss_doubled_pd: int
    top_defaults: str | None
    top_loss: int | None
    delay_capital: int


def stressed(rows: pl.DataFrame, policy: Policy, recent_days: int) -> Stress:
    """Work out the three stories over holdings in one currency (``HOLDING_COLUMNS``)."""
    top, loss = _top(rows, policy)
    sales = int(rows["recent_sales"].fill_null(0).sum())
    return Stress(
        expected_loss=int(rows["expected_loss"].fill_null(0).sum()),
        expected_loss_doubled_pd=_doubled(rows, policy),
        top_defaults=top,
        top_loss=loss,
        delay_capital=_rounded(Decimal(sales) * DELAY_DAYS / recent_days),
    )


def _doubled(rows: pl.DataFrame, policy: Policy) -> int:
    """Sum by grade: a doubled PD stops at 1, where the loss grows by less than twice."""
    by_grade = dict(rows.group_by("rating").agg(pl.col("expected_loss").sum()).iter_rows())
    total = Decimal(0)
    for row in policy.grades:
        loss = by_grade.get(row.grade) or 0
        if row.pd:
            total += loss * min(Decimal(1), PD_TIMES * row.pd) / row.pd
    return _rounded(total)


def _top(rows: pl.DataFrame, policy: Policy) -> tuple[str | None, int | None]:
    drawn = rows.filter(pl.col("exposure") > 0).sort("exposure", "entity", descending=[True, False])
    if not drawn.height:
        return None, None
    top = drawn.row(0, named=True)
    beyond = max(0, top["exposure"] - (top["secured"] or 0))
    return top["entity"], _rounded(beyond * policy.limits.lgd)


def _rounded(amount: Decimal) -> int:
    return int(amount.quantize(Decimal(1), ROUND_HALF_UP))
