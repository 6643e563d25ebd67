"""A draft policy beside the one in force, over one book: who changes, and what it costs."""

from datetime import timedelta
from decimal import Decimal

import msgspec
import pytest

from scoring.assess import Assessments, assess
from scoring.book import Book
from scoring.comparison import changed, compared, joined
from scoring.policy import Policy, load_policy
from tests.builders import (
    AS_OF,
    Row,
    a_book,
    a_rate,
    a_steady_payer,
    an_entity,
    an_invoice,
    days_ago,
)

STRICT = load_policy(
    'version = "strict"\n[order_check]\nhold_days = 5\nstop_days = 6\n[limits]\nstarter = 1000'
)


def _rows() -> list[Row]:
    late = an_invoice(
        "late", entity="E2", amount=50_000_00, issued_on=days_ago(50), due_on=days_ago(20)
    )
    return [
        an_entity("E1"),
        *a_steady_payer(entity="E1"),
        an_entity("E2"),
        *a_steady_payer(entity="E2", late=12),
        late,
        an_entity("E3", currency="USD"),
    ]


def _both(book: Book, other: Policy) -> tuple[Assessments, Assessments]:
    return assess(book, Policy(), AS_OF), assess(book, other, AS_OF)


def test_the_same_policy_changes_nobody() -> None:
    book = a_book(_rows(), rates={"USD": a_rate("7")})

    found = compared(*_both(book, Policy()))

    assert found.accounts == 3
    assert (found.grade_changes, found.limit_changes, found.hold_changes) == (0, 0, 0)
    assert found.before == found.after
    assert sum(sum(row.values()) for row in found.moves.values()) == 3


def test_who_changes_is_named_with_both_sides() -> None:
    book = a_book(_rows(), rates={"USD": a_rate("7")})
    before, after = _both(book, STRICT)

    named = {row["entity"]: row for row in changed(before, after).to_dicts()}

    assert compared(before, after).limit_changes == len(
        [row for row in named.values() if row["limit_before"] != row["limit_after"]]
    )
    assert named["E3"]["limit_after"] < named["E3"]["limit_before"]
    assert named["E3"]["currency"] == "USD"


def test_who_only_came_along_with_a_group_is_not_counted() -> None:
    both = _both(a_book(_rows(), rates={"USD": a_rate("7")}), STRICT)

    part = compared(*both, only=["E3"])

    assert part.accounts == sum(part.before.grades.values()) == 1
    assert part.before.limits < compared(*both).before.limits
    assert changed(*both, only=["E3"])["entity"].to_list() == ["E3"]


def test_nobody_changes_under_the_same_policy() -> None:
    both = _both(a_book(_rows(), rates={"USD": a_rate("7")}), Policy())

    assert changed(*both).is_empty()


def test_expected_loss_is_pd_times_lgd_times_what_is_owed() -> None:
    rows = [an_entity("E1"), *a_steady_payer(entity="E1")]
    rows.append(an_invoice("open", entity="E1", amount=100_000_00, issued_on=days_ago(5)))
    assessed = assess(a_book(rows), Policy(), AS_OF)
    row = assessed.row("E1")
    assert row.exposure is not None

    side = compared(assessed, assess(assessed.book, Policy(), AS_OF)).before

    pd = Policy().grade(row.rating).pd
    assert side.expected_loss == row.exposure.amount * pd * Decimal("0.6")


def test_an_account_without_a_rate_is_counted_not_summed() -> None:
    rows = [an_entity("E1", currency="USD"), *a_steady_payer(entity="E1")]
    book = a_book(rows)

    side = compared(*_both(book, Policy())).before

    assert side.unknown == 1
    assert side.limits == 0


def test_chunks_add_up_to_the_whole() -> None:
    rates = {"USD": a_rate("7")}
    whole = a_book(_rows(), rates=rates)
    one = a_book([row for row in _rows() if row.values["entity"] == "E1"], rates=rates)
    two = a_book([row for row in _rows() if row.values["entity"] != "E1"], rates=rates)

    parts = joined(compared(*_both(book, STRICT)) for book in (one, two))

    assert parts == joined([compared(*_both(whole, STRICT))])


def test_two_books_or_dates_are_refused() -> None:
    book = a_book(_rows(), rates={"USD": a_rate("7")})
    today = assess(book, Policy(), AS_OF)
    yesterday = assess(book, Policy(), AS_OF - timedelta(days=1))

    with pytest.raises(ValueError, match="one book and one date"):
        compared(today, yesterday)


def test_a_comparison_can_be_written_as_json() -> None:
    book = a_book(_rows(), rates={"USD": a_rate("7")})

    document = msgspec.json.decode(msgspec.json.encode(compared(*_both(book, STRICT))))

    assert document["after"]["version"] == "strict"


def test_who_is_held_blocks_a_year_of_sales() -> None:
    """E2 bought eleven times 1,000 and once 50,000 in the year; nobody else is held."""
    side = compared(*_both(a_book(_rows(), rates={"USD": a_rate("7")}), STRICT)).before

    assert side.on_hold == 1
    assert side.blocked_sales == 61_000
