"""The part of an assessment that measures: what is known of everybody before a card judges it.

Two policies that measure alike, and differ in points, gates, grades or limits, share it.
"""

from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal

import msgspec
import polars as pl

from scoring.behaviour import behaviour
from scoring.book import Book
from scoring.calendar import WorkCalendar
from scoring.claims import effective
from scoring.dossier import filed
from scoring.exposure import exposed
from scoring.financials import Standards, analysed
from scoring.history import recorded
from scoring.ledger import Ledger
from scoring.limits import cash_deposits, entity_amounts
from scoring.once import once
from scoring.policy import GatePolicy, PaymentGroupPolicy, Policy, ScorecardPolicy
from scoring.previous import recalled
from scoring.promises import promised
from scoring.qualitative import appraised
from scoring.windows import Windows, windows_of

__all__ = ["Measured", "measured", "measuring", "with_amounts"]

_SECTIONS = (
    *("currency", "groups", "behaviour", "default_event", "promises", "exposure", "warning"),
    *("financials", "dossier"),
)
_GROUPS = ("financial", "history", "qualitative")
_GATES = ("over_60_days", "over_90_days", "ceased_statuses", "write_off_months")


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class Measured:
    """A book at a date, measured. ``frame`` has one row ``e`` an entity, in the book's order."""

    book: Book
    as_of: date
    calendar: WorkCalendar
    standards: Standards | None
    windows: Windows
    ledger: Ledger
    frame: pl.DataFrame


@once
def measuring(policy: Policy) -> Policy:
    """Keep of a policy what is measured by; all that only judges is the default's."""
    kept = {name: getattr(policy, name) for name in _SECTIONS}
    card = {name: getattr(policy.scorecard, name) for name in _GROUPS}
    gates = {name: getattr(policy.gates, name) for name in _GATES}
    payment = _holding(policy.scorecard.payment.points)
    return Policy(
        **kept, scorecard=ScorecardPolicy(**card, payment=payment), gates=GatePolicy(**gates)
    )


def _holding(points: Decimal) -> PaymentGroupPolicy:
    """Make a payment group that holds these points: a card has to make 100."""
    default = PaymentGroupPolicy()
    names = (name for name in default.__struct_fields__ if name != "points")
    parts = {
        name: msgspec.structs.replace(getattr(default, name), points=Decimal(0)) for name in names
    }
    parts["wadl"] = msgspec.structs.replace(default.wadl, points=points)
    return PaymentGroupPolicy(points=points, **parts)


def measured(
    book: Book,
    policy: Policy,
    as_of: date,
    calendar: WorkCalendar,
    standards: Standards | None,
) -> Measured:
    """Measure a book at a date by the measuring part of a policy."""
    windows = windows_of(as_of, policy.behaviour, calendar)
    ledger = replace(
        effective(book.ledger, policy.behaviour, calendar), entities=entity_amounts(book, policy)
    )
    frame = promised(behaviour(ledger, policy, windows), book, policy, windows, calendar)
    frame = exposed(frame, ledger, policy.exposure, as_of, cash_deposits(book, as_of))
    frame = recalled(frame, book, as_of)
    frame = analysed(frame, book, policy, as_of, standards)
    frame = appraised(recorded(frame, book, policy, as_of), book, policy, as_of)
    return Measured(
        book=book,
        as_of=as_of,
        calendar=calendar,
        standards=standards,
        windows=windows,
        ledger=ledger,
        frame=filed(frame, book, policy, as_of),
    )


def with_amounts(frame: pl.DataFrame, amounts: pl.DataFrame) -> pl.DataFrame:
    """Put the amounts of the whole policy in place of those of its measuring part.

    Both frames have one row an entity, in the book's order.
    """
    names = [name for name in amounts.columns if name in frame.columns]
    return frame.with_columns(amounts[name] for name in names)
