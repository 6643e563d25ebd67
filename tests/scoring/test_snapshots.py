"""Ageing snapshots: the identity of the buckets on each day, and agreement with the assessment."""

from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from scoring.assess import assess
from scoring.policy import Policy
from scoring.snapshots import BUCKETS, ageing_snapshots, collection_effectiveness
from tests.builders import (
    AS_OF,
    Row,
    a_book,
    a_paid_invoice,
    a_payment,
    a_return,
    an_allocation,
    an_invoice,
    days_ago,
)
from tests.oracle.books import RATES, books

_AGED = ("age_current", "age_1_30", "age_31_60", "age_61_90", "age_over_90")


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(rows=books(), every=st.sampled_from((1, 7, 30)), days=st.integers(0, 90))
def test_the_buckets_sum_to_the_receivable_on_every_day(
    rows: list[Row], every: int, days: int
) -> None:
    book = a_book(rows, rates=RATES)
    found = ageing_snapshots(book, Policy(), days_ago(days), AS_OF, every)

    assert (found.select(list(BUCKETS)).sum_horizontal() == found["ar"]).all()
    assert (found.select(list(BUCKETS)).min_horizontal() >= 0).all()
    assert (found["overdue"] >= 0).all()
    assert (found["overdue"] <= found["ar"] - found["current"]).all()
    assert (found.group_by("e").len()["len"] == days // every + 1).all()


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(rows=books(), ago=st.sampled_from((0, 10, 100, 400)))
def test_a_snapshot_says_what_the_assessment_of_that_day_says(rows: list[Row], ago: int) -> None:
    book, day = a_book(rows, rates=RATES), days_ago(ago)
    drawn = ageing_snapshots(book, Policy(), day, day)
    assessed = assess(book, Policy(), day).frame.with_row_index("e")

    told = {row["e"]: row for row in assessed.iter_rows(named=True)}
    for row in drawn.iter_rows(named=True):
        said = told[row["e"]]
        assert [row[name] for name in BUCKETS] == [said[name] for name in _AGED]
        assert row["overdue"] == said["overdue"]
        assert row["ar"] - row["exposure"] == said["unapplied_cash"] + said["unapplied_credit"]


def test_an_item_walks_through_the_buckets() -> None:
    book = a_book(an_invoice(amount=500, issued_on=days_ago(120), due_on=days_ago(91)))
    found = ageing_snapshots(book, Policy(), days_ago(92), AS_OF)

    days = {bucket: found[bucket].to_list().count(500) for bucket in BUCKETS}
    assert days == {
        "current": 2,
        "days_1_30": 30,
        "days_31_60": 30,
        "days_61_90": 30,
        "over_90": 1,
    }


def test_a_returned_payment_was_there_until_it_came_back() -> None:
    paid = a_paid_invoice(amount=500, due_on=days_ago(40))
    book = a_book(paid, a_return(paid[1], returned_on=days_ago(10)))
    found = ageing_snapshots(book, Policy(), days_ago(41), AS_OF)

    assert found["ar"].to_list() == [500] + [0] * 30 + [500] * 11


def test_weekly_steps_start_at_the_first_day() -> None:
    found = ageing_snapshots(a_book(an_invoice()), Policy(), days_ago(20), AS_OF, 7)

    assert found["on"].to_list() == [days_ago(20), days_ago(13), days_ago(6)]


def test_money_in_hand_lowers_the_exposure_from_its_day() -> None:
    book = a_book(an_invoice(amount=500), a_payment(amount=200, paid_on=days_ago(1)))
    found = ageing_snapshots(book, Policy(), days_ago(2), AS_OF)

    assert found["exposure"].to_list() == [500, 300, 300]


def test_days_out_of_order_are_refused() -> None:
    with pytest.raises(ValueError, match="start <= end"):
        ageing_snapshots(a_book(), Policy(), AS_OF, AS_OF - timedelta(days=1))


def test_collection_effectiveness() -> None:
    """Of 100 + 50 less the 30 not due, 120 could be collected; 90 was: 75 %."""
    assert collection_effectiveness(begin=100, sales=50, end=60, current=30) == pytest.approx(75.0)
    assert collection_effectiveness(begin=0, sales=30, end=30, current=30) is None


def test_a_part_payment_splits_an_item_between_days() -> None:
    invoice = an_invoice(amount=500, issued_on=days_ago(40), due_on=days_ago(3))
    part = a_payment(amount=200, paid_on=days_ago(2))
    book = a_book(invoice, part, an_allocation(part, invoice))
    found = ageing_snapshots(book, Policy(), days_ago(3), AS_OF)

    assert found["current"].to_list() == [500, 0, 0, 0]
    assert found["days_1_30"].to_list() == [0, 300, 300, 300]
