"""Payment behaviour, by examples a credit manager can check; vectors of the method's section 15."""

from datetime import date
from typing import Any

import pytest

from scoring.assess import assess
from scoring.policy import Policy, load_policy
from tests.builders import (
    AS_OF,
    Row,
    a_book,
    a_credit_note,
    a_paid_invoice,
    a_payment,
    a_rate,
    a_steady_payer,
    an_allocation,
    an_entity,
    an_invoice,
    days_ago,
)


def _figures(
    *rows: Row | list[Row], as_of: date = AS_OF, policy: Policy | None = None
) -> dict[str, Any]:
    found = assess(a_book(*rows, rates={"USD": a_rate("7")}), policy or Policy(), as_of)
    return found.figures("E1")


def test_dso_best_possible_dso_and_add() -> None:
    """Vector 5: receivable 1,200 (current 800), sales 10,000 in 365 days."""
    found = _figures(
        an_invoice("old", amount=880_000, issued_on=days_ago(300)),
        an_allocation(p := a_payment(amount=880_000, paid_on=days_ago(270)), an_invoice("old")),
        p,
        an_invoice("late", amount=40_000, issued_on=days_ago(40)),
        an_invoice("current", amount=80_000, issued_on=days_ago(10)),
    )

    assert (found["ar"], found["age_current"], found["sales"]) == (120_000, 80_000, 1_000_000)
    assert found["dso"] == pytest.approx(43.8)
    assert found["best_dso"] == pytest.approx(29.2)
    assert found["days_delinquent"] == pytest.approx(14.6)


def test_count_back_dso() -> None:
    """Vector 6: receivable 250; June 100 (30 days), May 120 (31), April 90 (30) → 71 days."""
    old = an_invoice("apr", amount=9_000, issued_on=date(2026, 4, 10))
    paid = a_payment(amount=6_000, paid_on=date(2026, 6, 1))
    found = _figures(
        an_invoice("jun", amount=10_000, issued_on=date(2026, 6, 10)),
        an_invoice("may", amount=12_000, issued_on=date(2026, 5, 10)),
        old,
        paid,
        an_allocation(paid, old),
    )

    assert found["ar"] == 25_000
    assert found["count_back_dso"] == pytest.approx(71.0)


def _vector_7() -> list[Row]:
    parts = [(60, -5), (40, 12), (100, 33)]
    return [
        row
        for amount, late in parts
        for row in a_paid_invoice(
            f"v{amount}", late=late, due_on=days_ago(100), amount=amount * 1_000
        )
    ]


def test_weighted_days_late_of_what_is_paid() -> None:
    """Vector 7: 18.9 days late, 17.4 days beyond terms."""
    found = _figures(_vector_7())

    assert found["wadl_paid"] == pytest.approx(18.9)
    assert found["days_beyond_terms"] == pytest.approx(17.4)


def test_weighted_days_late_counts_what_is_still_open() -> None:
    """Vector 7: with an open 50 at 20 days past due, 19.12."""
    found = _figures(_vector_7(), an_invoice("open", amount=50_000, issued_on=days_ago(50)))

    assert found["wadl"] == pytest.approx(19.12)


def test_a_partial_payment_leaves_the_rest_ageing_from_the_due_date() -> None:
    invoice = an_invoice(amount=100_000, issued_on=days_ago(75))
    part = a_payment(amount=30_000, paid_on=days_ago(5))
    found = _figures(invoice, part, an_allocation(part, invoice))

    assert (found["ar"], found["age_31_60"], found["oldest_days"]) == (70_000, 70_000, 45)


def test_an_overpaid_invoice_leaves_no_negative_item() -> None:
    """Vector 13: after full payment and a credit note the excess is unapplied."""
    invoice = an_invoice(amount=100_000)
    payment = a_payment(amount=100_000)
    note = a_credit_note(amount=20_000, applies_to="i1", issued_on=days_ago(1))
    found = _figures(invoice, payment, an_allocation(payment, invoice), note)

    assert (found["ar"], found["unapplied_credit"], found["exposure"]) == (0, 20_000, -20_000)


def test_an_unapplied_credit_note_reduces_exposure_but_not_ageing() -> None:
    found = _figures(an_invoice(amount=100_000), a_credit_note(amount=10_000))

    assert (found["ar"], found["overdue"], found["exposure"]) == (100_000, 100_000, 90_000)


def test_a_credit_note_alone_is_no_payment() -> None:
    note = a_credit_note(amount=100_000, applies_to="i1")
    found = _figures(an_invoice(amount=100_000), note)

    assert (found["ar"], found["n_settled"], found["rating"]) == (0, 0, "NR")


def test_cash_we_left_lying_is_not_blamed_on_the_customer() -> None:
    """Ageing and overdue stay; days late follow the day the cash came."""
    found = _figures(
        an_invoice(amount=100_000, issued_on=days_ago(70)), a_payment(paid_on=days_ago(38))
    )

    assert (found["overdue"], found["exposure"]) == (100_000, 0)
    assert (found["wadl"], found["hold"], found["n_settled"]) == (2.0, "none", 1)


@pytest.mark.parametrize(("paid_ago", "blamed"), [(7, True), (8, False)])
def test_cash_counts_as_ours_after_five_working_days(paid_ago: int, *, blamed: bool) -> None:
    """June 23, a week ago, is five working days back; older cash is applied virtually."""
    found = _figures(an_invoice(amount=100_000), a_payment(paid_on=days_ago(paid_ago)))

    assert (found["late_sum"] > 0) is blamed


@pytest.mark.parametrize(
    ("raised_ago", "counts"),
    [(30, False), (10, False), (59, False), (60, True)],
)
def test_a_dispute_is_left_out_while_it_is_young_and_was_raised_in_time(
    raised_ago: int, *, counts: bool
) -> None:
    found = _figures(
        an_invoice(
            amount=100_000,
            issued_on=days_ago(60),
            due_on=days_ago(20),
            disputed=100_000,
            disputed_on=days_ago(raised_ago),
        )
    )

    assert found["ar"] == 100_000
    assert (found["overdue"] > 0) is counts


def test_a_dispute_raised_long_after_the_due_date_is_ignored() -> None:
    found = _figures(
        an_invoice(
            amount=100_000,
            issued_on=days_ago(70),
            due_on=days_ago(40),
            disputed=100_000,
            disputed_on=days_ago(24),
        )
    )

    assert found["overdue"] == 100_000


def test_only_the_disputed_part_is_left_out() -> None:
    found = _figures(
        an_invoice(amount=100_000, disputed=30_000, disputed_on=days_ago(5)),
    )

    assert (found["overdue"], found["oldest_days"]) == (70_000, 10)


def test_a_residue_counts_as_settled() -> None:
    invoice = an_invoice(amount=1_000_000, issued_on=days_ago(100))
    payment = a_payment(amount=995_000, paid_on=days_ago(70))
    found = _figures(invoice, payment, an_allocation(payment, invoice))

    assert (found["ar"], found["n_settled"], found["oldest_days"]) == (5_000, 1, 0)


def test_an_untouched_small_invoice_is_not_a_residue() -> None:
    found = _figures(an_invoice(amount=72, issued_on=days_ago(90)))

    assert found["oldest_days"] == 60


def test_a_rising_delay_turns_the_outlook_down() -> None:
    early = [row for n in range(4) for row in a_paid_invoice(f"a{n}", due_on=days_ago(200 + n))]
    late = [
        row for n in range(4) for row in a_paid_invoice(f"b{n}", late=20, due_on=days_ago(60 + n))
    ]
    found = _figures(early, late)

    assert (found["delay_trend"], found["outlook"]) == (20.0, "down")


def test_high_credit_is_the_highest_receivable_at_a_days_end() -> None:
    found = _figures(
        a_steady_payer(months=3), an_invoice("x", amount=70_000, issued_on=days_ago(35))
    )

    assert found["high_credit"] == 170_000


def test_foreign_items_are_converted_half_up_into_the_entitys_currency() -> None:
    found = _figures(
        an_entity(currency="CNY"), an_invoice(amount=1_001, currency="USD", issued_on=days_ago(1))
    )

    assert found["ar"] == 7_007


def test_weekend_due_dates_move_when_the_policy_says_so() -> None:
    """June 27, 2026 is a Saturday; the next working day is Monday, June 29."""
    rolled = load_policy("[behaviour]\nroll_due_on_holiday = true")
    invoice = an_invoice(issued_on=date(2026, 5, 28), due_on=date(2026, 6, 27))

    assert _figures(invoice)["oldest_days"] == 3
    assert _figures(invoice, policy=rolled)["oldest_days"] == 1


def test_default_ends_six_months_after_the_last_badly_late_item() -> None:
    rows = [
        *a_paid_invoice("bad", late=100, due_on=date(2025, 9, 1), amount=10_000_000),
        *a_steady_payer(months=12, amount=10_000_000),
    ]

    ratings = {
        day: _figures(rows, as_of=day)["rating"]
        for day in (date(2025, 11, 30), date(2025, 12, 1), date(2026, 6, 9), date(2026, 6, 10))
    }
    assert [rating == "D" for rating in ratings.values()] == [False, True, True, False]


def test_paydex_is_eighty_for_prompt_and_fifty_for_thirty_days() -> None:
    assert _figures(a_steady_payer(late=0))["paydex"] == 80.0
    assert _figures(a_steady_payer(late=30))["paydex"] == 50.0
