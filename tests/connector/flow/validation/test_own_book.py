"""The own book replayed: what can be measured, and what the sample says it cannot."""

from datetime import date
from functools import cache

import numpy as np
import polars as pl

from connector.flow.validation.own_book import DEFAULTED, LATE, OwnBook, own_book
from connector.flow.validation.report import not_measurable, validation_page
from connector.texts.catalogue import Texts
from scoring.assess import assess
from scoring.book import Book
from scoring.policy import GRADES, Policy
from tests.builders import AS_OF, a_book, a_steady_payer, an_entity, an_invoice, days_ago

POLICY = Policy()


def replayed(book: Book, as_of: date = AS_OF, seen: list[date] | None = None) -> OwnBook:
    def frame(day: date) -> pl.DataFrame:
        if seen is not None:
            seen.append(day)
        return assess(book, POLICY, day).frame

    return own_book(book, POLICY.behaviour, as_of, frame, np.random.default_rng(1))


def a_mixed_book(customers: int = 60) -> Book:
    """Every second customer pays three weeks late, month after month."""
    return a_book(
        *(
            a_steady_payer(months=20, late=20 * (number % 2), entity=f"E{number:03}")
            for number in range(customers)
        )
    )


@cache
def the_mixed_book() -> OwnBook:
    """Replay the mixed book, once for all tests that only look."""
    return replayed(a_mixed_book())


def test_lateness_is_measured_and_default_is_not() -> None:
    own = the_mixed_book()

    default, late = own.results
    assert (default.figures.target, late.figures.target) == (DEFAULTED, LATE)
    assert default.not_measurable
    assert default.bads == 0
    assert late.figures.auc is not None
    assert late.figures.auc > 0.95
    assert late.figures.brier is None


def test_sentence_says_what_there_is_and_what_is_needed() -> None:
    default = the_mixed_book().results[0]

    assert "0 bad and" in not_measurable(default, Texts("en"))
    assert "at least 30" in not_measurable(default, Texts("en"))
    assert "尚无法衡量" in not_measurable(default, Texts("zh"))


def test_customers_in_default_are_counted_towards_a_card() -> None:
    """E1 leaves a large invoice of ten months ago unpaid."""
    unpaid = an_invoice("u", amount=5_000_000, issued_on=days_ago(330), due_on=days_ago(300))
    own = replayed(
        a_book(a_steady_payer(months=20), a_steady_payer(months=20, entity="E2"), unpaid)
    )

    assert (own.defaulters, own.needed_for_a_card) == (1, 50)


def test_grades_are_calibrated_in_the_order_of_the_scale() -> None:
    grades = [found.grade for found in the_mixed_book().calibration]

    assert len(grades) >= 2
    assert grades == sorted(grades, key=GRADES.index)


def test_book_that_pays_as_ever_is_stable_and_does_not_jump() -> None:
    own = the_mixed_book()

    assert own.score_drift is not None
    assert own.migration.pairs > 0
    assert own.migration.jumps is not None


def test_nothing_after_the_date_is_looked_at() -> None:
    seen: list[date] = []

    replayed(a_mixed_book(2), seen=seen)

    assert seen
    assert max(seen) == AS_OF
    assert len(seen) == len(set(seen))


def test_empty_book_is_not_measurable() -> None:
    own = replayed(a_book(an_entity()))

    assert all(result.not_measurable for result in own.results)
    assert own.calibration == ()
    assert own.score_drift is None
    assert own.migration.pairs == 0


def test_page_of_the_own_book_has_its_tables_in_both_languages() -> None:
    own = the_mixed_book()

    page = validation_page(own.results, AS_OF, own)

    for heading in ("等级迁移", "Migration of grades", "漂移", "Drift", "按等级校准"):
        assert heading in page
