"""Promises about any book: sums, order, dates, and which way a fact may move a judgement.

Paying late is not promised to help: it settles one more invoice late, and a file with more
observations is shrunk less. What the definitions do guarantee is tested here.
"""

from datetime import date, timedelta
from random import Random

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from scoring.assess import assess
from scoring.policy import GRADES, Policy
from tests.builders import (
    AS_OF,
    Row,
    a_book,
    a_payment,
    a_steady_payer,
    an_allocation,
    an_invoice,
    days_ago,
)
from tests.oracle.books import RATES, books

_SLOWLY = settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.too_slow])
_HOLDS = ("none", "hold", "stop")


@_SLOWLY
@given(rows=books())
def test_buckets_sum_to_the_receivable_and_nothing_open_is_negative(rows: list[Row]) -> None:
    frame = assess(a_book(rows, rates=RATES), Policy(), AS_OF).frame
    buckets = frame.select("age_current", "age_1_30", "age_31_60", "age_61_90", "age_over_90")

    assert buckets.sum_horizontal().to_list() == frame["ar"].to_list()
    assert all(column.min() >= 0 for column in buckets if column.len())  # type: ignore[operator]


@_SLOWLY
@given(rows=books(), seed=st.integers(0, 99))
def test_the_order_of_records_does_not_matter(rows: list[Row], seed: int) -> None:
    masters = [row for row in rows if row.frame == "entities"]
    others = [row for row in rows if row.frame != "entities"]
    Random(seed).shuffle(others)
    there = assess(a_book(rows, rates=RATES), Policy(), AS_OF)
    back = assess(a_book([*masters, *others], rates=RATES), Policy(), AS_OF)

    assert_frame_equal(there.frame, back.frame, check_exact=True)
    assert list(there.rows()) == list(back.rows())


@_SLOWLY
@given(rows=books(), ago=st.integers(1, 500))
def test_facts_dated_later_do_not_exist(rows: list[Row], ago: int) -> None:
    as_of = AS_OF - timedelta(days=ago)
    known = [row for row in rows if _day(row) is None or _day(row) <= as_of]  # type: ignore[operator]
    allocated = {row.values["item"] for row in known if row.frame == "items"}
    known = [row for row in known if row.frame != "allocations" or row.values["item"] in allocated]
    whole = assess(a_book(rows, rates=RATES), Policy(), as_of)
    then = assess(a_book(known, rates=RATES), Policy(), as_of)

    picked = ("rating", "score", "limit", "exposure", "overdue", "wadl", "high_credit", "hold")
    assert whole.frame.select(picked).equals(then.frame.select(picked))
    assert whole.frame["next_review_on"].equals(then.frame["next_review_on"])


def _day(row: Row) -> date | None:
    days = {"items": "issued_on", "payments": "paid_on", "orders": "ordered_on"}
    column = days.get(row.frame, "paid_on" if row.frame == "allocations" else None)
    day = None if column is None else row.values[column]
    return day if isinstance(day, date) else None


@_SLOWLY
@given(
    late=st.integers(0, 40),
    dues=st.lists(st.integers(-30, 120), min_size=1, max_size=6),
    paid=st.integers(0, 5),
)
def test_paying_an_item_lowers_what_is_owed_and_never_worsens_a_hold(
    late: int, dues: list[int], paid: int
) -> None:
    items = [
        an_invoice(f"x{n}", issued_on=days_ago(due + 30), amount=90_000)
        for n, due in enumerate(dues)
    ]
    chosen = items[paid % len(items)]
    payment = a_payment("now", amount=90_000, paid_on=AS_OF)
    before = assess(a_book(a_steady_payer(late=late), items), Policy(), AS_OF).figures("E1")
    after = assess(
        a_book(a_steady_payer(late=late), items, payment, an_allocation(payment, chosen)),
        Policy(),
        AS_OF,
    ).figures("E1")

    for figure in ("ar", "overdue", "exposure", "oldest_days", "wadl", "max_delay"):
        assert after[figure] <= before[figure] + 1e-9, figure
    assert _HOLDS.index(after["hold"]) <= _HOLDS.index(before["hold"])


@_SLOWLY
@given(months=st.integers(1, 12), more=st.integers(1, 3))
def test_paying_on_time_never_worsens_the_rating(months: int, more: int) -> None:
    """A customer that has always paid on time and pays another invoice on its due date."""
    rows = a_steady_payer(months=months)
    items = [an_invoice(f"x{n}", issued_on=days_ago(30)) for n in range(more)]
    payments = [a_payment(f"y{n}", paid_on=AS_OF) for n in range(more)]
    links = [an_allocation(*pair) for pair in zip(payments, items, strict=True)]
    before = assess(a_book(rows, items), Policy(), AS_OF).figures("E1")
    after = assess(a_book(rows, items, payments, links), Policy(), AS_OF).figures("E1")

    assert after["score"] >= before["score"]
    assert GRADES.index(after["rating"]) <= GRADES.index(before["rating"])


@_SLOWLY
@given(
    late=st.integers(0, 60),
    days=st.integers(-10, 100),
    longer=st.integers(1, 60),
    amount=st.integers(1, 5_000_000),
)
def test_more_days_overdue_never_improve_the_rating(
    late: int, days: int, longer: int, amount: int
) -> None:
    issued_on = days_ago(days + longer + 90)

    def judged(overdue: int) -> dict[str, object]:
        invoice = an_invoice("x", amount=amount, issued_on=issued_on, due_on=days_ago(overdue))
        return assess(a_book(a_steady_payer(late=late), invoice), Policy(), AS_OF).figures("E1")

    sooner, later = judged(days), judged(days + longer)
    assert GRADES.index(str(later["rating"])) >= GRADES.index(str(sooner["rating"]))
    assert _HOLDS.index(str(later["hold"])) >= _HOLDS.index(str(sooner["hold"]))


@_SLOWLY
@given(rows=books())
def test_limits_stay_within_the_policys_bounds(rows: list[Row]) -> None:
    for row in assess(a_book(rows, rates=RATES), Policy(), AS_OF).frame.iter_rows(named=True):
        assert row["limit"] >= 0
        assert row["limit"] <= max(row["starter"], row["need"] or 0)
        assert row["limit"] == 0 or row["rating"] not in {"CCC", "CC", "C", "D"}


@_SLOWLY
@given(rows=books())
def test_entities_do_not_touch_each_other(rows: list[Row]) -> None:
    alone = [row for row in rows if row.values["entity"] == "E1"]
    together = assess(a_book(rows, rates=RATES), Policy(), AS_OF).row("E1")

    assert assess(a_book(alone, rates=RATES), Policy(), AS_OF).row("E1") == together
