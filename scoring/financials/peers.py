"""Method B: the percentile of a ratio among an industry's firms (credit-management 1.4).

The peers' table is small (an industry and a ratio: how many firms, their quantiles), made once from
all entities and handed to every assessment, so that a result does not depend on which entities are
assessed together.
"""

import polars as pl

from scoring.financials.industry import LOWER_IS_BETTER

__all__ = ["LEVELS", "PEERS", "peer_share", "peers_of"]

#: Percentiles of the table; beyond the outer two values are winsorised.
LEVELS = tuple(range(5, 100, 5))
#: The table: industry, indicator (a ratio's code), firms, then the quantiles.
PEERS: dict[str, pl.DataType | type[pl.DataType]] = {
    "industry": pl.String,
    "indicator": pl.String,
    "firms": pl.UInt32,
    **{f"q{level}": pl.Float64 for level in LEVELS},
}


def peers_of(frame: pl.DataFrame, codes: tuple[str, ...]) -> pl.DataFrame:
    """Make the peers' table from ratio columns ``codes`` and ``industry`` of many entities."""
    tables = [_table(frame, code) for code in codes]
    return pl.concat([pl.DataFrame(schema=PEERS), *tables])


def _table(frame: pl.DataFrame, code: str) -> pl.DataFrame:
    stated = frame.filter(pl.col("industry").is_not_null() & pl.col(code).is_not_null())
    quantiles = [
        pl.col(code).cast(pl.Float64).quantile(level / 100, "linear").alias(f"q{level}")
        for level in LEVELS
    ]
    firms = pl.len().cast(pl.UInt32).alias("firms")
    table = stated.group_by("industry").agg(firms, *quantiles).sort("industry")
    return table.with_columns(pl.lit(code).alias("indicator")).select(list(PEERS))


def peer_share(value: pl.Expr, code: str, quantiles: tuple[pl.Expr, ...]) -> pl.Expr:
    """Give the percentile of a value, 5 to 95, or what is left to 100 where less is better.

    Between two quantiles a straight line; among equal ones the middle. Null without peers.
    """
    first = quantiles[0]
    below = pl.sum_horizontal((one < value).cast(pl.Int32) for one in quantiles)
    upto = pl.sum_horizontal((one <= value).cast(pl.Int32) for one in quantiles)
    # On a quantile, or on several equal ones: the middle of their levels.
    result = (below + 1 + upto) * (LEVELS[0] / 2)
    for position in range(len(quantiles) - 1):
        low, high = quantiles[position], quantiles[position + 1]
        between = (value > low) & (value < high)
        line = LEVELS[position] + (value - low) / (high - low) * LEVELS[0]
        result = pl.when(between).then(line).otherwise(result)
    result = pl.when(value < first).then(float(LEVELS[0])).otherwise(result)
    result = pl.when(value > quantiles[-1]).then(float(LEVELS[-1])).otherwise(result)
    share = 100.0 - result if code in LOWER_IS_BETTER else result
    return pl.when(value.is_not_null() & first.is_not_null()).then(share)
