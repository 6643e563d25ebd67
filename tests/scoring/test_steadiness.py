"""Steadiness: when a grade changes, when it may rise, what calls for a review."""

from datetime import date, timedelta
from typing import Any

import msgspec
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scoring.book import Book
from scoring.last_review import looked_back
from scoring.policy import GRADES, Policy, load_policy
from scoring.previous import PREVIOUS
from scoring.rating import graded
from scoring.review import triggered
from scoring.steadiness import steadied
from tests.builders import AS_OF, Row, a_book, an_entity, days_ago
from tests.scoring.limit_rows import a_decision, a_previous
from tests.scoring.warnings import earlier_signal

_LONG_AGO = days_ago(400)
_POLICY = Policy()
_FREE = load_policy("[review]\nupgrade_at_review_only = false")


def _steady(
    score: float | None,
    *,
    policy: Policy = _POLICY,
    before: str | None = None,
    earlier: float | None = None,
    rows: tuple[Row, ...] = (),
    first_on: date = _LONG_AGO,
    late: int = 0,
    **previous: Any,
) -> dict[str, Any]:
    """Steady one score against the one before."""
    place = None if before is None else GRADES.index(before)
    values = dict.fromkeys(PREVIOUS) | {
        "previous_score_grade": place,
        "previous_grade": place,
        "previous_score": earlier,
        "previous_on": None if before is None else days_ago(1),
    }
    known = {"e": 0, "score": score, "known": True, "taken_on": first_on, "late_oldest": late}
    kinds: dict[str, type[pl.DataType]] = {**PREVIOUS, "e": pl.UInt32, "score": pl.Float64}
    frame = pl.DataFrame([values | previous | known], schema_overrides=kinds)
    book: Book = a_book(an_entity(), *rows)
    found = steadied(looked_back(graded(frame, policy), book, policy, AS_OF), policy, AS_OF)
    row = triggered(found, policy, AS_OF).row(0, named=True)
    held = row["score_grade"]
    return row | {"held": None if held is None else GRADES[held]}


def test_a_first_score_is_taken_as_it_is() -> None:
    found = _steady(65.0)

    assert (found["held"], found["upgraded_on"]) == ("BBB", None)


def test_without_a_score_there_is_no_grade() -> None:
    assert _steady(None, before="A", earlier=75.0)["held"] is None


@pytest.mark.parametrize(
    ("score", "earlier", "held"),
    [
        (69.9, 71.0, "A"),  # below 70 by less than a point, once
        (69.1, 70.0, "A"),
        (69.0, 71.0, "BBB"),  # a whole point below
        (69.9, 69.8, "BBB"),  # below it for the second time
        (55.0, 71.0, "BB"),  # two grades at once
        (72.0, 69.5, "A"),
    ],
)
def test_a_grade_falls_when_the_score_is_clearly_across_or_twice(
    score: float, earlier: float, held: str
) -> None:
    assert _steady(score, before="A", earlier=earlier)["held"] == held


@pytest.mark.parametrize(
    ("score", "earlier", "held"),
    [
        (80.9, 79.0, "A"),
        (81.0, 79.0, "AA"),
        (80.1, 80.0, "AA"),
        (95.0, 79.0, "AA"),  # one grade in six months
    ],
)
def test_a_grade_rises_when_the_score_is_clearly_across_or_twice(
    score: float, earlier: float, held: str
) -> None:
    assert _steady(score, policy=_FREE, before="A", earlier=earlier)["held"] == held


def test_hysteresis_can_be_off() -> None:
    off = load_policy("[review]\nhysteresis = false\nupgrade_at_review_only = false")

    assert _steady(69.9, policy=off, before="A", earlier=71.0)["held"] == "BBB"


def test_six_months_lie_between_two_upgrades() -> None:
    recent = _steady(
        85.0, policy=_FREE, before="A", earlier=85.0, previous_upgraded_on=days_ago(90)
    )
    rested = _steady(
        85.0, policy=_FREE, before="A", earlier=85.0, previous_upgraded_on=days_ago(185)
    )

    assert (recent["held"], recent["upgraded_on"]) == ("A", days_ago(90))
    assert (rested["held"], rested["upgraded_on"]) == ("AA", AS_OF)


def test_upgrades_wait_for_a_review_that_a_person_made() -> None:
    old = a_decision("review", from_on=days_ago(40))
    fresh = a_decision("review", from_on=AS_OF)

    assert _steady(85.0, before="A", earlier=85.0, rows=(old,))["held"] == "A"
    assert _steady(85.0, before="A", earlier=85.0, rows=(old, fresh))["held"] == "AA"


def test_where_nobody_reviews_the_interval_counts_as_the_review() -> None:
    """An A is reviewed every 9 months: 2025-09-30 and 9 months make 2026-06-30 (28th at most)."""
    due = _steady(
        85.0, before="A", earlier=85.0, first_on=date(2025, 9, 30), previous_on=days_ago(5)
    )
    not_due = _steady(85.0, before="A", earlier=85.0, first_on=date(2025, 9, 30))

    assert due["held"] == "AA"
    assert not_due["held"] == "A", "the 28th was passed before yesterday"


def test_a_customer_without_an_earlier_rating_rises_freely() -> None:
    assert _steady(95.0, previous_on=days_ago(1))["held"] == "AAA"


@pytest.mark.parametrize(
    ("score", "modifier"),
    [(79.9, "+"), (76.7, "+"), (76.6, None), (73.4, None), (73.3, "-"), (70.0, "-")],
)
def test_modifiers_are_thirds_of_a_band(score: float, modifier: str | None) -> None:
    policy = load_policy("[review]\nmodifiers = true")

    assert _steady(score, policy=policy)["modifier"] == modifier
    assert _steady(score)["modifier"] is None


def test_what_calls_for_a_review() -> None:
    fall = _steady(60.0, before="A", earlier=70.0)
    slow = _steady(60.0, before="A", earlier=70.0, previous_on=days_ago(91))
    twice = _steady(
        70.0,
        rows=(
            earlier_signal("E1", days_ago(300), days_ago(290)),
            earlier_signal("E3", days_ago(200), days_ago(150)),
            earlier_signal("E5", days_ago(190), days_ago(160)),
            earlier_signal("E6", days_ago(90), days_ago(90)),
        ),
    )
    once = _steady(70.0, rows=(earlier_signal("E1", days_ago(300), days_ago(290)),))

    assert fall["review_due"] == "score_drop"
    assert (slow["review_due"], once["review_due"]) == (None, None)
    assert twice["review_due"] == "watch_entries"


def test_a_review_lets_what_called_for_it_rest() -> None:
    falling = {"before": "A", "earlier": 70.0}
    entered = (
        earlier_signal("E1", days_ago(200), days_ago(150)),
        earlier_signal("E6", days_ago(90), days_ago(90)),
    )

    def due(days: int, *rows: Row, **values: Any) -> object:
        review = a_decision("review", from_on=days_ago(days))
        return _steady(60.0, rows=(*rows, review), **values)["review_due"]

    assert (due(2, **falling), due(1, **falling)) == ("score_drop", None)
    assert (due(11, late=70), due(10, late=70)) == ("long_delay", None)
    assert (due(91, *entered), due(90, *entered)) == ("watch_entries", None)


@settings(max_examples=40, deadline=None)
@given(
    scores=st.tuples(st.integers(0, 1000), st.integers(0, 1000)),
    before=st.sampled_from(GRADES[:-1]),
    earlier=st.integers(0, 1000),
    days=st.integers(1, 400),
)
def test_a_better_score_is_never_held_at_a_worse_grade(
    scores: tuple[int, int], before: str, earlier: int, days: int
) -> None:
    low, high = sorted(scores)
    policy = msgspec.structs.replace(
        _POLICY, review=msgspec.structs.replace(_POLICY.review, upgrade_at_review_only=days > 200)
    )
    more: dict[str, Any] = {"earlier": earlier / 10, "previous_on": AS_OF - timedelta(days=days)}
    worse = _steady(low / 10, policy=policy, before=before, **more)["held"]
    better = _steady(high / 10, policy=policy, before=before, **more)["held"]

    assert GRADES.index(better) <= GRADES.index(worse)


def test_the_row_of_an_earlier_assessment_is_found_by_its_entity() -> None:
    book = a_book(a_previous(score_grade="A", grade="BBB", score=71.0))

    assert book.previous["score_grade"].to_list() == ["A"]
