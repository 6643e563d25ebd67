"""How the methods become one limit: the waterfall (credit-management 6.3).

Skipped methods are null and left out, never zero. Capacity 0 is a value. The caps of risk hold for
the unsecured part; what is secured comes on top, and need bounds the whole.
"""

import polars as pl

from scoring.once import once
from scoring.policy import Policy
from scoring.policy.limits import CAPACITY_METHODS

__all__ = ["joined", "prepaid", "rounded_down"]

_RISKS = ("cap_loss", "cap_kelly", "cap_concentration")
_WEIGHT_PARTS = 1000


def joined(frame: pl.DataFrame, policy: Policy) -> pl.DataFrame:
    """Add ``capacity``, ``average``, ``unsecured``, ``allowed``, ``computed_limit``, ``bound_by``.

    ``unsecured`` stands before and ``allowed`` after the grade's clamp; ``average`` is shown
    whether or not the policy uses it. The frame has the methods, the caps, ``need``, ``starter``
    and ``secured``.
    """
    frame = _with_bases(frame, policy)
    return (
        frame.with_columns(_unsecured(policy).alias("unsecured"))
        .with_columns(_allowed().alias("allowed"))
        .with_columns(_computed(frame, policy).alias("computed_limit"))
        .with_columns(_bound_by(frame, policy).alias("bound_by"))
    )


def _with_bases(frame: pl.DataFrame, policy: Policy) -> pl.DataFrame:
    least = pl.min_horizontal(*CAPACITY_METHODS).clip(lower_bound=0)
    lifted = pl.when(least.is_not_null()).then(pl.max_horizontal(least, "history_floor"))
    return frame.with_columns(lifted.alias("capacity"), _average(policy).alias("average"))


@once
def _average(policy: Policy) -> pl.Expr:
    """Weigh the methods that speak of this customer; null where none does."""
    names = (*CAPACITY_METHODS, "history", "external")
    weights = {
        name: int(policy.limits.method_weights.get(name, 1) * _WEIGHT_PARTS) for name in names
    }
    total = pl.sum_horizontal(
        pl.col(name).cast(pl.Int128).fill_null(0) * weight for name, weight in weights.items()
    )
    weight = pl.sum_horizontal(
        pl.col(name).is_not_null().cast(pl.Int64) * weight for name, weight in weights.items()
    )
    return pl.when(weight > 0).then(total // weight).cast(pl.Int64)


def _base(policy: Policy) -> pl.Expr:
    """Take what the customer can carry; without statements history and the starter amount."""
    shown = pl.max_horizontal("history", "starter")
    least = pl.coalesce("capacity", shown)
    if policy.limits.combination == "minimum":
        return least
    without = pl.max_horizontal("average", "starter")
    return pl.when(pl.col("capacity").is_not_null()).then("average").otherwise(without)


@once
def _unsecured(policy: Policy) -> pl.Expr:
    return pl.min_horizontal(_base(policy), "external", *_RISKS).clip(lower_bound=0)


def _allowed() -> pl.Expr:
    """Clamp the unsecured part; a floor never lifts above a cap of risk."""
    floor = pl.min_horizontal("floor_grade", *_RISKS)
    lifted = pl.when(pl.col("floor_grade") > pl.col("unsecured")).then(floor)
    clamped = pl.min_horizontal(pl.max_horizontal("unsecured", lifted), "cap_grade")
    graded = pl.when(pl.col("unsecured_allowed")).then(clamped).otherwise(0)
    return (
        pl.when(pl.col("grade").is_not_null())
        .then(graded)
        .otherwise(pl.min_horizontal("starter", "external", "cap_concentration"))
    )


def _starter_only(frame: pl.DataFrame) -> pl.Expr:
    """A file too incomplete for more than the new-customer limit (3.2)."""
    if "starter_only" not in frame.columns:
        return pl.lit(value=False)
    return pl.col("starter_only").fill_null(value=False)


@once
def prepaid(policy: Policy) -> pl.Expr:
    """Tell who gets no credit at all: grades whose safety is 0 (CC, C, D)."""
    worst = [index for index, row in enumerate(policy.grades) if row.safety == 0]
    return pl.col("grade").is_in(worst).fill_null(value=False)


def _computed(frame: pl.DataFrame, policy: Policy) -> pl.Expr:
    graded = pl.col("grade").is_not_null()
    # Nothing bought in the window tells no need: the starter amount at most (6.3).
    whole = pl.col("allowed") + pl.col("secured")
    bounded = pl.min_horizontal(whole, pl.coalesce("need", "starter"))
    bounded = pl.when(prepaid(policy)).then(0).otherwise(bounded)
    wanted = pl.when(graded).then(bounded).otherwise("allowed")
    wanted = (
        pl.when(_starter_only(frame)).then(pl.min_horizontal(wanted, "starter")).otherwise(wanted)
    )
    may = graded | (pl.col("unrated") == "no_history")
    return pl.when(may).then(rounded_down(wanted, policy.limits.round_digits))


def rounded_down(amount: pl.Expr, digits: int) -> pl.Expr:
    """Keep the first ``digits`` digits of a non-negative amount, zeros after them."""
    length = amount.cast(pl.String).str.len_bytes().cast(pl.Int64)
    unit = pl.lit(10, pl.Int64).pow((length - digits).clip(lower_bound=0))
    return amount // unit * unit


def _bound_by(frame: pl.DataFrame, policy: Policy) -> pl.Expr:
    """Name the method that set the limit; the first of these that holds."""
    whole = pl.col("allowed") + pl.col("secured")
    no_credit = prepaid(policy) | (~pl.col("unsecured_allowed") & (pl.col("secured") == 0))
    rules: list[tuple[pl.Expr, str]] = [
        (pl.col("grade").is_null(), "starter"),
        (no_credit, "grade"),
        (_starter_only(frame) & (pl.col("starter") < pl.min_horizontal(whole, "need")), "starter"),
        (pl.col("need").is_null() & (pl.col("starter") <= whole), "starter"),
        (pl.col("need") <= whole, "need"),
        (~pl.col("unsecured_allowed"), "secured"),
        (pl.col("allowed") > pl.col("unsecured"), "floor_grade"),
        *((pl.col(cap) <= pl.col("unsecured"), cap) for cap in ("cap_grade", *_RISKS, "external")),
        *_bases(policy),
    ]
    found = pl.lit("starter")
    for holds, name in reversed(rules):
        found = pl.when(holds).then(pl.lit(name)).otherwise(found)
    return pl.when(pl.col("computed_limit").is_not_null()).then(found)


def _bases(policy: Policy) -> list[tuple[pl.Expr, str]]:
    """Name what the unsecured part rests on."""
    if policy.limits.combination == "average":
        return [(pl.col("average") >= pl.col("unsecured"), "average")]
    capacity = pl.col("capacity")
    lifted = (capacity == pl.col("history_floor"), "history_floor")
    least = [(capacity == pl.col(name), name) for name in CAPACITY_METHODS]
    proven = (capacity.is_null() & (pl.col("history") >= pl.col("starter")), "history")
    return [*least, lifted, proven]
