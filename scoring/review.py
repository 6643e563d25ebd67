"""Reviews (复审): when the next one is, what hastens it, and who may approve (credit-management 11)."""

from collections.abc import Iterable
from datetime import date, timedelta
from decimal import Decimal
from typing import Literal

import polars as pl

from scoring.assessment import NOT_RATED
from scoring.calendar import WorkCalendar
from scoring.policy import GRADES, Policy, ReviewPolicy

__all__ = [
    "ROLES",
    "Role",
    "approver",
    "cycle_day",
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


def cycle_day(as_of: date, every: pl.Expr, *, coming: bool) -> pl.Expr:
    """Return the last review day up to ``as_of``, or the one ``coming`` after it.

    Review days are whole intervals of ``every`` months after the taking on. A customer was taken on
    when the CRM says so, or with its first fact: books that begin on one day must not call
    everybody in on one day. The date stands still from day to day until it is reached. Needs
    ``known`` and ``taken_on``.
    """
    first = pl.when("known").then("taken_on").otherwise(pl.lit(_NO_FACTS))
    month = first.dt.year().cast(pl.Int64) * 12 + first.dt.month() - 1
    on = first.dt.day().clip(upper_bound=_LAST_DAY)
    # The newest month in which the day of the month has been reached.
    reached = pl.lit(as_of.year * 12 + as_of.month - 1) - (on > as_of.day)
    last = reached - (reached - month) % every
    found = last + every if coming else last
    return pl.date(found // 12, found % 12 + 1, on)


def scheduled(frame: pl.DataFrame, policy: Policy, as_of: date) -> pl.DataFrame:
    """Add ``next_review_on``, ``limit_valid_to`` and ``limit_expired``.

    The grade's interval counts from the last review a person made, else from the day it was taken
    on. A review that was missed leaves its date in the past, and the limit expires after it. A
    limit that a person approved ends with that decision at the latest. Where the policy says so, an
    expired limit counts as 0 from then on.
    """
    months = {index: row.review_months for index, row in enumerate(policy.grades)}
    every = pl.col("grade").replace_strict(
        months, default=policy.unrated_review_months, return_dtype=pl.Int64
    )
    planned = pl.col("last_review_on").dt.offset_by(pl.format("{}mo", every))
    cycle = cycle_day(as_of, every, coming=True)
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


def reviewed(
    frame: pl.DataFrame, policy: Policy, as_of: date, calendar: WorkCalendar
) -> pl.DataFrame:
    """Bring ``next_review_on`` forward where the watch list asks for it (10, 11).

    So many working days after the day the signals began, unless somebody reviewed since. Adds
    ``review_asked_on``, the day the signals began, or null.
    """
    asks = pl.col("watch_level").is_in(["watch", "high"])
    began = pl.when(asks).then(pl.coalesce("watched_from", pl.lit(as_of)))
    asked = pl.when(~_reviewed_since(began)).then(began).alias("review_asked_on")
    frame = frame.with_columns(asked)
    return frame.with_columns(
        pl.min_horizontal("next_review_on", _deadline(frame, policy.review, calendar)).alias(
            "next_review_on"
        )
    )


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


def triggered(frame: pl.DataFrame, policy: Policy, as_of: date) -> pl.DataFrame:
    """Add ``review_due``: what calls for a review now, codes parted by spaces, or null (11).

    ``score_drop``, ``long_delay``, ``watch_entries`` and ``statements_expired``. A review a person
    made since it began lets each of the first three rest.
    """
    rules = policy.review
    recent = pl.col("previous_on") >= as_of - timedelta(days=rules.drop_days)
    drop = pl.col("previous_score") - pl.col("score") >= float(rules.drop_points)
    beyond = pl.col("late_oldest").cast(pl.Int64) - rules.delay_days
    conditions = {
        "score_drop": recent & drop & ~_reviewed_since(pl.col("previous_on")),
        "long_delay": (beyond > 0)
        & ~_reviewed_since(pl.lit(as_of) - pl.duration(days=beyond.fill_null(0))),
        "watch_entries": (pl.col("watch_entries") >= rules.watch_entries)
        & ~_reviewed_since(pl.col("watched_from")),
    }
    if "statements_expired" in frame.columns:
        conditions["statements_expired"] = pl.col("statements_expired")
    said = [pl.when(condition).then(pl.lit(code)) for code, condition in conditions.items()]
    codes = pl.concat_str(said, separator=" ", ignore_nulls=True)
    return frame.with_columns(pl.when(codes != "").then(codes).alias("review_due"))


def _reviewed_since(day: pl.Expr) -> pl.Expr:
    return (pl.col("last_review_on") >= day).fill_null(value=False)
