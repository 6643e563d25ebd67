"""Group F, financial ratios: shares of points, their edge rules, the audit factor.

Rules: credit-management 1.2 (curves), 1.3 (edge rules), 5.1 (points). Units of the columns: percent
for ``debt_to_assets``, ``net_margin`` and ``retained_to_assets``, points of a percent for
``debt_to_assets_change``, plain ratios for the others.
"""

from collections.abc import Mapping

import msgspec
import polars as pl

from scoring.curves import share_of_points
from scoring.groups import Characteristic, Group, with_group
from scoring.once import once
from scoring.policy import CharacteristicPolicy, Policy

__all__ = [
    "EDGE_COLUMNS",
    "FACTOR",
    "RATIO_COLUMNS",
    "financial_group",
    "financial_shares",
    "judged",
    "scored_ratios",
]

#: What ``financial_shares`` needs.
RATIO_COLUMNS = (
    *("debt_to_assets", "quick_ratio", "ocf_to_cl", "interest_cover", "net_margin"),
    *("debt_to_assets_change", "retained_to_assets"),
)
#: What it understands besides: facts that an edge rule of 1.3 needs and no ratio tells.
EDGE_COLUMNS = ("no_interest_profit", "loss_without_sales", "falling_sales")
#: The column with the worth of the statement by what it rests on.
FACTOR = "basis_factor"
_LIQUIDITY = ("quick_ratio", "current_ratio")


def scored_ratios(policy: Policy) -> dict[str, CharacteristicPolicy]:
    """Give the characteristics that carry points, with the group's way of reading their curves."""
    rules = policy.scorecard.financial
    steps = rules.shares == "steps"
    return {
        code: msgspec.structs.replace(part, steps=True) if steps else part
        for code, part in rules.characteristics().items()
        if part.points
    }


def financial_group(policy: Policy) -> Group:
    """Describe group F for the scorecard. Its shares are those that ``judged`` worked out."""
    return Group(
        "financial",
        policy.scorecard.financial.points,
        tuple(
            Characteristic(code, code, part, given=f"financial_{code}")
            for code, part in scored_ratios(policy).items()
        ),
        factor=FACTOR,
    )


def financial_shares(frame: pl.DataFrame, policy: Policy) -> pl.DataFrame:
    """Judge ratios alone: no statements, no industry, no audit factor.

    ``frame`` has ``RATIO_COLUMNS`` (null: missing; besides them the column of any other ratio the
    policy gives points) and may have ``EDGE_COLUMNS``, all boolean:
    ``no_interest_profit`` (interest is stated as 0 and there is a profit: true, a loss: false, else
    null; ``interest_cover`` is null then), ``loss_without_sales`` (a loss and revenue of 0 or
    less; ``net_margin`` is null then), ``falling_sales``.

    Adds for each characteristic ``share_<code>`` (percent of its points, null when missing) and
    ``share_financial`` (0 to 1, after the missing-data rule).
    """
    absent = [name for name in EDGE_COLUMNS if name not in frame.columns]
    ready = frame.with_columns(pl.lit(None, pl.Boolean).alias(name) for name in absent)
    group = msgspec.structs.replace(financial_group(policy), factor=None)
    made = with_group(judged(ready, policy), group, policy.scorecard)
    shares = [f"share_{part.code}" for part in group.characteristics]
    return made.select(*frame.columns, *shares, "share_financial")


def judged(
    frame: pl.DataFrame,
    policy: Policy,
    *,
    industry: Mapping[str, pl.Expr] | None = None,
    shifts: Mapping[str, pl.Expr] | None = None,
) -> pl.DataFrame:
    """Add ``financial_<code>``: the percent of points of each ratio that carries points.

    ``industry`` gives shares that industry comparison found (null: none), by code; they go before
    the bands. ``shifts`` moves the cut-offs of the bands, null counts as 0. Edge rules come last.
    """
    if not industry and not shifts:
        return frame.with_columns(_by_bands(policy))
    return frame.with_columns(_shares(policy, industry or {}, shifts or {}))


@once
def _by_bands(policy: Policy) -> list[pl.Expr]:
    return _shares(policy, {}, {})


def _shares(
    policy: Policy, found: Mapping[str, pl.Expr], moved: Mapping[str, pl.Expr]
) -> list[pl.Expr]:
    columns = []
    for code, part in scored_ratios(policy).items():
        value = pl.col(code)
        if code in moved:
            value = value - moved[code].fill_null(0.0)
        share = share_of_points(value, part)
        if code in found:
            share = pl.coalesce(found[code], share)
        columns.append(_edged(code, share, policy).alias(f"financial_{code}"))
    return columns


def _edged(code: str, share: pl.Expr, policy: Policy) -> pl.Expr:
    """Apply the edge rules of 1.3 to a share."""
    rules = policy.financials
    if code == "interest_cover":
        profit = pl.col("no_interest_profit")
        with_profit, with_loss = rules.no_interest_profit_share, rules.no_interest_loss_share
        stated = pl.when(profit).then(float(with_profit)).when(~profit).then(float(with_loss))
        return pl.coalesce(stated, share)
    if code == "net_margin":
        return pl.when(pl.col("loss_without_sales")).then(0.0).otherwise(share)
    if code == "debt_to_assets":
        return pl.when(pl.col(code) >= 100).then(0.0).otherwise(share)
    if code in _LIQUIDITY:
        # Far more than enough while sales fall: idle stock or stale receivables.
        idle = (pl.col(code) > float(rules.idle_liquidity)) & pl.col("falling_sales")
        cap = float(rules.idle_liquidity_share)
        return pl.when(idle).then(pl.min_horizontal(share, pl.lit(cap))).otherwise(share)
    return share
