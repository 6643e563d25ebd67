"""Reviews (复审): when the next one is, what hastens it, and who may approve (credit-management 11)."""

from collections.abc import Iterable
from datetime import date
from decimal import Decimal
from typing import Literal

import polars as pl

from scoring.assessment import NOT_RATED
from scoring.beside import beside
from scoring.book import Book
from scoring.calendar import WorkCalendar
from scoring.known import known
from scoring.policy import GRADES, Policy, ReviewPolicy

__all__ = [
    "ROLES",
    "Role",
    "approver",
    "cycle_day_after",
    "may_approve",
    "overdue_request",
    "reviewed",
    "scheduled",
]

Role = Literal["credit_officer", "credit_manager", "finance_director", "committee"]

#: Who approves, the lowest first.
ROLES: tuple[Role, ...] = ("credit_officer", "credit_manager", "finance_director", "committee")

_NO_FACTS = date(2000, 1, 1)
_LAST_DAY = 28  # a short month would lose a later day for good; the 28th exists in all


def cycle_day_after(day: pl.Expr, every: pl.Expr) -> pl.Expr:
    """Return the first review day after ``day``: whole intervals of ``every`` months after the taking on.

    A customer was taken on when the CRM says so, or with its first fact: books that begin on one
    day must not call everybody in on one day. The date stands still from day to day until it is
    reached. Needs ``known`` and ``taken_on``.
    """
    first = pl.when("known").then("taken_on").otherwise(pl.lit(_NO_FACTS))
    month = first.dt.year().cast(pl.Int64) * 12 + first.dt.month() - 1
    on = first.dt.day().clip(upper_bound=_LAST_DAY)
    today = day.dt.year().cast(pl.Int64) * 12 + day.dt.month() - 1
    last = month + (today - month) // every * every
    passed = (last < today) | (on <= day.dt.day())
    following = last + passed.cast(pl.Int64) * every
    return pl.date(following // 12, following % 12 + 1, on)


def scheduled(frame: pl.DataFrame, book: Book, policy: Policy, as_of: date) -> pl.DataFrame:
    """Add ``last_review_on``, ``next_review_on``, ``limit_valid_to`` and ``limit_expired``.

    The grade's interval counts from the last review a person made, else from the day it was taken
    on. A review that was missed leaves its date in the past, and the limit expires after it. A
    limit that a person approved ends with that decision at the latest. Where the policy says so, an
    expired limit counts as 0 from then on.
    """
    months = {index: row.review_months for index, row in enumerate(policy.grades)}
    every = pl.col("grade").replace_strict(
        months, default=policy.unrated_review_months, return_dtype=pl.Int64
    )
    frame = beside(frame, _last_review(book, as_of))
    planned = pl.col("last_review_on").dt.offset_by(pl.format("{}mo", every))
    cycle = cycle_day_after(pl.lit(as_of), every)
    frame = frame.with_columns(pl.coalesce(planned, cycle).alias("next_review_on"))
    valid = pl.col("next_review_on") + pl.duration(days=policy.limits.valid_days_after_review)
    if "approved_until" in frame.columns:
        valid = pl.min_horizontal(valid, "approved_until")
    frame = frame.with_columns(
        pl.when(pl.col("limit").is_not_null()).then(valid).alias("limit_valid_to")
    ).with_columns((pl.col("limit_valid_to") < as_of).fill_null(value=False).alias("limit_expired"))
    if policy.limits.expired != "zero":
        return frame
    counted = pl.when(pl.col("limit_expired")).then(0).otherwise("effective_limit")
    return frame.with_columns(counted.alias("effective_limit"))


def _last_review(book: Book, as_of: date) -> pl.DataFrame:
    rows = known(book, "decisions", as_of).filter(pl.col("kind") == "review")
    return rows.group_by("e").agg(pl.col("from_on").max().alias("last_review_on"))


def reviewed(
    frame: pl.DataFrame, book: Book, policy: Policy, as_of: date, calendar: WorkCalendar
) -> pl.DataFrame:
    """Bring ``next_review_on`` forward where the watch list asks for it (10, 11).

    So many working days after the day the signals began, unless somebody reviewed since. Adds
    ``review_asked_on``, the day the signals began, or null.
    """
    frame = beside(frame, _began(book, as_of))
    asks = pl.col("watch_level").is_in(["watch", "high"])
    began = pl.when(asks).then(pl.coalesce("_began", pl.lit(as_of)))
    reviewed_since = (pl.col("last_review_on") >= began).fill_null(value=False)
    asked = pl.when(~reviewed_since).then(began).alias("review_asked_on")
    frame = frame.with_columns(asked).drop("_began")
    return frame.with_columns(
        pl.min_horizontal("next_review_on", _deadline(frame, policy.review, calendar)).alias(
            "next_review_on"
        )
    )


def _began(book: Book, as_of: date) -> pl.DataFrame:
    """Find the day the newest unbroken run of signals began: e, _began."""
    rows = known(book, "signals", as_of).sort("e", "first_on", "last_on")
    last = pl.col("last_on").cum_max().shift().over("e")
    starts = rows.filter((pl.col("first_on") > last).fill_null(value=True))
    return starts.group_by("e").agg(pl.col("first_on").max().alias("_began"))


def _deadline(frame: pl.DataFrame, rules: ReviewPolicy, calendar: WorkCalendar) -> pl.Expr:
    days = frame["review_asked_on"].drop_nulls().unique().to_list()
    counts = {"watch": rules.watch_workdays, "high": rules.critical_workdays}
    asked, found = pl.col("review_asked_on"), pl.lit(None, pl.Date)
    for level, count in counts.items():
        ends = {day: calendar.add_workdays(day, count) for day in days}
        ended = asked.replace_strict(ends, default=None, return_dtype=pl.Date)
        found = pl.when(pl.col("watch_level") == level).then(ended).otherwise(found)
    return found


def approver(amount: Decimal, grade: str, policy: ReviewPolicy) -> Role:
    """Tell who approves: by the larger of the new limit and the exposure after, and by the grade.

    Weak grades (and NR, which nobody knows) go one level higher. ``amount`` is in the policy's
    currency.
    """
    place = len(GRADES) if grade == NOT_RATED else GRADES.index(grade)
    officer = GRADES.index(policy.officer_from_grade)
    if amount <= policy.officer_up_to and place <= officer:
        level = 0
    elif amount <= policy.manager_up_to:
        level = 1
    elif amount <= policy.director_up_to:
        level = 2
    else:
        level = 3
    weak = place >= GRADES.index(policy.higher_from_grade)
    return ROLES[min(level + weak, len(ROLES) - 1)]


def may_approve(
    needed: Role,
    approvals: Iterable[tuple[str, Role]],
    owner: str,
    author: str,
    policy: ReviewPolicy,
) -> bool:
    """Tell whether approvals (who, in which role) suffice for a request.

    The author never approves, the account's owner never alone. The committee needs its votes; in
    other cases one person of the needed role or a higher one.
    """
    found = {who: role for who, role in approvals if who != author}
    high = {who for who, role in found.items() if ROLES.index(role) >= ROLES.index(needed)}
    votes = policy.committee_votes if needed == "committee" else 1
    return len(high) >= votes and bool(high - {owner})


def overdue_request(
    asked_on: date, as_of: date, calendar: WorkCalendar, policy: ReviewPolicy
) -> bool:
    """Tell whether a request lay idle for too many working days and goes one level up."""
    return as_of > calendar.add_workdays(asked_on, policy.escalate_after_workdays)
