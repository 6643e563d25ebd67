"""Limitation of actions (诉讼时效, credit-management 9.4): until when each item can be sued for.

Not legal advice. The period starts the day after the due date and anew with each event that
interrupts it: a part payment, a promise, a signed balance confirmation, a demand that reached the
debtor. After the end only an acknowledgement by the debtor revives the claim, a demand does not.
"""

from datetime import date
from itertools import pairwise

import msgspec
import polars as pl

from scoring.book import Book
from scoring.document import in_order, mistake, not_empty, refuse
from scoring.known import known

__all__ = ["LimitationPolicy", "limitation", "limitation_alerts"]

#: Events that interrupt (Civil Code art. 195); ``acknowledged`` ones revive an expired claim, too.
_DEMAND, _ACKNOWLEDGED = "demand", ("payment", "promise", "balance_confirmation")


class LimitationPolicy(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Periods in years, and how many days before the end to alert.

    ``foreign_by_currency``: an item in another currency than the policy's is an international sale.
    """

    years: int = 3
    foreign_years: int = 4
    foreign_by_currency: bool = True
    outer_years: int = 20
    alert_days: tuple[int, ...] = (180, 90, 30)

    def __post_init__(self) -> None:
        """Refuse periods that end before they start, and alerts out of order."""
        falling = all(later < sooner for sooner, later in pairwise(self.alert_days))
        refuse(
            in_order("0 < years <= foreign_years <= outer_years", self),
            *not_empty(alert_days=self.alert_days),
            (falling, mistake("alert_days", "must_fall")),
        )


def limitation(
    book: Book, open_items: pl.DataFrame, policy: LimitationPolicy, as_of: date
) -> pl.DataFrame:
    """Tell for each open item when its limitation ends.

    ``open_items`` are those of ``claims.open_items``. Added are ``event`` (due, or what interrupted
    last), ``event_on``, ``ends_on``, ``days_left`` (negative after the end) and ``alert``: the
    smallest of ``alert_days`` reached, 0 after the end, else null.
    """
    foreign = (pl.col("currency") != book.policy_currency) & policy.foreign_by_currency
    years = pl.when(foreign).then(policy.foreign_years).otherwise(policy.years)
    items = open_items.with_columns(years.cast(pl.Int64).alias("years"))
    events = pl.concat(
        [
            items.select("item", pl.col("due_on").alias("on"), pl.lit("due").alias("event")),
            *_interruptions(book, items, as_of),
        ]
    )
    last = _last_effective(events, items)
    ends = _after(pl.col("event_on"), "years")
    outer = pl.col("due_on").dt.offset_by(f"{policy.outer_years}y")
    found = items.join(last, on="item", how="left", maintain_order="left").with_columns(
        pl.min_horizontal(ends, outer).alias("ends_on")
    )
    left = (pl.col("ends_on") - pl.lit(as_of)).dt.total_days()
    return (
        found.with_columns(left.alias("days_left"))
        .with_columns(_alert(policy).alias("alert"))
        .drop("years")
    )


def limitation_alerts(
    book: Book, open_items: pl.DataFrame, policy: LimitationPolicy, as_of: date
) -> pl.DataFrame:
    """List the items whose limitation ends soon or has ended, the most urgent first."""
    found = limitation(book, open_items, policy, as_of)
    return found.filter(pl.col("alert").is_not_null()).sort("days_left", "item")


def _interruptions(book: Book, items: pl.DataFrame, as_of: date) -> list[pl.DataFrame]:
    """List what happened by ``as_of``: item, on, event. Facts about a company touch all its items."""
    owed = items.select("item", "entity", "account", "issued_on")
    payments = known(book, "allocations", as_of).select(
        "item", pl.col("paid_on").alias("on"), pl.lit("payment").alias("event")
    )
    made = known(book, "promises", as_of).select(
        "entity",
        pl.col("account").alias("of_account"),
        pl.col("item").alias("of_item"),
        pl.col("made_on").alias("on"),
    )
    promises = owed.join(made, on="entity").filter(
        pl.col("of_item").is_null() & (pl.col("of_account") == pl.col("account"))
        | (pl.col("of_item") == pl.col("item"))
    )
    papers = (
        known(book, "credit_records", as_of)
        .filter(pl.col("kind").is_in(["balance_confirmation", _DEMAND]))
        .filter(pl.col("status").fill_null("") != "refused")
        .select("entity", pl.coalesce("event_on", "known_on").alias("on"), pl.col("kind"))
    )
    told = owed.join(papers, on="entity").filter(
        (pl.col("on") >= pl.col("issued_on")) & (pl.col("on") <= as_of)
    )
    return [
        payments.join(owed.select("item"), on="item", how="semi"),
        promises.select("item", "on", pl.lit("promise").alias("event")),
        told.select("item", "on", pl.col("kind").alias("event")),
    ]


def _last_effective(events: pl.DataFrame, items: pl.DataFrame) -> pl.DataFrame:
    """Pick the event that counts an item: item, event, event_on.

    Events before the due date do not start the period. Where more than the period passes between
    two events the claim had expired: what follows counts from the first acknowledgement on.
    """
    rank = {"due": 0, _DEMAND: 1}
    acknowledged = pl.col("event").is_in(_ACKNOWLEDGED)
    lapsed = pl.col("on") > _after(pl.col("on").shift().over("item"), "years")
    alive = acknowledged.cum_max().over("item", "chain") | (pl.col("chain") == 0)
    return (
        events.join(items.select("item", "due_on", "years"), on="item")
        .filter(pl.col("on") >= pl.col("due_on"))
        .sort("item", "on", pl.col("event").replace_strict(rank, default=2), "event")
        .with_columns(lapsed.fill_null(value=False).cum_sum().over("item").alias("chain"))
        .filter(alive)
        .group_by("item", maintain_order=True)
        .agg(pl.col("event").last(), pl.col("on").last().alias("event_on"))
    )


def _after(day: pl.Expr, years: str) -> pl.Expr:
    return day.dt.offset_by(pl.format("{}y", pl.col(years)))


def _alert(policy: LimitationPolicy) -> pl.Expr:
    left = pl.col("days_left")
    marks = sorted(policy.alert_days)
    reached = [pl.when(left <= mark).then(pl.lit(mark, pl.Int64)) for mark in marks]
    return pl.coalesce(pl.when(left < 0).then(pl.lit(0, pl.Int64)), *reached)
