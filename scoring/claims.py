"""Open items (未清项) at a date: what remains of each claim, what of it is disputed, how late it is.

Rules: credit-management 2.1. Facts dated after the date do not exist.
"""

from dataclasses import replace
from datetime import date

import polars as pl

from scoring.book import Book
from scoring.calendar import WorkCalendar
from scoring.keys import NOTHING
from scoring.ledger import Ledger
from scoring.once import once
from scoring.policy import BehaviourPolicy, Policy

__all__ = [
    "OPEN_ITEM_COLUMNS",
    "applied_until",
    "effective",
    "if_valid",
    "open_claims",
    "open_items",
    "unapplied",
    "unapplied_at",
]

OPEN_ITEM_COLUMNS = (
    *("item", "entity", "account", "number", "due_on", "issued_on"),
    *("currency", "amount", "open", "disputed_open", "dpd"),
)


def effective(ledger: Ledger, policy: BehaviourPolicy, calendar: WorkCalendar) -> Ledger:
    """Move due dates on rest days to the next working day, when the policy says so."""
    if not policy.roll_due_on_holiday:
        return ledger
    days = ledger.claims["due"].unique()
    rolled = pl.Series("rolled", [calendar.next_workday(day) for day in days], pl.Date)
    table = pl.DataFrame([days, rolled])
    return replace(
        ledger, claims=_moved(ledger.claims, table), applied=_moved(ledger.applied, table)
    )


def _moved(frame: pl.DataFrame, table: pl.DataFrame) -> pl.DataFrame:
    moved = frame.join(table, on="due", how="left", maintain_order="left")
    return moved.with_columns(pl.col("rolled").alias("due")).drop("rolled")


def applied_until(ledger: Ledger, as_of: date) -> pl.DataFrame:
    """What had been laid on claims by the end of ``as_of``, sorted by claim and date.

    A payment returned by then is not among it.
    """
    there = pl.col("at") <= as_of
    if ledger.returned.height:
        until = pl.col("until")
        there &= until.is_null() | (until > as_of)
    return ledger.applied.filter(there)


def open_claims(
    ledger: Ledger, applied: pl.DataFrame, policy: BehaviourPolicy, as_of: date
) -> pl.DataFrame:
    """List the claims with something open, in the entity's currency.

    Columns: those of the ledger's claims, i, open, disputed_open (the part under a valid dispute),
    valid (whether there is one), dpd.
    """
    last = applied.filter(pl.col("i") != pl.col("i").shift(-1).fill_null(NOTHING))
    claims = ledger.claims
    rest = claims["amount"].clone().scatter(last["i"], last["rest"])
    standing = claims.with_columns(
        pl.int_range(pl.len(), dtype=pl.UInt32).alias("i"), rest.alias("open")
    ).filter((pl.col("open") > 0) & (pl.col("issued") <= as_of))
    standing = _without_credited(standing, applied, as_of)
    return standing.with_columns(
        _disputed(policy, as_of).alias("valid"),
        (pl.lit(as_of) - pl.col("due")).dt.total_days().alias("dpd"),
    ).with_columns(if_valid(pl.min_horizontal("disputed", "open")).alias("disputed_open"))


@once
def _won(as_of: date) -> pl.Expr:
    """Tell which disputes had ended for the customer by ``as_of``."""
    return pl.col("conceded") & (pl.col("closed_on") <= as_of).fill_null(value=False)


def _without_credited(standing: pl.DataFrame, applied: pl.DataFrame, as_of: date) -> pl.DataFrame:
    """Take from a disputed amount the customer won what credit notes have made good since."""
    won = standing.filter(_won(as_of)).select("i", "disputed_on")
    if not won.height:
        return standing
    credited = (
        applied.filter(~pl.col("cash") & ~pl.col("written"))
        .join(won, on="i", how="inner")
        .filter(pl.col("at") >= pl.col("disputed_on"))
        .group_by("i")
        .agg(pl.col("amount").sum().alias("credited"), pl.col("raw").sum().alias("raw_credited"))
    )
    return (
        standing.join(credited, on="i", how="left", maintain_order="left")
        .with_columns(
            pl.max_horizontal(pl.col(name) - pl.col(by).fill_null(0), 0).alias(name)
            for name, by in (("disputed", "credited"), ("raw_disputed", "raw_credited"))
        )
        .drop("credited", "raw_credited")
    )


def if_valid(amount: pl.Expr) -> pl.Expr:
    """Take the disputed amount while the dispute is valid, else nothing."""
    return pl.when("valid").then(amount).otherwise(0)


@once
def _disputed(policy: BehaviourPolicy, as_of: date) -> pl.Expr:
    """A dispute counts when raised early enough, known by now, open and not too old (2.1).

    Won by the customer, its amount is no longer owed, whenever it was raised; lost, it counts
    again as if it had never been contested.
    """
    raised = pl.col("disputed_on")
    in_time = raised <= pl.col("due").dt.offset_by(f"{policy.dispute_opened_within_days}d")
    age = (pl.lit(as_of) - raised).dt.total_days()
    standing = pl.col("closed_on").is_null() | (pl.col("closed_on") > as_of)
    return (standing & in_time & (age >= 0) & (age < policy.dispute_max_days)) | _won(as_of)


def open_items(
    book: Book, policy: Policy, as_of: date, *, calendar: WorkCalendar | None = None
) -> pl.DataFrame:
    """List every open item at ``as_of`` in its own currency (columns ``OPEN_ITEM_COLUMNS``).

    ``disputed_open`` is the part under a valid dispute; ``dpd`` counts from the effective due date
    and is negative before it. Sorted by account, due date and item.
    """
    rules = policy.behaviour
    ledger = effective(book.ledger, rules, calendar or WorkCalendar())
    applied = applied_until(ledger, as_of)
    standing = open_claims(ledger, applied, rules, as_of)
    paid = applied.group_by("i").agg(pl.col("raw").sum().alias("paid"))
    own_open = pl.col("raw") - pl.col("paid").fill_null(0)
    documents = book.items.select("item", "entity", "account", "number", "currency")
    return (
        standing.join(paid, on="i", how="left")
        .with_columns(own_open.alias("own_open"))
        .select(
            "item",
            pl.col("due").alias("due_on"),
            pl.col("issued").alias("issued_on"),
            pl.col("raw").alias("amount"),
            pl.col("own_open").alias("open"),
            if_valid(pl.min_horizontal("raw_disputed", "own_open")).alias("disputed_open"),
            "dpd",
        )
        .join(documents, on="item", how="left")
        .select(OPEN_ITEM_COLUMNS)
        .sort("account", "due_on", "item")
    )


def unapplied(book: Book, as_of: date) -> pl.DataFrame:
    """Sum unapplied cash and credit notes an account and currency: account, currency, cash, credit."""
    standing = book.ledger.spare.filter(unapplied_at(as_of))
    cash, credit = pl.col("raw").filter("cash"), pl.col("raw").filter(~pl.col("cash"))
    return (
        standing.group_by("account", "currency")
        .agg(cash.sum().alias("cash"), credit.sum().alias("credit"))
        .sort("account", "currency")
    )


def unapplied_at(as_of: date) -> pl.Expr:
    """Tell which rows of ``Ledger.spare`` stand unapplied at the end of ``as_of``."""
    until = pl.col("until")
    return (pl.col("on") <= as_of) & (until.is_null() | (until > as_of))
