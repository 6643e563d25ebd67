"""What a person wants to be decided, and the decision as it is kept."""

from datetime import date, datetime

import msgspec

from scoring.money import Money
from scoring.refusal import Refusal

__all__ = ["Decision", "DecisionError", "Wish"]


class DecisionError(Refusal):
    """A decision is refused."""

    subject = "decision."


class Wish(msgspec.Struct, frozen=True, kw_only=True):
    """What a person wants to be decided. ``ref`` names the company."""

    kind: str
    ref: str
    reason: str
    text: str
    author: str
    from_on: date
    to_on: date | None = None
    grade: str | None = None
    amount: Money | None = None
    scope: str | None = None
    evidence: str | None = None


class Decision(msgspec.Struct, frozen=True, kw_only=True):
    """A decision as it is kept. ``state``: draft, approved, rejected, ended."""

    id: str
    entity: str | None
    account: str
    kind: str
    state: str
    from_on: date
    to_on: date | None
    grade: str | None
    amount: Money | None
    scope: str | None
    reason: str
    text: str
    evidence: str | None
    before: str | None
    author: str
    approver: str | None
    created_at: datetime
    decided_at: datetime | None
    ended_on: date | None
    ended_by: str | None
