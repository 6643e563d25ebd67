"""Samples: what was known at the cut, and nothing else."""

from datetime import date, timedelta

import polars as pl
import pytest

from scoring.assess import assess
from scoring.book import Book
from scoring.model.sample import (
    customer_quarters,
    invoices_of,
    known_at,
    late_outcomes,
    month_ends,
    open_of,
    quarter_ends,
    time_split,
)
from scoring.policy import Policy
from tests.builders import (
    AS_OF,
    a_book,
    a_credit_note,
    a_paid_invoice,
    a_payment,
    a_steady_payer,
    an_allocation,
    an_invoice,
    days_ago,
)

RULES = Policy().behaviour


def figures(book: Book, day: date) -> pl.DataFrame:
    return assess(book, Policy(), day).frame


def test_an_invoice_is_settled_when_cash_brings_it_within_the_tolerance() -> None:
    """A tenth is paid first; the last part leaves 0.4 % standing."""
    invoice = an_invoice("i1", amount=100_000, issued_on=days_ago(90))
    first = a_payment("p1", amount=10_000, paid_on=days_ago(50))
    last = a_payment("p2", amount=89_600, paid_on=days_ago(40))
    book = a_book(invoice, first, an_allocation(first, invoice), last, an_allocation(last, invoice))

    rows = invoices_of(book, RULES, AS_OF)

    assert rows.select("item", "settled", "amount").rows() == [("i1", days_ago(40), 100_000)]
    assert invoices_of(book, RULES, days_ago(41))["settled"].to_list() == [None]
    assert open_of(book, RULES, days_ago(45))["open"].to_list() == [90_000]


def test_what_a_credit_note_settled_says_nothing_about_paying() -> None:
    invoice = an_invoice("i1", amount=10_000, issued_on=days_ago(90))
    note = a_credit_note("c1", amount=10_000, applies_to="i1")

    assert invoices_of(a_book(invoice, note), RULES, AS_OF).is_empty()


def test_later_facts_change_nothing_known_before() -> None:
    early = [a_paid_invoice(f"i{n}", late=n, due_on=days_ago(200 - n)) for n in range(5)]
    late = [a_paid_invoice(f"j{n}", late=n, due_on=days_ago(40 - n)) for n in range(5)]
    cut = days_ago(120)

    before, after = (
        invoices_of(book, RULES, cut) for book in (a_book(*early), a_book(*early, *late))
    )

    assert before.equals(after)
    whole = invoices_of(a_book(*early, *late), RULES, AS_OF)
    assert known_at(whole, cut).equals(before)


def test_quarters_and_months_end_on_their_last_days() -> None:
    assert quarter_ends(date(2025, 3, 31), date(2026, 1, 1)) == [
        date(2025, 3, 31),
        date(2025, 6, 30),
        date(2025, 9, 30),
        date(2025, 12, 31),
    ]
    assert month_ends(date(2026, 3, 30), 2) == [date(2026, 1, 31), date(2026, 2, 28)]
    assert month_ends(date(2026, 3, 31), 1) == [date(2026, 3, 31)]


def paid_later(customer: str, amount: int, posted: date, late: int | None) -> dict[str, object]:
    due = posted + timedelta(days=10)
    settled = None if late is None else due + timedelta(days=late)
    return {
        "customer": customer,
        "posted": posted,
        "due": due,
        "settled": settled,
        "amount": amount,
    }


def outcomes(*rows: dict[str, object]) -> pl.DataFrame:
    kinds = {"customer": pl.String, "posted": pl.Date, "due": pl.Date, "settled": pl.Date}
    return pl.DataFrame(list(rows), schema={**kinds, "amount": pl.Int64})


def test_lateness_afterwards_is_weighted_by_amount() -> None:
    """A: (9 · 100 − 4 · 100) / 200 = 2.5 days. B: (8 · 300 + 40 · 100) / 400 = 16 days."""
    day, start = days_ago(200), days_ago(190)
    rows = outcomes(
        paid_later("A", 100, start, 9),
        paid_later("A", 100, start, -4),
        paid_later("B", 300, start, 8),
        paid_later("B", 100, start, 40),
        paid_later("C", 100, day, 40),  # posted by the day: not what came after it
    )

    found = late_outcomes(rows, day, AS_OF)

    named = found.select("customer", "late_5", "late_30_share", "late_30_any", "n_posted").rows()
    assert named == [("A", False, False, False, 2), ("B", True, True, True, 2)]


def test_an_invoice_still_open_is_as_late_as_it_is() -> None:
    day = days_ago(100)
    rows = outcomes(paid_later("A", 100, days_ago(95), None))

    assert late_outcomes(rows, day, AS_OF)["late_5"].to_list() == [True]
    assert late_outcomes(rows, day, day + timedelta(days=60)).is_empty()


def test_time_splits_the_rows_and_labels_are_known_at_the_cut() -> None:
    cut = date(2026, 1, 1)
    rows = pl.DataFrame(
        {
            "name": ["old", "old, label later", "old, never", "new"],
            "on": [date(2025, 1, 1)] * 3 + [cut],
            "known": [date(2025, 12, 31), cut, None, date(2026, 3, 1)],
        }
    )

    train, test = time_split(rows, cut, posted="on", known="known")

    assert train["name"].to_list() == ["old"]
    assert test["name"].to_list() == ["new"]


def test_a_customer_may_stay_wholly_on_one_side() -> None:
    days = [date(2025, 1, 1), date(2026, 6, 1)]
    rows = pl.DataFrame(
        [(f"C{n}", day, day) for n in range(200) for day in days],
        schema=["customer", "on", "known"],
        orient="row",
    )

    train, test = time_split(rows, date(2026, 1, 1), posted="on", known="known", whole="customer")

    assert not set(train["customer"]) & set(test["customer"])
    assert 100 < train.height < 180
    assert train.height + test.height == 200


@pytest.fixture(scope="module")
def book() -> Book:
    """One pays on time; one stops paying a year and a half ago."""
    good = a_steady_payer(months=30, entity="good")
    bad = [
        a_paid_invoice(f"b{n}", due_on=days_ago(600 + 30 * n), entity="bad", amount=9_000_000)
        for n in range(8)
    ]
    stopped = an_invoice("b-stop", entity="bad", issued_on=days_ago(590), amount=9_000_000)
    return a_book(good, *bad, stopped)


def test_customer_quarters_say_who_defaulted_within_a_year(book: Book) -> None:
    """Due 560 days ago, in default from 470 days ago on: only the quarters before it see it come."""
    days = [days_ago(580), days_ago(440), days_ago(100)]

    rows = customer_quarters(
        invoices_of(book, RULES, AS_OF), days, AS_OF, lambda day: figures(book, day)
    )

    found = rows.select("on", "customer", "default_12m").sort("on", "customer").rows()
    assert found == [
        (days[0], "bad", True),
        (days[0], "good", False),
        (days[1], "good", False),  # the other is in default already
        (days[2], "good", None),  # its year is not over
    ]


def test_a_sample_does_not_change_with_what_comes_later(book: Book) -> None:
    cut, day = days_ago(150), days_ago(580)

    def sample(as_of: date) -> pl.DataFrame:
        invoices = invoices_of(book, RULES, as_of)
        return customer_quarters(invoices, [day], as_of, lambda when: figures(book, when))

    names = ["customer", "wadl", "n_settled", "default_12m"]
    assert sample(cut).select(names).equals(sample(AS_OF).select(names))
