"""Promises about any book: sums, order, dates, and which way a fact may move a judgement.

Paying late is not promised to help: it settles one more invoice late, and a file with more
observations is shrunk less. What the definitions do guarantee is tested here.
"""

from datetime import date, timedelta
from random import Random

import polars as pl
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from scoring.assess import assess
from scoring.claims import applied_until
from scoring.known import KNOWN_FROM
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
from tests.credit_files import a_full_file, with_groups
from tests.oracle.books import RATES, books
from tests.oracle.file_books import filed_books
from tests.oracle.policies import POLICIES

_SLOWLY = settings(max_examples=8, deadline=None, suppress_health_check=list(HealthCheck))
_HOLDS = ("none", "hold", "stop")
_NAMES = st.sampled_from(list(POLICIES))
#: The card of payment alone, and the whole card with a file in good order.
_FILES: dict[str, tuple[Policy, list[Row]]] = {
    "payment alone": (Policy(), []),
    "all groups": (with_groups(), a_full_file()),
}
_CARDS = st.sampled_from(list(_FILES))


@_SLOWLY
@given(rows=filed_books(), name=_NAMES)
def test_buckets_sum_to_the_receivable_and_nothing_open_is_negative(
    rows: list[Row], name: str
) -> None:
    frame = assess(a_book(rows, rates=RATES), POLICIES[name], AS_OF).frame
    buckets = frame.select("age_current", "age_1_30", "age_31_60", "age_61_90", "age_over_90")

    assert buckets.sum_horizontal().to_list() == frame["ar"].to_list()
    assert all(column.min() >= 0 for column in buckets if column.len())  # type: ignore[operator]


@_SLOWLY
@given(rows=books(entities=3))
def test_allocations_never_exceed_their_payment_nor_their_invoice(rows: list[Row]) -> None:
    ledger = a_book(rows, rates=RATES).ledger
    standing = applied_until(ledger, AS_OF)
    laid = standing.group_by("i").agg(pl.col("raw").sum()).sort("i")
    used = standing.filter("cash").group_by("p").agg(pl.col("raw").sum()).sort("p")
    payments = sorted(
        (str(row.values["payment"]), row.values["amount"])
        for row in rows
        if row.frame == "payments"
    )

    assert all(laid["raw"] <= ledger.claims["raw"].gather(laid["i"]))
    assert all(raw <= payments[p - 1][1] for p, raw in used.rows())


@_SLOWLY
@given(rows=filed_books(), name=_NAMES)
def test_the_same_book_gives_the_same_bytes(rows: list[Row], name: str) -> None:
    policy = POLICIES[name]
    one, two = (assess(a_book(rows, rates=RATES), policy, AS_OF) for _ in range(2))

    assert_frame_equal(one.frame, two.frame, check_exact=True)
    assert one.input_hashes == two.input_hashes
    assert list(one.rows()) == list(two.rows())


@_SLOWLY
@given(rows=filed_books(), name=_NAMES, seed=st.integers(0, 99))
def test_the_order_of_records_does_not_matter(rows: list[Row], name: str, seed: int) -> None:
    policy = POLICIES[name]
    masters = [row for row in rows if row.frame == "entities"]
    others = [row for row in rows if row.frame != "entities"]
    Random(seed).shuffle(others)
    there = assess(a_book(rows, rates=RATES), policy, AS_OF)
    back = assess(a_book([*masters, *others], rates=RATES), policy, AS_OF)

    assert_frame_equal(there.frame, back.frame, check_exact=True)
    assert list(there.rows()) == list(back.rows())


@_SLOWLY
@given(rows=filed_books(), name=_NAMES, ago=st.integers(1, 500))
def test_facts_dated_later_do_not_exist(rows: list[Row], name: str, ago: int) -> None:
    as_of, policy = AS_OF - timedelta(days=ago), POLICIES[name]
    known = [row for row in rows if row.frame == "entities" or _day(row) <= as_of]
    items = {row.values["item"] for row in known if row.frame == "items"}
    known = [row for row in known if row.frame != "allocations" or row.values["item"] in items]
    whole = assess(a_book(rows, rates=RATES), policy, as_of).frame
    then = assess(a_book(known, rates=RATES), policy, as_of).frame

    # The first fact of all may lie ahead; whether it is known stands beside it.
    ahead = ("first_on", "taken_on")
    assert_frame_equal(whole.drop(ahead), then.drop(ahead), check_exact=True)


def _day(row: Row) -> date:
    day = row.values[KNOWN_FROM[row.frame]]
    assert isinstance(day, date)
    return day


@_SLOWLY
@given(
    card=_CARDS,
    late=st.integers(0, 40),
    dues=st.lists(st.integers(-30, 120), min_size=1, max_size=6),
    paid=st.integers(0, 5),
)
def test_paying_an_item_lowers_what_is_owed_and_never_worsens_a_hold(
    card: str, late: int, dues: list[int], paid: int
) -> None:
    policy, file = _FILES[card]
    items = [
        an_invoice(f"x{n}", issued_on=days_ago(due + 30), amount=90_000)
        for n, due in enumerate(dues)
    ]
    chosen = items[paid % len(items)]
    payment = a_payment("now", amount=90_000, paid_on=AS_OF)
    rows = [*file, *a_steady_payer(late=late), *items]
    paying = [payment, an_allocation(payment, chosen)]
    before = assess(a_book(rows), policy, AS_OF).figures("E1")
    after = assess(a_book(rows, paying), policy, AS_OF).figures("E1")

    for figure in ("ar", "overdue", "exposure", "oldest_days", "wadl", "max_delay"):
        assert after[figure] <= before[figure] + 1e-9, figure
    assert _HOLDS.index(after["hold"]) <= _HOLDS.index(before["hold"])


@_SLOWLY
@given(card=_CARDS, months=st.integers(1, 12), more=st.integers(1, 3))
def test_paying_on_time_never_worsens_the_rating_nor_lowers_the_limit(
    card: str, months: int, more: int
) -> None:
    """A customer that has always paid on time and pays another invoice on its due date."""
    policy, file = _FILES[card]
    rows = [*file, *a_steady_payer(months=months)]
    items = [an_invoice(f"x{n}", issued_on=days_ago(30)) for n in range(more)]
    payments = [a_payment(f"y{n}", paid_on=AS_OF) for n in range(more)]
    links = [an_allocation(*pair) for pair in zip(payments, items, strict=True)]
    before = assess(a_book(rows, items), policy, AS_OF).figures("E1")
    after = assess(a_book(rows, items, payments, links), policy, AS_OF).figures("E1")

    assert after["score"] >= before["score"]
    assert after["limit"] >= before["limit"]
    assert GRADES.index(after["rating"]) <= GRADES.index(before["rating"])


@_SLOWLY
@given(
    card=_CARDS,
    late=st.integers(0, 60),
    days=st.integers(-10, 100),
    longer=st.integers(1, 60),
    amount=st.integers(1, 5_000_000),
)
def test_more_days_overdue_never_improve_the_rating(
    card: str, late: int, days: int, longer: int, amount: int
) -> None:
    policy, file = _FILES[card]
    issued_on = days_ago(days + longer + 90)

    def judged(overdue: int) -> dict[str, object]:
        invoice = an_invoice("x", amount=amount, issued_on=issued_on, due_on=days_ago(overdue))
        return assess(a_book(file, a_steady_payer(late=late), invoice), policy, AS_OF).figures("E1")

    sooner, later = judged(days), judged(days + longer)
    assert GRADES.index(str(later["rating"])) >= GRADES.index(str(sooner["rating"]))
    assert _HOLDS.index(str(later["hold"])) >= _HOLDS.index(str(sooner["hold"]))


@_SLOWLY
@given(rows=filed_books(), name=_NAMES)
def test_limits_stay_within_the_policys_bounds(rows: list[Row], name: str) -> None:
    policy = POLICIES[name]
    for row in assess(a_book(rows, rates=RATES), policy, AS_OF).frame.iter_rows(named=True):
        limit, rating = row["computed_limit"], row["rating"]
        if limit is None:
            assert rating == "NR"
            continue
        assert 0 <= limit <= max(row["starter"], row["need"] or 0)
        if rating == "NR":
            continue
        grade, secured = policy.grade(rating), row["secured"]
        assert limit == 0 or grade.safety > 0
        assert grade.unsecured or limit <= secured
        for cap in ("cap_grade", "cap_loss", "cap_kelly", "cap_concentration", "external"):
            bound = row["floor_grade"] if cap == "external" else 0
            most = None if row[cap] is None else max(row[cap], bound or 0) + secured
            assert most is None or limit <= most, cap


@_SLOWLY
@given(rows=filed_books(), name=_NAMES)
def test_entities_do_not_touch_each_other(rows: list[Row], name: str) -> None:
    policy = POLICIES[name]
    alone = [row for row in rows if row.values["entity"] == "E1"]
    together = assess(a_book(rows, rates=RATES), policy, AS_OF).row("E1")

    assert assess(a_book(alone, rates=RATES), policy, AS_OF).row("E1") == together
