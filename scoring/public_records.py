"""Public records as facts for the gates: who is barred, ceased, in default, young, fenced off.

Sources: credit-management 3.1 and 5.6 (what each gate looks at). Which records are a default event
and when it is cured, ``default_event`` decides; here is only what to call it.
"""

from datetime import date

import polars as pl

from scoring.beside import beside, without
from scoring.book import Book
from scoring.documents import standing
from scoring.known import known, told
from scoring.losses import SETBACKS
from scoring.once import once
from scoring.policy import Policy
from scoring.windows import months_before, whole_months

__all__ = ["public_facts"]

_FLAGS = (
    *("dishonest_open", "ceased", "abnormal_open", "ring_fenced", "parent_guaranteed"),
    "written_off_lately",
)
_GATE_KINDS = ("dishonest", "serious_violation", "abnormal_list", "insolvency", "ring_fence")


def public_facts(frame: pl.DataFrame, book: Book, policy: Policy, as_of: date) -> pl.DataFrame:
    """Add facts, false where nothing is on record. Needs ``written_off_on``.

    ``dishonest_open``: an unperformed 失信被执行人; ``ceased``: out of business by registry,
    insolvent or in serious violation; ``abnormal_open``: 经营异常; ``ring_fenced``;
    ``parent_guaranteed``; ``written_off_lately``. ``default_record``: the record or write-off that
    is a default event, else null. ``registry_status``, ``founded_on``, ``founded_months``: null
    when not known.
    """
    frame = beside(
        frame,
        _registry(book, as_of),
        _on_record(book, as_of),
        _guaranteed(book, as_of),
        _setbacks(book, policy, as_of),
    )
    since = months_before(as_of, policy.gates.write_off_months)
    ended = pl.col("registry_status").is_in(policy.gates.ceased_statuses)
    frame = (
        frame.with_columns((pl.col("written_off_on") > since).alias("written_off_lately"))
        .with_columns(pl.col(_FLAGS).fill_null(value=False))
        .with_columns((pl.col("ceased") | ended.fill_null(value=False)).alias("ceased"))
        .with_columns(_default_record(policy, as_of).alias("default_record"))
    )
    return without(frame, "setback")


def _registry(book: Book, as_of: date) -> pl.DataFrame:
    """Read the last registry extract; of several on one day the order of words decides."""
    own = told(book, as_of, "registry").sort("e", "known_on", "status", "event_on")
    founded = pl.col("event_on").filter(pl.col("event_on") <= as_of)
    return (
        own.group_by("e", maintain_order=True)
        .agg(
            pl.col("status").drop_nulls().last().alias("registry_status"),
            founded.last().alias("founded_on"),
        )
        .with_columns(whole_months(pl.col("founded_on"), as_of).alias("founded_months"))
    )


def _on_record(book: Book, as_of: date) -> pl.DataFrame:
    """Tell which records stand: they have not ended and, where a paper limits them, still hold."""
    kind = pl.col("kind")
    ongoing = pl.col("valid_to").is_null() | (pl.col("valid_to") >= as_of)
    standing_now = told(book, as_of, *_GATE_KINDS).filter(standing(as_of))
    return standing_now.group_by("e").agg(
        (kind == "dishonest").any().alias("dishonest_open"),
        kind.is_in(["serious_violation", "insolvency"]).any().alias("ceased"),
        (kind == "abnormal_list").any().alias("abnormal_open"),
        ((kind == "ring_fence") & ongoing).any().alias("ring_fenced"),
    )


def _guaranteed(book: Book, as_of: date) -> pl.DataFrame:
    """Tell who has the parent's written guarantee."""
    valid = pl.col("valid_to").is_null() | (pl.col("valid_to") >= as_of)
    held = known(book, "collateral", as_of).filter((pl.col("kind") == "parent_guarantee") & valid)
    return held.select("e").unique().with_columns(pl.lit(value=True).alias("parent_guaranteed"))


def _setbacks(book: Book, policy: Policy, as_of: date) -> pl.DataFrame:
    """Name the gravest record that is a default event and may still count: e, setback."""
    rules = policy.default_event
    healed = months_before(as_of, rules.cure_months)
    counting = book.ledger.setbacks.filter(
        (pl.col("on") <= as_of)
        & (pl.col("until").is_null() | (pl.col("until") > healed))
        & pl.col("code").is_in(list(rules.records))
    )
    gravity = {code: index for index, code in enumerate(SETBACKS)}
    ranked = pl.col("code").replace_strict(gravity, return_dtype=pl.Int32)
    words = dict(enumerate(SETBACKS))
    gravest = counting.group_by("e").agg(ranked.min().alias("setback"))
    return gravest.with_columns(pl.col("setback").replace_strict(words, return_dtype=pl.String))


@once
def _default_record(policy: Policy, as_of: date) -> pl.Expr:
    healed = months_before(as_of, policy.default_event.cure_months)
    lost = (pl.col("written_off_on") > healed) & policy.default_event.write_off
    return pl.coalesce("setback", pl.when(lost).then(pl.lit("write_off")))
