"""Guards: stability, steps, the watch list, people's limits, temporary ones, expiry."""

from datetime import date, timedelta

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scoring.assess import assess
from scoring.policy import Policy, load_policy
from tests.builders import (
    AS_OF,
    Row,
    a_book,
    a_payment,
    a_return,
    a_steady_payer,
    an_allocation,
    an_entity,
    an_invoice,
    days_ago,
)
from tests.scoring.limit_rows import a_collateral, a_decision, a_previous, changed, figures

#: A customer rated A that needs 40,000 a month and proved 50,000.
_BUYER = a_steady_payer(amount=4_000_000)
_SMALL_STARTER = load_policy("[limits]\nstarter = 5000")


def test_without_an_earlier_limit_the_computed_one_holds() -> None:
    found = figures(_BUYER)

    assert (found["rating"], found["limit"], found["bound_by"]) == ("A", 4_000_000, "need")
    assert (found["temporary"], found["effective_limit"]) == (0, 4_000_000)


@pytest.mark.parametrize(
    ("before", "limit", "bound"),
    [
        (4_300_000, 4_300_000, "previous_limit"),  # 7 % less, below the step: kept
        (3_700_000, 3_700_000, "previous_limit"),  # 8 % more, below the step: kept
        (4_500_000, 4_000_000, "need"),  # 11 % less
        (9_000_000, 4_000_000, "need"),  # a cut holds at once
    ],
)
def test_small_changes_keep_the_limit(before: int, limit: int, bound: str) -> None:
    found = figures(_BUYER, a_previous(limit=before, grade="A"))

    assert (found["limit"], found["bound_by"]) == (limit, bound)


def test_a_change_above_the_step_counts_however_small_its_share() -> None:
    policy = load_policy("[limits]\nstable_step = 1000")
    found = figures(_BUYER, a_previous(limit=4_300_000), policy=policy)

    assert found["limit"] == 4_000_000


def test_a_limit_rises_one_step_a_review() -> None:
    rows = (_BUYER, a_previous(limit=1_000_000))
    found = figures(*rows, policy=_SMALL_STARTER)

    assert (found["limit"], found["bound_by"]) == (1_500_000, "step_up")
    assert (found["computed_limit"], found["limit_raised_on"]) == (4_000_000, AS_OF)


def test_the_next_step_waits_for_the_next_review() -> None:
    raised = days_ago(100)
    previous = a_previous(limit=1_000_000, limit_raised_on=raised)
    old = a_previous(limit=1_000_000, limit_raised_on=days_ago(280))
    review = a_decision("review", from_on=days_ago(3))
    waiting = figures(_BUYER, previous, policy=_SMALL_STARTER)
    decided = figures(_BUYER, previous, review, policy=_SMALL_STARTER)
    later = figures(_BUYER, old, policy=_SMALL_STARTER)

    assert (waiting["limit"], waiting["limit_raised_on"]) == (1_000_000, raised)
    assert decided["limit"] == later["limit"] == 1_500_000


def test_a_step_comes_with_the_day_of_the_interval_and_not_with_the_review_of_the_raise() -> None:
    """Nine months for grade A; the review that raised the limit does not raise it again."""
    nine_months, review = date(2025, 9, 30), a_decision("review", from_on=days_ago(100))

    def limit(raised: date, *rows: Row) -> object:
        previous = a_previous(limit=1_000_000, limit_raised_on=raised)
        return figures(_BUYER, previous, *rows, policy=_SMALL_STARTER)["limit"]

    assert limit(nine_months) == 1_500_000
    assert limit(nine_months + timedelta(days=1)) == 1_000_000
    assert limit(days_ago(100), review) == 1_000_000
    assert limit(days_ago(101), review) == 1_500_000


def test_what_collateral_alone_bears_is_the_most_that_is_kept() -> None:
    """A grade without unsecured credit keeps an earlier limit up to its collateral."""
    grades = (
        msgspec.structs.replace(row, unsecured=row.unsecured and row.grade != "A")
        for row in Policy().grades
    )
    policy = msgspec.structs.replace(Policy(), grades=tuple(grades))
    deposit = a_collateral("cash_deposit", 3_800_000)

    def limit(before: int) -> tuple[object, object]:
        found = figures(_BUYER, deposit, a_previous(limit=before), policy=policy)
        return found["limit"], found["bound_by"]

    assert limit(3_700_000) == (3_700_000, "previous_limit")
    assert limit(3_800_001) == (3_800_000, "secured")


@pytest.mark.parametrize("before", [0, 100_000, 1_900_000])
def test_up_to_the_starter_a_limit_rises_at_any_time(before: int) -> None:
    """A first limit made of one small purchase must not hold a customer down for years."""
    previous = a_previous(limit=before, limit_raised_on=days_ago(1))
    policy = load_policy("[limits]\nstarter = 20000")

    assert figures(_BUYER, previous, policy=policy)["limit"] == 2_000_000
    assert figures(_BUYER, previous)["limit"] == 4_000_000


def test_collateral_may_raise_a_limit_at_once() -> None:
    deposit, previous = a_collateral("cash_deposit", 2_500_000), a_previous(limit=1_000_000)
    found = figures(_BUYER, deposit, previous, policy=_SMALL_STARTER)

    assert found["limit"] == 2_500_000


def _bounced() -> list[Row]:
    """Money that came back last week: level 8, the watch list's highest."""
    payment = a_payment("back", amount=1)
    return [payment, a_return(payment)]


def test_on_the_highest_watch_level_the_limit_freezes_at_what_is_drawn() -> None:
    open_item = an_invoice("x", amount=1_500_000, issued_on=days_ago(5))
    temporary = a_decision("temporary_limit", amount=700_000, to_on=days_ago(-5))
    found = figures(_BUYER, open_item, _bounced(), temporary)

    assert (found["watch_level"], found["frozen"], found["bound_by"]) == ("high", True, "frozen")
    assert (found["limit"], found["temporary"], found["effective_limit"]) == (
        1_500_000,
        0,
        1_500_000,
    )


def test_on_the_watch_list_no_limit_rises() -> None:
    policy = load_policy("[limits]\nfreeze_at = []\nno_raise_at = ['watch', 'high']")
    up = figures(_BUYER, _bounced(), a_previous(limit=2_000_000), policy=policy)
    down = figures(_BUYER, _bounced(), a_previous(limit=9_000_000), policy=policy)

    assert (up["limit"], up["bound_by"]) == (2_000_000, "previous_limit")
    assert down["limit"] == up["computed_limit"]


def test_a_persons_limit_replaces_the_computed_one_within_its_dates() -> None:
    decided = a_decision("limit", amount=7_777_700, from_on=days_ago(9), to_on=AS_OF)
    over = a_decision("limit", amount=7_777_700, from_on=days_ago(9), to_on=days_ago(1))
    within, after = figures(_BUYER, decided), figures(_BUYER, over)

    assert (within["limit"], within["bound_by"]) == (7_777_700, "approved_limit")
    assert (within["computed_limit"], within["limit_valid_to"]) == (4_000_000, AS_OF)
    assert (after["limit"], after["approved_limit"]) == (4_000_000, None)


def test_the_newest_of_two_limits_counts_and_is_converted() -> None:
    old = a_decision("limit", decision="z", amount=1, from_on=days_ago(9))
    new = a_decision("limit", decision="a", amount=100_000, currency="USD", from_on=days_ago(3))

    assert figures(_BUYER, old, new)["limit"] == 800_000


def test_a_person_cannot_give_credit_to_a_grade_that_prepays() -> None:
    default = an_invoice("x", amount=1_000_000, issued_on=days_ago(140))
    found = figures(_BUYER, default, a_decision("limit", amount=9_000_000))

    assert (found["rating"], found["limit"], found["approved_limit"]) == ("D", 0, 9_000_000)


def test_a_new_customer_may_get_a_limit_by_decision() -> None:
    found = figures(an_entity(), a_decision("limit", amount=9_000_000))

    assert (found["rating"], found["limit"]) == ("NR", 9_000_000)


def test_temporary_limits_add_up_and_end_by_date() -> None:
    first = a_decision("temporary_limit", decision="1", amount=500_000, to_on=days_ago(-30))
    second = a_decision("temporary_limit", decision="2", amount=100_000, to_on=AS_OF)
    ended = a_decision(
        "temporary_limit", decision="0", amount=900_000, from_on=days_ago(9), to_on=days_ago(1)
    )

    assert figures(_BUYER, first, second)["effective_limit"] == 4_600_000
    third = figures(_BUYER, ended, first, second)
    assert third["temporary"] == 500_000, "the third of a year does not count"


def test_temporary_limits_of_the_last_twelve_months_count_towards_the_number_of_a_year() -> None:
    def temporary(*days: int) -> object:
        earlier = [
            a_decision(
                "temporary_limit", amount=900_000, from_on=days_ago(day), to_on=days_ago(day)
            )
            for day in days
        ]
        today = a_decision("temporary_limit", amount=100_000, to_on=AS_OF)
        return figures(_BUYER, *earlier, today)["temporary"]

    assert temporary(364, 363) == 0
    assert temporary(366, 365) == 100_000  # a year ago: another year
    assert temporary(395, 394) == 100_000


def test_a_lasting_limit_is_no_temporary_one() -> None:
    decided = a_decision("limit", amount=7_777_700, to_on=AS_OF)

    assert figures(_BUYER, decided)["temporary"] == 0


def test_a_temporary_limit_lasts_90_days_at_most() -> None:
    lasting = a_decision("temporary_limit", amount=1, from_on=days_ago(90), to_on=days_ago(-99))
    over = a_decision("temporary_limit", amount=1, from_on=days_ago(91), to_on=days_ago(-99))

    assert figures(_BUYER, lasting)["temporary"] == 1
    assert figures(_BUYER, over)["temporary"] == 0


def test_what_is_available_counts_the_temporary_part() -> None:
    rows = (_BUYER, a_decision("temporary_limit", amount=100_000, to_on=AS_OF))
    found = assess(a_book(*rows), Policy(), AS_OF).row("E1")

    assert found.available is not None
    assert found.available.minor == 4_100_000


def test_a_limit_expires_when_its_review_is_missed() -> None:
    review = a_decision("review", from_on=AS_OF - timedelta(days=320))
    warned = figures(_BUYER, review)
    zero = figures(_BUYER, review, policy=load_policy("[limits]\nexpired = 'zero'"))

    assert warned["next_review_on"] < AS_OF
    assert (warned["limit_expired"], warned["effective_limit"]) == (True, 4_000_000)
    assert (zero["limit"], zero["effective_limit"], zero["available"]) == (4_000_000, 0, 0)


def test_starter_amounts_may_differ_by_industry_and_size() -> None:
    policy = load_policy("[limits.starters]\nsme = 10000\nC13 = 20000")
    small = changed(an_entity(), size_class="sme")
    baker = changed(an_entity(), size_class="sme", industry="C13")

    assert figures(an_entity(), policy=policy)["limit"] == 5_000_000
    assert figures(small, policy=policy)["limit"] == 1_000_000
    assert figures(baker, policy=policy)["limit"] == 2_000_000


@settings(max_examples=15, deadline=None)
@given(
    months=st.integers(1, 12),
    amount=st.integers(1, 90_000_000),
    before=st.none() | st.integers(0, 10**9),
)
def test_paying_on_time_never_lowers_a_limit(months: int, amount: int, before: int | None) -> None:
    """A prompt payer pays one more invoice on its due date; a frozen limit would follow."""
    rows = [*a_steady_payer(months=months), an_invoice("x", amount=amount, issued_on=days_ago(30))]
    earlier = [] if before is None else [a_previous(limit=before)]
    payment = a_payment("now", amount=amount, paid_on=AS_OF)
    owing = figures(rows, earlier)
    paid = figures(rows, earlier, payment, an_allocation(payment, rows[-1]))

    assert paid["limit"] >= owing["limit"]
    assert paid["effective_limit"] >= owing["effective_limit"]
