"""Signals from the credit file: E13 to E19, E21 to E23 (credit-management 10)."""

from collections.abc import Callable
from datetime import date, timedelta

import polars as pl

from scoring.book import Book
from scoring.gate import Params, Row
from scoring.known import priced, told
from scoring.money import Money
from scoring.policy import Policy, WarningPolicy
from scoring.warning.rule import ATTENTION, CRITICAL, HIGH, Rule, counted, fires, number
from scoring.windows import Windows

__all__ = ["RULES", "with_record_evidence"]

_CONTROL = ("legal_representative", "shareholders", "control")
_EVENTS = (
    *("lawsuit", "change", "longer_terms_asked", "split_invoices_asked", "failed_call"),
    *("guarantor_trouble", "ring_fence"),
)
_EVENT_COUNTS = (
    *("warn_asked", "warn_judicial", "warn_suits", "warn_suit_amount", "warn_frozen_assets"),
    *("warn_control_changes", "warn_capital_cuts", "warn_failed_calls_new"),
    *("warn_guarantor_trouble", "warn_ring_fenced"),
)
_SOURCE = ("e", "kind", "source")
_WORD_COUNTS = ("warn_withdrawn", "warn_refused", "warn_expired")
_FOREIGN: dict[str, type[pl.DataType]] = {
    "z_double": pl.Float64,
    "z_double_change": pl.Float64,
    "distress_zone": pl.String,
    "distress_zone_before": pl.String,
    "net_worth": pl.Int64,
}
_NO_EVENTS, _NO_WORDS = (
    pl.DataFrame(schema={"e": pl.UInt32, **dict.fromkeys(names, pl.Int64)})
    for names in (_EVENT_COUNTS, _WORD_COUNTS)
)


def with_record_evidence(
    frame: pl.DataFrame, book: Book, policy: Policy, windows: Windows
) -> pl.DataFrame:
    """Count what the credit file tells: the columns of ``_EVENT_COUNTS`` and ``_WORD_COUNTS``.

    Columns of the financial analysis that are not there are null.
    """
    absent = (
        pl.lit(None, kind).alias(name)
        for name, kind in _FOREIGN.items()
        if name not in frame.columns
    )
    frame = counted(frame.with_columns(absent), _events(book, policy, windows.as_of))
    return counted(frame, _standing(book, policy, windows.as_of))


def _events(book: Book, policy: Policy, as_of: date) -> pl.DataFrame:
    kinds = {*_EVENTS, *policy.warning.judicial_kinds, *policy.warning.asset_kinds}
    records = told(book, as_of, *sorted(kinds))
    if not records.height:
        return _NO_EVENTS
    records = priced(book, records, ["amount"])
    rules, kind, status = policy.warning, pl.col("kind"), pl.col("status")
    still = pl.col("ended_on").is_null() | (pl.col("ended_on") > as_of)

    def since(days: int) -> pl.Expr:
        return pl.col("known_on") > as_of - timedelta(days=days)

    suit = (kind == "lawsuit") & (status == "defendant") & since(rules.suit_days)
    change = (kind == "change") & since(rules.change_days)
    asked = kind.is_in(["longer_terms_asked", "split_invoices_asked"]) & since(rules.asked_days)
    return records.group_by("e").agg(
        asked.sum().alias("warn_asked"),
        (kind.is_in(rules.judicial_kinds) & still).sum().alias("warn_judicial"),
        suit.sum().alias("warn_suits"),
        pl.col("amount").filter(suit).sum().alias("warn_suit_amount"),
        (kind.is_in(rules.asset_kinds) & still).sum().alias("warn_frozen_assets"),
        (change & status.is_in(_CONTROL)).sum().alias("warn_control_changes"),
        (change & (status == "capital_cut")).sum().alias("warn_capital_cuts"),
        ((kind == "failed_call") & since(rules.failed_call_days))
        .sum()
        .alias("warn_failed_calls_new"),
        ((kind == "guarantor_trouble") & still).sum().alias("warn_guarantor_trouble"),
        ((kind == "ring_fence") & still).sum().alias("warn_ring_fenced"),
    )


def _standing(book: Book, policy: Policy, as_of: date) -> pl.DataFrame:
    """Read what the newest paper of a source says: e, withdrawn, refused, expired.

    ``withdrawn`` counts sources whose cover was refused or withdrawn, or whose score has fallen.
    """
    records = told(book, as_of, "bureau", "insurance", "balance_confirmation")
    if not records.height:
        return _NO_WORDS
    status = pl.col("status")
    lost = (pl.col("kind") == "insurance") & status.is_in(["refused", "withdrawn"])
    confirms = pl.col("kind") == "balance_confirmation"
    ends = pl.col("valid_to").dt.offset_by(f"{policy.warning.confirmation_days}d")
    return (
        _newest_papers(records, policy.warning, as_of)
        .select(
            "e",
            (lost.fill_null(value=False) | pl.col("fell")).alias("warn_withdrawn"),
            (confirms & (status == "refused")).alias("warn_refused"),
            (confirms & (ends < as_of)).alias("warn_expired"),
        )
        .group_by("e")
        .agg(pl.all().sum())
    )


def _newest_papers(records: pl.DataFrame, rules: WarningPolicy, as_of: date) -> pl.DataFrame:
    """Take each source's newest paper, and tell whether any of its scores fell lately: ``fell``."""
    ordered = records.sort(*_SOURCE, "known_on", "record")
    first = pl.any_horizontal(pl.col(key).ne_missing(pl.col(key).shift()) for key in _SOURCE)
    before = pl.when(~pl.col("first")).then(pl.col("value").shift())
    fell = pl.col("value") < before * (1 - float(rules.bureau_drop)) + 1e-9
    recent = pl.col("known_on") > as_of - timedelta(days=rules.event_days)
    marked = ordered.with_columns(first.alias("first")).with_columns(
        pl.col("first").cum_sum().alias("paper"),
        pl.col("first").shift(-1, fill_value=True).alias("newest"),
        ((pl.col("kind") == "bureau") & fell & recent).fill_null(value=False).alias("fell"),
    )
    falls = marked.filter("fell")["paper"].unique()
    return marked.filter("newest").with_columns(
        pl.col("paper").is_in(falls.implode()).alias("fell")
    )


def _asked(policy: Policy) -> pl.Expr:
    span = timedelta(days=policy.warning.asked_days)
    late = (pl.col("overdue") > 0) | (pl.col("last_late_on") > pl.col("warned_on") - span)
    return fires((pl.col("warn_asked") > 0) & late.fill_null(value=False), ATTENTION)


def _judicial(_policy: Policy) -> pl.Expr:
    return fires(pl.col("warn_judicial") > 0, CRITICAL)


def _sued(policy: Policy) -> pl.Expr:
    up, down = policy.warning.suit_share.as_integer_ratio()
    worth = pl.max_horizontal("net_worth", 0)
    much = (pl.col("warn_suit_amount") > 0) & (pl.col("warn_suit_amount") * down > worth * up)
    known_worth = pl.col("net_worth").is_not_null()
    many = pl.col("warn_suits") >= policy.warning.suit_count
    return fires(many | (known_worth & much), HIGH)


def _frozen(_policy: Policy) -> pl.Expr:
    return fires(pl.col("warn_frozen_assets") > 0, HIGH)


def _control(_policy: Policy) -> pl.Expr:
    return fires(
        (pl.col("warn_control_changes") > 0) & (pl.col("warn_capital_cuts") > 0), ATTENTION
    )


def _withdrawn(_policy: Policy) -> pl.Expr:
    return fires(pl.col("warn_withdrawn") > 0, HIGH)


def _distress(policy: Policy) -> pl.Expr:
    fell = pl.col("z_double_change") <= -float(policy.warning.z_double_drop) + 1e-9
    zone, before = pl.col("distress_zone"), pl.col("distress_zone_before").cast(pl.String)
    into = (zone.cast(pl.String) == "distress") & (before.fill_null("") != "distress")
    return fires(fell.fill_null(value=False) | into.fill_null(value=False), HIGH)


def _lost_contact(policy: Policy) -> pl.Expr:
    return fires(pl.col("warn_failed_calls_new") >= policy.warning.failed_calls, ATTENTION)


def _unconfirmed(_policy: Policy) -> pl.Expr:
    return fires((pl.col("warn_refused") > 0) | (pl.col("warn_expired") > 0), ATTENTION)


def _group(_policy: Policy) -> pl.Expr:
    relatives = (pl.col("critical_relatives") > 0) & (pl.col("warn_ring_fenced") == 0)
    return fires((pl.col("warn_guarantor_trouble") > 0) | relatives, HIGH)


def _counts(*names: str) -> Callable[[Row, Policy], Params]:
    """Take the sum of some counts as the sentence's number."""

    def params(row: Row, _policy: Policy) -> Params:
        return {"count": sum(int(row[name] or 0) for name in names)}

    return params


def _sued_params(row: Row, policy: Policy) -> Params:
    return {
        "count": row["warn_suits"],
        "amount": Money(row["warn_suit_amount"], row["currency"]),
        "days": policy.warning.suit_days,
    }


def _distress_params(row: Row, _policy: Policy) -> Params:
    return {"value": number(row["z_double"]), "change": number(row["z_double_change"])}


def _calls_params(row: Row, policy: Policy) -> Params:
    return {"count": row["warn_failed_calls_new"], "days": policy.warning.failed_call_days}


RULES = (
    Rule("E13", ATTENTION, _asked, _counts("warn_asked")),
    Rule("E14", CRITICAL, _judicial, _counts("warn_judicial")),
    Rule("E15", HIGH, _sued, _sued_params),
    Rule("E16", HIGH, _frozen, _counts("warn_frozen_assets")),
    Rule("E17", ATTENTION, _control, _counts("warn_control_changes", "warn_capital_cuts")),
    Rule("E18", HIGH, _withdrawn, _counts("warn_withdrawn")),
    Rule("E19", HIGH, _distress, _distress_params),
    Rule("E21", ATTENTION, _lost_contact, _calls_params),
    Rule("E22", ATTENTION, _unconfirmed, _counts("warn_refused", "warn_expired")),
    Rule("E23", HIGH, _group, _counts("warn_guarantor_trouble", "critical_relatives")),
)
