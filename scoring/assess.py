"""The front door of scoring: a Book, a Policy and a date in, Assessments out.

Pure: the same book, policy and date give the same bytes. One entity and a million go through the
same columnar passes; rows, hashes and explanations are made only for who asks.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from functools import cached_property
from typing import Any

import polars as pl

from scoring.assessment import NOT_RATED, Ageing, Assessment
from scoring.book import Book, BookError
from scoring.calendar import WorkCalendar
from scoring.dossier import trusted
from scoring.financials import Standards
from scoring.gates import gated
from scoring.group_exposure import grouped
from scoring.inputs import input_hashes
from scoring.last_review import looked_back
from scoring.limits import entity_amounts, grade_amounts, guarded, limited
from scoring.measuring import Measured, measured, measuring, with_amounts
from scoring.money import Money
from scoring.ordercheck import ordered
from scoring.overrides import overridden
from scoring.policy import GRADES, Policy
from scoring.provision import provisioned
from scoring.rating import graded
from scoring.reasons import hold_reason, reasons_of
from scoring.review import reviewed, scheduled, triggered
from scoring.scorecard import scored
from scoring.steadiness import steadied
from scoring.terms import termed
from scoring.warning import signals_of, warned
from scoring.watch import watched

__all__ = ["Assessments", "assess", "assess_both"]

_MOST_UTILISATION = Decimal(999)


def assess(
    book: Book,
    policy: Policy,
    as_of: date,
    *,
    calendar: WorkCalendar | None = None,
    standards: Standards | None = None,
) -> "Assessments":
    """Assess every entity of the book at ``as_of``. Facts dated later do not exist.

    ``calendar`` knows the working days; without it they are Monday to Friday.
    ``standards`` are what ratios of an industry are measured by; without them the policy's bands.

    Raises:
        BookError: The book's rates are priced in another currency than the policy's.
    """
    seen = _measured(book, policy, as_of, calendar or WorkCalendar(), standards)
    return _judged(seen, policy)


def assess_both(
    book: Book,
    policies: tuple[Policy, Policy],
    as_of: date,
    *,
    calendar: WorkCalendar | None = None,
    standards: tuple[Standards | None, Standards | None] = (None, None),
) -> "tuple[Assessments, Assessments]":
    """Assess under two policies, each as ``assess`` does; what both measure alike is done once.

    ``standards`` are those for each policy; policies that measure alike have the same.
    """
    calendar = calendar or WorkCalendar()
    before, after = policies
    seen = _measured(book, before, as_of, calendar, standards[0])
    alike = measuring(before) == measuring(after)
    other = seen if alike else _measured(book, after, as_of, calendar, standards[1])
    return _judged(seen, before), _judged(other, after)


def _measured(
    book: Book, policy: Policy, as_of: date, calendar: WorkCalendar, standards: Standards | None
) -> Measured:
    if book.policy_currency != policy.currency:
        raise BookError(
            f"rates are priced in {book.policy_currency}, the policy counts in {policy.currency}"
        )
    return measured(book, measuring(policy), as_of, calendar, standards)


def _judged(seen: Measured, policy: Policy) -> "Assessments":
    book, as_of, windows = seen.book, seen.as_of, seen.windows
    amounts = entity_amounts(book, policy)
    ledger = replace(seen.ledger, entities=amounts)
    grades = grade_amounts(book.entities["currency"], policy, book.rates)
    frame = trusted(scored(with_amounts(seen.frame, amounts), policy), policy)
    frame = looked_back(graded(frame, policy), book, policy, as_of)
    frame = gated(steadied(frame, policy, as_of), book, ledger, policy, as_of)
    frame = overridden(frame, book, policy, as_of)
    frame = limited(frame, book, ledger, policy, windows, grades)
    frame = warned(frame, book, ledger, policy, windows)
    frame = guarded(watched(frame, book, policy.watch, as_of), book, policy, as_of)
    frame = grouped(scheduled(frame, policy, as_of), book, policy)
    frame = ordered(termed(frame, policy), book, policy, as_of)
    frame = provisioned(frame, policy)
    frame = reviewed(triggered(frame, policy, as_of), policy, as_of, seen.calendar)
    return Assessments(
        book=book, policy=policy, as_of=as_of, frame=_named(frame), standards=seen.standards
    )


def _named(frame: pl.DataFrame) -> pl.DataFrame:
    """Put the words of an assessment in front of the figures behind them."""
    names = dict(enumerate(GRADES))
    rating = pl.col("grade").replace_strict(names, default=None, return_dtype=pl.String)
    available = pl.col("effective_limit") - pl.col("exposure")
    return frame.with_columns(
        rating.fill_null(pl.lit(NOT_RATED)).alias("rating"), available.alias("available")
    ).select(
        "entity",
        "rating",
        "score",
        "currency",
        "limit",
        "exposure",
        "available",
        "overdue",
        pl.exclude(
            "e",
            "entity",
            "rating",
            "score",
            "currency",
            "limit",
            "exposure",
            "available",
            "overdue",
        ),
    )


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class Assessments:
    """What ``assess`` found. ``frame`` has one row an entity, in the book's order.

    The frame's amounts are minor units of ``currency``; where ``unknown`` is not null they leave
    out what could not be converted, and ``rows`` gives ``None`` instead.
    """

    book: Book
    policy: Policy
    as_of: date
    frame: pl.DataFrame
    standards: Standards | None = None

    def __len__(self) -> int:
        """Count the entities."""
        return self.frame.height

    def rows(self) -> Iterator[Assessment]:
        """Yield one assessment an entity, in the book's order."""
        for row in self.frame.iter_rows(named=True):
            yield self._assessment(row)

    def row(self, entity: str) -> Assessment:
        """Return one entity's assessment. Raises ``KeyError``."""
        return self._assessment(self.figures(entity))

    def figures(self, entity: str) -> dict[str, Any]:
        """Return one entity's row of the frame. Raises ``KeyError``."""
        return self.frame.row(self._places[entity], named=True)

    @cached_property
    def _places(self) -> dict[str, int]:
        """Number the rows; searching each of thousands would read them all each time."""
        return {entity: place for place, entity in enumerate(self.frame["entity"])}

    @cached_property
    def input_hashes(self) -> dict[str, str]:
        """Hash what each entity's assessment looked at; worked out once."""
        return input_hashes(self.book, self.as_of, self.standards)

    def _assessment(self, row: dict[str, Any]) -> Assessment:
        known = row["unknown"] is None
        utilisation = _utilisation(row["exposure"], row["effective_limit"]) if known else None
        return Assessment(
            entity=row["entity"],
            as_of=self.as_of,
            policy_version=self.policy.version,
            rating=row["rating"],
            score=None if row["rating"] == NOT_RATED else _decimal(row["score"]),
            outlook=row["outlook"],
            currency=row["currency"],
            limit=_money(row, "limit"),
            limit_valid_to=row["limit_valid_to"],
            exposure=_money(row, "exposure"),
            available=_money(row, "available"),
            utilisation=utilisation,
            overdue=_money(row, "overdue"),
            oldest_days=row["oldest_days"] if known else None,
            ageing=_ageing(row) if known else None,
            days_late=_days_late(row) if known else None,
            watch_level=row["watch_level"],
            hold=row["hold"],
            hold_reason=hold_reason(row, self.policy),
            reasons=reasons_of(row, self.policy),
            terms_days=row["terms_allowed"],
            next_review_on=row["next_review_on"],
            completeness=row["completeness"],
            data_as_of=row["data_as_of"],
            inputs_hash=self.input_hashes[row["entity"]],
            score_grade=None if row["score_grade"] is None else GRADES[row["score_grade"]],
            upgraded_on=row["upgraded_on"],
            limit_raised_on=row["limit_raised_on"],
            signals=tuple(
                signal.code for signal in signals_of(row, self.policy) if not signal.cleared
            ),
        )


def _money(row: dict[str, Any], column: str) -> Money | None:
    if row["unknown"] is not None or row[column] is None:
        return None
    return Money(row[column], row["currency"])


def _ageing(row: dict[str, Any]) -> Ageing:
    def bucket(column: str) -> Money:
        return Money(row[column], row["currency"])

    return Ageing(
        current=bucket("age_current"),
        days_1_30=bucket("age_1_30"),
        days_31_60=bucket("age_31_60"),
        days_61_90=bucket("age_61_90"),
        over_90=bucket("age_over_90"),
    )


def _decimal(value: float | None) -> Decimal | None:
    return None if value is None else _one_digit(Decimal(str(value)))


def _days_late(row: dict[str, Any]) -> Decimal | None:
    amount = row["wadl_amount"]
    return _one_digit(Decimal(row["wadl_days"]) / Decimal(amount)) if amount else None


def _utilisation(exposure: int, limit: int | None) -> Decimal | None:
    """Percent of the limit; nothing owed is 0, something owed without a limit 999 (7.1)."""
    if limit is None:
        return None
    if exposure <= 0:
        return Decimal("0.0")
    if limit == 0:
        return _MOST_UTILISATION
    return min(_MOST_UTILISATION, _one_digit(Decimal(exposure) * 100 / Decimal(limit)))


def _one_digit(value: Decimal) -> Decimal:
    return value.quantize(Decimal("0.1"), ROUND_HALF_UP)
