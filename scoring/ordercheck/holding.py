"""The standing rules over all accounts at once: who may order on credit at all.

What the rules of 7.2 say of an order of nothing: the rules about a frozen limit, overdue, expiry,
grade, manual hold, promises and dunning. The same rules judge one order in ``rules``; a test holds
both together.
"""

from collections.abc import Callable, Mapping
from datetime import date, timedelta
from fractions import Fraction
from typing import Any

import polars as pl

from scoring.beside import beside
from scoring.book import Book
from scoring.dunning import first_day_of_level
from scoring.known import known
from scoring.money import Money
from scoring.once import once
from scoring.ordercheck.facts import Ask, OrderRequest, facts_of
from scoring.ordercheck.rules import REACTIONS, FiredRule, fired, reaction_of
from scoring.policy import GRADES, Policy

__all__ = ["fired_rules", "ordered", "rules_fired"]

_NEVER = 2**31 - 1  # days; no item is that old


def ordered(frame: pl.DataFrame, book: Book, policy: Policy, as_of: date) -> pl.DataFrame:
    """Add people's holds and exemptions, then what the standing rules say (``rules_fired``).

    ``manual_hold`` (the reason), ``manual_hold_to`` and ``exempt`` (codes of rules, parted by
    spaces) are null without such a decision.
    """
    decisions = known(book, "decisions", as_of)
    decided = _manual_holds(decisions, as_of), _exemptions(decisions, policy, as_of)
    return rules_fired(beside(frame, *decided), policy, as_of)


def _manual_holds(decisions: pl.DataFrame, as_of: date) -> pl.DataFrame:
    """The newest hold in force: e, manual_hold, manual_hold_to."""
    standing = decisions.filter(
        (pl.col("kind") == "hold") & (pl.col("to_on").is_null() | (pl.col("to_on") >= as_of))
    )
    return (
        standing.sort("e", "from_on", "decision")
        .group_by("e", maintain_order=True)
        .agg(pl.col("reason").last().alias("manual_hold"), pl.col("to_on").last())
        .rename({"to_on": "manual_hold_to"})
    )


def _exemptions(decisions: pl.DataFrame, policy: Policy, as_of: date) -> pl.DataFrame:
    """Rules excepted now: e, exempt. One without an end lasts as long as the policy allows."""
    longest = pl.col("from_on").dt.offset_by(f"{policy.order_check.exemption_max_days}d")
    standing = decisions.filter(
        (pl.col("kind") == "exemption")
        & pl.col("scope").is_not_null()
        & (pl.coalesce("to_on", longest) >= as_of)
    )
    return (
        standing.select("e", pl.col("scope").str.strip_chars().str.to_uppercase())
        .unique()
        .sort("e", "scope")
        .group_by("e", maintain_order=True)
        .agg(pl.col("scope").str.join(" ").alias("exempt"))
    )


def rules_fired(frame: pl.DataFrame, policy: Policy, as_of: date) -> pl.DataFrame:
    """Add what the rules say of an order of nothing.

    ``hold`` (none, hold, stop), ``hold_rule`` (the gravest, ties to the lower code; else null),
    ``hold_rules`` (all that fire, parted by spaces) and ``checked_on``. A column that the rules
    read and the frame lacks is unknown: its rule does not fire.
    """
    rules = [code for code in _STANDING if code not in policy.order_check.off]
    fires = frame.select(
        "currency",
        *(
            (_STANDING[code](policy, as_of, frame) & ~_exempt(code, frame))
            .fill_null(value=False)
            .alias(code)
            for code in rules
        ),
    )
    said = fires.with_columns(_words(tuple(rules), policy)).select(
        "hold_rule", "hold", "hold_rules", pl.lit(as_of).alias("checked_on")
    )
    return frame.hstack(said)


@once
def _words(rules: tuple[str, ...], policy: Policy) -> list[pl.Expr]:
    """Build what is said of a row that tells, a column a rule, which of them fire."""
    grave = {code: REACTIONS.index(reaction_of(code, policy)) for code in rules}
    ordered = sorted(rules, key=lambda code: int(code[1:]))
    blocking = [code for code in ordered if grave[code] >= REACTIONS.index("hold")]
    gravest = sorted(blocking, key=lambda code: -grave[code])
    reactions = {code: reaction_of(code, policy) for code in gravest}
    return [
        _first({code: code for code in gravest}).alias("hold_rule"),
        _first(reactions).fill_null(pl.lit("none")).alias("hold"),
        pl.concat_str(
            pl.lit(""),
            *(pl.when(pl.col(code)).then(pl.lit(f"{code} ")) for code in ordered),
            ignore_nulls=True,
        )
        .str.strip_chars_end()
        .alias("hold_rules"),
    ]


def _first(words: Mapping[str, str]) -> pl.Expr:
    """Say the word of the first rule that fires."""
    said = [pl.when(pl.col(code)).then(pl.lit(word)) for code, word in words.items()]
    return pl.coalesce(*said) if said else pl.lit(None, pl.String)


def _exempt(code: str, frame: pl.DataFrame) -> pl.Expr:
    if "exempt" not in frame.columns or frame["exempt"].null_count() == frame.height:
        return pl.lit(value=False)
    padded = pl.concat_str(pl.lit(" "), "exempt", pl.lit(" "))
    return padded.str.contains(f" {code} ", literal=True).fill_null(value=False)


def _column(frame: pl.DataFrame, name: str, kind: type[pl.DataType]) -> pl.Expr:
    return pl.col(name) if name in frame.columns else pl.lit(None, kind)


def _limit(frame: pl.DataFrame) -> pl.Expr:
    return pl.coalesce(_column(frame, "effective_limit", pl.Int64), "limit")


def _more_than(amount: pl.Expr, share: Fraction, whole: pl.Expr) -> pl.Expr:
    """Tell whether an amount exceeds a share of another, exactly."""
    wide = amount.cast(pl.Int128) * share.denominator
    return wide > whole.cast(pl.Int128) * share.numerator


def _worth() -> pl.Expr:
    overdue = pl.col("overdue_unpaid")
    return (overdue > 0) & (overdue >= pl.col("hold_min_overdue").fill_null(0))


def _frozen(_policy: Policy, _as_of: date, frame: pl.DataFrame) -> pl.Expr:
    return _column(frame, "frozen", pl.Boolean)


def _overdue_hold(policy: Policy, _as_of: date, frame: pl.DataFrame) -> pl.Expr:
    rules, overdue = policy.order_check, pl.col("overdue_unpaid")
    return (
        _worth()
        & (pl.col("late_oldest") > rules.hold_days)
        & (overdue > pl.col("hold_min_overdue").fill_null(0))
        & _more_than(overdue, Fraction(rules.hold_limit_share), _limit(frame).fill_null(0))
    )


def _overdue_stop(policy: Policy, _as_of: date, _frame: pl.DataFrame) -> pl.Expr:
    return _worth() & (pl.col("late_oldest") > policy.order_check.stop_days)


def _overdue_share(policy: Policy, _as_of: date, _frame: pl.DataFrame) -> pl.Expr:
    rules = policy.order_check
    much = _more_than(pl.col("overdue_unpaid"), Fraction(rules.overdue_share), pl.col("ar"))
    return _worth() & (pl.col("late_oldest") > rules.overdue_share_after_days) & much


def _expired(policy: Policy, as_of: date, frame: pl.DataFrame) -> pl.Expr:
    rules = policy.order_check
    limit_end = as_of - timedelta(days=rules.limit_grace_days)
    dossier_end = as_of - timedelta(days=rules.dossier_grace_days)
    limit = _column(frame, "limit_valid_to", pl.Date) < limit_end
    dossier = _column(frame, "dossier_valid_to", pl.Date) < dossier_end
    return limit.fill_null(value=False) | dossier.fill_null(value=False)


def _weak(policy: Policy, _as_of: date, frame: pl.DataFrame) -> pl.Expr:
    rules = policy.order_check
    gates = [pl.col(f"gate_{gate}") for gate in rules.stop_gates if f"gate_{gate}" in frame.columns]
    weak = (pl.col("grade") >= GRADES.index(rules.stop_grade)).fill_null(value=False)
    return pl.any_horizontal(weak, *(gate.fill_null(value=False) for gate in gates))


def _manual(_policy: Policy, _as_of: date, frame: pl.DataFrame) -> pl.Expr:
    return _column(frame, "manual_hold", pl.String).is_not_null()


def _broken(policy: Policy, _as_of: date, frame: pl.DataFrame) -> pl.Expr:
    return _column(frame, "broken_promises_90d", pl.Int64) >= policy.order_check.broken_promises


def _dunned(policy: Policy, _as_of: date, _frame: pl.DataFrame) -> pl.Expr:
    level = policy.order_check.dunning_level
    days = {
        index: first_day_of_level(policy.dunning, grade, level)
        for index, grade in enumerate(GRADES)
    }
    unrated = first_day_of_level(policy.dunning, "NR", level)
    first = pl.col("grade").replace_strict(
        {index: _NEVER if day is None else day for index, day in days.items()},
        default=_NEVER if unrated is None else unrated,
        return_dtype=pl.Int64,
    )
    return _worth() & (pl.col("late_oldest") >= first)


_Condition = Callable[[Policy, date, pl.DataFrame], pl.Expr]
_STANDING: dict[str, _Condition] = {
    "R1": _frozen,
    "R3": _overdue_hold,
    "R4": _overdue_stop,
    "R5": _overdue_share,
    "R6": _expired,
    "R7": _weak,
    "R11": _manual,
    "R12": _broken,
    "R13": _dunned,
}


def fired_rules(row: Mapping[str, Any], policy: Policy) -> tuple[FiredRule, ...]:
    """Say each rule behind one row's hold with its numbers, the gravest first, ties by code."""
    facts = facts_of(row)
    nothing = OrderRequest(amount=Money(0, facts.currency))
    found = fired(Ask.of(facts, nothing, policy, row["checked_on"]))
    return tuple(sorted(found, key=lambda rule: -REACTIONS.index(rule.reaction)))
