"""Reviews: when, what hastens them, who may approve."""

from datetime import date
from decimal import Decimal

import pytest

from scoring.calendar import WorkCalendar
from scoring.policy import Policy
from scoring.review import Role, approver, may_approve, overdue_request
from tests.builders import (
    AS_OF,
    Row,
    a_payment,
    a_return,
    a_steady_payer,
    an_entity,
    days_ago,
)
from tests.scoring.limit_rows import a_decision, figures

_RULES = Policy().review


def test_the_interval_counts_from_the_last_review() -> None:
    found = figures(
        a_steady_payer(),
        a_decision("review", decision="1", from_on=days_ago(200)),
        a_decision("review", decision="2", from_on=date(2026, 5, 31)),
        a_decision("review", decision="3", from_on=days_ago(-1)),
    )

    assert (found["rating"], found["last_review_on"]) == ("A", date(2026, 5, 31))
    assert found["next_review_on"] == date(2027, 2, 28)
    assert found["limit_valid_to"] == date(2027, 3, 30)


def test_without_a_review_the_interval_counts_from_the_first_fact() -> None:
    found = figures(a_steady_payer(months=7))

    assert found["first_on"] == date(2025, 11, 2)
    assert found["next_review_on"] == date(2026, 8, 2)


def test_without_a_review_the_interval_counts_from_when_the_customer_was_taken_on() -> None:
    """Books loaded from one day on must not call every customer in on one day."""
    rows = a_steady_payer()
    since = Row("entities", an_entity().values | {"since": date(2021, 1, 17)})
    later = Row("entities", an_entity().values | {"since": date(2027, 1, 1)})

    assert figures(since, rows)["next_review_on"] == date(2027, 1, 17)
    assert figures(later, rows)["next_review_on"] == figures(rows)["next_review_on"]


def test_a_missed_review_stays_in_the_past() -> None:
    found = figures(a_steady_payer(), a_decision("review", from_on=days_ago(320)))

    assert found["next_review_on"] < AS_OF
    assert found["limit_expired"] is True


def test_the_watch_list_asks_for_a_review_within_working_days() -> None:
    """A returned payment: level high, two working days after Tuesday 30 June."""
    payment = a_payment("back", amount=1)
    found = figures(a_steady_payer(), payment, a_return(payment))
    done = figures(
        a_steady_payer(), payment, a_return(payment), a_decision("review", from_on=AS_OF)
    )

    assert (found["watch_level"], found["review_asked_on"]) == ("high", AS_OF)
    assert found["next_review_on"] == date(2026, 7, 2)
    assert done["review_asked_on"] is None
    assert done["next_review_on"] > date(2026, 7, 2)


def test_unrated_customers_are_reviewed_too() -> None:
    assert figures(an_entity())["next_review_on"] > AS_OF


@pytest.mark.parametrize(
    ("amount", "grade", "role"),
    [
        (100_000, "AAA", "credit_officer"),
        (100_000, "BBB", "credit_officer"),
        (100_001, "BBB", "credit_manager"),
        (1, "BB", "credit_manager"),
        (500_000, "A", "credit_manager"),
        (500_001, "A", "finance_director"),
        (2_000_000, "A", "finance_director"),
        (2_000_001, "A", "committee"),
        (1, "B", "finance_director"),
        (1, "NR", "finance_director"),
        (600_000, "CCC", "committee"),
        (9_000_000, "D", "committee"),
    ],
)
def test_who_approves(amount: int, grade: str, role: Role) -> None:
    assert approver(Decimal(amount), grade, _RULES) == role


def test_neither_the_author_nor_the_owner_alone_approves() -> None:
    def agreed(*approvals: tuple[str, Role], needed: Role = "credit_manager") -> bool:
        return may_approve(needed, approvals, "owner", "author", _RULES)

    assert agreed(("ann", "credit_manager"))
    assert agreed(("ann", "finance_director"))
    assert not agreed(("ann", "credit_officer"))
    assert not agreed(("author", "finance_director"))
    assert not agreed(("owner", "finance_director"))
    assert agreed(("owner", "credit_manager"), ("ann", "credit_manager"))
    assert not agreed(("ann", "committee"), needed="committee")
    assert not agreed(("ann", "committee"), ("ann", "committee"), needed="committee")
    assert agreed(("ann", "committee"), ("bob", "committee"), needed="committee")


def test_an_idle_request_goes_up_after_two_working_days() -> None:
    friday, calendar = date(2026, 6, 26), WorkCalendar()

    assert not overdue_request(friday, date(2026, 6, 30), calendar, _RULES)
    assert overdue_request(friday, date(2026, 7, 1), calendar, _RULES)
