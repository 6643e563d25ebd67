"""Where a customer stands: terms, losses, group, reviews (credit-management 6.4, 8, 9.5, 11)."""

from datetime import date
from decimal import Decimal
from typing import Any

import msgspec

from scoring.explain.behind import Behind
from scoring.explain.figures import text
from scoring.money import Money
from scoring.policy import Policy
from scoring.provision import LOSS_BUCKETS

__all__ = ["Company", "LossRow", "Losses", "Review", "Terms", "company_of", "losses_of"]
__all__ += ["review_of", "terms_of"]


class Terms(msgspec.Struct, frozen=True, kw_only=True):
    """The terms recommended: what was agreed, at most what the grade allows, and the law's word.

    ``usual`` are the days the invoices show; ``instruments`` the papers the grade may pay with.
    """

    days: int | None
    agreed: int | None
    usual: str | None
    most: int
    deposit_percent: str | None
    prepay_only: bool
    instruments: tuple[str, ...]
    legal: str | None


class LossRow(msgspec.Struct, frozen=True, kw_only=True):
    """One bucket of the provision matrix."""

    bucket: str
    amount: Money
    rate: str


class Losses(msgspec.Struct, frozen=True, kw_only=True):
    """The provision by ageing, and the loss expected in a year by grade."""

    rows: tuple[LossRow, ...]
    provision: Money
    pd: str | None
    lgd: str
    expected_loss: Money | None


class Company(msgspec.Struct, frozen=True, kw_only=True):
    """The group of companies a customer belongs to; amounts in the customer's currency."""

    top: str | None
    parent: str | None
    exposure: Money | None
    limit: Money | None
    headroom: Money | None
    parent_supports: bool
    ring_fenced: bool


class Review(msgspec.Struct, frozen=True, kw_only=True):
    """The review: last, next, what asked for one; since when the limit may have to wait."""

    last_on: date | None
    next_on: date
    asked_on: date | None
    due: tuple[str, ...]
    limit_valid_to: date | None
    limit_expired: bool
    upgraded_on: date | None
    limit_raised_on: date | None
    kept_on_list: bool


def terms_of(row: dict[str, Any], policy: Policy) -> Terms:
    """Read the terms off one row of the frame."""
    grade, usual = row["grade"], row["weighted_terms"]
    most = policy.unrated_terms_days if grade is None else policy.grades[grade].max_terms_days
    deposit = row["deposit_percent"]
    return Terms(
        days=row["terms_allowed"],
        agreed=row["terms_days"],
        usual=None if usual is None else text(usual),
        most=most,
        deposit_percent=None if deposit is None else text(deposit),
        prepay_only=row["prepay_only"],
        instruments=policy.terms.instruments.get(row["rating"], ()),
        legal=row["legal_terms"],
    )


def losses_of(row: dict[str, Any], policy: Policy) -> Losses:
    """Read provision and expected loss off one row of the frame."""
    currency, grade = row["currency"], row["grade"]
    rates: tuple[Decimal, ...] = policy.provision.rates
    expected = row["expected_loss"]
    return Losses(
        rows=tuple(
            LossRow(bucket=bucket, amount=Money(row[bucket], currency), rate=text(rate))
            for bucket, rate in zip(LOSS_BUCKETS, rates, strict=True)
            if row[bucket]
        ),
        provision=Money(row["provision"], currency),
        pd=None if grade is None else text(policy.grades[grade].pd),
        lgd=text(policy.limits.lgd),
        expected_loss=None if expected is None else Money(expected, currency),
    )


def company_of(row: dict[str, Any], facts: Behind) -> Company | None:
    """Read the group off one row of the frame; ``None`` for a company that stands alone."""
    if row["group_root"] is None and row["parent_name"] is None:
        return None
    amounts = ("group_exposure", "group_limit", "group_headroom")
    exposure, limit, headroom = (
        None if row[name] is None else Money(row[name], row["currency"]) for name in amounts
    )
    return Company(
        top=facts.names.get(row["group_root"]),
        parent=row["parent_name"],
        exposure=exposure,
        limit=limit,
        headroom=headroom,
        parent_supports=row["parent_supports"],
        ring_fenced=row["ring_fenced"],
    )


def review_of(row: dict[str, Any]) -> Review:
    """Read the reviews off one row of the frame."""
    return Review(
        last_on=row["last_review_on"],
        next_on=row["next_review_on"],
        asked_on=row["review_asked_on"],
        due=tuple((row["review_due"] or "").split()),
        limit_valid_to=row["limit_valid_to"],
        limit_expired=row["limit_expired"],
        upgraded_on=row["upgraded_on"],
        limit_raised_on=row["limit_raised_on"],
        kept_on_list=row["kept_on_list"],
    )
