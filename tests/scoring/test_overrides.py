"""Overrides: a person's grade, within bounds and dates."""

from datetime import date

import pytest

from scoring.assess import assess
from scoring.overrides import override_share
from scoring.policy import Policy
from tests.builders import (
    AS_OF,
    a_book,
    a_record,
    a_steady_payer,
    an_entity,
    an_invoice,
    days_ago,
)
from tests.scoring.limit_rows import a_decision, figures

#: Rated BB: 12 days late each time.
_SLOW = a_steady_payer(late=12)


@pytest.mark.parametrize(
    ("wanted", "rating"),
    [("BBB", "BBB"), ("A", "A"), ("AAA", "A"), ("B", "B"), ("D", "D")],
)
def test_upward_two_grades_at_most_downward_freely(wanted: str, rating: str) -> None:
    found = figures(_SLOW, a_decision("override", grade=wanted))

    assert (found["rating"], found["rating_before_override"]) == (rating, "BB")


@pytest.mark.parametrize(
    ("from_on", "to_on", "rating"),
    [
        (AS_OF, AS_OF, "A"),
        (days_ago(-1), None, "BB"),
        (days_ago(9), days_ago(1), "BB"),
        (days_ago(180), None, "A"),
        (days_ago(181), None, "BB"),
        (days_ago(181), days_ago(-99), "BB"),
    ],
)
def test_an_override_ends_by_itself(from_on: date, to_on: date | None, rating: str) -> None:
    found = figures(_SLOW, a_decision("override", grade="A", from_on=from_on, to_on=to_on))

    assert found["rating"] == rating


def test_the_end_is_told_two_weeks_before() -> None:
    soon = figures(_SLOW, a_decision("override", grade="A", to_on=days_ago(-14)))
    later = figures(_SLOW, a_decision("override", grade="A", to_on=days_ago(-15)))

    assert (soon["override_ends_on"], soon["override_ends_soon"]) == (days_ago(-14), True)
    assert later["override_ends_soon"] is False
    assert (later["override_from"], later["override_reason"]) == (AS_OF, "agreed")


def test_the_newest_override_counts() -> None:
    old = a_decision("override", decision="z", grade="B", from_on=days_ago(9))
    new = a_decision("override", decision="a", grade="BBB", from_on=days_ago(2))

    assert figures(_SLOW, old, new)["rating"] == "BBB"


def test_the_grave_gates_hold_whatever_a_person_says() -> None:
    wish = a_decision("override", grade="AAA")
    default = an_invoice("x", amount=1_000_000, issued_on=days_ago(140))
    dishonest = a_record("dishonest", event_on=days_ago(9))

    assert figures(_SLOW, default, wish)["rating"] == "D"
    assert figures(_SLOW, dishonest, wish)["rating"] == "C"
    assert figures(_SLOW, dishonest, a_decision("override", grade="D"))["rating"] == "D"


def test_who_has_no_rating_gets_none_by_override() -> None:
    found = figures(an_entity(), a_decision("override", grade="A"))

    assert (found["rating"], found["rating_before_override"]) == ("NR", None)


def test_the_share_of_overridden_ratings() -> None:
    rows = [
        *_SLOW,
        *a_steady_payer(entity="E2"),
        an_entity("E3"),
        a_decision("override", grade="A"),
    ]
    frame = assess(a_book([an_entity(), an_entity("E2"), *rows]), Policy(), AS_OF).frame

    assert override_share(frame) == 0.5
    assert override_share(frame.clear()) is None
