"""What an assessment of one legal entity says: the words every other part speaks."""

from datetime import date
from decimal import Decimal
from typing import Literal

import msgspec

from scoring.money import Money

__all__ = ["NOT_RATED", "Ageing", "Assessment", "Hold", "Outlook", "Reason", "Sign", "WatchLevel"]

#: The rating of an entity that has none; its first reason says why.
NOT_RATED = "NR"

Hold = Literal["none", "hold", "stop"]
Outlook = Literal["up", "stable", "down"]
Sign = Literal["negative", "positive"]
WatchLevel = Literal["normal", "attention", "watch", "high"]


class Reason(msgspec.Struct, frozen=True):
    """A stable code with its numbers; the sentence is made elsewhere.

    Decimal values stand in ``params`` as text with at most one digit after the point.
    ``scoring/reasons.py`` lists the codes and their parameters.
    """

    code: str
    params: dict[str, Money | int | str]
    sign: Sign = "negative"


class Ageing(msgspec.Struct, frozen=True, kw_only=True):
    """What is open, by days past due (账龄). The five sum to the gross receivable.

    Disputed amounts are included; unapplied cash and credit notes are not deducted.
    """

    current: Money
    days_1_30: Money
    days_31_60: Money
    days_61_90: Money
    over_90: Money


class Assessment(msgspec.Struct, frozen=True, kw_only=True):
    """One entity at one date under one policy. Amounts are in ``currency``.

    A figure that cannot be known is ``None``, never zero: ``score`` without history, amounts when
    an exchange rate is missing, ``limit`` and ``terms_days`` when the entity must not be rated.
    ``overdue`` and ``oldest_days`` leave out what is under a valid dispute. ``utilisation`` is a
    percent with one digit; 999 when something is owed and the limit is 0.
    ``days_late`` is weighted by amount, over paid and open items of the window.
    ``hold_reason`` is ``None`` exactly when ``hold`` is ``none``. ``score_grade`` is the grade
    by score alone, ``signals`` are the codes of the early warnings that stand.
    """

    entity: str
    as_of: date
    policy_version: str
    rating: str
    score: Decimal | None
    outlook: Outlook
    currency: str
    limit: Money | None
    limit_valid_to: date | None
    exposure: Money | None
    available: Money | None
    utilisation: Decimal | None
    overdue: Money | None
    oldest_days: int | None
    ageing: Ageing | None
    days_late: Decimal | None
    watch_level: WatchLevel
    hold: Hold
    hold_reason: Reason | None
    reasons: tuple[Reason, ...]
    terms_days: int | None
    next_review_on: date
    completeness: int
    data_as_of: date | None
    inputs_hash: str
    # What the next assessment asks of this one.
    score_grade: str | None = None
    upgraded_on: date | None = None
    limit_raised_on: date | None = None
    signals: tuple[str, ...] = ()
