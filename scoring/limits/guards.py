"""Guards around the computed limit: stability, step-ups, decisions by people, freeze.

Rules: credit-management 6.3 (guards), 6.4 (temporary limits), 10 (watch list). Reductions hold at
once; raises wait for their time. What is secured may rise at once.
"""

from datetime import date

import polars as pl

from scoring.beside import beside, without
from scoring.book import Book
from scoring.known import known, priced
from scoring.limits.waterfall import prepaid, rounded_down
from scoring.once import once
from scoring.policy import LimitPolicy, Policy
from scoring.windows import months_before

__all__ = ["guarded"]

_FRACTIONS = tuple(
    f"{name}_{part}" for name in ("worth", "revenue", "step") for part in ("up", "down")
)
_RISKS = ("cap_loss", "cap_kelly", "cap_concentration")


def guarded(frame: pl.DataFrame, book: Book, policy: Policy, as_of: date) -> pl.DataFrame:
    """Turn ``computed_limit`` into ``limit`` and what may be used now.

    Adds ``limit`` (base), ``approved_limit`` and ``approved_until`` (a person's decision in force),
    ``temporary``, ``effective_limit`` (base and temporary), ``frozen`` and ``limit_raised_on``;
    ``bound_by`` names the guard that moved the limit. The watch level is today's where the frame
    has it, else that of the previous assessment.
    """
    frame = _with_decisions(frame, book, policy, as_of)
    level = "watch_level" if "watch_level" in frame.columns else "previous_watch_level"
    frame = frame.with_columns(_ceiling().alias("_ceiling"), _step_top(policy, as_of).alias("_top"))
    frame = frame.with_columns(_kept(policy.limits, pl.col(level)).alias("limit"))
    frame = _decided(frame, policy)
    frame = _frozen(frame, policy.limits, pl.col(level))
    frame = _raised(frame, as_of)
    temporary = pl.when(pl.col("frozen") | prepaid(policy)).then(0).otherwise("temporary")
    frame = frame.with_columns(temporary.fill_null(0).alias("temporary")).with_columns(
        (pl.col("limit") + pl.col("temporary")).alias("effective_limit")
    )
    return without(frame, "_ceiling", "_top", *_FRACTIONS)


_DECIDED: dict[str, type[pl.DataType]] = {
    "approved_limit": pl.Int64,
    "approved_until": pl.Date,
    "temporary": pl.Int64,
}


def _with_decisions(frame: pl.DataFrame, book: Book, policy: Policy, as_of: date) -> pl.DataFrame:
    if not book.decisions.height:
        return frame.with_columns(pl.lit(None, kind).alias(name) for name, kind in _DECIDED.items())
    return beside(frame, _approved(book, as_of), _temporary(book, policy.limits, as_of))


def _approved(book: Book, as_of: date) -> pl.DataFrame:
    """Find the newest limit a person decided that is in force: e, approved_limit, approved_until."""
    rows = known(book, "decisions", as_of).filter(
        (pl.col("kind") == "limit") & (pl.col("to_on") >= as_of).fill_null(value=True)
    )
    amounts = priced(book, rows, ("amount",)).drop_nulls("amount")
    return (
        amounts.sort("from_on", "decision")
        .unique("e", keep="last", maintain_order=True)
        .select(
            "e",
            pl.col("amount").alias("approved_limit"),
            pl.col("to_on").alias("approved_until"),
        )
    )


def _temporary(book: Book, rules: LimitPolicy, as_of: date) -> pl.DataFrame:
    """Sum temporary limits in force: e, temporary. The excess over the yearly number is none."""
    rows = known(book, "decisions", as_of).filter(
        (pl.col("kind") == "temporary_limit") & (pl.col("from_on") > months_before(as_of, 12))
    )
    ends = pl.col("from_on") + pl.duration(days=rules.temporary_max_days)
    counted = rows.sort("from_on", "decision").filter(
        pl.int_range(pl.len()).over("e") < rules.temporary_per_year
    )
    active = counted.filter(pl.min_horizontal("to_on", ends) >= as_of)
    amounts = priced(book, active, ("amount",)).drop_nulls("amount")
    return amounts.group_by("e").agg(pl.col("amount").sum().alias("temporary"))


@once
def _ceiling() -> pl.Expr:
    """The most the caps and the collateral bear, whatever was granted before."""
    capped = pl.min_horizontal("cap_grade", *_RISKS)
    open_ended = pl.max_horizontal("computed_limit", "previous_limit")
    unsecured = pl.when(pl.col("unsecured_allowed")).then(pl.coalesce(capped, open_ended))
    graded = unsecured.fill_null(0) + pl.col("secured")
    return pl.when(pl.col("grade").is_null()).then("computed_limit").otherwise(graded)


@once
def _step_top(policy: Policy, as_of: date) -> pl.Expr:
    """The most a limit may rise to now; null when nothing bounds it.

    One step a review: after a review, or when the grade's interval has passed since the last raise.
    The starter amount is never a step: it is what any new customer may have, and a first limit made
    of one small purchase must not hold a customer down for years.
    """
    before, raised = pl.col("previous_limit"), pl.col("previous_raised_on")
    step = (
        before.cast(pl.Int128) * (pl.col("step_up") + pl.col("step_down")) // pl.col("step_down")
    ).cast(pl.Int64)
    months = {index: row.review_months for index, row in enumerate(policy.grades)}
    every = pl.col("grade").replace_strict(months, default=None, return_dtype=pl.Int32)
    again = raised.dt.offset_by(pl.format("{}mo", every)) <= as_of
    may = raised.is_null() | (pl.col("last_review_on") > raised).fill_null(value=False) | again
    top = pl.max_horizontal("starter", pl.when(may).then(step).otherwise(before))
    bounded = pl.col("step_up").is_not_null() & before.is_not_null()
    return pl.when(bounded).then(pl.max_horizontal(top, pl.min_horizontal("secured", "need")))


def _kept(rules: LimitPolicy, level: pl.Expr) -> pl.Expr:
    """Keep the previous limit where the change is small; hold raises back.

    Small means below both the share and the step of the policy.
    """
    limit, before = pl.col("computed_limit"), pl.col("previous_limit")
    up, down = rules.stable_share.as_integer_ratio()
    change = (limit - before).abs()
    small = (change.cast(pl.Int128) * down < before.cast(pl.Int128) * up) & (
        change < pl.col("stable_step")
    )
    watched = level.is_in(rules.no_raise_at).fill_null(value=False) & before.is_not_null()
    stepped = pl.when(pl.col("_top") < limit).then(
        rounded_down(pl.max_horizontal("_top", 0), rules.round_digits)
    )
    # Rounding must not turn a step that is refused into a cut.
    raised = pl.max_horizontal(stepped, pl.min_horizontal(before, limit))
    free = pl.coalesce(pl.when(stepped.is_not_null()).then(raised), limit)
    held = pl.when(watched).then(pl.min_horizontal(free, before)).otherwise(free)
    keeps = (small & (before <= pl.col("_ceiling"))).fill_null(value=False)
    kept = pl.when(watched | ~keeps).then(held).otherwise(before)
    return pl.when(limit.is_not_null()).then(kept)


def _decided(frame: pl.DataFrame, policy: Policy) -> pl.DataFrame:
    """Let a person's decision replace the computed limit, but not for grades that prepay."""
    stands = pl.col("approved_limit").is_not_null() & pl.col("limit").is_not_null()
    counts = stands & ~prepaid(policy)
    moved = pl.col("limit") != pl.col("computed_limit")
    kept = pl.col("limit") == pl.col("previous_limit")
    guard = pl.when(kept).then(pl.lit("previous_limit")).otherwise(pl.lit("step_up"))
    by = (
        pl.when(counts).then(pl.lit("approved_limit")).when(moved).then(guard).otherwise("bound_by")
    )
    limit = pl.when(counts).then("approved_limit").otherwise("limit")
    return frame.with_columns(limit.alias("limit"), by.alias("bound_by"))


def _frozen(frame: pl.DataFrame, rules: LimitPolicy, level: pl.Expr) -> pl.DataFrame:
    """Freeze at what is drawn: new orders find nothing left (10). Payments release nothing."""
    drawn = pl.col("exposure").clip(lower_bound=0)
    frozen = level.is_in(rules.freeze_at).fill_null(value=False) & pl.col("limit").is_not_null()
    binds = frozen & (drawn < pl.col("limit"))
    return frame.with_columns(
        frozen.alias("frozen"),
        pl.when(binds).then(drawn).otherwise("limit").alias("limit"),
        pl.when(binds).then(pl.lit("frozen")).otherwise("bound_by").alias("bound_by"),
    )


def _raised(frame: pl.DataFrame, as_of: date) -> pl.DataFrame:
    """Note the day of the last raise, so that the next one waits for its review."""
    up = pl.col("limit") > pl.col("previous_limit")
    day = pl.when(up).then(pl.lit(as_of)).otherwise("previous_raised_on")
    return frame.with_columns(day.alias("limit_raised_on"))
